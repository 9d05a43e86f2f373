"""Other wordings of each question: asked in a further turn, checked one by one, left off where of no use."""

import json
from dataclasses import replace

import pytest

from conversing import V2, completion, with_wordings
from huaben.coverage import Coverage
from huaben.extract.qa import ask_v2
from huaben.extract.wordings import inquire_with_wordings
from huaben.llm.answers import Reply
from huaben.llm.question import judge, pursue

ITEM = ["钟停在几点？", "三点十七分。", "停在三点十七分"]
REFUSED = ["钟为什么停了？", "因为水。", "书里没有这话"]
GOOD = [
    "三病区的钟指着什么时刻？",
    "沈更生看见的钟停下时，针在哪里？",
    "走廊那只钟不走了，它停的时候是几时？",
    "请说出停钟的时刻。",
    "那只钟停在____。",
]


@pytest.fixture
def wants(asked):
    return replace(asked, params=with_wordings(asked.params))


@pytest.fixture
def ask(wants, novel, record):
    """Return a function that asks about the first chapter; the wordings are as given."""

    def ask(wordings, items=(ITEM,), asked=wants):
        replies = {
            "summary.v2": V2,
            "qa.v2": json.dumps({"plot": list(items)}),
            "wordings.v1": wordings if isinstance(wordings, str) else json.dumps({"wordings": wordings}),
        }
        pairs = []

        def answer(question):
            content = replies[question.request.prompt_id]
            pairs.append((question, content))
            return judge(question, Reply(question.request.key, completion(content)))

        pursue(inquire_with_wordings(asked, novel.chapters[0], novel.lines[1]), answer)
        record(*pairs)
        coverage, used, dropped = Coverage("qa"), [], []
        rows = ask_v2(asked, novel.chapters[:1], novel.lines, coverage, used, dropped)
        return rows, dropped, coverage, pairs

    return ask


def test_the_wordings_go_on_from_the_reply_with_the_questions_and_number_them_all(ask):
    rows, dropped, coverage, pairs = ask([{"number": 2, "texts": GOOD}], [REFUSED, ITEM])
    *_, questions, further = [question.request for question, _ in pairs]
    assert further.messages[: len(questions.messages)] == questions.messages
    assert further.messages[-2] == {"role": "assistant", "content": pairs[-2][1]}
    assert further.task.endswith("1. 钟为什么停了？\n2. 钟停在几点？\n")
    assert "另写 5 句" in further.task
    assert [(row.question, list(row.wordings)) for row in rows] == [("钟停在几点？", GOOD)]
    assert rows[0].provenance.reply_id == f"{questions.key}+{further.key}"
    assert [row["reason"] for row in dropped] == ["evidence is not in the chapter"]
    assert coverage.outcomes == {"ok": 2}


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        (GOOD[1:], "not 5 texts"),
        ([*GOOD, "那是何时？"], "not 5 texts"),
        ("钟停在哪一刻？", "not 5 texts"),
        ([*GOOD[:4], None], "not 5 texts"),
        (["？", *GOOD[1:]], "one says nothing"),
        ([*GOOD[:4], "那只钟停在三点。"], "not one blank, in the last"),
        ([*GOOD[:4], "____停在____。"], "not one blank, in the last"),
        ([*GOOD[:4], "那只钟停在_____。"], "not one blank, in the last"),
        (["钟停在____？", *GOOD[1:]], "not one blank, in the last"),
        (["文中的钟停在什么时刻？", *GOOD[1:]], "speaks of 文中"),
        (["〔2〕里的钟停在什么时刻？", *GOOD[1:]], "cites a quotation by its number"),
        (["钟是三点十七分停的吗？", *GOOD[1:]], "one gives the answer away"),
        ([" 你昨晚敲钟了吗？", *GOOD[1:]], "one stands in the chapter, word for word"),
        (["谁\ufffd？", *GOOD[1:]], "one is damaged"),
        (["钟停在几点？？", *GOOD[1:]], "two are nearly alike"),
        ([GOOD[0], GOOD[0] + "呢", *GOOD[2:]], "two are nearly alike"),
        (None, "none is given"),
    ],
)
def test_wordings_of_no_use_leave_the_question_without_any_and_tell_why(ask, texts, reason):
    rows, dropped, coverage, _ = ask([{"number": 1, "texts": texts}])
    assert [(row.question, row.wordings) for row in rows] == [("钟停在几点？", ())]
    assert [(row["reason"], row["record"]["wordings"]) for row in dropped] == [(f"wordings: {reason}", texts)]
    assert coverage.outcomes == {"ok": 2}


@pytest.mark.parametrize(
    "given",
    [
        [{"number": 2, "texts": GOOD}],
        [{"number": 1, "texts": GOOD}, {"number": 1, "texts": GOOD}],
        [{"number": "1", "texts": GOOD}, {"number": 7, "texts": GOOD}],
        [{"number": True, "texts": GOOD}, {"number": 7, "texts": GOOD}],
    ],
)
def test_wordings_of_another_question_or_of_one_twice_are_nobodys(ask, given):
    rows, dropped, _, _ = ask(given)
    assert [row.wordings for row in rows] == [()]
    assert [row["reason"] for row in dropped] == ["wordings: none is given"]


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("[]", "not a JSON object"),
        ('{"wordings": {}}', "`wordings` is no list"),
        ('{"wordings": []}', "no wordings with the number of a question"),
    ],
)
def test_a_reply_of_another_form_fails_its_unit_and_keeps_the_rows(ask, reply, reason):
    rows, dropped, coverage, _ = ask(reply)
    assert [row.wordings for row in rows] == [()]
    assert coverage.outcomes == {"ok": 1, "failed": 1}
    assert coverage.reasons == {f"invalid reply: {reason}": 1}
    assert (coverage.open_units, len(dropped)) == (0, 1)


def test_wordings_that_can_still_be_had_hold_the_stage_up(wants, asked, ask, novel):
    ask([{"number": 1, "texts": GOOD}], asked=asked)
    coverage = Coverage("qa")
    rows = ask_v2(wants, novel.chapters[:1], novel.lines, coverage, [], [])
    assert [row.wordings for row in rows] == [()]
    assert (coverage.open_units, coverage.reasons) == (1, {"no reply is recorded for this prompt": 1})


def test_no_wordings_are_asked_for_where_none_are_wanted_or_there_is_no_question(asked, ask):
    assert [q.request.prompt_id for q, _ in ask([], asked=asked)[3]] == ["summary.v2", "qa.v2"]
    assert [q.request.prompt_id for q, _ in ask([], items=[])[3]] == ["summary.v2", "qa.v2"]
