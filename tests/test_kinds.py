"""A quotation is speech unless something says that it is a thought, a sound, a word, a letter or a verse."""

import pytest

from huaben.novel.kinds import classify
from huaben.novel.lines import find_lines


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
        ("他说“清醒”", "speech"),
        ("他叫“救命”", "speech"),
    ],
)
def test_the_words_beside_a_quotation_tell_its_kind(text, kind, make_chapter):
    assert [line.kind for line in find_lines(make_chapter(text))] == [kind]


def test_a_quotation_inside_another_is_no_thought(make_chapter):
    kinds = [line.kind for line in find_lines(make_chapter("他说：“我心想：‘不好，要下雨了。’就走了。”"))]
    assert kinds == ["speech", "speech"]


def test_a_cue_in_the_paragraph_before_says_nothing():
    text = "老张心想：\n“他怎么来了？”"
    assert classify(text, 6, 7, 13, 0) == "speech"


def test_only_the_near_part_of_a_long_paragraph_is_read():
    told = "他走了很久，" * 200_000
    text = told + "心想：“不好。”"
    assert classify(text, len(told) + 3, len(told) + 4, len(told) + 7, 0) == "thought"
