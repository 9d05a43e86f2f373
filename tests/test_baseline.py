"""Accepting a profile: what is written, and when it is refused."""

import pytest

import gate_world
from huaben.errors import HuabenError, InputError
from huaben.gates.baseline import accept, profile_digest, read_baseline
from huaben.gates.validate import validate

pytestmark = [
    # great_expectations 1.24 imports these two on Python 3.11
    pytest.mark.filterwarnings("ignore:module 'sre_constants' is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:module 'sre_parse' is deprecated:DeprecationWarning"),
]
PROFILE = {"lines": {"rows": 3}}


def gate(kind="schema", passed=True, severity="critical"):
    return {"dataset": "lines", "kind": kind, "severity": severity, "passed": passed}


def report(**gates):
    return {"gates": {"lines.schema.rows": gate(), **gates}, "profile": profile_digest(PROFILE)}


def test_the_profile_and_the_reason_are_kept_and_equal_ones_give_equal_bytes(tmp_path):
    path = tmp_path / "baseline.json"
    accept(path, report(), PROFILE, " chapter 9\n was rewritten ", [])
    assert read_baseline(path) == PROFILE
    before = path.read_bytes()
    assert b'"reason": "chapter 9 was rewritten"' in before
    accept(path, report(), PROFILE, "chapter 9 was rewritten", [])
    assert path.read_bytes() == before


def test_drift_and_warnings_are_what_a_person_accepts(tmp_path):
    gates = {"a": gate("drift", False), "b": gate("suite", False, "warning")}
    accept(tmp_path / "baseline.json", report(**gates), PROFILE, "grown", [])
    assert read_baseline(tmp_path / "baseline.json") == PROFILE


@pytest.mark.parametrize("reason", ["", " \n"])
def test_a_reason_is_asked_for(reason, tmp_path):
    with pytest.raises(InputError, match="say in a few words"):
        accept(tmp_path / "baseline.json", report(), PROFILE, reason, [])


REFUSED = {
    "a gate that is no drift": (report(**{"lines.schema.record": gate(passed=False)}), [], "lines.schema.record"),
    "data newer than the report": (report(), ["data/dedupe/lines.jsonl"], "changed since the gates saw it"),
    "the profile of another report": ({**report(), "profile": "0"}, [], "not the one of the gate report"),
    "a report of no gate": ({**report(), "gates": {}}, [], "gates failed"),
    "a gate that says nothing": (report(odd={"severity": "critical"}), [], "odd"),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_a_profile_is_refused_for(fault, tmp_path):
    found, differing, reason = REFUSED[fault]
    with pytest.raises(HuabenError, match=reason):
        accept(tmp_path / "baseline.json", found, PROFILE, "because", differing)
    assert not (tmp_path / "baseline.json").exists()


def test_drift_fails_until_it_is_accepted_and_then_passes(tmp_path):
    world, params = gate_world.make_small()
    places = gate_world.places(world.write(tmp_path), gate_world.new_schemas(tmp_path))
    accept(places.baseline, *validate(places, params), "first", [])
    for line in [line for line in world.rows["lines"] if line["speaker"] == gate_world.OTHER][:8]:
        line["speaker"] = "过路人"
    world.write(tmp_path)
    found, profile = validate(places, params)
    assert [name for name, gate in found["gates"].items() if not gate["passed"]] == ["lines.drift.speakers"]
    assert found["passed"] is False
    accept(places.baseline, found, profile, "the passer-by is a person", [])
    assert validate(places, params)[0]["passed"] is True
