"""Means over items and seeds, with 95 % bootstrap intervals.

A mark is what one item (a pair, a question, a reply) got from one trained model. Items are asked of
every seed's model, so the two are crossed. A resample draws items and, apart from them, seeds, both
with replacement (the pigeonhole bootstrap: Owen, 2007, Annals of Applied Statistics 1(2)): the interval
covers what other questions and what other seeds would have changed. It is the 2.5 % and 97.5 %
percentile (Efron and Tibshirani, 1993, chapter 13). Few seeds are resampled as few (Bouthillier et al.,
2021, MLSys); so `_seeds`, their standard deviation, stands beside it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Numbers = dict[str, float]


@dataclass(frozen=True)
class Marks:
    """The marks of one figure by one model: a value an item, and how much the item weighs (none: all alike).

    `is_log`: the figure is exp of the mean, as a perplexity is.
    """

    values: tuple[float, ...]
    weights: tuple[float, ...] = ()
    is_log: bool = False


@dataclass(frozen=True)
class Bootstrap:
    """How often to resample, and from which seed."""

    resamples: int
    seed: int

    def pool(self, name: str, by_seed: Sequence[Marks]) -> Numbers:
        """Return `<name>`, `_low`, `_high`, `_n` (items); of several seeds also `_seeds`, their means' deviation.

        Every seed has the same items, in the same order. Raises ValueError without an item.
        """
        import numpy as np

        if not by_seed or not by_seed[0].values:
            raise ValueError(f"{name}: no item to average")
        values, weights = _as_arrays(by_seed)
        shape = np.exp if by_seed[0].is_log else np.asarray
        low, high = np.percentile(shape(self._spread(values * weights, weights)), [2.5, 97.5])
        means = shape((values * weights).sum(1) / weights.sum())
        point = shape((values * weights).sum() / (weights.sum() * len(values)))
        figures = {name: point, f"{name}_low": low, f"{name}_high": high}
        if len(means) > 1:
            figures[f"{name}_seeds"] = means.std(ddof=1)
        rounded = {key: round(float(value), 4) for key, value in figures.items()}
        return {**rounded, f"{name}_n": float(values.shape[1])}

    def difference(self, name: str, more: Sequence[Marks], less: Sequence[Marks]) -> Numbers:
        """Return `<name>`, `_low`, `_high`: how far the mean of items lies above that of others, of equal seeds."""
        import numpy as np

        sides = [_as_arrays(marks) for marks in (more, less)]
        spreads = [self._spread(v * weights, weights, group) for group, (v, weights) in enumerate(sides)]
        means = [(values * weights).sum() / (weights.sum() * len(values)) for values, weights in sides]
        low, high = np.percentile(spreads[0] - spreads[1], [2.5, 97.5])
        found = {name: means[0] - means[1], f"{name}_low": low, f"{name}_high": high}
        return {key: round(float(value), 4) for key, value in found.items()}

    def _spread(self, tops: Any, weights: Any, group: int = 0) -> Any:
        """Return the weighted mean of each resample, from arrays of (seeds, items) and (items,).

        The seeds drawn are the same for every group of items, the items are not.
        """
        import numpy as np

        seeds, items = tops.shape
        of_seeds = np.random.default_rng(self.seed).multinomial(seeds, [1 / seeds] * seeds, size=self.resamples)
        of_items = np.random.default_rng([self.seed, 1 + group]).multinomial(
            items, [1 / items] * items, size=self.resamples
        )
        above = ((of_seeds @ tops) * of_items).sum(1)
        return above / (seeds * (of_items @ weights))


def _as_arrays(by_seed: Sequence[Marks]) -> tuple[Any, Any]:
    """Return values, (seeds, items), and weights, (items,)."""
    import numpy as np

    values = np.asarray([marks.values for marks in by_seed], float)
    return values, np.asarray(by_seed[0].weights or np.ones(values.shape[1]), float)


def balancing(groups: Sequence[bool]) -> tuple[float, ...]:
    """Return weights by which both groups count alike, as in balanced accuracy (Brodersen et al., 2010).

    Without a member of both there is nothing to balance, and no weights.
    """
    sizes = {group: groups.count(group) for group in (True, False)}
    return tuple(0.5 / sizes[group] for group in groups) if all(sizes.values()) else ()


def ranking(positive: Sequence[float], negative: Sequence[float]) -> float:
    """Return the share of (positive, negative) in which the positive scores higher, ties half: area under the ROC."""
    wins = sum((a > b) + 0.5 * (a == b) for a in positive for b in negative)
    return wins / (len(positive) * len(negative)) if positive and negative else math.nan
