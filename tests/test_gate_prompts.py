"""Rules about the prompts of pairs, and what a pair must name as its source."""

import pytest

import gate_world
from huaben.gates.frame import longer, make_frame
from huaben.gates.prompts import prompts_are_disjoint, prompts_name_nobody, some_break_the_role
from huaben.gates.tables import make_table
from huaben.records import Preference


def table(*prompts):
    """Return a table of pairs with these prompts, each (text, split)."""
    rows = [gate_world.prompt_pair(i) for i, _ in enumerate(prompts)]
    for row, (text, split) in zip(rows, prompts, strict=True):
        row["prompt"][0]["content"], row["split"] = text, split
    return make_table(rows, "preference")


LONG = "你今年是不是已经在这座钟楼里住满了三十年"


@pytest.mark.parametrize(
    ("other", "bad"),
    [(LONG, 2), (f"{LONG}？！", 2), (f"{LONG}呢？", 2), (LONG.replace("三十", "六"), 0), ("几点了？", 0)],
)
def test_nearly_the_same_prompt_stands_in_one_split_only(other, bad):
    found = prompts_are_disjoint(table((f"{LONG}？", "train"), (other, "test"), ("下雨吗？", "validation")))
    assert (found.bad, found.checked) == (bad, 3)


def test_the_same_prompt_may_come_twice_in_one_split():
    assert prompts_are_disjoint(table((LONG, "train"), (LONG, "train"), ("几点了？", "test"))).bad == 0


def test_no_prompt_from_outside_says_the_heros_name_or_what_he_is_called():
    prompts = table(("沈更生在吗？", "train"), ("打更的沈更呢？", "train"), ("许知秋在吗？", "train"))
    assert prompts_name_nobody(prompts, gate_world.make_params()).bad == 2


@pytest.mark.parametrize(("least", "bad"), [(0.5, 0), (0.51, 1)])
def test_a_share_of_the_prompts_breaks_the_role(least, bad):
    params = gate_world.with_section(gate_world.make_params(), "preference", min_breaking=least)
    found = some_break_the_role(table(("你是人工智能吧？", "train"), ("几点了？", "train")), params)
    assert (found.bad, found.observed, found.limit) == (bad, 0.5, least)


def test_equally_long_sides_are_half_a_win_for_who_prefers_the_longer_one():
    assert [longer("水水", "钟"), longer("水", "钟"), longer("水", "钟钟")] == [1, 0.5, 0]


@pytest.mark.parametrize(
    ("way", "reply", "chapter", "named"),
    [
        ("prompts", "r", 0, True),
        ("prompts", None, 0, False),
        ("contrast", None, 3, True),
        ("contrast", None, 0, False),
        ("grounded", "r", 3, True),
        ("grounded", None, 3, False),
        ("grounded", "r", 0, False),
    ],
)
def test_a_pair_names_the_reply_that_a_model_wrote_and_the_chapter_that_a_line_is_from(way, reply, chapter, named):
    row = gate_world.prompt_pair(1)
    row["way"] = way
    row["provenance"] |= {"reply_id": reply, "chapter": chapter}
    assert make_frame([Preference.model_validate(row)])["has_source"].tolist() == [named]
