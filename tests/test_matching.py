"""Which sober reply stands against which line."""

from huaben.extract.exchanges import Exchange
from huaben.extract.matching import matched
from huaben.records import Message
from pairing import HERO, MAD


def exchange(said, reply, speaker="许知秋"):
    return Exchange(MAD, Message(role="user", content=said), Message(role="user", content=reply, speaker=speaker))


def told(chosen, sober, least=0.3, most=3.0):
    found = matched([exchange(*c, HERO) for c in chosen], [exchange(*s) for s in sober], least, most)
    return [reply.content if reply else None for reply in found]


def test_equal_words_are_matched_before_similar_ones():
    chosen = [("你昨晚敲锣了吗？", "没有敲，水敲的。"), ("你昨晚敲钟了吗？", "敲了，敲给你听的。")]
    assert told(chosen, [("你昨晚敲钟了吗？", "没有，我在值班。")]) == [None, "没有，我在值班。"]


def test_the_most_similar_words_come_first():
    chosen = [("你昨晚敲钟了吗？", "没有敲，水敲的。")]
    sober = [("你昨晚去哪儿了？", "我在家里睡觉。"), ("你昨晚敲锣了吗？", "没有，我在值班。")]
    assert told(chosen, sober) == ["没有，我在值班。"]


def test_a_reply_that_is_too_long_or_too_short_is_passed_over():
    chosen = [("你昨晚敲钟了吗？", "没有敲，水敲的。")]
    sober = [("你昨晚敲钟了吗？", "没有。" * 9), ("你昨晚敲锣了吗？", "我在值班呢。")]
    assert told(chosen, sober) == ["我在值班呢。"]
    assert told(chosen, sober[:1]) == [None]


def test_of_replies_to_equal_words_the_nearest_in_length_is_taken():
    asked = "你昨晚敲钟了吗？"
    sober = [(asked, "没有，我一直在办公室里值班呢。"), (asked, "没有，我在值班。")]
    assert told([(asked, "没有敲，水敲的。")], sober) == ["没有，我在值班。"]


def test_length_does_not_lean_to_one_side():
    asked = "你昨晚敲钟了吗？"
    sober = [(asked, "字" * n) for n in (9, 9, 9, 12, 12, 12)]
    found = told([(asked, "水" * 10)] * 6, sober)
    assert [len(reply) for reply in found] == [9, 12, 9, 12, 9, 12]


def test_thirty_thousand_equal_quotations_end_each_with_a_reply_of_its_own():
    line, reply = ("你昨晚敲钟了吗？", "没有敲，水敲的。"), ("你昨晚敲钟了吗？", "没有，我在值班。")
    assert told([line] * 15_000, [reply] * 14_999) == [reply[1]] * 14_999 + [None]


def test_a_thousand_different_quotations_give_pairs_in_blocks():
    chosen = [(f"第{i}盏灯亮了吗？", "没有亮，水亮的。") for i in range(1000)]
    sober = [(f"第{i}盏灯灭了吗？", f"第{i:04}盏已经灭了。") for i in range(1000)]
    found = told(chosen, sober)
    assert found[:2] == ["第0000盏已经灭了。", "第0001盏已经灭了。"]
    assert len(set(found)) == 1000
