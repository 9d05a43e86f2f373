"""Means with 95 % bootstrap intervals, and the figures that are read off a reply's text.

An interval is the 2.5 % and 97.5 % percentile of the statistic over resamples of the items with
replacement (Efron and Tibshirani, 1993, chapter 13). It knows nothing of the spread between seeds.
"""

from collections import Counter
from collections.abc import Callable, Sequence

Numbers = dict[str, float]


def estimate(
    name: str,
    values: Sequence[float],
    resamples: int,
    seed: int,
    weights: Sequence[float] | None = None,
    shape: Callable[[float], float] = float,
) -> Numbers:
    """Return `<name>`, `<name>_low`, `<name>_high`, `<name>_n` of `shape(sum of values / sum of weights)`.

    Weights default to one an item, which makes it the mean. Raises ValueError without an item.
    """
    import numpy as np

    if not values:
        raise ValueError(f"{name}: no item to average")
    tops, bottoms = np.asarray(values, float), np.ones(len(values)) if weights is None else np.asarray(weights, float)
    picks = np.random.default_rng(seed).integers(len(tops), size=(resamples, len(tops)))
    spread = [
        shape(float(top / bottom)) for top, bottom in zip(tops[picks].sum(1), bottoms[picks].sum(1), strict=True)
    ]
    low, high = np.percentile(spread, [2.5, 97.5])
    point = shape(float(tops.sum() / bottoms.sum()))
    figures = {name: point, f"{name}_low": float(low), f"{name}_high": float(high)}
    return {**{key: round(value, 4) for key, value in figures.items()}, f"{name}_n": float(len(tops))}


def distinct_pairs(text: str) -> float:
    """Return the share of different ones among the neighbouring pairs of characters; 0 below two characters.

    After distinct-2 of Li et al. (2016), for each reply: one that runs in circles is near 0.
    """
    pairs = [text[place : place + 2] for place in range(len(text) - 1)]
    return len(set(pairs)) / len(pairs) if pairs else 0.0


def shared(replies: Sequence[str]) -> list[float]:
    """Return for each reply 1 if another prompt got the very same, else 0."""
    counts = Counter(replies)
    return [float(counts[reply] > 1) for reply in replies]
