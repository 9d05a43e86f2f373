"""When the next request may go: what servers ask for, for everybody, by a clock that does not jump."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from huaben.errors import HuabenError
from huaben.llm.pace import HOPELESS, LONGEST_WAIT_S, Pace, retry_after


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "1"}, 1.0),
        ({"retry-after": "300"}, 300.0),
        ({"retry-after": " 2.5 "}, 2.5),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": ""}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "1e999"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Sun, 06 Nov 1994 08:49:37 GMT"}, 0.0),
        ({"retry-after": "Sun, 06 Nov 99999 08:49:37 GMT"}, None),
        ({"retry-after": "Sun, 06 Nov 99999999999999999999 08:49:37 GMT"}, None),
        ({"retry-after": "Sun, 06 Nov 1994 08:49:37 +99999999999999999999"}, None),
        ({"retry-after-ms": "1500"}, 1.5),
        ({"retry-after-ms": "1500", "retry-after": "300"}, 1.5),
        ({"retry-after-ms": "soon", "retry-after": "300"}, 300.0),
    ],
)
def test_seconds_to_wait_are_read_or_there_are_none(headers, seconds):
    assert retry_after(headers) == seconds


def test_a_date_is_so_many_seconds_away():
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    assert retry_after({"retry-after": date}) == pytest.approx(90, abs=5)


def seconds_of(*calls):
    """Return how long coroutines take beside each other."""

    async def all_of_them():
        began = time.monotonic()
        await asyncio.gather(*calls)
        return time.monotonic() - began

    return asyncio.run(all_of_them())


def fail(pace, attempt=1, status=503, **headers):
    return pace.failed(attempt, status, {name.replace("_", "-"): value for name, value in headers.items()}, "x")


@pytest.mark.parametrize(("attempt", "least", "most"), [(1, 0.02, 0.03), (2, 0.04, 0.06), (3, 0.08, 0.12)])
def test_the_pause_doubles_with_every_attempt(attempt, least, most):
    assert least <= seconds_of(fail(Pace(0.02, 4), attempt)) < most + 0.5


def test_what_the_server_asks_for_takes_the_place_of_our_own_pause():
    assert 0.05 <= seconds_of(fail(Pace(100.0, 4), retry_after_ms="50")) < 5


@pytest.mark.parametrize(("status", "headers"), [(429, {"retry_after_ms": "60"}), (503, {"retry_after_ms": "60"})])
def test_everybody_waits_when_the_server_says_so(status, headers):
    pace = Pace(0.0, 4)

    async def others():
        await asyncio.sleep(0.01)
        await pace.wait()

    assert seconds_of(fail(pace, 1, status, **headers), others()) >= 0.06


def test_a_server_that_is_down_says_nothing_about_the_others_requests():
    pace = Pace(0.001, 4)
    assert seconds_of(fail(pace, 1, 500)) < 5
    assert pace._until == 0.0


def test_a_shorter_wait_does_not_shorten_a_longer_one():
    pace = Pace(0.0, 4)
    seconds_of(fail(pace, 1, 429, retry_after_ms="80"), fail(pace, 1, 429, retry_after_ms="1"))
    longest = pace._until
    seconds_of(fail(pace, 1, 429, retry_after_ms="1"))
    assert pace._until >= longest


@pytest.mark.parametrize("wait", [str(LONGEST_WAIT_S + 1), "1e300"])
def test_a_wait_of_more_than_ten_minutes_ends_the_run(wait):
    with pytest.raises(HuabenError, match=r"asks to wait .* s \(HTTP 429\); run the same command then"):
        seconds_of(fail(Pace(0.0, 4), 1, 429, retry_after=wait))


def test_a_run_gives_up_when_nothing_gets_through_and_one_answer_gives_it_hope():
    pace = Pace(0.0, 4)
    for _ in range(HOPELESS + 3):
        seconds_of(fail(pace))
    pace.succeeded()
    for _ in range(HOPELESS + 3):
        seconds_of(fail(pace))
    with pytest.raises(HuabenError, match=r"the last 24 requests all failed \(x\)"):
        seconds_of(fail(pace))


def test_a_wall_clock_that_jumps_moves_no_wait(monkeypatch):
    pace = Pace(0.0, 4)
    wall = iter(range(0, 10**9, 10**6))
    monkeypatch.setattr(time, "time", lambda: float(next(wall)))
    assert 0.05 <= seconds_of(fail(pace, 1, 429, retry_after_ms="50"), pace.wait()) < 5


def test_five_minutes_are_waited_for_by_everybody():
    pace = Pace(0.0, 4)

    async def told():
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(fail(pace, 1, 429, retry_after="300"), 0.02)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(pace.wait(), 0.02)

    asyncio.run(told())
    assert pace._until - time.monotonic() == pytest.approx(300, abs=5)
