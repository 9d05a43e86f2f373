"""The cap on what a novel may cost: never passed, by many workers, over many runs, whatever stays unsaid."""

import time
from contextlib import closing

import pytest

from huaben.errors import HuabenError
from huaben.llm.store import ReplyStore
from huaben.params import Peak, Price
from questions import questions, run, with_llm

DEAR = Price(currency="CNY", hit=0.0, miss=1_000_000.0, output=1_000_000.0, cache="none", peak=None)
"""A token costs 1."""


def values(outcomes):
    return [outcome.value for outcome in outcomes]


@pytest.fixture
def paid(live_params, endpoint):
    """Return parameters with a price of 1 a token, a reply of at most 100, and an endpoint that says what it used."""

    def answer(request):
        time.sleep(0.01)
        return endpoint.completion("好。", usage={"prompt_tokens": 20, "completion_tokens": 30})

    endpoint.default = answer
    return with_llm(live_params, price=DEAR, max_tokens=100)


def most(params):
    """Return what the request of a question costs at most."""
    return len(questions(params, 1)[0].request.body) + 100


@pytest.mark.parametrize("concurrency", [1, 4, 16])
def test_the_cap_is_never_passed_and_nearly_reached(paid, endpoint, concurrency):
    cap = most(paid) + 50 * 10
    capped = with_llm(paid, max_money=cap, concurrency=concurrency)
    with pytest.raises(HuabenError, match=r"llm\.max_money: 5\d0\.0000 of \d+ CNY are spent on this novel"):
        run(questions(paid, 40), capped)
    spent = 50 * len(endpoint.requests)
    assert cap - most(paid) <= spent <= cap
    with pytest.raises(HuabenError, match=r"llm\.max_money"):
        run(questions(paid, 40), capped)
    assert 50 * len(endpoint.requests) == spent
    assert values(run(questions(paid, 40), with_llm(paid, max_money=None))) == ["好。"] * 40
    assert len(endpoint.requests) == 40


def test_a_request_waits_until_those_in_flight_leave_room_for_its_worst_case(paid, endpoint):
    cap = most(paid) + 50 * 11
    assert len(run(questions(paid, 10), with_llm(paid, max_money=cap, concurrency=8))) == 10
    assert len(endpoint.requests) == 10
    assert endpoint.most_in_flight <= cap // most(paid)


def test_a_cap_below_the_first_request_sends_nothing(paid, endpoint):
    with pytest.raises(HuabenError, match=r"0\.0000 of \d+ CNY are spent"):
        run(questions(paid, 1), with_llm(paid, max_money=most(paid) - 1))
    assert endpoint.requests == []


def test_what_is_kept_costs_nothing_more(paid):
    run(questions(paid, 5), paid)
    assert len(run(questions(paid, 5), with_llm(paid, max_money=0.0))) == 5


def test_another_novel_has_its_own_cap(paid, endpoint):
    run(questions(paid, 5), paid)
    capped = with_llm(paid, max_money=most(paid))
    other = capped.model_copy(update={"novel": capped.novel.model_copy(update={"slug": "other"})})
    with pytest.raises(HuabenError, match=r"250\.0000 of"):
        run(questions(paid, 6), capped)
    assert len(run(questions(paid, 6), other)) == 6
    assert len(endpoint.requests) == 6


@pytest.mark.parametrize(
    ("answer", "tries"),
    [
        ({"drop": True}, 5),
        ({"body": b"<html>"}, 3),
        ({"body": b'{"choices": [{"finish_reason": "stop", "message": {"content": "x"}}]}'}, 1),
    ],
    ids=["lost", "odd", "without usage"],
)
def test_what_does_not_say_its_cost_counts_at_its_most_also_in_the_next_run(paid, endpoint, answer, tries):
    endpoint.default = endpoint.Http(**answer)
    capped = with_llm(paid, max_money=most(paid) * 10.5, concurrency=1)
    run(questions(paid, 1), capped)
    assert len(endpoint.requests) == tries
    with pytest.raises(HuabenError, match=rf"llm\.max_money: {10 * most(paid):.4f}"):
        run(questions(paid, 30), capped)
    assert len(endpoint.requests) == 10


@pytest.mark.parametrize("status", [400, 429, 500])
def test_a_refusal_costs_nothing(paid, endpoint, status):
    endpoint.default = endpoint.Http(status, b"{}")
    for _ in range(2):
        run(questions(paid, 2), with_llm(paid, max_money=most(paid), concurrency=1))


def test_forgetting_bodies_gives_no_money_back(paid, endpoint, store):
    usage = {"prompt_tokens": 20, "completion_tokens": 30}
    endpoint.will(*[endpoint.completion("", usage=usage)] * 2)
    run(questions(paid, 1), paid)
    with closing(ReplyStore(store)) as opened:
        assert opened.forget() == 2
    with pytest.raises(HuabenError, match=r"150\.0000 of"):
        run(questions(paid, 2), with_llm(paid, max_money=most(paid)))
    assert values(run(questions(paid, 1), paid)) == ["好。"]


def test_peak_hours_are_held_back_for(paid, endpoint):
    peak = Price(**DEAR.model_dump(exclude={"peak"}), peak=Peak(factor=2.0, zone="UTC", hours=[[0.0, 24.0]]))
    with pytest.raises(HuabenError, match=r"llm\.max_money"):
        run(questions(paid, 1), with_llm(paid, price=peak, max_money=most(paid) * 2 - 1))
    assert endpoint.requests == []
