"""Chapters and replies → summaries, and one question over each."""

import json

import pytest

from conversing import answered, completion
from huaben.coverage import Coverage
from huaben.extract.summary import ask_about, asked_about, summarise
from huaben.extract.tasks import summary_task
from huaben.novel.quotations.lines import find_lines

V1 = {
    "summary": " 钟停在三点十七分。 ",
    "qa": [["钟停在几点？", "三点十七分", "三点十七分"], {"question": "谁敲的钟？"}, ["两", "个"], "无"],
}
V2 = {"plot": "钟停了。", "relations": "医患。", "psychology": "不安。", "more": "无用"}
OPENS = {"summary.v2": json.dumps(V2, ensure_ascii=False)}


def run(asked, novel, record, version, *replies):
    """Summarise the first chapters, each answered by its reply."""
    chapters, pairs = novel.chapters[: len(replies)], []
    for chapter, reply in zip(chapters, replies, strict=True):
        text = reply if isinstance(reply, str) else json.dumps(reply, ensure_ascii=False)
        said = {**OPENS, f"summary.{version}": text}
        pairs += answered(asked, summary_task(version), chapter, novel.lines[chapter.index], said)
    record(*pairs)
    coverage = Coverage("summary")
    return *summarise(asked, version, chapters, novel.lines, coverage, []), coverage


def test_a_chapter_without_text_is_not_asked_about(novel, make_chapter):
    chapters = [*novel.chapters, make_chapter("", 4), make_chapter(" \n", 5)]
    assert [chapter.index for chapter in asked_about(chapters)] == [1, 2, 3]


def test_version_1_is_one_summary_and_its_questions_for_stage_qa(asked, novel, record):
    (summary,), (answers,), coverage = run(asked, novel, record, "v1", V1)
    assert summary.summary == "钟停在三点十七分。"
    assert [(a.aspect, a.text) for a in summary.aspects] == [("summary", "钟停在三点十七分。")]
    assert (summary.title, summary.split, summary.provenance.prompt) == ("停钟", "train", "summary.v1")
    first = {"question": "钟停在几点？", "answer": "三点十七分", "evidence": "三点十七分"}
    assert answers == {"qa": [first, *V1["qa"][1:]], "provenance": summary.provenance.model_dump(mode="json")}
    assert coverage.outcomes == {"ok": 1}


def test_version_2_has_three_sides_a_line_each(asked, novel, record):
    (summary,), answers, _ = run(asked, novel, record, "v2", V2)
    assert summary.summary == "钟停了。\n医患。\n不安。"
    assert [a.aspect for a in summary.aspects] == ["plot", "relations", "psychology"]
    assert answers == []


@pytest.mark.parametrize(("given", "items"), [({}, []), ({"qa": None}, []), ({"qa": "无"}, ["无"]), ({"qa": {}}, [])])
def test_a_version_1_reply_without_questions_is_still_a_summary(asked, novel, record, given, items):
    (summary,), (answers,), _ = run(asked, novel, record, "v1", {"summary": "钟停了。", **given})
    assert (summary.summary, answers["qa"]) == ("钟停了。", items)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ({"plot": "x", "relations": "y"}, "`psychology` is not text"),
        ({**V2, "relations": ["x"]}, "`relations` is not text"),
        ({**V2, "plot": None}, "`plot` is not text"),
        ({"plot": {"plot": "x"}}, "`plot` is not text"),
        ([V2], "not a JSON object"),
        ("我不能概括。", "not JSON"),
    ],
)
def test_a_reply_of_another_form_gives_no_summary_and_a_reason(asked, novel, record, reply, reason):
    summaries, _, coverage = run(asked, novel, record, "v2", reply)
    assert summaries == []
    assert coverage.reasons == {f"invalid reply: {reason}": 1}
    assert coverage.open_units == 0


def test_two_chapters_with_equal_text_have_a_summary_each(asked, novel, record, make_chapter):
    chapters = [make_chapter("钟停了。", index) for index in (1, 2)]
    record(*answered(asked, summary_task("v2"), chapters[0], (), OPENS))
    summaries, _ = summarise(asked, "v2", chapters, {}, Coverage("summary"), [])
    assert [s.provenance.chapter for s in summaries] == [1, 2]
    assert summaries[0].record_id != summaries[1].record_id


