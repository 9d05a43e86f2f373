"""Replies → questions and answers with evidence in the chapter; the refused ones keep their reason."""

import json

import pytest

from conversing import V2, answered, completion
from huaben.coverage import Coverage
from huaben.extract.qa import ask_v2, locate, read_v1
from huaben.extract.stages import run_qa, run_summary
from huaben.extract.summary import summarise
from huaben.extract.tasks import qa_task, summary_task
from huaben.files import read_json, read_jsonl, write_jsonl
from huaben.novel.quotations.lines import find_lines

GOOD = {"question": "钟停在几点？", "answer": "三点十七分。", "evidence": "停在三点十七分"}


def ask(asked, novel, record, *replies):
    """Ask about the first chapters, each answered by its reply; return rows, dropped rows, coverage."""
    chapters, pairs = novel.chapters[: len(replies)], []
    for chapter, reply in zip(chapters, replies, strict=True):
        text = reply if isinstance(reply, str) else json.dumps(reply, ensure_ascii=False)
        pairs += answered(asked, qa_task(), chapter, novel.lines[chapter.index], {"summary.v2": V2, "qa.v2": text})
    record(*pairs)
    coverage, dropped = Coverage("qa"), []
    return ask_v2(asked, chapters, novel.lines, coverage, [], dropped), dropped, coverage


def test_every_angle_gives_rows_with_the_span_of_their_evidence(asked, novel, record):
    other = {"question": "谁问起敲钟？ ", "answer": " 梁明夷。", "evidence": "你昨晚敲钟了吗", "sure": True}
    rows, dropped, coverage = ask(asked, novel, record, {"plot": [GOOD], "speech": [other], "none": [GOOD]})
    assert [(r.angle, r.question, r.answer) for r in rows] == [
        ("plot", "钟停在几点？", "三点十七分。"),
        ("speech", "谁问起敲钟？", "梁明夷。"),
    ]
    for row in rows:
        ((start, end),) = row.provenance.spans
        assert novel.chapters[0].text[start:end] == row.evidence
    assert (dropped, coverage.outcomes) == ([], {"ok": 1})
    assert rows[0].provenance.prompt == "qa.v2"


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ({**GOOD, "evidence": "停在四点"}, "evidence is not in the chapter"),
        ({**GOOD, "evidence": "〔1〕“钟又停了"}, "evidence is not in the chapter"),
        ({**GOOD, "evidence": ""}, "evidence of fewer than 4 letters"),
        ({**GOOD, "evidence": "\n"}, "evidence of fewer than 4 letters"),
        ({**GOOD, "evidence": "沈更生，"}, "evidence of fewer than 4 letters"),
        ({**GOOD, "question": "本章里钟停在几点？"}, "speaks of 本章"),
        ({**GOOD, "answer": "文中说是三点十七分。"}, "speaks of 文中"),
        ({**GOOD, "answer": "〔1〕里说是三点十七分。"}, "cites a quotation by its number"),
        ({**GOOD, "question": " "}, "no question"),
        ({**GOOD, "question": " 你昨晚敲钟了吗？"}, "question stands in the chapter, word for word"),
        ({**GOOD, "question": None}, "question, answer and evidence are not all text"),
        ({**GOOD, "answer": 317}, "question, answer and evidence are not all text"),
        ({**GOOD, "evidence": ["停在三点十七分"]}, "question, answer and evidence are not all text"),
        ({"question": "钟停在几点？", "answer": "三点"}, "question, answer and evidence are not all text"),
        ("钟停在几点？", "question, answer and evidence are not all text"),
        (None, "question, answer and evidence are not all text"),
        ([GOOD], "question, answer and evidence are not all text"),
        (["钟停在几点？", "三点"], "question, answer and evidence are not all text"),
        ([*GOOD.values(), "x"], "question, answer and evidence are not all text"),
    ],
)
def test_a_row_that_cannot_be_used_is_dropped_with_its_reason_and_the_others_stay(asked, novel, record, item, reason):
    rows, dropped, coverage = ask(asked, novel, record, {"terms": [item, GOOD]})
    assert [r.question for r in rows] == ["钟停在几点？"]
    assert dropped == [{"dataset": "qa_v2", "chapter": 1, "reason": reason, "by": None, "record": item}]
    assert coverage.outcomes == {"ok": 1}


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (["钟停在几点？", "三点十七分。", "停在四点"], "evidence is not in the chapter"),
        (["钟停在几点？", 317, "停在三点十七分"], "question, answer and evidence are not all text"),
        ([None, "三点十七分。", "停在三点十七分"], "question, answer and evidence are not all text"),
        (["", "三点十七分。", "停在三点十七分"], "no question"),
    ],
)
def test_a_short_item_is_refused_as_the_object_that_it_stands_for(asked, novel, record, item, reason):
    rows, dropped, _ = ask(asked, novel, record, {"terms": [list(GOOD.values()), item]})
    assert [(r.question, r.answer, r.evidence) for r in rows] == [tuple(GOOD.values())]
    assert [(d["reason"], d["record"]) for d in dropped] == [(reason, dict(zip(GOOD, item, strict=True)))]


