"""What a request will probably cost: its tokens, what of it a cache holds, and what past replies teach."""

import asyncio
from contextlib import closing

import pytest

from huaben.llm.answers import Reply
from huaben.llm.expect import CACHE_BLOCK, Calibration, Expectation
from huaben.llm.ledger import ENOUGH, calibrate
from huaben.llm.prompts import Request, Turn
from huaben.llm.question import Question
from huaben.llm.store import OK, Claim, ReplyStore
from huaben.llm.tokens import rough_tokens
from questions import question, questions, run


def about(task, passage="章" * 1000, system="规" * 100, earlier=(), size=1, reply_tokens=50.0):
    """Return a question about a passage; with `len` for a count, the system text has 100 tokens, the passage 1000."""
    request = Request("ask.v1", "https://host/v1", "m", system, passage, tuple(earlier), task, {})
    return Question("", request, lambda content: (content, None), size, reply_tokens)


def expectation(rule, **calibration):
    return Expectation(rule, Calibration(**calibration), len)


def hits(rule, *asked):
    """Return the hits of questions that are sent and answered one after the other."""
    expected, found = expectation(rule), []
    for one in asked:
        found.append(expected.of(one)["hit"])
        expected.answered(one, "答")
    return found


def test_the_first_request_of_all_misses_everything():
    one = about("任务")
    assert expectation("units").of(one) == {"hit": 0, "miss": 100 + 1000 + len("\n\n任务"), "output": 50.0}


def test_a_further_turn_hits_all_before_it_under_every_rule_but_none():
    first, further = about("任务"), about("再问", earlier=[Turn("任务", "答")])
    whole = 100 + 1000 + len("\n\n任务") + len("答")
    assert hits("units", first, further) == [0, whole]
    assert hits("blocks", first, further) == [0, whole // CACHE_BLOCK * CACHE_BLOCK]
    assert hits("none", first, further) == [0, 0]


def test_two_turns_beside_each_other_hit_the_same():
    first = about("任务")
    beside = [about(task, earlier=[Turn("任务", "答")]) for task in ("甲", "乙")]
    assert len(set(hits("units", first, *beside)[1:])) == 1


def test_after_another_answer_only_what_was_asked_is_hit():
    first, other = about("任务"), about("再问", earlier=[Turn("任务", "不是这个")])
    asked = 100 + 1000 + len("\n\n任务")
    assert hits("units", first, other) == [0, asked]
    assert hits("blocks", first, other) == [0, asked // CACHE_BLOCK * CACHE_BLOCK]


def test_what_two_requests_share_is_hit_by_the_third_under_units_and_by_the_second_under_blocks():
    chapters = [about("任务", passage=str(i) * 1000) for i in range(3)]
    assert hits("units", *chapters) == [0, 0, 100]
    assert hits("blocks", *chapters) == [0, 64, 64]


def test_equal_system_texts_of_another_role_share_nothing():
    one, two = about("任务", system="甲" * 100), about("任务", system="乙" * 100)
    assert hits("blocks", one, two) == [0, 0]


def test_the_length_of_a_reply_grows_with_its_lines_and_is_learnt():
    assert expectation("units").of(about("任务", size=8, reply_tokens=10.0))["output"] == 80.0
    learnt = expectation("units", scale=0.5, reply_tokens={"ask.v1": 12.0})
    assert learnt.of(about("任务", size=8)) == {"hit": 0, "miss": (1100 + 4) / 2, "output": 96.0}


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [("", 0, 0), ("钟" * 100, 80, 95), ("word " * 100, 80, 130), ("\n" * 100, 1, 20), ("，" * 100, 30, 60)],
)
def test_a_rough_count_knows_kinds_of_characters(text, least, most):
    assert least <= rough_tokens(text) <= most


# what past replies teach


def store_with(path, count, model="m", novel="small", status=OK, prompt="ask.v1"):
    """Make a store of replies for each of which 100 tokens were expected, and 80 used, 30 of them for two lines."""
    usage = {"prompt_tokens": 80, "completion_tokens": 30}

    async def fill():
        for i in range(count):
            key = f"{model}{novel}{prompt}{i}"
            attempt = await store.claim(Claim(key, prompt, model, "u", novel, 2, 100.0, 1, 1))
            await store.keep(attempt, Reply(key, {"usage": usage}), status, 0.1)

    with closing(ReplyStore(path)) as store:
        asyncio.run(fill())
        return calibrate(store, "small", "m")


def test_enough_replies_correct_the_count_and_the_length(tmp_path):
    assert store_with(tmp_path / "r.sqlite", ENOUGH - 1) == Calibration()
    assert store_with(tmp_path / "s.sqlite", ENOUGH) == Calibration(0.8, {"ask.v1": 15.0})


@pytest.mark.parametrize("other", [{"model": "n"}, {"novel": "other"}, {"status": "blank"}])
def test_other_models_novels_and_faulty_replies_teach_nothing(tmp_path, other):
    assert store_with(tmp_path / "r.sqlite", ENOUGH, **other) == Calibration()


def test_a_second_run_learns_no_correction_of_its_own_correction(live_params, endpoint, store):
    one = question(live_params)
    real = int(sum(rough_tokens(message["content"]) for message in one.request.messages) * 3)
    endpoint.default = endpoint.completion("好。", usage={"prompt_tokens": real, "completion_tokens": 2})
    for count in (30, 90):
        run(questions(live_params, count), live_params)
        with closing(ReplyStore(store, writes=False)) as opened:
            assert calibrate(opened, "small", "fake-1").scale == pytest.approx(3, rel=0.2)
