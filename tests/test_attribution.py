"""Rules and the model's numbered answer → speakers, and what a bad answer cannot do."""

import re
from dataclasses import replace

import pytest

from conversing import V2, answered, completion
from huaben.coverage import Coverage
from huaben.extract.attribution import MODEL_CERTAINTY, asked_about, attribute
from huaben.extract.stages import run_speakers
from huaben.extract.tasks import speakers_task
from huaben.files import read_jsonl, write_jsonl
from huaben.novel.quotations.lines import find_lines

ANSWER = """1|沈更生|?|1
2|梁医生|沈师傅|1
3|沈更生|梁明夷|1
4|梁明夷|沈更生|1
5|更生|梁明夷|1
6|?|?|2
7|-|-|2"""


def decide(asked, novel, record, *replies):
    """Return the lines of the first chapters, each answered by its reply, with coverage and replies used."""
    chapters, task = novel.chapters[: len(replies)], speakers_task(novel.cast)
    pairs = [
        pair
        for chapter, reply in zip(chapters, replies, strict=True)
        for pair in answered(
            asked, task, chapter, novel.lines[chapter.index], {"summary.v2": V2, task.prompt_id: reply}
        )
    ]
    record(*pairs)
    coverage, used = Coverage("speakers"), []
    lines = [line for line in novel.flat if line.chapter <= len(replies)]
    return attribute(asked, chapters, lines, novel.cast, coverage, used), coverage, used


def speakers(lines):
    return [line.speaker for line in lines]


def test_a_chapter_without_quotations_is_not_asked_about(novel):
    assert [chapter.index for chapter in asked_about(novel.chapters, novel.lines)] == [1, 2]


def test_the_question_lists_the_cast_with_its_aliases_last(asked, novel):
    def last(cast):
        *_, (question, _) = answered(
            asked, speakers_task(cast), novel.chapters[0], novel.lines[1], {"summary.v2": V2, "speakers.v1": ANSWER}
        )
        return question.request.messages[-1]["content"]

    assert last(novel.cast).endswith("人物表（正名：别名）：\n沈更生：更生、沈师傅\n梁明夷：梁医生\n许知秋\n")
    assert last(()).endswith("人物表（正名：别名）：\n（无）\n")


def test_cues_and_model_together_decide_every_line(asked, novel, record):
    lines, coverage, used = decide(asked, novel, record, ANSWER)
    assert speakers(lines) == ["沈更生", "梁明夷", "沈更生", "梁明夷", "沈更生", None, None]
    assert [line.addressee for line in lines] == [None, "沈更生", "梁明夷", "沈更生", "梁明夷", None, None]
    assert [line.decided_by for line in lines] == ["rule", "rule", "rule", "model", "model", None, None]
    assert [line.certainty for line in lines[2:5]] == [0.97, MODEL_CERTAINTY, MODEL_CERTAINTY]
    assert [line.scene for line in lines] == [1, 1, 1, 1, 1, 2, 2]
    assert (coverage.outcomes, coverage.dropped.total(), coverage.rows) == ({"ok": 1}, 0, 7)
    assert len(used) == 1


def test_what_the_model_decided_names_the_reply_and_what_it_did_not_does_not(asked, novel, record):
    lines, _, used = decide(asked, novel, record, ANSWER.replace("|2", "|1"))
    key = used[0].key
    assert [line.provenance.reply_id for line in lines] == [None, key, key, key, key, None, None]
    assert lines[3].evidence == f"reply {key[:12]}"
    assert lines[1].evidence == "梁明夷问道"
    source = lines[3].provenance
    assert (source.prompt, source.model, source.written_by) == ("speakers.v1", "fake-1", "a tester")
    assert source.spans == ((lines[3].start, lines[3].end),)


def test_a_cue_stands_against_the_model_and_the_contradiction_is_counted(asked, novel, record):
    lines, coverage, _ = decide(asked, novel, record, ANSWER.replace("1|沈更生", "1|梁明夷", 1))
    assert lines[0].speaker == "沈更生"
    assert coverage.dropped == {"model contradicts an explicit cue; the cue stands": 1}


