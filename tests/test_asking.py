"""What the asking stages share: every unit accounted for, replies parsed strictly, the counts always written."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from huaben.coverage import Coverage
from huaben.errors import HuabenError, InputError
from huaben.extract.asking import (
    Asked,
    InvalidReply,
    advice,
    collect,
    costs,
    parse_json,
    provenance,
    questions,
    text_of,
)
from huaben.extract.stages import run_preference, run_qa, run_speakers, run_summary
from huaben.files import write_jsonl

PROMPTS = Path(__file__).parent.parent / "prompts"


def write_chapters(folder, novel):
    """Write what the stages read; return the paths of chapters and lines."""
    write_jsonl(folder / "chapters.jsonl", (chapter.row() for chapter in novel.chapters))
    write_jsonl(folder / "lines.jsonl", (line.row() for line in novel.flat))
    return folder / "chapters.jsonl", folder / "lines.jsonl"


def summary_units(asked, novel):
    return [unit for _, unit in questions(asked, "summary.v2", novel.chapters, novel.lines)]


def test_the_request_about_a_chapter_numbers_every_quotation(asked, novel):
    content = summary_units(asked, novel)[0].request.messages[1]["content"]
    assert "沈更生说：〔1〕“钟又停了，停在三点十七分。”\n梁明夷问道：〔2〕“你昨晚敲钟了吗？”" in content
    assert "〔7〕“当当当”，挂钟响了三下。" in content
    assert "〔8〕" not in content


def test_a_unit_bears_the_heading_of_its_chapter_or_its_title(asked, novel, make_chapter):
    whole = make_chapter("钟停了。").model_copy(update={"heading": "", "title": "全文"})
    named = questions(asked, "summary.v2", [novel.chapters[0], whole], novel.lines)
    assert [(c.title, unit.name) for c, unit in named] == [("停钟", "第1章 停钟"), ("全文", "全文")]


def test_a_prompt_holds_nothing_of_another_chapter(asked, novel):
    for chapter, unit in questions(asked, "summary.v2", novel.chapters, novel.lines):
        others = [c for c in novel.chapters if c is not chapter]
        assert not any(c.text[:20] in unit.request.messages[1]["content"] for c in others)


def test_every_unit_ends_as_ok_empty_or_failed_with_its_reason(asked, novel, record, make_chapter, endpoint):
    chapters = [make_chapter(f"第{i}个钟停了。", i, f"钟{i}") for i in range(1, 7)]
    units = [unit for _, unit in questions(asked, "summary.v2", chapters, {})]
    record(
        (units[0], '{"plot": "停了"}'),
        (units[1], "{}"),
        (units[2], "我不能回答"),
        (units[3], "[1]"),
        (units[4], endpoint.completion('{"plot": "停', "length")),
    )
    coverage, used = Coverage("summary"), []
    answers = collect(asked, units, parse_json, coverage, used)
    assert {key: a.value for key, a in answers.items()} == {units[0].request.key: {"plot": "停了"}}
    assert coverage.outcomes == {"ok": 1, "empty": 1, "failed": 4}
    assert coverage.reasons == {
        "nothing there": 1,
        "invalid reply: not JSON": 1,
        "invalid reply: not a JSON object": 1,
        "finish_length": 1,
        "no reply is recorded for this prompt": 1,
    }
    assert coverage.open_units == 1
    assert [reply.key for reply in used] == [unit.request.key for unit in units[:4]]


def test_two_chapters_with_equal_text_are_two_units_with_one_answer(asked, record, make_chapter):
    chapters = [make_chapter("钟停了。", index) for index in (1, 2)]
    units = [unit for _, unit in questions(asked, "summary.v2", chapters, {})]
    assert units[0].request.key == units[1].request.key
    record((units[0], '{"plot": "停了"}'))
    coverage, used = Coverage("summary"), []
    answers = collect(asked, units, parse_json, coverage, used)
    assert (len(answers), coverage.outcomes["ok"]) == (1, 2)
    assert costs(asked, used)["replies"] == 1


def test_without_a_provider_every_unit_is_skipped(make_params, prompts, novel, asked):
    alone = Asked(make_params(llm={"provider": "none"}), prompts, (), lambda _: None)
    coverage = Coverage("summary")
    assert collect(alone, summary_units(asked, novel), parse_json, coverage, []) == {}
    assert (coverage.outcomes, coverage.reasons) == ({"skipped": 3}, {"no provider": 3})


@pytest.mark.parametrize("fenced", ['```json\n{"a": 1}\n```', ' ```\n{"a": 1}```\n', '```JSON\n{"a":\n 1}\n```'])
def test_one_fence_is_repaired_and_counted(asked, novel, record, fenced):
    one = summary_units(asked, novel)[0]
    record((one, fenced))
    coverage = Coverage("summary")
    assert [a.value for a in collect(asked, [one], parse_json, coverage, []).values()] == [{"a": 1}]
    assert coverage.dropped == {"repaired: fence around the reply": 1}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "not JSON"),
        ("好的。", "not JSON"),
        ('好的：{"a": 1}', "not JSON"),
        ('<think>想</think>{"a": 1}', "not JSON"),
        ('{"a": 1}{"a": 2}', "not JSON"),
        ('{"a": "他说"走"。"}', "not JSON"),
        ("{“a”：1}", "not JSON"),
        ("{'a': 1}", "not JSON"),
        ('{"a": 1', "not JSON"),
        ('{"a": NaN}', "not JSON"),
        ('{"a": 1e999}', "not JSON"),
        ('{"a": ' + "9" * 5000 + "}", "not JSON"),
        ('{"a": "\\udc00"}', "not JSON"),
        ('{"a": ' + "[" * 100_000 + "}", "not JSON"),
        ('{"a": ' + "[" * 5000 + "]" * 5000 + "}", "not JSON"),
        ('[{"a": 1}]', "not a JSON object"),
        ('"a"', "not a JSON object"),
        ("null", "not a JSON object"),
    ],
)
def test_a_reply_that_is_not_one_json_object_is_invalid(content, reason):
    with pytest.raises(InvalidReply) as caught:
        parse_json(content)
    assert str(caught.value) == reason


@pytest.mark.parametrize("value", [None, 5, ["x"], {"x": 1}, True])
def test_a_field_of_another_type_is_invalid(value):
    with pytest.raises(InvalidReply, match="`plot` is not text"):
        text_of({"plot": value}, "plot")
    with pytest.raises(InvalidReply, match="`plot` is not text"):
        text_of({}, "plot")


def test_a_record_names_its_chapter_prompt_model_and_reply(asked, novel, record):
    one = summary_units(asked, novel)[0]
    record((one, '{"a": 1}'))
    (answer,) = collect(asked, [one], parse_json, Coverage("summary"), []).values()
    assert provenance(novel.chapters[0], answer, ((3, 5),)).model_dump() == {
        "novel": "small",
        "chapter": 1,
        "chapter_id": "c1",
        "spans": ((3, 5),),
        "prompt": "summary.v2",
        "model": "fake-1",
        "reply_id": one.request.key,
        "written_by": "a tester",
    }


def test_the_advice_fits_the_provider(make_params):
    assert "huaben replies render" in advice(make_params())
    assert "run the same command again" in advice(make_params(llm={"provider": "openai"}))


# the stages: coverage and cost are written, whatever the end


def reports(folder, stage):
    return [json.loads((folder / kind / f"{stage}.json").read_text()) for kind in ("coverage", "cost")]


def test_a_missing_reply_fails_the_stage_and_names_the_command(asked, novel, tmp_path):
    chapters, lines = write_chapters(tmp_path, novel)
    with pytest.raises(HuabenError, match="huaben replies render") as caught:
        run_summary(chapters, lines, tmp_path / "out", tmp_path / "reports", asked)
    assert caught.value.exit_code == 1
    coverage, cost = reports(tmp_path / "reports", "summary")
    assert (coverage["units"], coverage["failed"]) == (6, 6)
    assert coverage["reasons"] == {"no reply is recorded for this prompt": 6}
    assert cost["replies"] == 0


def test_a_miss_is_never_within_the_failure_budget(make_params, asked, novel, tmp_path):
    chapters, lines = write_chapters(tmp_path, novel)
    lenient = make_params(validate_={"max_failures": {"summary": 1.0}})
    with pytest.raises(HuabenError, match="still missing"):
        run_summary(chapters, lines, tmp_path / "o", tmp_path / "r", Asked(lenient, asked.prompts, (), print))


def test_a_run_that_the_endpoint_stops_leaves_its_coverage(live, endpoint, make_params, prompts, novel, tmp_path):
    chapters, lines = write_chapters(tmp_path, novel)
    params = make_params(llm=live.model_dump(exclude={"price"}))
    endpoint.default = endpoint.Http(402)
    with pytest.raises(HuabenError, match="HTTP 402"):
        run_summary(chapters, lines, tmp_path / "o", tmp_path / "reports", Asked(params, prompts, (), lambda _: None))
    coverage, cost = reports(tmp_path / "reports", "summary")
    assert (coverage["units"], coverage["failed"], coverage["reasons"]) == (3, 3, {"the run was stopped": 3})
    assert cost["replies"] == 0


def test_a_second_live_run_of_a_stage_sends_nothing_and_gives_equal_bytes(
    live, endpoint, make_params, prompts, novel, tmp_path
):
    chapters, lines = write_chapters(tmp_path, novel)
    params = make_params(llm=live.model_dump(exclude={"price"}), summary={"versions": ["v2"]})
    usage = {"prompt_tokens": 100, "completion_tokens": 10}
    content = '{"plot": "停了", "relations": "疏远", "psychology": "不安"}'
    endpoint.default = endpoint.completion(content, usage=usage)
    asked = Asked(params, prompts, (), lambda _: None)
    for name in ("one", "two"):
        run_summary(chapters, lines, tmp_path / name, tmp_path / name / "reports", asked)
    assert len(endpoint.requests) == 3
    files = sorted(p.relative_to(tmp_path / "one") for p in (tmp_path / "one").rglob("*") if p.is_file())
    assert [str(f) for f in files] == [
        "reports/cost/summary.json",
        "reports/coverage/summary.json",
        "summary_qa_v2.jsonl",
        "summary_v2.jsonl",
        "versions.json",
    ]
    assert all((tmp_path / "one" / f).read_bytes() == (tmp_path / "two" / f).read_bytes() for f in files)
    _, cost = reports(tmp_path / "two" / "reports", "summary")
    assert (cost["replies"], cost["tokens_miss"], cost["tokens_output"]) == (3, 300, 30)


def test_without_a_provider_the_stages_end_well_and_say_what_they_skipped(make_params, prompts, novel, tmp_path):
    chapters, lines = write_chapters(tmp_path, novel)
    params = make_params(llm={"provider": "none"}, preference={"prompts": None, "ways": ["contrast"]})
    asked, done = Asked(params, prompts, (), lambda _: None), tmp_path / "reports"
    speakers = tmp_path / "speakers.jsonl"
    assert run_speakers(chapters, lines, speakers, done, novel.cast, asked).outcomes == {"skipped": 2}
    assert len(speakers.read_text(encoding="utf-8").splitlines()) == len(novel.flat)
    assert run_summary(chapters, lines, tmp_path / "s", done, asked).outcomes == {"skipped": 6}
    found = run_qa(chapters, lines, tmp_path / "s/answers_v1.jsonl", tmp_path / "q", done, asked)
    assert found.outcomes == {"skipped": 4}
    assert not list(tmp_path.glob("*/qa_*.jsonl"))


def test_qa_of_version_1_without_its_summaries_is_bad_parameters(asked, novel, tmp_path):
    chapters, lines = write_chapters(tmp_path, novel)
    with pytest.raises(InputError, match=r"summary\.versions"):
        run_qa(chapters, lines, tmp_path / "absent.jsonl", tmp_path / "q", tmp_path / "r", asked)


def test_pairs_from_prompts_without_a_file_of_prompts_are_bad_parameters(make_params, prompts, tmp_path):
    params = make_params(preference={"ways": ["prompts"], "prompts": None})
    with pytest.raises(InputError, match=r"preference\.prompts"):
        run_preference(tmp_path / "d.jsonl", tmp_path / "p.jsonl", tmp_path / "r", Asked(params, prompts, (), print))


def test_the_command_says_why_the_endpoint_refused_and_shows_no_key(
    live, endpoint, make_params, canary, novel, tmp_path
):
    write_chapters(tmp_path / "data" / "chapters", novel)
    (tmp_path / "data" / "lines").mkdir()
    (tmp_path / "data/chapters/lines.jsonl").rename(tmp_path / "data/lines/lines.jsonl")
    shutil.copytree(PROMPTS, tmp_path / "prompts")
    params = make_params(llm=live.model_dump(exclude={"price"})).model_dump(mode="json", by_alias=True)
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params, allow_unicode=True), encoding="utf-8")
    endpoint.default = endpoint.Http(401, json.dumps({"error": {"message": f"bad key {canary}"}}).encode())
    command = [sys.executable, "-m", "huaben", "summary"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr.startswith("huaben: the endpoint refuses the run, HTTP 401: the key is not accepted.")
    assert "bad key [key]" in done.stderr
    assert "Traceback" not in done.stderr
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert not [data for data in (done.stdout.encode(), done.stderr.encode(), *written) if canary.encode() in data]
