"""What is asked about a passage, and how the reply to each task is read."""

import json

import pytest

from huaben.extract.passages import Passage
from huaben.extract.tasks import NumberedAnswer, as_fields, opening, qa_task, speakers_task, summary_task
from huaben.llm.answers import InvalidReply
from huaben.novel.quotations.lines import find_lines
from huaben.params import CastMember

V2 = {"plot": "钟停了。", "relations": "医患。", "psychology": "不安。"}
ITEM = ["钟停在几点？", "三点十七分。", "停在三点十七分"]
FIELDS = {"question": "钟停在几点？", "answer": "三点十七分。", "evidence": "停在三点十七分"}


def read(task, reply):
    return task.parse(reply if isinstance(reply, str) else json.dumps(reply, ensure_ascii=False))


def whole(chapter):
    return Passage(chapter, find_lines(chapter), 0, len(chapter.text))


# which task opens the conversation


@pytest.mark.parametrize(
    ("summaries", "questions", "first"),
    [
        (["v1", "v2"], ["v1", "v2"], "summary.v2"),
        (["v2", "v1"], [], "summary.v2"),
        (["v2"], ["v2"], "summary.v2"),
        (["v1"], ["v1", "v2"], "summary.v1"),
        ([], ["v2"], "qa.v2"),
        ([], ["v1"], None),
        ([], [], None),
    ],
)
def test_the_conversation_opens_with_the_first_task_that_is_wanted(make_params, summaries, questions, first):
    task = opening(make_params(summary={"versions": summaries}, qa={"versions": questions}))
    assert (task and task.prompt_id) == first


def test_only_the_speakers_task_has_a_place_for_names(prompts, novel):
    tasks = [summary_task("v1"), summary_task("v2"), qa_task(), speakers_task(novel.cast)]
    assert [sorted(task.variables(whole(novel.chapters[0]))) for task in tasks] == [[], [], [], ["cast"]]
    assert [prompts.load(task.prompt_id).variables for task in tasks] == [[], [], [], ["cast"]]


def test_the_speakers_task_names_those_whom_the_passage_names(make_chapter):
    cast = [
        CastMember(name="沈更生", aliases=["更生", "沈师傅"]),
        CastMember(name="梁明夷", aliases=["梁医生"]),
        CastMember(name="许知秋", aliases=[]),
    ]
    chapter = make_chapter("沈师傅说：“钟停了。”\n许知秋说：“没有。”")
    assert speakers_task(cast).variables(whole(chapter)) == {"cast": "沈更生：更生、沈师傅\n许知秋"}
    second = Passage(chapter, find_lines(chapter), chapter.text.index("许"), len(chapter.text))
    assert speakers_task(cast).variables(second) == {"cast": "许知秋"}
    assert speakers_task(()).variables(whole(chapter)) == {"cast": "（无）"}


def test_a_reply_about_speakers_grows_with_the_quotations(novel):
    assert speakers_task(()).lines(whole(novel.chapters[0])) == 7
    assert (summary_task("v2").lines(whole(novel.chapters[0])), qa_task().lines(whole(novel.chapters[0]))) == (1, 1)


# summaries


def test_a_summary_is_read_as_the_object_that_it_is():
    assert read(summary_task("v2"), V2) == (V2, None)
    assert read(summary_task("v1"), {"summary": "钟停了。", "qa": "无"}) == ({"summary": "钟停了。", "qa": "无"}, None)


@pytest.mark.parametrize("reply", [dict.fromkeys(V2, ""), dict.fromkeys(V2, " \n")])
def test_a_blank_summary_is_nothing(reply):
    assert read(summary_task("v2"), reply) == ({}, None)


@pytest.mark.parametrize("value", [None, 5, ["x"], {"x": 1}, True])
def test_a_side_of_another_type_is_invalid(value):
    with pytest.raises(InvalidReply, match="`relations` is not text"):
        read(summary_task("v2"), {**V2, "relations": value})
    with pytest.raises(InvalidReply, match="`summary` is not text"):
        read(summary_task("v1"), {"qa": [], "summary": value})


def test_a_side_that_is_missing_is_invalid():
    with pytest.raises(InvalidReply, match="`psychology` is not text"):
        read(summary_task("v2"), {"plot": "x", "relations": "y"})


# questions


