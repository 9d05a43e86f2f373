"""Pairs of the hero's real line and a plain rewrite of it."""

import pytest

from huaben.coverage import Coverage
from huaben.extract.grounded import from_lines, lines_to_rewrite, question
from pairing import HERO, MAD, SOBER, conversation, texts

SCENE = conversation(
    ("许知秋", "那座城里"),
    ("许知秋", "真的没有白天吗？"),
    (HERO, "九十年没亮过天了。"),
    (HERO, "灯倒是多。"),
    ("许知秋", "你怕吗？"),
    (HERO, "怕！怕。"),
    chapter=2,
    split="test",
)
PLAIN = "那里很多年没有白天，只有很多灯。"


def test_the_line_stands_in_its_scene_against_its_plain_rewrite(asked, record):
    ask = question(asked, "那座城里真的没有白天吗？", "九十年没亮过天了。灯倒是多。")
    record((ask, PLAIN))
    coverage, used = Coverage("preference"), []
    (pair,) = from_lines(asked, [SCENE], coverage, used)
    assert texts(pair) == ("那座城里真的没有白天吗？", "九十年没亮过天了。灯倒是多。", PLAIN)
    assert (pair.way, pair.split) == ("grounded", "test")
    assert [(m.origin, m.speaker) for m in (*pair.prompt, *pair.chosen, *pair.rejected)] == [
        ("novel", "许知秋"),
        ("novel", HERO),
        ("reply", None),
    ]
    assert pair.chosen[0].spans == ((20, 29), (30, 35))
    assert pair.provenance.spans == ((0, 4), (10, 18), (20, 29), (30, 35))
    assert (pair.provenance.chapter, pair.provenance.chapter_id, pair.provenance.prompt) == (2, "c2", "plain.v1")
    assert (pair.provenance.reply_id, pair.provenance.model) == (ask.request.key, used[0].model)
    assert (coverage.outcomes, pair.rejected[0].spans) == ({"ok": 1}, ())


def test_lines_under_six_letters_and_lines_that_answer_nobody_are_not_rewritten(make_params):
    opening = conversation((HERO, "今天的水走得很急。"), ("许知秋", "没有，我一直在值班。"))
    others = MAD.model_copy(update={"character": "梁明夷"})
    found = lines_to_rewrite([SCENE, opening, others, MAD], make_params())
    assert [e.reply.content for e in found] == ["我没敲，是水敲的。", "九十年没亮过天了。灯倒是多。"]


def test_the_model_is_asked_for_the_length_of_the_line_and_not_for_the_role(asked):
    messages = question(asked, "几点了？", "三更差一刻，也是下午三点差一刻。").request.messages
    assert messages[1]["content"] == (
        "别人说：几点了？\n人物答：三更差一刻，也是下午三点差一刻。\n请改写人物的回答，约 20 字。\n"
    )
    assert HERO not in messages[0]["content"]


def test_the_same_words_are_asked_about_once_and_stand_in_both_scenes(asked, record):
    again = MAD.model_copy(update={"split": "test"})
    record((question(asked, "你昨晚敲钟了吗？", "我没敲，是水敲的。"), "昨天晚上我没有敲钟。"))
    coverage = Coverage("preference")
    pairs = from_lines(asked, [MAD, again, SOBER], coverage, [])
    assert [pair.split for pair in pairs] == ["train", "test"]
    assert coverage.outcomes == {"ok": 1}


@pytest.mark.parametrize("answer", ["```\n```", "九十年没亮过天了。灯倒是多。"])
def test_an_empty_rewrite_and_one_that_repeats_the_line_make_no_pair(asked, record, answer):
    record((question(asked, "那座城里真的没有白天吗？", "九十年没亮过天了。灯倒是多。"), answer))
    coverage = Coverage("preference")
    assert from_lines(asked, [SCENE], coverage, []) == []
    assert coverage.outcomes == {"empty": 1}


def test_without_a_provider_the_rewrites_are_skipped(asked, make_params):
    coverage = Coverage("preference")
    run = type(asked)(make_params(llm={"provider": "none"}), asked.prompts, ())
    assert from_lines(run, [MAD, SCENE], coverage, []) == []
    assert coverage.reasons == {"no provider": 2}
