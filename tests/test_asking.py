"""What the asking stages share: every unit accounted for, and the counts always written."""

import json
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import yaml

from conversing import V2, answered, completion, write_chapters
from huaben.coverage import Coverage
from huaben.errors import HuabenError, InputError
from huaben.extract.asking import Asked, advice, collect, costs, provenance, question
from huaben.extract.passages import Passage
from huaben.extract.stages import run_preference, run_qa, run_speakers, run_summary
from huaben.extract.tasks import speakers_task, summary_task
from huaben.novel.quotations.lines import find_lines

PROMPTS = Path(__file__).parent.parent / "prompts"
OPENS = summary_task("v2")
MISS = "no reply is recorded for this prompt"


def about(asked, chapter, task=OPENS, lines=()):
    """Return the question of a task about a whole chapter."""
    return question(asked, task, Passage(chapter, lines, 0, len(chapter.text)))


def gather(asked, chapters, lines=None, task=OPENS):
    """Ask a task about chapters; return the answered ones, coverage and the replies used."""
    coverage, used = Coverage("summary"), []
    return collect(asked, task, chapters, lines or {}, coverage, used), coverage, used


def test_the_request_about_a_chapter_numbers_every_quotation(asked, novel):
    content = about(asked, novel.chapters[0], lines=novel.lines[1]).request.messages[1]["content"]
    assert "沈更生说：〔1〕“钟又停了，停在三点十七分。”\n梁明夷问道：〔2〕“你昨晚敲钟了吗？”" in content
    assert "〔7〕“当当当”，挂钟响了三下。" in content
    assert "〔8〕" not in content


def test_a_question_bears_the_heading_and_says_how_long_its_reply_will_be(asked, novel):
    asks = about(asked, novel.chapters[0], speakers_task(()), novel.lines[1])
    assert (asks.name, asks.size, asks.reply_tokens) == ("第1章 停钟", 7, 10)
    assert (about(asked, novel.chapters[0]).size, about(asked, novel.chapters[0]).reply_tokens) == (1, 280)


def test_every_unit_ends_as_ok_empty_or_failed_with_its_reason(asked, record, make_chapter):
    chapters = [make_chapter(f"第{i}个钟停了。", i, f"钟{i}") for i in range(1, 9)]
    units = [about(asked, chapter) for chapter in chapters]
    said = [
        V2,
        '{"plot": "", "relations": "", "psychology": " "}',
        "我不能回答",
        "[1]",
        completion('{"plot": "停', "length"),
        completion(None, "content_filter"),
        completion(" "),
    ]
    record(*zip(units, said, strict=False))
    answers, coverage, used = gather(asked, chapters)
    assert {index: parts[0].outcome.value["plot"] for index, parts in answers.items()} == {1: "钟停了。"}
    assert coverage.outcomes == {"ok": 1, "empty": 1, "failed": 6}
    assert coverage.reasons == {
        "nothing there": 1,
        "invalid reply: not JSON": 1,
        "invalid reply: not a JSON object": 1,
        "finish_length": 1,
        "finish_content_filter": 1,
        "blank": 1,
        MISS: 1,
    }
    assert coverage.open_units == 2
    assert [reply.key for reply in used] == [unit.request.key for unit in units[:2]]


def test_two_chapters_with_equal_text_are_two_units_with_one_answer(asked, record, make_chapter):
    chapters = [make_chapter("钟停了。", index) for index in (1, 2)]
    assert about(asked, chapters[0]).request.key == about(asked, chapters[1]).request.key
    record((about(asked, chapters[0]), V2))
    answers, coverage, used = gather(asked, chapters)
    assert (sorted(answers), coverage.outcomes) == ([1, 2], {"ok": 2})
    assert (len(used), costs(asked, used)["replies"]) == (2, 1)


def test_without_a_provider_every_unit_is_skipped(make_params, prompts, novel):
    alone = Asked(make_params(llm={"provider": "none"}), prompts, ())
    answers, coverage, _ = gather(alone, novel.chapters)
    assert (answers, coverage.outcomes, coverage.reasons) == ({}, {"skipped": 3}, {"no provider": 3})


