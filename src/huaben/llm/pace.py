"""When the next request may go: one clock for all workers, and an end when nothing gets through.

A server that says `Retry-After` says it to the account, not to the one request that was told: everybody
waits. All times are read off the monotonic clock, so that a clock that jumps changes nothing.
"""

import asyncio
import math
import random
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import monotonic

from huaben.errors import HuabenError

LONGEST_PAUSE_S = 60.0
LONGEST_WAIT_S = 600.0
"""A server that wants a longer wait than ten minutes is asked again by the next run."""
HOPELESS = 20
"""Failures in a row, beyond those in flight, after which a run gives up."""


class Pace:
    """Shared by all workers of a run."""

    def __init__(self, first_pause_s: float, concurrency: int) -> None:
        self._first_pause_s, self._patience = first_pause_s, HOPELESS + concurrency
        self._until, self._failures = 0.0, 0

    async def wait(self) -> None:
        """Return when requests may be sent."""
        while (left := self._until - monotonic()) > 0:
            await asyncio.sleep(left * (1 + random.random() / 10))

    def succeeded(self) -> None:
        """Note that an answer came through."""
        self._failures = 0

    async def failed(self, attempt: int, status: int, headers: Mapping[str, str], detail: str) -> None:
        """Sleep before the next attempt, with everybody if the server asks for it.

        Raise HuabenError when nothing has got through for long, or the server wants a long wait.
        """
        self._failures += 1
        if self._failures >= self._patience:
            raise HuabenError(
                f"the last {self._failures} requests all failed ({detail}); "
                "is the endpoint up, and llm.base_url right?"
            )
        asked = retry_after(headers)
        if asked is not None and asked > LONGEST_WAIT_S:
            wait = f"{min(asked, 1e9):.0f} s (HTTP {status})"
            raise HuabenError(f"the endpoint asks to wait {wait}; run the same command then")
        pause = min(LONGEST_PAUSE_S, self._first_pause_s * 2 ** (attempt - 1)) if asked is None else asked
        if asked is not None or status == 429:
            self._until = max(self._until, monotonic() + pause)
        await asyncio.sleep(pause * (1 + random.random() / 4))


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that a server asks to wait (RFC 9110, 10.2.3; also `retry-after-ms`), or None."""
    for name, read in (("retry-after-ms", _milliseconds), ("retry-after", float), ("retry-after", _seconds_until)):
        with suppress(ValueError, TypeError, OverflowError):
            return max(0.0, seconds) if math.isfinite(seconds := read(headers.get(name, ""))) else None
    return None


def _milliseconds(number: str) -> float:
    return float(number) / 1000


def _seconds_until(date: str) -> float:
    return (parsedate_to_datetime(date) - datetime.now(UTC)).total_seconds()