def in_halves(asked, record, make_chapter, version, replies):
    """Summarise a chapter of two paragraphs whose whole is too much; each half has its reply."""
    chapter, said = make_chapter("沈更生说：“钟停了。”\n许知秋关上了灯。"), iter(replies)
    lines = {1: find_lines(chapter)}

    def reply(question):
        if question.request.prompt_id != f"summary.{version}":
            return OPENS["summary.v2"]
        is_whole = "钟停了" in question.request.passage and "关上" in question.request.passage
        return completion("", "length") if is_whole else json.dumps(next(said), ensure_ascii=False)

    record(*answered(asked, summary_task(version), chapter, lines[1], reply))
    coverage, used = Coverage("summary"), []
    return *summarise(asked, version, [chapter], lines, coverage, used), coverage, used


def test_the_halves_of_a_chapter_make_one_summary_side_by_side(asked, record, make_chapter):
    second = {"plot": " 灯灭了。", "relations": "无人。", "psychology": "平静。"}
    (summary,), _, coverage, used = in_halves(asked, record, make_chapter, "v2", [V2, second])
    assert [a.text for a in summary.aspects] == ["钟停了。\n灯灭了。", "医患。\n无人。", "不安。\n平静。"]
    assert summary.summary == "钟停了。\n灯灭了。\n医患。\n无人。\n不安。\n平静。"
    assert summary.provenance.reply_id == "+".join(reply.key for reply in used)
    assert (len(used), coverage.outcomes) == (2, {"ok": 1})


def test_a_half_in_which_nothing_happens_leaves_the_others_summary(asked, record, make_chapter):
    nothing = dict.fromkeys(("plot", "relations", "psychology"), "")
    (summary,), _, coverage, _ = in_halves(asked, record, make_chapter, "v2", [nothing, V2])
    assert (summary.summary, coverage.outcomes) == ("钟停了。\n医患。\n不安。", {"ok": 1})
    summaries, _, coverage, _ = in_halves(asked, record, make_chapter, "v2", [nothing, nothing])
    assert (summaries, coverage.outcomes, coverage.reasons) == ([], {"empty": 1}, {"nothing there": 1})


def test_the_questions_of_both_halves_go_to_stage_qa(asked, record, make_chapter):
    replies = [
        {"summary": "钟停了。", "qa": [["谁说的？", "沈更生。", "钟停了"]]},
        {"summary": "灯灭了。", "qa": "x"},
    ]
    (summary,), (answers,), _, _ = in_halves(asked, record, make_chapter, "v1", replies)
    assert summary.summary == "钟停了。\n灯灭了。"
    assert answers["qa"] == [{"question": "谁说的？", "answer": "沈更生。", "evidence": "钟停了"}, "x"]
    assert answers["provenance"]["reply_id"] == summary.provenance.reply_id


def test_a_summary_that_only_repeats_the_chapter_is_dropped_and_counted(asked, novel, record):
    copied = {"plot": "沈更生说：“钟又停了", "relations": "梁明夷问道", "psychology": "水在钟里头"}
    summaries, _, coverage = run(asked, novel, record, "v2", copied, {**V2, "plot": "“九十年没亮过天了。”"})
    assert [s.provenance.chapter for s in summaries] == [2], "one side of the second is copied, the others are not"
    assert (coverage.outcomes, coverage.dropped) == ({"ok": 2}, {"summary stands in the chapter, word for word": 1})
    summaries, (answers,), _ = run(asked, novel, record, "v1", {"summary": "水在钟里头", "qa": V1["qa"]})
    assert (summaries, len(answers["qa"])) == ([], 4)


def test_the_question_over_a_summary_is_drawn_by_its_seed(asked, novel, record):
    summaries, _, _ = run(asked, novel, record, "v2", V2, V2, V2)
    templates = [f"{i}《$title》？" for i in range(50)]
    first, again, other = (ask_about(summaries, "v2", templates, seed) for seed in (7, 7, 8))
    assert first == again
    assert [row.question for row in first] != [row.question for row in other]
    assert [row.question.lstrip("0123456789") for row in first] == ["《停钟》？", "《不昼城》？", "《馄饨》？"]


def test_a_question_over_a_summary_is_answered_by_the_whole_of_it(asked, novel, record):
    summaries, _, _ = run(asked, novel, record, "v2", V2)
    (row,) = ask_about(summaries, "v2", ["《$title》讲了什么？$else"], 7)
    assert (row.question, row.answer, row.angle, row.evidence) == (
        "《停钟》讲了什么？$else",
        "钟停了。\n医患。\n不安。",
        "summary",
        None,
    )
    assert (row.split, row.provenance) == (summaries[0].split, summaries[0].provenance)