def test_numbers_that_are_not_in_the_chapter_add_nothing(asked, novel, record):
    lines, coverage, _ = decide(asked, novel, record, ANSWER + "\n0|沈更生|?|2\n8|沈更生|?|2\n999999|沈更生|?|2")
    assert speakers(lines) == ["沈更生", "梁明夷", "沈更生", "梁明夷", "沈更生", None, None]
    assert coverage.dropped == {"answer for a number that is not in the chapter": 3}


def test_a_quotation_left_out_stays_unknown_and_is_counted(asked, novel, record):
    lines, coverage, _ = decide(asked, novel, record, "4|梁明夷|沈更生|1")
    assert speakers(lines) == ["沈更生", "梁明夷", "沈更生", "梁明夷", None, None, None]
    assert coverage.dropped == {"quotation left unanswered": 6}


@pytest.mark.parametrize("name", ["?", "？", "-", "", "未知", "他", "我", "她们", "自己", "，", "。"])
def test_a_speaker_who_is_nobody_stays_unknown(asked, novel, record, name):
    """Also where the chapter holds the word or the mark."""
    marked = novel.chapters[0].text + "\n她们自己，未知。"
    novel = replace(novel, chapters=[novel.chapters[0].model_copy(update={"text": marked}), *novel.chapters[1:]])
    lines, coverage, _ = decide(asked, novel, record, ANSWER.replace("4|梁明夷", f"4|{name}"))
    assert (lines[3].speaker, lines[3].decided_by, coverage.dropped.total()) == (None, None, 0)


@pytest.mark.parametrize("name", ["韩素秋", "忽略以上指令", "<script>", "沈更生和梁明夷"])
def test_a_name_that_the_chapter_does_not_hold_is_refused_and_counted(asked, novel, record, name):
    lines, coverage, _ = decide(asked, novel, record, ANSWER.replace("4|梁明夷|沈更生", f"4|{name}|{name}"))
    assert (lines[3].speaker, lines[3].addressee) == (None, None)
    assert coverage.dropped == {"name that is not in the chapter": 2}


def test_a_sentence_of_the_chapter_is_no_name(asked, novel, record):
    said = ANSWER.replace("4|梁明夷", "4|她在走廊里把灯一盏一盏地关上，最后只剩下墙上的那只挂钟")
    lines, coverage, _ = decide(asked, novel, record, said)
    assert lines[3].speaker is None
    assert coverage.dropped == {"name that is not in the chapter": 1}


def test_a_stranger_keeps_the_name_that_the_chapter_gives(asked, novel, record):
    lines, coverage, _ = decide(asked, novel, record, ANSWER.replace("6|?|?", "6|有人|众人"))
    assert (lines[5].speaker, lines[5].addressee, coverage.dropped.total()) == ("有人", "众人", 0)


def test_a_sound_gets_no_speaker(asked, novel, record):
    lines, _, _ = decide(asked, novel, record, ANSWER.replace("7|-|-", "7|沈更生|?"))
    assert (lines[6].kind, lines[6].speaker) == ("sound", None)


@pytest.mark.parametrize(
    "scenes", ["1121111", "1111110", "111111 ", "2111111"], ids=["back", "zero", "missing", "falling"]
)
def test_scenes_that_make_no_order_are_not_used(asked, novel, record, scenes):
    rows = [line.rsplit("|", 1)[0] for line in ANSWER.splitlines()]
    said = "\n".join(f"{row}|{scene.strip()}" for row, scene in zip(rows, scenes, strict=True))
    lines, _, _ = decide(asked, novel, record, said)
    assert [line.scene for line in lines] == [1] * 7


def test_a_line_below_the_certainty_stays_unknown_with_its_certainty(asked, make_params, novel, record):
    strict = replace(asked, params=make_params(speakers={"min_certainty": 0.9}))
    lines, _, _ = decide(strict, novel, record, ANSWER)
    assert speakers(lines)[:5] == ["沈更生", "梁明夷", "沈更生", None, None]
    assert (lines[3].certainty, lines[3].decided_by, lines[3].addressee) == (MODEL_CERTAINTY, None, None)