def test_what_was_repaired_is_counted_and_nothing_is_dropped(asked, record, make_chapter):
    wrappings = [
        "$reply",
        "```json\n$reply\n```",
        "```\n$reply```",
        "<think>想</think>$reply",
        "答：$reply",
        V2.replace('"', "'"),
    ]
    chapters = [make_chapter(f"第{i}个钟停了。", i) for i in range(1, len(wrappings) + 1)]
    record(*((about(asked, c), w.replace("$reply", V2)) for c, w in zip(chapters, wrappings, strict=True)))
    answers, coverage, _ = gather(asked, chapters)
    assert {parts[0].outcome.value["plot"] for parts in answers.values()} == {"钟停了。"}
    assert coverage.repaired == {
        "fence around the reply": 2,
        "reasoning before the reply": 1,
        "prose around the object": 1,
        "JSON with mistakes": 1,
    }
    assert (coverage.outcomes, coverage.dropped.total()) == ({"ok": 6}, 0)
    assert coverage.as_metrics()["repaired"] == dict(sorted(coverage.repaired.items()))


@pytest.mark.parametrize("said", [V2, f"```json\n{V2}", V2[:-1], V2[:30]])
def test_a_cut_reply_is_never_repaired(asked, record, make_chapter, said):
    chapter = make_chapter("钟停了。")
    record((about(asked, chapter), completion(said, "length")))
    answers, coverage, used = gather(asked, [chapter])
    assert (answers, coverage.repaired.total(), used) == ({}, 0, [])
    assert coverage.reasons == {"finish_length": 1}


def test_a_record_names_its_chapter_prompt_model_and_reply(asked, novel, record):
    record((about(asked, novel.chapters[0], lines=novel.lines[1]), V2))
    answers, _, _ = gather(asked, novel.chapters[:1], novel.lines)
    assert provenance(novel.chapters[0], "summary.v2", answers[1], ((3, 5),)).model_dump() == {
        "novel": "small",
        "chapter": 1,
        "chapter_id": "c1",
        "spans": ((3, 5),),
        "prompt": "summary.v2",
        "model": "fake-1",
        "reply_id": about(asked, novel.chapters[0], lines=novel.lines[1]).request.key,
        "written_by": "a tester",
    }


def test_the_advice_fits_the_provider(make_params):
    cut = Coverage("summary", reasons=Counter({"finish_length": 1}))
    live = make_params(llm={"provider": "openai"})
    assert "huaben replies render" in advice(make_params(), Coverage("summary"))
    assert "run the same command again" in advice(live, Coverage("summary"))
    assert "llm.max_tokens" not in advice(live, Coverage("summary"))
    assert "raise" in advice(live, cut) and "llm.max_tokens" in advice(live, cut)


# passages that are too much for one reply


LONG = "沈更生说：“钟停了。”\n梁明夷说：“没有停。”\n沈更生说：“你听。”\n许知秋说：“关门。”"


def long_chapter(make_chapter):
    chapter = make_chapter(LONG)
    return chapter, {1: find_lines(chapter)}


def cut_where(longest, text, finish="length"):
    """Return a function that answers with `text`, cut where the passage has more than `longest` quotations."""
    return lambda asks: text if asks.request.passage.count("〔") <= longest else completion(text[:9], finish)


def test_a_reply_that_is_cut_halves_the_passage(asked, record, make_chapter):
    chapter, lines = long_chapter(make_chapter)
    said = answered(asked, OPENS, chapter, lines[1], cut_where(2, V2))
    assert [asks.name for asks, _ in said] == ["第1章 停钟", "第1章 停钟 [0:24]", "第1章 停钟 [24:45]"]
    record(*said)
    answers, coverage, used = gather(asked, [chapter], lines)
    assert [part.passage.text for part in answers[1]] == [LONG[:24], LONG[24:]]
    assert (coverage.outcomes, coverage.reasons) == ({"ok": 1}, {})
    assert [reply.key for reply in used] == [asks.request.key for asks, _ in said[1:]]
    assert provenance(chapter, "summary.v2", answers[1]).reply_id == "+".join(reply.key for reply in used)


def test_a_passage_that_the_context_cannot_hold_is_halved(asked, record, make_chapter):
    chapter, lines = long_chapter(make_chapter)
    refusal = {"http_status": 400, "said": "This model's maximum context length is 65536 tokens"}
    record(*answered(asked, OPENS, chapter, lines[1], lambda a: V2 if a.request.passage.count("〔") < 2 else refusal))
    answers, coverage, _ = gather(asked, [chapter], lines)
    assert [list(part.passage.numbers) for part in answers[1]] == [[1], [2], [3], [4]]
    assert coverage.outcomes == {"ok": 1}


def test_a_paragraph_that_cannot_be_halved_fails_for_good_with_its_reason(asked, record, make_chapter):
    chapter = make_chapter("钟停了。" * 100)
    record(*answered(asked, OPENS, chapter, (), cut_where(-1, V2)))
    answers, coverage, _ = gather(asked, [chapter])
    assert (answers, coverage.reasons, coverage.open_units) == ({}, {"finish_length": 1}, 0)
    coverage.check(1.0, "")
    with pytest.raises(HuabenError, match=r"1 of 1 units failed \(finish_length: 1\)"):
        coverage.check(0.0, "")


