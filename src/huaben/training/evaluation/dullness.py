"""Figures that are read off replies alone: are they short, run in circles, or serve another prompt too."""

from collections import Counter
from collections.abc import Sequence

from huaben.text import count_letters

MIN_LETTERS = 6
"""As in cleaning: below, a reply says nothing."""
VARIED = 0.5
"""Of a reply's pairs of characters so many are different ones, or it runs in circles."""


def distinct(text: str, length: int) -> float:
    """Return the share of different ones among the runs of `length` characters; 0 where there is none.

    Distinct-1 and distinct-2 of Li et al. (2016), for each reply, so that its length weighs less.
    """
    runs = _runs(text, length)
    return len(set(runs)) / len(runs) if runs else 0.0


def repetition(text: str) -> float:
    """Return the share of runs of four characters that came before in it: seq-rep-4 of Welleck et al. (2020)."""
    runs = _runs(text, 4)
    return 1 - len(set(runs)) / len(runs) if runs else 0.0


def figures(replies: Sequence[str]) -> dict[str, list[float]]:
    """Return for each figure a value a reply.

    `short_replies`: under six letters or digits; `shared_replies`: another prompt got the very same;
    `dull_replies`: short, shared, or fewer than half of its pairs of characters are different ones.
    """
    counts = Counter(replies)
    short = [count_letters(reply) < MIN_LETTERS for reply in replies]
    common = [counts[reply] > 1 for reply in replies]
    circling = [distinct(reply, 2) < VARIED for reply in replies]
    return {
        "dull_replies": [float(any(marks)) for marks in zip(short, common, circling, strict=True)],
        "short_replies": [float(mark) for mark in short],
        "shared_replies": [float(mark) for mark in common],
        "distinct_1": [distinct(reply, 1) for reply in replies],
        "distinct_2": [distinct(reply, 2) for reply in replies],
        "repetition": [repetition(reply) for reply in replies],
    }


def _runs(text: str, length: int) -> list[str]:
    return [text[place : place + length] for place in range(len(text) - length + 1)]
