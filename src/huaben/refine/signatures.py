"""Texts as numbers: their code points, block by block, and a bitmap of each, by which most pairs are told apart."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from huaben.refine.bounds import Integers, most_edits, shortest_partner

Codes = NDArray[np.uint32]
WORDS = 4
"""Words of 64 bits in a bitmap."""
BLOCK = 1 << 18
"""Characters that are handled at a time, so that they stay in the processor's cache."""
SPREAD = np.uint32(0x9E3779B1)
"""An odd factor that spreads code points over 32 bits (Knuth, TAOCP 3, 6.4)."""


@dataclass(frozen=True)
class Texts:
    """Distinct texts by length, and what is looked at before the texts themselves."""

    strings: list[str]
    given: Integers
    """For each row, its place among the strings as they were given."""
    lengths: Integers
    bitmaps: NDArray[np.uint64]
    """(WORDS, rows): a bit is set when an odd number of the row's characters fall on it."""
    folded: NDArray[np.uint64]
    """The words of each bitmap, one over the other: looked at first, as it is in one piece."""
    limits: NDArray[np.uint8]
    """In how many bits, at most, the folded bitmap differs from that of a similar row that is no longer."""
    first: Integers
    """For each row, the first row that is long enough to be similar to it."""
    threshold: float

    def may_be_similar(self, a: Integers, b: Integers) -> NDArray[np.bool_]:
        """Tell which pairs are of similar length and differ in no more bits than similar texts have edits.

        An edit (a character put in or left out) changes one bit, another order none (Sandes et al., EDBT 2020).
        """
        differing = np.zeros(len(a), dtype=np.int64)
        for word in self.bitmaps:
            differing += np.bitwise_count(word[a] ^ word[b])
        edits = most_edits(self.lengths[a] + self.lengths[b], self.threshold)
        return (a >= self.first[b]) & (differing <= edits)


def read_texts(strings: Sequence[str], threshold: float) -> Texts:
    """Return distinct, non-empty strings by length, with what is looked at before them."""
    given_lengths = np.fromiter(map(len, strings), np.int64, len(strings))
    given = np.argsort(given_lengths, kind="stable")
    ordered, lengths = [strings[k] for k in given.tolist()], given_lengths[given]
    bitmaps = np.zeros((WORDS, len(ordered)), dtype=np.uint64)
    for start, codes in code_points(ordered, lengths, 0, len(ordered)):
        spread = np.ascontiguousarray(codes.T) * SPREAD  # characters first: sums over rows run along memory
        bits = np.uint64(1) << (spread >> np.uint32(24) & np.uint32(63)).astype(np.uint64)
        at = spread >> np.uint32(30)
        for number, word in enumerate(bitmaps):
            word[start : start + len(codes)] = np.bitwise_xor.reduce(bits * (at == number), axis=0)
    limits = np.clip(most_edits(2 * lengths, threshold) + 1, 0, 64).astype(np.uint8)
    first = np.searchsorted(lengths, shortest_partner(lengths, threshold))
    folded = np.bitwise_xor.reduce(bitmaps, axis=0)
    return Texts(ordered, given, lengths, bitmaps, folded, limits, first, threshold)


def code_points(strings: Sequence[str], lengths: Integers, low: int, end: int) -> Iterator[tuple[int, Codes]]:
    """Yield the first row of each block of rows of one length, and their code points: (rows, length)."""
    edges = np.flatnonzero(np.diff(lengths[low:end], prepend=-1, append=-1)) + low
    for first, last in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        length = int(lengths[first])
        step = max(1, BLOCK // length)
        for start in range(first, last, step):
            joined = "".join(strings[start : min(last, start + step)])
            yield start, np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype="<u4").reshape(-1, length)
