"""Filters and cuts of single texts: each fires on its defect, none on what people say in novels."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huaben.refine import filters, repair
from huaben.refine.filters import Exchange, plain_fault, reply_fault, text_fault
from huaben.refine.repair import mend
from huaben.refine.screen import is_plain

SAID = "那天雨下得很大，我在桥头等他。"


def fault(reply, prompt="后来呢？", system="", is_talk=True):
    return reply_fault(reply, Exchange(prompt, f"{system}\n{prompt}", system, is_talk))


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("作为一个人工智能，我不能回答。", "refusal"),
        ("I cannot fulfill this request.", "refusal"),
        ("你的任务是根据原文回答。钟停了。", "prompt leakage"),
        ("（暂无对话）", "placeholder"),
        ("N/A", "placeholder"),
        ("我叫{{char}}，住在桥头。", "placeholder"),
        ("“不去。”他摇头道。", "narration in a line"),
        ('{"reply": "钟停了。"}', "JSON residue"),
        ("钟停了。<table><tr></tr></table>", "HTML"),
        ("钟停了。<|im_start|>user 谁？", "chat template"),
        ("看：\n```python\nprint(1)", "fence never closed"),
        ("<think>他在问钟", "reasoning only"),
        ("他走了，天才一秒记住本站地址，没有回头。", "watermark"),
        ("那天雨下得很大，我在桥头等他。他没有来，我就一直等，因为", "half a sentence"),
        ("等他来，" * 20, "runaway repetition"),
        ("The rain was heavy that day and I waited for him by the bridge.", "another language"),
        ("那天雨下得很大，我在橋頭等他。", "simplified and traditional"),
        ("钟\ufffd停了。", "damaged characters"),
        ("ä½ å¥½ï¼Œæˆ‘æ˜¯", "damaged characters"),
        ("……", "no words"),
        (" ", "no words"),
    ],
)
def test_a_defect_has_its_reason(reply, reason):
    assert fault(reply) == reason


@pytest.mark.parametrize(
    "line",
    [
        "无。",
        "哈哈哈哈哈哈哈哈哈哈哈哈！",
        "对不起，我不能嫁给你。",
        "抱歉，我不能继续陪你走了。",
        "你的任务是守住城门。",
        "救命！救命！救命！救命！救命！",
        "他说：“明天再来。”",
        "俗话说：“人不为己，天诛地灭。”",
        "我爹常说：“人穷志不短。”",
        "你过来，",
        "可是我……",
        "我那口乾坤袋呢？於大哥，你瞧见没有？",
        "活字是毕昇发明的，这个谁都知道。",
        "好人工智能做什么？我手里的活儿机器做不来。",
        "这一章书，且听下回分解。",
        "把门关上<笑>",
        "三 < 五，五 > 三。",
        "👨‍👩‍👧 一家三口都来了。",
        "OK，OK，你说了算！",
        "嗯",
    ],
)
def test_what_people_say_in_novels_is_kept(line):
    assert fault(line) is None if line != "无。" else fault(line, "有没有人来过？") is None
    assert mend(line) == (line, [])


@pytest.mark.parametrize(
    ("prompt", "reply"),
    [
        ("用 JSON 返回姓名", '{"name": "小吴"}'),
        ("写一个 HTML 表格", "<table><tr><td>一</td></tr></table>"),
        (
            "把它翻译成英语：那天雨下得很大，我在桥头等他。",
            "The rain was heavy that day and I waited for him by the bridge.",
        ),
        ("有没有忌口？", "无"),
        ("改正错别字：那天雨下得很大，我在桥头等他", "改正错别字：那天雨下得很大，我在桥头等他"),
        ("他临走前说了什么？", "他回过头，轻轻说道：“别等我。”"),
        ("写个故事", "“不去。”他摇头道。"),
        ("繁体的“桥头”怎么写？", "写作“橋頭”，说的是一回事。"),
        ("小说网站为什么求月票？", "作者求月票是为了让更多人看到他的书。"),
    ],
)
def test_what_the_prompt_asks_for_is_no_defect(prompt, reply):
    assert fault(reply, prompt) is None
    assert mend(reply, prompt) == (reply, [])


def test_an_answer_to_a_question_may_be_told():
    assert fault("老和尚笑道：“放着吧。”", "药煎好以后呢？", is_talk=False) is None


def test_a_reply_that_copies_the_systems_message_leaks():
    system = "你是沈更生，二十六岁的钟表匠，也是不昼城的打更人，分不清两个世界。"
    assert fault("二十六岁的钟表匠，也是不昼城的打更人，分不清两个世界。", system=system) == "prompt leakage"
    assert fault("我是沈更生，修钟表的。", system=system) is None


def test_plain_text_and_prompts_are_judged_by_less():
    assert plain_fault("作为一个人工智能，我不能回答。") is None
    assert plain_fault("———") == "no words"
    assert plain_fault("等他来，" * 20) == "runaway repetition"
    assert text_fault("……") is None
    assert text_fault("锟斤拷锟斤拷") == "damaged characters"


@pytest.mark.parametrize(
    ("reply", "left", "cuts"),
    [
        (f"<think>想一想</think>\n\n{SAID}", SAID, ["reasoning block"]),
        (f"不要太长。</think>{SAID}", SAID, ["reasoning block"]),
        (f"<think>一</think>{SAID}<think>二</think>", SAID, ["reasoning block"]),
        ("<think>想一想", "<think>想一想", []),
        (f"```\n{SAID}\n```", SAID, ["fence"]),
        (f"{SAID}\n```", SAID, ["fence"]),
        ("```python\nprint(1)\n```", "```python\nprint(1)\n```", []),
        (f"{SAID}<|im_end|>", SAID, ["end token"]),
        (f"{SAID}</s></s>", SAID, ["end token"]),
        ("<p>雨很大。</p><p>我等他。</p>", "雨很大。\n我等他。", ["HTML tags"]),
        ("雨&nbsp;很大", "雨 很大", ["HTML tags"]),
        ("用 `<b>` 加粗", "用 `<b>` 加粗", []),
        ("雨很大。\\n我等他。", "雨很大。\n我等他。", ["escaped line ends"]),
        ("C:\\new 是文件夹", "C:\\new 是文件夹", []),
        (f"{SAID}（本章完）", SAID, ["watermark"]),
        (f"{SAID}\n\n最新网址：www.shu-demo.com", SAID, ["watermark"]),
        ("最新网址：www.shu-demo.com", "最新网址：www.shu-demo.com", []),
        ("雨\u200b很\u2060大", "雨很大", ["invisible characters"]),
        ("\ufeff雨\x00很\r\n大", "雨很\n大", ["line ends", "control characters", "invisible characters"]),
        ("\x1b[31m雨\x1b[0m", "雨", ["control characters"]),
        ("ab\u200f אב \u200fא", "ab אב \u200fא", ["invisible characters"]),
        ("🏴\U000e0067\U000e0062\U000e007f", "🏴\U000e0067\U000e0062\U000e007f", []),
    ],
)
def test_what_can_be_cut_is_cut_and_nothing_else(reply, left, cuts):
    assert mend(reply) == (left, cuts)
    assert mend(left) == (left, [])


FRAGMENTS = st.sampled_from(
    [
        part.replace("_", " ")
        for part in """作为一个AI，我 抱歉，我不能提供 我无法满足这个请求 违反相关使用政策 as_an_AI_model,_I
    I'm_sorry,_but_I_can't_assist 你的任务是生成 按照以下格式输出 用户：你好 \nHuman:_hi \n###_指令：
    根据您提供的小说 以上是根据 <|im_start|> </s> [INST] ``` <think> </think> <br> <table> &nbsp; {"reply":"好"} "}]}
    \\\\n {{char}} （本章完） 求月票 www.shu-demo.com 锟斤拷 烫烫烫
    Read_more_chapters_at AI生成 ä½ 锛銆 привет สวัสดี 안녕하세요 钟停了。 无 null 、 “ ” 说道：“ 橋 说""".split()
    ]
    + ["\ufffd", "\u200b", "\u202e", "\r", "\x00", " ", "\n", "\ud800", "\U000e0041"]
)
ANY_TEXT = st.one_of(
    st.lists(FRAGMENTS, max_size=8).map("".join),
    st.text(st.characters(exclude_categories=()), max_size=40),
)


@given(ANY_TEXT)
def test_the_screen_lets_through_whatever_marks_and_words_or_cuts_find(text):
    if is_plain(text):
        exchange = Exchange("", "")
        assert filters._fault_of_marks(text, exchange) is None
        assert filters._fault_of_words(text, exchange) is None
        assert repair.cut_unseen(text) == (text, [])
        assert all(cut(text) == text for cut in repair._CUTS.values())


@given(ANY_TEXT, ANY_TEXT)
def test_no_text_of_any_kind_breaks_a_filter_and_a_mended_text_stays_as_it_is(text, prompt):
    mended, cuts = mend(text, prompt)
    assert (mended == text) == (cuts == [])
    assert mend(mended, prompt) == (mended, [])
    reply_fault(mended, Exchange(prompt, prompt, prompt))
    plain_fault(text)


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        " ",
        "<",
        "<p ",
        "```\n",
        "“",
        "\u200d",
        "<think>",
        "</think>",
        "&",
        "\\n",
        '"',
        '"} ',
        "{",
        "[",
        "用户 ",
        "的，",
        "\ud800",
        "本章完",
        "0",
    ],
)
def test_a_huge_text_of_one_piece_is_judged_as_any_other(piece):
    text = piece * (300_000 // len(piece))
    mended, _ = mend(text)
    reply_fault(mended, Exchange(text, text, text))
    plain_fault(text)
