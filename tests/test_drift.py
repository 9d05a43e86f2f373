"""Drift: what each rule measures, what the limits' reader refuses, and what is run without an accepted profile."""

import pytest
import yaml

import gate_world
from huaben.errors import InputError
from huaben.files import write_json
from huaben.gates import drift
from huaben.gates.baseline import NO_BASELINE
from huaben.gates.drift import check_drift, load_limits

LIMITS = gate_world.SCHEMAS / "drift.yaml"
LINES = {
    "rows": 100,
    "uncovered_chapters": 1,
    "characters_p05": 2,
    "characters_p50": 10,
    "characters_p95": 60,
    "duplicate_share": 0.05,
    "speakers": {"沈更生": 50, "许知秋": 40},
    "spoken": 100,
}


def failed(tmp_path, **changes):
    """Return the gates that fail when `lines` changes so."""
    write_json(tmp_path / "baseline.json", {"profile": {"lines": LINES}, "reason": "first"})
    judged = check_drift({"lines": {**LINES, **changes}}, ["lines"], tmp_path / "baseline.json", LIMITS)
    return {gate.name: gate.observed for gate in judged.gates if not gate.passed}


def test_what_is_as_it_was_accepted_passes_and_every_rule_has_looked(tmp_path):
    assert failed(tmp_path) == {}
    judged = check_drift({"lines": LINES}, ["lines"], tmp_path / "baseline.json", LIMITS)
    assert [gate.name for gate in judged.gates] == [
        "datasets",
        "rows",
        "chapters",
        "lengths",
        "speakers",
        "duplicates",
    ]
    assert {gate.severity for gate in judged.gates} == {"critical"}
    assert judged.not_run == {}


@pytest.mark.parametrize(("rows", "change"), [(111, 0.11), (89, -0.11), (0, None)])
def test_rows_may_change_by_a_tenth(rows, change, tmp_path):
    assert failed(tmp_path, rows=110) == failed(tmp_path, rows=90) == {}
    assert failed(tmp_path, rows=rows) == ({"rows": change} if change else {})


def test_no_chapter_more_may_be_without_a_row_and_one_less_is_no_drift(tmp_path):
    assert failed(tmp_path, uncovered_chapters=2) == {"chapters": 1.0}
    assert failed(tmp_path, uncovered_chapters=0) == {}


def test_one_character_of_a_short_text_is_no_drift_and_a_fifth_of_a_long_one_is(tmp_path):
    assert failed(tmp_path, characters_p05=3, characters_p50=11) == {}
    assert failed(tmp_path, characters_p95=48) == {"lengths": 0.2}


def test_the_distance_of_the_speakers_is_the_share_of_lines_that_changed_hands(tmp_path):
    assert failed(tmp_path, speakers={"沈更生": 48, "许知秋": 42}) == {}
    assert failed(tmp_path, speakers={"沈更生": 47, "许知秋": 43}) == {"speakers": pytest.approx(0.03)}
    assert failed(tmp_path, speakers={"沈更生": 50, "许知秋": 37}) == {"speakers": pytest.approx(0.03)}


def test_a_speaker_under_another_name_is_seen(tmp_path):
    assert failed(tmp_path, speakers={"沈更": 50, "许知秋": 40}) == {"speakers": pytest.approx(0.5)}


def test_more_copies_are_drift_and_fewer_are_not(tmp_path):
    assert failed(tmp_path, duplicate_share=0.07) == {"duplicates": pytest.approx(0.02)}
    assert failed(tmp_path, duplicate_share=0.0) == {}


def test_without_an_accepted_profile_no_gate_is_run_and_each_says_why(tmp_path):
    judged = check_drift({"lines": LINES}, ["lines"], tmp_path / "baseline.json", LIMITS)
    assert judged.gates == []
    assert set(judged.not_run.values()) == {NO_BASELINE}
    assert {"all.drift.datasets", "lines.drift.speakers"} <= judged.not_run.keys()


@pytest.mark.parametrize("made", [["lines", "pretrain"], []])
def test_a_dataset_more_or_less_than_accepted_is_drift(made, tmp_path):
    write_json(tmp_path / "baseline.json", {"profile": {"lines": LINES}, "reason": "first"})
    judged = check_drift({"lines": LINES}, made, tmp_path / "baseline.json", LIMITS)
    assert [gate.name for gate in judged.gates if not gate.passed] == ["datasets"]


@pytest.mark.parametrize("missing", ["rows", "speakers", "characters_p05", "uncovered_chapters"])
def test_an_accepted_profile_without_a_number_passes_nothing_that_needs_it(missing, tmp_path):
    accepted = {name: value for name, value in LINES.items() if name != missing}
    write_json(tmp_path / "baseline.json", {"profile": {"lines": accepted}, "reason": "first"})
    judged = check_drift({"lines": LINES}, ["lines"], tmp_path / "baseline.json", LIMITS)
    assert ["lacks a number" in str(gate.observed) for gate in judged.gates if not gate.passed] == [True]


BROKEN = {
    "no JSON": "{",
    "another shape": '{"lines": {}}',
    "no profile": '{"profile": {}, "reason": "x"}',
    "a list": '{"profile": {"lines": []}, "reason": "x"}',
    "an unknown dataset": '{"profile": {"poems": {}}, "reason": "x"}',
    "not a number": '{"profile": {"lines": {"rows": NaN}}, "reason": "x"}',
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_baseline_that_cannot_be_read_fails_a_gate(fault, tmp_path):
    (tmp_path / "baseline.json").write_text(BROKEN[fault], encoding="utf-8")
    judged = check_drift({"lines": LINES}, ["lines"], tmp_path / "baseline.json", LIMITS)
    assert [(gate.key, gate.passed) for gate in judged.gates] == [("all.drift.baseline", False)]
    assert judged.passed is False


def test_the_limits_are_read_and_each_rule_of_the_code_has_one():
    assert [rule.name for rule in load_limits(LIMITS)] == list(drift.RULES)


RULE = {"name": "rows", "limit": 0.1, "datasets": ["lines"], "reason": "Why."}
REFUSED = {
    "no rule": ([], "a rule"),
    "an unknown rule": ([{**RULE, "name": "moods"}], "a name of"),
    "an unknown key": ([{**RULE, "severity": "warning"}], "exactly the keys"),
    "a limit in words": ([{**RULE, "limit": "0.1"}], "a number"),
    "a limit of truth": ([{**RULE, "limit": True}], "a number"),
    "a limit that nothing breaks": ([{**RULE, "limit": 1}], "from 0 to under 1"),
    "a limit below nothing": ([{**RULE, "limit": -0.1}], "from 0 to under 1"),
    "no dataset": ([{**RULE, "datasets": []}], "datasets of"),
    "an unknown dataset": ([{**RULE, "datasets": ["poems"]}], "datasets of"),
    "a dataset twice": ([{**RULE, "datasets": ["lines", "lines"]}], "datasets of"),
    "a blank reason": ([{**RULE, "reason": " "}], "a reason"),
    "a rule twice": ([RULE, {**RULE, "datasets": ["pretrain"]}], "each rule once"),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_limits_are_refused_for(fault, tmp_path):
    rules, reason = REFUSED[fault]
    path = tmp_path / "drift.yaml"
    path.write_text(yaml.safe_dump({"description": "Limits.", "rules": rules}), encoding="utf-8")
    with pytest.raises(InputError, match=reason) as error:
        load_limits(path)
    assert "drift.yaml" in str(error.value)
