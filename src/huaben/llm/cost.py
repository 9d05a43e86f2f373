"""What the replies behind a dataset cost: the usage stored with them, whoever paid and when."""

from collections.abc import Iterable
from typing import Any

from huaben.llm.replies import Reply
from huaben.params import Price

MILLION = 1_000_000


def cost_of(replies: Iterable[Reply], price: Price) -> dict[str, Any]:
    """Return the metrics of `reports/cost/<stage>.json`: replies, tokens by price, money."""
    totals = {"hit": 0, "miss": 0, "output": 0}
    count = hand_written = 0
    for reply in replies:
        count += 1
        hand_written += reply.written_by is not None
        for kind, tokens in reply.tokens.items():
            totals[kind] += tokens
    money = (totals["hit"] * price.hit + totals["miss"] * price.miss + totals["output"] * price.output) / MILLION
    return {
        "replies": count,
        "hand_written": hand_written,
        "tokens_hit": totals["hit"],
        "tokens_miss": totals["miss"],
        "tokens_output": totals["output"],
        "money": round(money, 6),
        "currency": price.currency,
    }
