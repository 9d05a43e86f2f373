"""Every fault of an endpoint, through a real stage: the right class, the right requests, the right counts."""

import json
import logging
import traceback
from collections import Counter
from dataclasses import replace
from itertools import zip_longest

import pytest

from faults import FATAL, FAULTS, GOOD, HARMLESS, INVALID, PASSING, REFUSED, REPAIRED, SHAPELESS, json_of, said
from huaben.errors import HuabenError
from huaben.extract.asking import Asked
from huaben.extract.stages import run_summary
from huaben.files import write_jsonl
from questions import with_llm

pytestmark = pytest.mark.usefixtures("impatient")
ONE_OF_A_KIND = {fault.reason: fault for fault in FAULTS if fault.timeout_s > 1}
PASSES = {reason: fault for reason, fault in ONE_OF_A_KIND.items() if not fault.is_for_good}
QUICK = [fault for pair in zip_longest(PASSING, [*SHAPELESS, *REFUSED, *INVALID]) for fault in pair]
QUICK = [fault for fault in QUICK if fault and fault.timeout_s > 1]
"""All but the slow ones, mixed: a run in which no answer gets through for long gives up."""


@pytest.fixture
def summarise(live_params, prompts, make_chapter, make_params, tmp_path):
    """Return a function that runs stage `summary` on chapters of one paragraph; it returns both reports."""

    def summarise(count=1, **llm):
        chapters = [make_chapter(f"第{i}个钟停了。", i, f"钟{i}") for i in range(1, count + 1)]
        write_jsonl(tmp_path / "chapters.jsonl", (chapter.row() for chapter in chapters))
        write_jsonl(tmp_path / "lines.jsonl", [])
        params = with_llm(make_params(llm=dict(live_params.llm), summary={"versions": ["v2"]}), **llm)
        asked = Asked(params, prompts, ())
        files = (tmp_path / "chapters.jsonl", tmp_path / "lines.jsonl", tmp_path / "out", tmp_path / "reports")
        run_summary(*files, asked)
        return reports()

    def reports():
        return [json.loads((tmp_path / f"reports/{kind}/summary.json").read_text()) for kind in ("coverage", "cost")]

    summarise.reports = reports
    return summarise


def outcomes(coverage):
    return {name: coverage[name] for name in ("units", "ok", "empty", "skipped", "failed")}


ALL_FAILED = {"units": 1, "ok": 0, "empty": 0, "skipped": 0, "failed": 1}
ALL_WELL = {"units": 1, "ok": 1, "empty": 0, "skipped": 0, "failed": 0}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_ends_in_its_class_after_its_requests_and_is_counted(summarise, endpoint, fault):
    endpoint.default = fault.answer
    advice = "units failed" if fault.is_for_good else "still missing"
    with pytest.raises(HuabenError, match=advice) as caught:
        summarise(timeout_s=fault.timeout_s)
    coverage, cost = summarise.reports()
    assert caught.value.exit_code == 1
    assert outcomes(coverage) == ALL_FAILED
    assert coverage["reasons"] == {fault.reason: 1}
    assert (coverage["rows"], coverage["repaired"], cost["replies"]) == (0, {}, 0)
    assert len(endpoint.requests) == fault.requests


@pytest.mark.parametrize("fault", ONE_OF_A_KIND.values(), ids=ONE_OF_A_KIND)
def test_the_next_run_asks_again_for_what_may_pass_and_never_for_what_is_for_good(summarise, endpoint, fault):
    endpoint.default = fault.answer
    with pytest.raises(HuabenError):
        summarise()
    endpoint.default = GOOD
    endpoint.requests.clear()
    if fault.is_for_good:
        with pytest.raises(HuabenError, match="units failed"):
            summarise()
        assert (summarise.reports()[0]["reasons"], endpoint.requests) == ({fault.reason: 1}, [])
    else:
        assert outcomes(summarise()[0]) == ALL_WELL
        assert len(endpoint.requests) == 1


@pytest.mark.parametrize("fault", PASSES.values(), ids=PASSES)
def test_after_a_fault_that_passes_a_good_reply_is_taken(summarise, endpoint, fault):
    endpoint.will(fault.answer)
    endpoint.default = GOOD
    coverage, cost = summarise()
    assert outcomes(coverage) == ALL_WELL
    assert (coverage["reasons"], cost["replies"], len(endpoint.requests)) == ({}, 1, 2)


@pytest.mark.parametrize("fault", FATAL, ids=lambda fault: fault.name)
def test_what_every_request_would_meet_stops_the_run_and_leaves_its_units_open(summarise, endpoint, canary, fault):
    endpoint.default = fault.answer
    with pytest.raises(HuabenError) as caught:
        summarise(40, concurrency=2)
    coverage, cost = summarise.reports()
    assert type(caught.value) is HuabenError
    assert fault.reason in str(caught.value)
    assert canary not in str(caught.value)
    assert caught.value.__cause__ is None
    assert (coverage["units"], coverage["failed"], coverage["reasons"]) == (40, 40, {"the run was stopped": 40})
    assert cost["replies"] == 0
    assert len(endpoint.requests) <= 4


