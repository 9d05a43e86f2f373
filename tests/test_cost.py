"""Tokens and money of replies, by the usage stored with them and the hour at which they came; the cap."""

import asyncio
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from huaben.errors import HuabenError
from huaben.llm.answers import Reply
from huaben.llm.cost import Purse, cost_of, money, peak_factor, worst_case
from huaben.params import Peak, Price
from questions import request

PRICE = Price(currency="CNY", hit=0.02, miss=1.0, output=4.0, cache="units", peak=None)
PEAK = Peak(factor=2.0, zone="Asia/Shanghai", hours=[[9.0, 12.0], [14.0, 18.0]])
DEARER = PRICE.model_copy(update={"peak": PEAK})
MILLION_OUT = {"hit": 0, "miss": 0, "output": 1_000_000}


def reply(usage, written_by=None, **more):
    return Reply("k", {"usage": usage, **more}, written_by)


def at(text, zone="Asia/Shanghai"):
    """Return the seconds since 1970 of a local time."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp())


def test_no_reply_costs_nothing():
    assert cost_of([], PRICE) == {
        "replies": 0,
        "hand_written": 0,
        "without_usage": 0,
        "tokens_hit": 0,
        "tokens_miss": 0,
        "tokens_output": 0,
        "money": 0.0,
        "currency": "CNY",
    }


def test_each_kind_of_token_has_its_price():
    usage = {"prompt_tokens": 3_000_000, "prompt_cache_hit_tokens": 1_000_000, "completion_tokens": 500_000}
    cost = cost_of([reply(usage), reply(None, "the authors"), reply(None)], PRICE)
    assert (cost["replies"], cost["hand_written"], cost["without_usage"]) == (3, 1, 1)
    assert (cost["tokens_hit"], cost["tokens_miss"], cost["tokens_output"]) == (1_000_000, 2_000_000, 500_000)
    assert cost["money"] == 4.02


@pytest.mark.parametrize(
    ("when", "factor"),
    [
        ("2026-11-23T08:59", 1.0),
        ("2026-11-23T09:00", 2.0),
        ("2026-11-23T11:59", 2.0),
        ("2026-11-23T12:00", 1.0),
        ("2026-11-23T14:00", 2.0),
        ("2026-11-23T17:59", 2.0),
        ("2026-11-23T18:00", 1.0),
        ("2026-11-27T10:00", 2.0),
        ("2026-11-28T10:00", 1.0),
        ("2026-11-29T10:00", 1.0),
    ],
)
def test_a_reply_of_a_peak_hour_on_a_workday_is_dearer(when, factor):
    assert peak_factor(DEARER, at(when)) == factor
    assert money(MILLION_OUT, DEARER, at(when)) == 4.0 * factor
    assert cost_of([reply({"completion_tokens": 1_000_000}, created=at(when))], DEARER)["money"] == 4.0 * factor


def test_the_hour_is_the_providers_and_not_ours():
    assert peak_factor(DEARER, at("2026-11-23T01:00", "UTC")) == 2.0
    assert peak_factor(DEARER, at("2026-11-23T10:00", "UTC")) == 1.0
    assert peak_factor(DEARER, at("2026-11-20T23:00", "America/New_York")) == 1.0  # Saturday noon there


@pytest.mark.parametrize("created", [None, 0, -5, "now", 1_767_225_600_000, 10**30])
def test_a_reply_without_a_time_is_off_peak(created):
    assert cost_of([reply({"completion_tokens": 1_000_000}, created=created)], DEARER)["money"] == 4.0


def test_without_peak_hours_every_hour_is_alike():
    assert money(MILLION_OUT, PRICE, at("2026-11-23T10:00")) == 4.0


# the cap


@pytest.fixture
def llm(make_params):
    """Return settings with which a token costs 1, and a reply has at most 100."""
    price = Price(currency="CNY", hit=0.0, miss=1e6, output=1e6, cache="none", peak=None)
    return make_params(llm={"price": price, "max_tokens": 100}).llm


def test_a_request_costs_at_most_a_token_a_byte_and_the_longest_reply_at_the_dearest_hour(llm):
    one = request(llm)
    assert worst_case(one, llm) == len(one.body) + 100
    dearer = llm.model_copy(update={"price": llm.price.model_copy(update={"peak": PEAK})})
    assert worst_case(one, dearer) == 2 * (len(one.body) + 100)


def purse(llm, cap, spent=0.0):
    return Purse(llm.model_copy(update={"max_money": cap}), spent)


def test_without_a_cap_nothing_is_held(llm):
    assert asyncio.run(purse(llm, None).hold(request(llm))) == 0.0


def test_what_is_held_leaves_no_room_until_it_is_settled(llm):
    one, order = request(llm), []
    worst = worst_case(one, llm)

    async def two():
        full = purse(llm, worst * 1.5)
        held = await full.hold(one)
        waiting = asyncio.create_task(full.hold(one))
        await asyncio.sleep(0.01)
        order.append(waiting.done())
        await full.settle(held, 1.0)
        assert await waiting == worst

    asyncio.run(two())
    assert order == [False]


@pytest.mark.parametrize(("paid", "has_room"), [(1.0, True), (0.0, True), (None, False)])
def test_what_nobody_knows_counts_at_its_most(llm, paid, has_room):
    one = request(llm)

    async def again():
        small = purse(llm, worst_case(one, llm) * 1.5)
        await small.settle(await small.hold(one), paid)
        await small.hold(one)

    if has_room:
        asyncio.run(again())
    else:
        with pytest.raises(HuabenError, match=r"llm\.max_money: .* raise the cap to go on"):
            asyncio.run(again())


def test_what_was_spent_before_counts(llm):
    one = request(llm)
    worst = worst_case(one, llm)
    assert asyncio.run(purse(llm, worst + 5, 5.0).hold(one)) == worst
    with pytest.raises(HuabenError, match=r"5\.1000 of"):
        asyncio.run(purse(llm, worst + 5, 5.1).hold(one))


def test_many_small_sums_leave_nothing_held(llm):
    one = request(llm)

    async def many():
        small = purse(llm, worst_case(one, llm) * 3.3)
        for _ in range(1000):
            held = [await small.hold(one) for _ in range(3)]
            for sum_ in held:
                await small.settle(sum_, 1e-9)
        return small._held

    assert asyncio.run(many()) == 0.0
