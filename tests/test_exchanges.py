"""Who answers whom, and what two sides of a pair must be like."""

import pytest

from huaben.extract.exchanges import exchanges, joined, unfit
from pairing import HERO, conversation


def test_what_one_side_says_in_one_go_is_joined_with_all_its_spans():
    talk = conversation(("梁明夷", " 谁？"), ("许知秋", "是你？"), (HERO, "是我。"), (HERO, "我回来了。"))
    user, hero = joined(talk.messages, "")
    assert (user.content, user.speaker, user.spans) == ("谁？是你？", None, ((0, 3), (10, 13)))
    assert (hero.content, hero.speaker, hero.spans) == ("是我。我回来了。", HERO, ((20, 23), (30, 35)))
    assert joined(talk.messages, " ")[0].content == "谁？ 是你？"


def test_who_goes_on_speaking_answers_nobody():
    talk = conversation((HERO, "是我。"), (HERO, "我回来了。"), ("许知秋", "坐吧。"))
    assert [(e.said.content, e.reply.content) for e in exchanges(talk, talk.messages)] == [("我回来了。", "坐吧。")]


@pytest.mark.parametrize(
    ("chosen", "rejected", "reason"),
    [
        ("我没敲，是水敲的。", "昨天晚上我没有敲。", None),
        ("我没敲，是水敲的。", "我没敲，是水敲了。", "the sides are nearly the same"),
        ("我没敲钟。", "昨天晚上我一直在值班没有敲。"[:14] + "钟。", "one side is over 3 times as long as the other"),
        ("水" * 30, "钟" * 10, None),
        ("水" * 31, "钟" * 10, "one side is over 3 times as long as the other"),
    ],
)
def test_sides_that_are_nearly_equal_or_far_longer_make_no_pair(make_params, chosen, rejected, reason):
    assert unfit(chosen, rejected, make_params().preference) == reason