def test_items_are_lists_of_three_or_objects_and_keep_their_angle():
    more = {**FIELDS, "sure": True}
    reply = {"depth": [ITEM], "terms": [FIELDS, more], "none": [ITEM]}
    assert read(qa_task(), reply) == ([("terms", FIELDS), ("terms", more), ("depth", FIELDS)], None)


@pytest.mark.parametrize("item", [ITEM[:2], [*ITEM, "x"], [], "x", None, 5, [ITEM]])
def test_a_list_of_another_length_stays_what_it_is_and_is_refused_later(item):
    assert as_fields(item) == item
    assert read(qa_task(), {"terms": [item]}) == ([("terms", item)], None)


def test_three_values_of_any_type_are_fields_to_be_refused_later():
    assert as_fields([1, None, ["x"]]) == {"question": 1, "answer": None, "evidence": ["x"]}


def test_what_stands_where_a_list_should_is_an_item():
    reply = {"terms": FIELDS, "plot": "无", "speech": None, "depth": []}
    assert read(qa_task(), reply) == ([("terms", FIELDS), ("plot", "无"), ("speech", None)], None)


@pytest.mark.parametrize("reply", [{}, {"terms": "x", "plot": {}}, {"qa": [ITEM]}])
def test_a_reply_without_one_angle_is_invalid(reply):
    with pytest.raises(InvalidReply, match="none of the four angles is there"):
        read(qa_task(), reply)


def test_angles_without_items_are_nothing():
    assert read(qa_task(), {"terms": [], "plot": []}) == ([], None)


# speakers


def test_lines_of_another_form_are_passed_over():
    said = (
        "好的，以下是答案：\n 1 | 沈更生 | ? | 1 \n２|梁明夷|-|\n3|沈更生\n4|a|b|c\n"
        "x|a|b|1\n5|a|b|1|6\n6｜甲｜乙｜2\n〔7〕|甲|乙|1\n1234567|甲|乙|1\n8|甲|乙|12345"
    )
    assert read(speakers_task(()), said) == (
        {
            1: NumberedAnswer("沈更生", "?", 1),
            2: NumberedAnswer("梁明夷", "-", None),
            6: NumberedAnswer("甲", "乙", 2),
        },
        None,
    )


@pytest.mark.parametrize("said", ["", "我不能回答。", '{"1": "沈更生"}', "5，沈更生，?，1", "|沈更生||"])
def test_a_reply_without_one_answer_is_invalid(said):
    with pytest.raises(InvalidReply, match="no line of the form"):
        read(speakers_task(()), said)


def test_a_number_answered_twice_and_not_alike_is_not_answered():
    found, _ = read(speakers_task(()), "1|甲|乙|1\n2|甲|乙|1\n2|甲|乙|1\n1|乙|甲|1")
    assert found == {2: NumberedAnswer("甲", "乙", 1)}


# what is repaired is named


@pytest.mark.parametrize(
    ("wrapped", "repaired"),
    [
        ("$reply", None),
        ("```json\n$reply\n```", "fence around the reply"),
        ("<think>想一想</think>\n$reply", "reasoning before the reply"),
        ("<think>想</think>```\n$reply\n```", "reasoning before the reply; fence around the reply"),
    ],
)
def test_every_task_names_the_wrapping_that_was_taken_off(wrapped, repaired):
    replies = {
        summary_task("v2"): json.dumps(V2),
        summary_task("v1"): '{"summary": "钟停了。"}',
        qa_task(): json.dumps({"plot": [ITEM]}),
        speakers_task(()): "1|沈更生|?|1",
    }
    for task, reply in replies.items():
        plain, _ = read(task, reply)
        assert read(task, wrapped.replace("$reply", reply)) == (plain, repaired)


@pytest.mark.parametrize(
    ("said", "repaired"),
    [
        ('好的：{"terms": [["问", "答", "据"]]}', "prose around the object"),
        ("{'terms': [['问', '答', '据']],}", "JSON with mistakes"),
        ('{"terms": [["问", "答", "据"],]}', "JSON with mistakes"),
    ],
)
def test_prose_and_mistakes_are_repaired_and_named(said, repaired):
    items = [("terms", {"question": "问", "answer": "答", "evidence": "据"})]
    assert read(qa_task(), said) == (items, repaired)
