"""What a similarity at or above a threshold implies about two texts: how long they are, how much they share.

With S the sum of the lengths and L the length of the longest common subsequence, `fuzz.ratio` / 100 is 2L / S.
So a similarity of at least t needs L >= tS / 2, and everything here follows. A bound may be too generous (one
more pair to look at), never too strict (a pair lost); `SLACK` covers the rounding of floating-point numbers.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
SLACK = 1e-6
"""`fuzz.ratio` is off by less than 1e-15 of S characters."""
DICE = 0.7
"""Share of their grams that two reorderings have in common at least: 2 × common / all."""
LONG = 40
"""Texts from this length on are told apart by grams of three characters, shorter ones by grams of two."""
WEAKEST = 0.05
"""Grams in common for each character of S, below which grams tell too little to be worth looking up."""


def shortest_partner(lengths: Integers, threshold: float) -> Integers:
    """Return the least length of a text as similar to one of each length: L is at most the shorter one's."""
    return np.asarray(np.ceil(threshold * lengths / (2 - threshold) - SLACK), dtype=np.int64)


def most_edits(sums: Integers, threshold: float) -> Integers:
    """Return how many characters, at most, similar texts with lengths of sum S have outside of L: S - 2L."""
    return sums - 2 * np.ceil(threshold * sums / 2 - SLACK).astype(np.int64)


@dataclass(frozen=True)
class Grams:
    """Runs of `size` characters, and how many of them two similar texts have in common."""

    size: int
    threshold: float
    reorderings: bool
    """Whether pairs that share `DICE` of their grams are looked for as well."""

    @property
    def tell(self) -> bool:
        """Whether long similar texts must share grams: L grows faster than edits break it up."""
        return self.threshold * (2 * self.size - 1) / 2 - (self.size - 1) >= WEAKEST

    def least_common(self, sums: Integers) -> Integers:
        """Return how many grams two similar texts with lengths of sum S share at least.

        A common subsequence of L characters has L - size + 1 windows of `size`; each of the S - 2L other
        characters opens at most one gap, and a gap breaks at most size - 1 windows. Reorderings share `DICE`
        of their grams of two or three characters, so at least as many of two.
        """
        edits = most_edits(sums, self.threshold)
        least = (sums - edits) // 2 - self.size + 1 - (self.size - 1) * edits
        if self.reorderings:
            least = np.minimum(least, np.ceil(DICE / 2 * (sums - 4) - SLACK).astype(np.int64))
        return least

    def prefix(self, lengths: Integers) -> Integers:
        """Return how many of its grams, the rarest, a text needs so that it shares one with every similar text.

        Texts that share `a` of their n grams share one of the first n - a + 1, in any order that is common to
        all texts (Chaudhuri et al., ICDE 2006).
        """
        grams = np.maximum(lengths - self.size + 1, 0)
        return np.asarray(np.clip(grams - np.maximum(self._least_of_any(lengths), 1) + 1, 0, grams), dtype=np.int64)

    def first_told(self) -> int:
        """Return the length from which on texts share a gram with every similar one that is no longer."""
        lengths = np.arange(1, round((2 * self.size + 1) / WEAKEST), dtype=np.int64)
        silent = np.flatnonzero(self._least_of_any(lengths) <= 0)
        return int(lengths[silent[-1]]) + 1 if len(silent) else 1

    def _least_of_any(self, lengths: Integers) -> Integers:
        """Return `least_common` of each length with the least favourable one that may be similar.

        It rises by `WEAKEST` a character or more, but for rounding, which moves it by 2 × size - 1 at most: so
        the least is among the first (2 × size - 1) / WEAKEST sums.
        """
        shortest = np.maximum(shortest_partner(lengths, self.threshold), 1)
        nearby = np.arange(round((2 * self.size) / WEAKEST))
        least = lengths + shortest
        every = [self.least_common(least + more) for more in nearby.tolist()]
        return np.asarray(np.min(every, axis=0), dtype=np.int64)
