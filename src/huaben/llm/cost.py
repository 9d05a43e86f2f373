"""Tokens → money: by kind of token, by the hour of the answer, and never above the cap.

The cost of data is the usage stored with its replies, whoever paid and when; a price list with peak hours
is applied to the time at which the server says it answered.
"""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from huaben.errors import HuabenError
from huaben.llm.answers import Reply
from huaben.llm.prompts import Request
from huaben.params import LLM, Price

MILLION = 1_000_000
NOTHING = {"hit": 0, "miss": 0, "output": 0}
WEEKEND = 5


def money(tokens: Mapping[str, float], price: Price, at: float | None = None) -> float:
    """Return what tokens cost at a time (seconds since 1970; None: off-peak)."""
    plain = tokens["hit"] * price.hit + tokens["miss"] * price.miss + tokens["output"] * price.output
    return plain * peak_factor(price, at) / MILLION


def peak_factor(price: Price, at: float | None) -> float:
    """Return by how much the price is multiplied at a time: on workdays, in the hours of the list."""
    if price.peak is None or at is None:
        return 1.0
    there = datetime.fromtimestamp(at, ZoneInfo(price.peak.zone))
    if there.weekday() >= WEEKEND:
        return 1.0
    hour = there.hour + there.minute / 60
    return price.peak.factor if any(begin <= hour < end for begin, end in price.peak.hours) else 1.0


def cost_of(replies: Iterable[Reply], price: Price) -> dict[str, Any]:
    """Return the metrics of `reports/cost/<stage>.json`: replies, tokens by price, money."""
    totals, paid = dict(NOTHING), 0.0
    count = hand_written = without_usage = 0
    for reply in replies:
        count += 1
        hand_written += reply.written_by is not None
        without_usage += reply.written_by is None and not any(reply.tokens.values())
        paid += money(reply.tokens, price, reply.created)
        for kind, tokens in reply.tokens.items():
            totals[kind] += tokens
    return {
        "replies": count,
        "hand_written": hand_written,
        "without_usage": without_usage,
        "tokens_hit": totals["hit"],
        "tokens_miss": totals["miss"],
        "tokens_output": totals["output"],
        "money": round(paid, 6),
        "currency": price.currency,
    }


def worst_case(request: Request, llm: LLM) -> float:
    """Return the most that a request can cost: a byte-level tokenizer makes at most one token of a byte."""
    tokens = {"hit": 0, "miss": len(request.body), "output": llm.max_tokens}
    return money(tokens, llm.price) * (llm.price.peak.factor if llm.price.peak else 1.0)


class Purse:
    """Money under a cap, for all workers: what is in flight is held back at its worst case."""

    def __init__(self, llm: LLM, spent: float) -> None:
        self._llm, self._cap, self._spent, self._held = llm, llm.max_money, spent, 0.0
        self._settled = asyncio.Condition()

    async def hold(self, request: Request) -> float:
        """Hold a request's worst case back; wait while others in flight may leave room for it.

        Raise HuabenError when there is no room for it.
        """
        if self._cap is None:
            return 0.0
        worst = worst_case(request, self._llm)
        async with self._settled:
            while self._spent + self._held + worst > self._cap:
                if not self._held:
                    raise HuabenError(
                        f"llm.max_money: {self._spent:.4f} of {self._cap:g} {self._llm.price.currency} are spent on "
                        f"this novel, and the next request may cost {worst:.4f}. What was answered is kept; raise the "
                        "cap to go on"
                    )
                await self._settled.wait()
            self._held += worst
        return worst

    async def settle(self, held: float, paid: float | None) -> None:
        """Put what was paid in the place of what was held; None: nobody knows, so all of it."""
        if self._cap is None:
            return
        async with self._settled:
            self._held = max(0.0, self._held - held) if self._held - held > 1e-12 else 0.0
            self._spent += held if paid is None else paid
            self._settled.notify_all()
