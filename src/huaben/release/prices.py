"""What the replies cost: in all, and for each dataset that was made of them, from the reports of the asking stages."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

ASKED_BY = {
    "lines": "speakers",
    "dialogue_raw": "speakers",
    "dialogue": "speakers",
    "summary_v1": "summary",
    "summary_qa_v1": "summary",
    "qa_v1": "summary",
    "summary_v2": "summary",
    "summary_qa_v2": "summary",
    "qa_v2": "qa",
    "preference": "preference",
}
"""The stage that asked for what a dataset is made of; v1 is one call, made by `summary`. `pretrain` needs none."""


def total_cost(stages: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the sums of the stages' costs, one for each currency."""
    totals: dict[str, Counter[str]] = {}
    for cost in stages.values():
        numbers = {key: value for key, value in cost.items() if isinstance(value, (int, float))}
        totals.setdefault(str(cost["currency"]), Counter()).update(numbers)
    return [{"currency": currency, **totals[currency]} for currency in sorted(totals)]


def price_of(config: str, configs: Sequence[str], stages: Mapping[str, Mapping[str, Any]]) -> str:
    """Return in words what a config's replies cost, and which others of the release were made of the same ones."""
    cost = stages.get(ASKED_BY.get(config, ""))
    if cost is None:
        return "nothing, no model was asked"
    others = [name for name in configs if name != config and ASKED_BY.get(name) == ASKED_BY[config]]
    shared = f"; of the same replies: {', '.join(others)}" if others else ""
    return f"{in_words(cost)}{shared}"


def in_words(cost: Mapping[str, Any]) -> str:
    """Return a cost as a phrase. What people wrote cost no money, and what came without a count is not known."""
    written, uncounted = (int(cost.get(key, 0)) for key in ("hand_written", "without_usage"))
    if written == cost["replies"]:
        return f"nothing, {written:,} replies written by hand"
    prompt = cost["tokens_hit"] + cost["tokens_miss"]
    phrases = [
        f"{cost['money']:,.4f} {cost['currency']} for {cost['replies'] - written:,} replies",
        f"{prompt:,} prompt tokens ({cost['tokens_hit']:,} of them from the provider's cache)",
        f"{cost['tokens_output']:,} output tokens",
        f"{written:,} more replies written by hand" if written else "",
        f"{uncounted:,} without a count of tokens, which the sum leaves out" if uncounted else "",
    ]
    return ", ".join(phrase for phrase in phrases if phrase)