@pytest.mark.parametrize(("content", "repair"), [r[1:] for r in REPAIRED], ids=[r[0] for r in REPAIRED])
def test_a_complete_reply_with_a_fault_of_form_is_repaired_and_counted(summarise, endpoint, content, repair):
    endpoint.default = content
    coverage, _ = summarise()
    assert outcomes(coverage) == ALL_WELL
    assert (coverage["repaired"], coverage["reasons"]) == ({repair: 1}, {})
    assert len(endpoint.requests) == 1


@pytest.mark.parametrize("answer", [h[1] for h in HARMLESS], ids=[h[0] for h in HARMLESS])
def test_an_odd_answer_that_holds_a_complete_reply_is_taken_at_once(summarise, endpoint, answer):
    endpoint.default = answer
    coverage, cost = summarise()
    assert outcomes(coverage) == ALL_WELL
    assert (coverage["repaired"], cost["replies"], cost["money"]) == ({}, 1, 0.0)
    assert len(endpoint.requests) == 1
    summarise()
    assert len(endpoint.requests) == 1


def answered_by(faults):
    """Return a function that answers the question about the n-th chapter with the n-th fault."""

    def answer(request):
        text = request["messages"][1]["content"]
        number = int(text.split("第")[1].split("个")[0])
        return faults[number - 1].answer

    return answer


def test_a_run_in_which_everything_goes_wrong_counts_each_unit_once_and_holds_no_key(
    summarise, endpoint, canary, tmp_path, caplog, capfd
):
    caplog.set_level(logging.DEBUG)
    echoing = [
        replace(fault, answer=replace(fault.answer, headers={**fault.answer.headers, "x-echo": canary}))
        if isinstance(fault.answer, endpoint.Http)
        else replace(fault, answer={**fault.answer, "system_fingerprint": canary})
        for fault in QUICK
    ]
    endpoint.default = answered_by(echoing)
    with pytest.raises(HuabenError, match="still missing") as caught:
        summarise(len(QUICK), concurrency=6)
    coverage, _ = summarise.reports()
    assert outcomes(coverage) == {"units": len(QUICK), "ok": 0, "empty": 0, "skipped": 0, "failed": len(QUICK)}
    assert coverage["reasons"] == Counter(fault.reason for fault in QUICK)
    assert len(endpoint.requests) == sum(fault.requests for fault in QUICK)
    files = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert {path.name for path in files} >= {"replies.sqlite", "summary.json"}
    assert [path for path, data in files.items() if canary.encode() in data] == []
    written = "".join(
        [*traceback.format_exception(caught.value), repr(caught.value), caplog.text, *capfd.readouterr()]
    )
    assert canary not in written
    assert "[key]" in "".join(data.decode("utf-8", "replace") for data in files.values())


@pytest.mark.parametrize("spelling", ["{}", '{{"error": {}}}'])
@pytest.mark.parametrize("key", ["sk/canary/0123456789ab", "sk-canary-0123456789abcdef"])
def test_the_key_is_cut_out_however_json_spells_it(summarise, endpoint, monkeypatch, tmp_path, key, spelling):
    monkeypatch.setenv("HUABEN_TEST_KEY", key)
    escaped = json.dumps(key).replace("/", "\\/"), '"' + "".join(f"\\u{ord(c):04X}" for c in key) + '"'
    for text in escaped:
        endpoint.will(*[endpoint.Http(body=spelling.format(text).encode())] * 3)
        with pytest.raises(HuabenError, match="odd_shape"):
            summarise()
        written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
        assert b"canary" not in written


def test_the_words_of_a_refused_run_come_without_the_key(summarise, endpoint, canary, caplog):
    caplog.set_level(logging.DEBUG)
    endpoint.default = endpoint.Http(401, said(f"bad key {canary}, Balance: 0"))
    with pytest.raises(HuabenError, match=r"bad key \[key\], Balance: 0") as caught:
        summarise()
    links, error = [], caught.value
    while error:
        links.append(repr(error))
        error = error.__cause__ or error.__context__
    assert canary not in "".join(links) + caplog.text


def test_a_unit_waits_for_the_better_of_two_runs(summarise, endpoint):
    endpoint.will(*[endpoint.Http(body=json_of({"choices": []}))] * 3)
    endpoint.default = GOOD
    with pytest.raises(HuabenError, match="1 of 2 units are still missing"):
        summarise(2, concurrency=1)
    assert outcomes(summarise(2)[0]) == {"units": 2, "ok": 2, "empty": 0, "skipped": 0, "failed": 0}
    assert len(endpoint.requests) == 5