def test_a_model_that_is_cut_at_every_length_is_not_asked_about_every_paragraph(asked, make_chapter):
    chapter = make_chapter("钟停了。\n" * 64)
    said = answered(asked, OPENS, chapter, (), cut_where(-1, V2))
    assert len(said) == 1 + 1 + 1, "the rest of a chapter that is lost is not asked about"


def test_a_part_that_could_still_be_had_keeps_the_chapter_open(asked, record, make_chapter):
    """One half fails for now, the other for good: the unit may not be counted as final."""
    chapter, lines = long_chapter(make_chapter)

    def reply(asks):
        quotations = asks.request.passage.count("〔")
        return completion("", "length") if quotations > 2 else "我不能回答" if "关门" in asks.request.passage else None

    record(*answered(asked, OPENS, chapter, lines[1], reply))
    answers, coverage, _ = gather(asked, [chapter], lines)
    assert (answers, coverage.reasons, coverage.open_units) == ({}, {MISS: 1}, 1)


def test_a_long_chapter_is_asked_about_in_passages_from_the_start(make_params, asked, record, make_chapter):
    rows = [f"沈更生说：“第{i}只钟停了，你听见水声了没有？”" for i in range(100)]
    chapter = make_chapter("\n".join(rows))
    lines = {1: find_lines(chapter)}
    short = Asked(make_params(llm={"passage_characters": 800}), asked.prompts, asked.recorded)
    said = answered(short, OPENS, chapter, lines[1], {"summary.v2": V2})
    assert [asks.name for asks, _ in said] == [
        "第1章 停钟 [0:615]",
        "第1章 停钟 [615:1240]",
        "第1章 停钟 [1240:1865]",
        "第1章 停钟 [1865:2489]",
    ]
    record(*said)
    answers, coverage, used = gather(short, [chapter], lines)
    assert (len(answers[1]), coverage.outcomes, len(used)) == (4, {"ok": 1}, 4)


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
    assert coverage["reasons"] == {MISS: 3, f"waits for summary.v2, which opens the conversation: {MISS}": 3}
    assert cost["replies"] == 0


def test_a_miss_is_never_within_the_failure_budget(make_params, asked, novel, tmp_path):
    chapters, lines = write_chapters(tmp_path, novel)
    lenient = make_params(validate_={"max_failures": {"summary": 1.0}})
    with pytest.raises(HuabenError, match="still missing"):
        run_summary(chapters, lines, tmp_path / "o", tmp_path / "r", Asked(lenient, asked.prompts, ()))


def test_a_run_that_the_endpoint_stops_leaves_its_coverage(live, endpoint, make_params, prompts, novel, tmp_path):
    chapters, lines = write_chapters(tmp_path, novel)
    params = make_params(llm=dict(live))
    endpoint.default = endpoint.Http(402)
    with pytest.raises(HuabenError, match="HTTP 402"):
        run_summary(chapters, lines, tmp_path / "o", tmp_path / "reports", Asked(params, prompts, ()))
    coverage, cost = reports(tmp_path / "reports", "summary")
    assert (coverage["units"], coverage["failed"], coverage["reasons"]) == (3, 3, {"the run was stopped": 3})
    assert cost["replies"] == 0


def test_a_second_live_run_of_a_stage_sends_nothing_and_gives_equal_bytes(
    live, endpoint, make_params, prompts, novel, tmp_path
):
    chapters, lines = write_chapters(tmp_path, novel)
    params = make_params(llm=dict(live), summary={"versions": ["v2"]})
    usage = {"prompt_tokens": 100, "completion_tokens": 10}
    content = '{"plot": "停了", "relations": "疏远", "psychology": "不安"}'
    endpoint.default = endpoint.completion(content, usage=usage)
    asked = Asked(params, prompts, ())
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
    asked, done = Asked(params, prompts, ()), tmp_path / "reports"
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
        run_preference(tmp_path / "d.jsonl", tmp_path / "p.jsonl", tmp_path / "r", Asked(params, prompts, ()))


def test_the_command_says_why_the_endpoint_refused_and_shows_no_key(
    live, endpoint, make_params, canary, novel, tmp_path
):
    write_chapters(tmp_path / "data" / "chapters", novel)
    (tmp_path / "data" / "lines").mkdir()
    (tmp_path / "data/chapters/lines.jsonl").rename(tmp_path / "data/lines/lines.jsonl")
    shutil.copytree(PROMPTS, tmp_path / "prompts")
    params = make_params(llm=dict(live)).model_dump(mode="json", by_alias=True)
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
