"""The stage: pairs of all ways, and those whose sides make no pair."""

import pytest

from huaben.errors import HuabenError
from huaben.extract import grounded
from huaben.extract.asking import Asked
from huaben.extract.preference import inquiries
from huaben.extract.prompted import questions
from huaben.extract.stages import run_preference
from huaben.files import read_json, read_jsonl, write_jsonl
from huaben.llm.question import Outcome, pursue
from pairing import MAD, SOBER

WAYS = ["prompts", "grounded", "contrast"]
ASKED, SAID, PLAIN = "你昨晚敲钟了吗？", "我没敲，是水敲的。", "我昨天晚上没有敲钟。"


@pytest.fixture
def run(make_params, asked, tmp_path):
    """Return a run of all three ways with one prompt; its conversations lie in d.jsonl."""
    (tmp_path / "p.txt").write_text("几点了？\n", encoding="utf-8")
    write_jsonl(tmp_path / "d.jsonl", [MAD.row(), SOBER.row()])
    params = make_params(preference={"prompts": str(tmp_path / "p.txt"), "ways": WAYS})
    return Asked(params, asked.prompts, asked.recorded)


def staged(run, folder):
    return run_preference(folder / "d.jsonl", folder / "out.jsonl", folder / "r", run)


def test_the_stage_makes_pairs_of_all_three_ways(run, record, tmp_path):
    ((good, plain),) = questions(run, ["几点了？"])
    record((good, "几更了？问得好。"), (plain, "我看不到时间。"), (grounded.question(run, ASKED, SAID), PLAIN))
    coverage = staged(run, tmp_path)
    assert sorted(row["way"] for row in read_jsonl(tmp_path / "out.jsonl")) == ["contrast", "grounded", "prompts"]
    assert (coverage.rows, coverage.outcomes, dict(coverage.dropped)) == (3, {"ok": 4}, {})
    assert list(read_jsonl(tmp_path / "dropped.jsonl")) == []
    assert read_json(tmp_path / "r/cost/preference.json")["hand_written"] == 3


def test_sides_that_make_no_pair_are_put_aside_with_the_reason(run, record, tmp_path):
    ((good, plain),) = questions(run, ["几点了？"])
    record(
        (good, "几更了？"),
        (plain, "这里看不到时间，请您看手机。"),
        (grounded.question(run, ASKED, SAID), "我没敲，是水敲了。"),
    )
    coverage = staged(run, tmp_path)
    assert [row["way"] for row in read_jsonl(tmp_path / "out.jsonl")] == ["contrast"]
    aside = {row["reason"]: row["record"]["prompt"][0]["content"] for row in read_jsonl(tmp_path / "dropped.jsonl")}
    assert aside == {
        "prompts: one side is over 3 times as long as the other": "几点了？",
        "grounded: the sides are nearly the same": ASKED,
    }
    assert dict(coverage.dropped) == dict.fromkeys(aside, 1)


def test_a_prompt_without_its_replies_fails_the_stage_but_contrast_is_written(run, tmp_path):
    with pytest.raises(HuabenError, match=r"3 of 4 units are still missing.*huaben replies render"):
        staged(run, tmp_path)
    assert [row["way"] for row in read_jsonl(tmp_path / "out.jsonl")] == ["contrast"]


def test_an_estimate_asks_what_the_stage_asks(run):
    asked = []
    for inquiry in inquiries(run, [MAD, SOBER]):
        pursue(inquiry, lambda question: asked.append(question.request.prompt_id) or Outcome(None, "。"))
    assert asked == ["chosen.v1", "rejected.v1", "plain.v1"]


def test_without_a_model_contrast_alone_is_made(run, make_params, tmp_path):
    params = make_params(llm={"provider": "none"}, preference=run.params.preference.model_dump())
    coverage = staged(Asked(params, run.prompts, ()), tmp_path)
    assert (coverage.rows, coverage.outcomes) == (1, {"skipped": 3, "ok": 1})