def test_an_angle_that_is_no_list_is_refused_not_passed_over(asked, novel, record):
    rows, dropped, _ = ask(asked, novel, record, {"terms": GOOD, "plot": "无", "speech": None, "depth": [GOOD]})
    assert [r.angle for r in rows] == ["terms", "depth"]
    assert [row["record"] for row in dropped] == ["无", None]


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ({}, "none of the four angles is there"),
        ({"terms": "x", "plot": {}}, "none of the four angles is there"),
        ({"qa": [GOOD]}, "none of the four angles is there"),
        ([GOOD], "not a JSON object"),
        ('{"terms": [NaN]}', "not JSON"),
        ('{"terms": [' + "[" * 3000 + "]" * 3000 + "]}", "not JSON"),
    ],
)
def test_a_reply_of_another_form_is_invalid(asked, novel, record, reply, reason):
    rows, dropped, coverage = ask(asked, novel, record, reply)
    assert (rows, dropped) == ([], [])
    assert coverage.reasons == {f"invalid reply: {reason}": 1}


def test_a_reply_with_nothing_in_it_is_empty(asked, novel, record):
    rows, _, coverage = ask(asked, novel, record, {"terms": [], "plot": []})
    assert (rows, coverage.outcomes, coverage.reasons) == ([], {"empty": 1}, {"nothing there": 1})


def test_rows_of_version_1_come_from_the_summaries_replies(asked, novel, record):
    replies = [
        {"summary": "钟停了。", "qa": [list(GOOD.values()), {**GOOD, "evidence": "没有这话"}]},
        {"summary": "没有白天。", "qa": "无"},
        {"summary": "老人举灯。", "qa": []},
    ]
    pairs = [
        pair
        for chapter, reply in zip(novel.chapters, replies, strict=True)
        for pair in answered(
            asked,
            summary_task("v1"),
            chapter,
            novel.lines[chapter.index],
            {"summary.v2": V2, "summary.v1": json.dumps(reply)},
        )
    ]
    record(*pairs)
    _, answers = summarise(asked, "v1", novel.chapters, novel.lines, Coverage("summary"), [])
    coverage, dropped = Coverage("qa"), []
    (row,) = read_v1(asked, novel.chapters, json.loads(json.dumps(answers)), coverage, dropped)
    assert (row.angle, row.question, row.provenance.prompt) == ("facts", "钟停在几点？", "summary.v1")
    assert row.provenance.reply_id == pairs[1][0].request.key
    assert [(d["chapter"], d["reason"]) for d in dropped] == [
        (1, "evidence is not in the chapter"),
        (2, "question, answer and evidence are not all text"),
    ]
    assert (coverage.outcomes, coverage.reasons) == ({"ok": 2, "empty": 1}, {"no questions in the reply": 1})


def test_the_rows_of_a_chapter_in_halves_name_the_reply_about_their_half(asked, record, make_chapter):
    chapter = make_chapter("沈更生说：“钟停了。”\n许知秋关上了灯。")
    lines = {1: find_lines(chapter)}
    first, second = ["谁？", "沈更生。", "沈更生说：“钟停了"], ["谁？", "许知秋。", "关上了灯"]
    said = iter(json.dumps({"plot": [item]}) for item in (first, second))

    def reply(question):
        is_whole = "钟停了" in question.request.passage and "关上" in question.request.passage
        return V2 if question.request.prompt_id != "qa.v2" else completion("", "length") if is_whole else next(said)

    record(*answered(asked, qa_task(), chapter, lines[1], reply))
    coverage, used = Coverage("qa"), []
    rows = ask_v2(asked, [chapter], lines, coverage, used, [])
    assert [(row.answer, row.provenance.reply_id) for row in rows] == [
        ("沈更生。", used[0].key),
        ("许知秋。", used[1].key),
    ]
    assert [chapter.text[slice(*row.provenance.spans[0])] for row in rows] == ["沈更生说：“钟停了", "关上了灯"]
    assert coverage.outcomes == {"ok": 1}


def test_the_stage_writes_rows_refused_rows_and_their_counts(asked, novel, record, tmp_path):
    write_jsonl(tmp_path / "chapters.jsonl", (chapter.row() for chapter in novel.chapters))
    write_jsonl(tmp_path / "lines.jsonl", (line.row() for line in novel.flat))
    replies = {
        "summary.v1": json.dumps({"summary": "钟停了。", "qa": [GOOD]}),
        "summary.v2": V2,
        "qa.v2": json.dumps({"plot": [GOOD]}),
    }
    record(
        *(
            pair
            for task in (summary_task("v1"), qa_task())
            for chapter in novel.chapters
            for pair in answered(asked, task, chapter, novel.lines[chapter.index], replies)
        )
    )
    paths = tmp_path / "chapters.jsonl", tmp_path / "lines.jsonl"
    run_summary(*paths, tmp_path / "s", tmp_path / "r", asked)
    coverage = run_qa(*paths, tmp_path / "s" / "answers_v1.jsonl", tmp_path / "q", tmp_path / "r", asked)
    assert coverage.rows == 2
    assert [len(list(read_jsonl(tmp_path / "q" / f"qa_{v}.jsonl"))) for v in ("v1", "v2")] == [1, 1]
    assert len(list(read_jsonl(tmp_path / "q" / "dropped.jsonl"))) == 4
    assert read_json(tmp_path / "r/coverage/qa.json")["dropped"] == {"evidence is not in the chapter": 4}


def test_rows_that_differ_only_in_their_evidence_have_two_ids(asked, novel, record):
    rows, _, _ = ask(asked, novel, record, {"terms": [GOOD, {**GOOD, "evidence": "三点十七分"}]})
    assert rows[0].record_id != rows[1].record_id


@pytest.mark.parametrize(
    ("evidence", "span"),
    [("三点", (2, 4)), ("钟", (0, 1)), ("钟三点", None), ("", None), (" ", None), ("。\n", (7, 9))],
)
def test_evidence_is_located_character_by_character(evidence, span):
    assert locate(evidence, "钟在三点十七分。\n ") == span