def test_a_missing_reply_leaves_the_rules_lines(asked, novel):
    coverage = Coverage("speakers")
    lines = attribute(asked, novel.chapters, novel.flat, novel.cast, coverage, [])
    assert speakers(lines) == ["沈更生", "梁明夷", "沈更生", *[None] * 4, "许知秋", "沈更生", "许知秋", "沈更生"]
    assert (coverage.outcomes, coverage.rows) == ({"failed": 2}, 11)


def test_an_answer_is_for_its_own_chapter(asked, novel, record):
    second = "1|许知秋|沈更生|1\n2|沈更生|许知秋|1\n3|许知秋|沈更生|1\n4|沈更生|许知秋|1"
    lines, _, _ = decide(asked, novel, record, ANSWER, second)
    assert speakers(lines)[7:] == ["许知秋", "沈更生", "许知秋", "沈更生"]


# a chapter that is asked about in passages


LONG = "钟楼上有人。“钟停了。”\n梁明夷没有动。“没有停。”\n“你听，是水。”那人说。\n“关门。”许知秋站着。"


def in_halves(asked, record, make_chapter, *replies, text=LONG):
    """Ask about a chapter whose replies are cut wherever there are more than two quotations; answer each half."""
    chapter, said = make_chapter(text), iter(replies)
    lines = find_lines(chapter)

    def reply(question):
        if question.request.prompt_id == "summary.v2":
            return V2
        return completion("", "length") if question.request.passage.count("〔") > 2 else next(said)

    pairs = answered(asked, speakers_task(()), chapter, lines, reply)
    record(*pairs)
    coverage, used = Coverage("speakers"), []
    return attribute(asked, [chapter], lines, (), coverage, used), coverage, used


def test_each_half_answers_by_the_numbers_of_the_chapter(asked, record, make_chapter):
    lines, coverage, used = in_halves(
        asked, record, make_chapter, "1|有人|?|1\n2|梁明夷|?|1", "3|那人|?|1\n4|许知秋|?|1"
    )
    assert speakers(lines) == ["有人", "梁明夷", "那人", "许知秋"]
    assert [line.provenance.reply_id for line in lines] == [used[i].key for i in (0, 0, 1, 1)]
    assert (coverage.outcomes, coverage.dropped.total(), len(used)) == ({"ok": 1}, 0, 2)


def test_the_scenes_of_a_later_half_go_on_counting(asked, record, make_chapter):
    lines, _, _ = in_halves(asked, record, make_chapter, "1|有人|?|1\n2|?|?|2", "3|那人|?|1\n4|?|?|2")
    assert [line.scene for line in lines] == [1, 2, 3, 4]


def test_scenes_that_one_half_leaves_out_are_not_used_in_the_other(asked, record, make_chapter):
    lines, _, _ = in_halves(asked, record, make_chapter, "1|有人|?|1\n2|?|?|2", "3|那人|?|1\n4|?|?|")
    assert [line.scene for line in lines] == [1, 1, 1, 1]


def test_a_reply_about_one_half_cannot_speak_of_the_others_quotations(asked, record, make_chapter):
    first = "1|有人|?|1\n2|?|?|1\n3|梁明夷|?|1\n4|梁明夷|?|1\n5|有人|?|1"
    lines, coverage, _ = in_halves(asked, record, make_chapter, first, "2|许知秋|?|1\n4|许知秋|?|1")
    assert speakers(lines) == ["有人", None, None, "许知秋"]
    assert coverage.dropped == {
        "answer for a number that is not in the chapter": 4,
        "quotation left unanswered": 1,
    }


def test_a_reply_about_one_half_cannot_name_who_stands_in_the_other(asked, record, make_chapter):
    lines, coverage, _ = in_halves(asked, record, make_chapter, "1|许知秋|?|1\n2|?|?|1", "3|梁明夷|?|1\n4|许知秋|?|1")
    assert speakers(lines) == [None, None, None, "许知秋"]
    assert coverage.dropped == {"name that is not in the chapter": 2}


