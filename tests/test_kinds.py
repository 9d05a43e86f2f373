"""A quotation is speech unless something says that it is a thought, a sound, a word, a letter or a verse."""

import pytest

from huaben.novel.quotations.kinds import classify
from huaben.novel.quotations.lines import find_lines


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("老张说：“你来了？”", "speech"),
        ("“你来了？”老张问。", "speech"),
        ("“来了。”", "speech"),
        ("老张说：“来了”", "speech"),
        ("老张说：“当。”", "speech"),
        ("老张心想：“他怎么来了？”", "thought"),
        ("老张暗道：“不好！”", "thought"),
        ("老張心裡想：「他怎麼來了？」", "thought"),
        ("老張尋思：「不好。」", "thought"),
        ("老张心里一沉：“糟了。”", "thought"),
        ("“当当当”，挂钟响了三下。", "sound"),
        ("门“吱呀”一声开了。", "sound"),
        ("水“哗——”地流了一地。", "sound"),
        ("信上写着：“三点十七分，老地方见，不要告诉别人。”", "letter"),
        ("纸条上写道：“我走了。”", "letter"),
        ("墙上写着歪歪扭扭的一行小字：“夜里三更，谁也别开门。”", "letter"),
        ("登记表上写着：“怀表”", "title"),
        ("他念诗道：“床前明月光，疑是地上霜，举头望明月，低头思故乡。”", "verse"),
        ("他唱道：“月亮走，我也走，月亮不走我不走。”", "verse"),
        ("他念道：“这封信我昨天晚上看过了，写得真好，太长。”", "speech"),
        ("所谓“清醒”，不过如此。", "emphasis"),
        ("门上挂着“不昼城”的招牌。", "title"),
        ("店名叫“老地方”。", "title"),
        ("墙上写着“回家”两个字。", "title"),
        ("他背“月亮”两个字，背不出来。", "emphasis"),
        ("表盖里刻着一个“准”字。", "emphasis"),
        ("门楣上写过一个“灯”字。", "title"),
        ("楼顶五个字：“望江大酒店”", "title"),
        ("他开着“准记钟表行”，很有名。", "title"),
        ("老张想了想，“你先走吧。”", "speech"),
        ("“你先走吧。”他想了想，又坐下了。", "speech"),
        ("“糟了。”老张心想。", "thought"),
        ("老张想罢，带笑说：“你先走吧。”", "speech"),
        ("老张心里说：“你先走吧。”", "thought"),
        ("老张心说：“你先走吧。”", "thought"),
        ("他走了；“糟了……”他想。", "thought"),
        ("有一种东西，叫“海乙那”的。", "emphasis"),
        ("锁链“哗啦”一抖。", "sound"),
        ("“What now?” he thought.", "thought"),
        ("他把药在手心里摊开，“吃了吧。”", "speech"),
        ("想到这里，他想：“糟了。”", "thought"),
        ("豆灯“咯咯”地笑起来。", "sound"),
        ("车轱辘一路“吱扭吱扭”响。", "sound"),
        ("他“腾”地站了起来。", "sound"),
        ("“哎，”他母亲说。", "speech"),
        ("他应了一声“早”，就走了。", "speech"),
        ("她问了一句“天亮了吗”，没有人答。", "speech"),
        ("他又添了一行：“下午三点，患者听见水声。”", "letter"),
        ("他写“明天起”，写得很重。", "letter"),
        ("他唱道：“山外青山楼外楼，西湖歌舞几时休？”", "verse"),
        ("唱到“一更灯”，她停了。", "verse"),
        ("她念：“许，小，豆。”", "speech"),
        ("和尚口念：“阿弥陀佛，善哉善哉！”", "speech"),
        ("酒保唱了喏，认得他，便道：“客官里面坐，打多少酒来？”", "speech"),
        ("他沉吟道：“我那里好走，他怎么好走？”", "speech"),
        ("他哼的道：“了不得，了不得，疼疼疼！”", "speech"),
        ("“对对对。”", "speech"),
        ("他写了一张字据，打上手印：“这总成了吧？”", "speech"),
        ("他在落款写了名字，老张一看说：“字真好。”", "speech"),
        ("上面有人喊：“干什么的？”", "speech"),
        ("右脚一个“坐腰扫堂”，他倒了。", "emphasis"),
        ("他惹了“天字第一号”的官司。", "emphasis"),
        ("他说“清醒”", "speech"),
        ("他大叫“救命”", "speech"),
        ("他叫了“救命”", "speech"),
        ("他说这叫“白虎洗脸”。", "emphasis"),
        ("他叫“救命！”", "speech"),
        ("“…………”", "speech"),
        ("那人“哎哟”一声，倒了。", "sound"),
        ("鸭子“鸭鸭”的叫。", "sound"),
        ("那人“快走”了两步。", "emphasis"),
        ("他暗说：“不好，此人要走。”", "thought"),
        ("他暗自说道：“不好，此人要走。”", "thought"),
        ("他暗暗喜道：“此人可用。”", "thought"),
        ("他又思量道：“此人可用。”", "thought"),
        ("他心中暗喜道：“此人可用。”", "thought"),
        ("他心中大怒道：“你是何人！”", "speech"),
        ("他心里越慌，便说道：“还了我罢！”", "speech"),
        ("他心中不悦，吩咐公差：“带上来。”", "speech"),
        ("你心下如何？”老张便道：“我去。”", "speech"),
        ("他跪在阶心道：“小人愿去。”", "speech"),
        ("没想到他笑了：“小人愿去。”", "speech"),
        ("他把方子递来，一看是：“甘草三钱，水煎两次。”", "letter"),
        ("有人题了两句：“一座东来西去桥，两边南腔北调人。”", "letter"),
        ("城门口贴了榜，榜曰：“捉得此贼者，赏银二百两。”", "letter"),
        ("山顶立一面黄旗，上书“天下太平”四字。", "title"),
        ("和尚口中说道：“打更的人不怕黑，点灯的人不怕风，三更过了是四更，五更过了天不明。”", "verse"),
        ("和尚口中说道：“我也不打你，我也不骂你，你回去罢。”", "speech"),
    ],
)
def test_the_words_beside_a_quotation_tell_its_kind(text, kind, make_chapter):
    assert [line.kind for line in find_lines(make_chapter(text))] == [kind]


def test_a_quotation_inside_another_is_no_thought(make_chapter):
    kinds = [line.kind for line in find_lines(make_chapter("他说：“我心想：‘不好，要下雨了。’就走了。”"))]
    assert kinds == ["speech", "speech"]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("老张一面想道：\n\n　　“他怎么来了？”", "thought"),
        ("信上写着：\n“我走了，不要找我，也不要等我。”", "letter"),
        ("老张想起了他。\n“他怎么来了？”", "speech"),
        ("老张问道：\n“他怎么来了？”", "speech"),
    ],
)
def test_a_cue_in_the_paragraph_before_counts_when_a_colon_ends_it(text, kind, make_chapter):
    assert [line.kind for line in find_lines(make_chapter(text))] == [kind]


def test_only_the_near_part_of_a_long_paragraph_is_read():
    told = "他走了很久，" * 200_000
    text = told + "心想：“不好。”"
    assert classify(text, len(told) + 3, len(told) + 4, len(told) + 7, 0) == "thought"