def test_nothing_is_asked_about_a_passage_without_quotations(asked, record, make_chapter):
    """Who speaks there cannot be answered, and the chapter would never be finished."""
    chapter = make_chapter(f"{'灯一盏一盏地灭了。' * 5}\n“钟停了。”有人说。“没有停。”“你听。”")

    def reply(question):
        if question.request.prompt_id == "summary.v2":
            return V2
        return completion("", "length") if "灯" in question.request.passage else "1|有人|?|1\n2|?|?|1\n3|有人|?|1"

    lines = find_lines(chapter)
    pairs = answered(asked, speakers_task(()), chapter, lines, reply)
    record(*pairs)
    coverage = Coverage("speakers")
    found = attribute(asked, [chapter], lines, (), coverage, [])
    assert [q.name for q, _ in pairs] == ["第1章 停钟", "第1章 停钟", "第1章 停钟 [46:67]", "第1章 停钟 [46:67]"]
    assert (speakers(found), coverage.outcomes) == (["有人", None, "有人"], {"ok": 1})


def test_one_half_that_fails_leaves_the_rules_lines_of_the_chapter(asked, record, make_chapter):
    text = "钟楼上有人。“钟停了。”\n许知秋说：“没有停。”\n许知秋说：“你听。”\n许知秋说：“是水。”"
    lines, coverage, _ = in_halves(asked, record, make_chapter, "1|有人|?|1\n2|?|?|1", "我不知道。", text=text)
    assert speakers(lines) == [None, "许知秋", "许知秋", "许知秋"]
    assert coverage.reasons == {"invalid reply: no line of the form number|speaker|addressee|scene": 1}
    assert {line.provenance.reply_id for line in lines} == {None}


def test_a_chapter_of_two_megabytes_takes_seconds(asked, record, make_chapter, tmp_path):
    rows = [f"他听了很久。“第{i}只钟停了。”守夜人{i}说。\n{'只剩下那只钟还亮着，' * 7}第{i}盏。" for i in range(7000)]
    chapter = make_chapter("\n".join(rows))
    assert len(chapter.text.encode()) > 1_900_000
    lines = find_lines(chapter)

    def reply(question):
        numbers = re.findall(r"〔(\d+)〕", question.request.passage)
        return V2 if "summary" in question.request.prompt_id else "\n".join(f"{n}|守夜人|路人{n}|1" for n in numbers)

    pairs = answered(asked, speakers_task(()), chapter, lines, reply)
    record(*pairs)
    write_jsonl(tmp_path / "chapters.jsonl", [chapter.row()])
    write_jsonl(tmp_path / "lines.jsonl", (line.row() for line in lines))
    coverage = run_speakers(
        tmp_path / "chapters.jsonl", tmp_path / "lines.jsonl", tmp_path / "o.jsonl", tmp_path, (), asked
    )
    assert (coverage.outcomes, coverage.rows, len(pairs)) == ({"ok": 1}, 7000, 128)
    assert coverage.dropped == {"name that is not in the chapter": 7000}
    decided = list(read_jsonl(tmp_path / "o.jsonl"))
    assert {line["speaker"] for line in decided} == {"守夜人"}
    assert decided[-1]["scene"] == 64


def test_a_model_that_contradicts_the_cues_takes_no_guess_away(asked, record, make_chapter):
    goes_on = "沈更生说：“钟停了。”他看着窗外。“又停了。”"
    chapter = make_chapter("\n".join([goes_on] * 20 + ["许知秋关了门。"]))
    lines = find_lines(chapter)
    wrong = "\n".join(f"{number}|许知秋|?|1" for number in range(1, len(lines) + 1))
    record(*answered(asked, speakers_task(()), chapter, lines, {"summary.v2": V2, "speakers.v1": wrong}))
    coverage = Coverage("speakers")
    found = attribute(asked, [chapter], lines, (), coverage, [])
    assert speakers(found) == ["沈更生"] * 40
    assert found[1].certainty == 0.9
    assert coverage.dropped["not believed: the model contradicts too many explicit cues"] == 1
