"""Near duplicates, exactly: every pair of texts at or above a threshold, as rapidfuzz has it, and reorderings.

Texts are compared as given; normalising is the caller's business. `join.py` finds which pairs to look at; here
rapidfuzz says how similar they are.
"""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from huaben.errors import HuabenError
from huaben.refine.bounds import DICE, LONG, SLACK, Integers
from huaben.refine.join import candidates
from huaben.refine.signatures import read_texts

AT_A_TIME = 1 << 21
"""Pairs of which each is scored once."""
SCORED = 1 << 17
"""Pairs that rapidfuzz is handed at a time: it takes some 200 bytes for each."""
BYTES_A_PAIR = 48
"""What a pair takes while they are put in order, the result included."""


class Pairs(NamedTuple):
    """Index pairs `i < j` and their similarities from 0 to 1, sorted by (i, j)."""

    i: Integers
    j: Integers
    similarity: NDArray[np.float64]


@dataclass(frozen=True)
class Similar:
    """Which texts are equal, and which of the distinct ones are similar."""

    number: Integers
    """For each text, the number of the distinct text that it is, in order of appearance; -1 for an empty one."""
    duplicates: Pairs
    """Pairs of numbers of distinct texts."""
    reorderings: Pairs


def find_duplicates(texts: Sequence[str], threshold: float) -> Pairs:
    """Return exactly the pairs of non-empty strings whose rapidfuzz `fuzz.ratio` / 100 is at least `threshold`.

    Not all pairs are compared: of 1,000,000 short texts, some thousandths of a millionth. Where a threshold is
    low (below about 0.7), or texts are of very few characters, nothing but bitmaps spares comparisons. Memory is
    bounded but for the result, 24 bytes a pair; n equal texts are n(n - 1) / 2 pairs. Raise HuabenError where the
    result would take more than half of the machine's memory: `find_similar` tells the same in less room.
    """
    similar = find_similar(texts, threshold, reorderings=False)
    return _of_texts(similar.number, similar.duplicates, with_equal=threshold <= 1)


def find_reorderings(texts: Sequence[str], threshold: float) -> Pairs:
    """Return exactly the pairs of non-empty strings that are no duplicates as they stand, but are but for the order.

    That is: `fuzz.ratio` / 100 is below `threshold`; that of the same characters, each text's sorted, is at least
    `threshold`; and the two have at least 0.7 (`bounds.DICE`) of their grams in common: 2 × common / all, grams as
    multisets, of 2 characters, of 3 where the longer text has 40 (`bounds.LONG`) or more. The similarity given is
    that of the sorted characters. Swapped clauses keep all characters and nearly all grams; texts that merely use
    the same characters do not keep the grams.
    """
    similar = find_similar(texts, threshold)
    return _of_texts(similar.number, similar.reorderings, with_equal=False)


def find_similar(texts: Sequence[str], threshold: float, reorderings: bool = True) -> Similar:
    """Return what `find_duplicates` and `find_reorderings` find, in one go, as pairs of distinct texts."""
    strings = [text for text in dict.fromkeys(texts) if text]
    numbers = {"": -1} | {text: place for place, text in enumerate(strings)}
    number = np.fromiter(map(numbers.__getitem__, texts), np.int64, len(texts))
    del numbers  # as large as all that follows
    if threshold > 1:
        return Similar(number, _in_order([]), _in_order([]))
    found = list(_scored(strings, threshold, reorderings))
    return Similar(number, _in_order(pairs for pairs, _ in found), _in_order(pairs for _, pairs in found))


def _scored(strings: list[str], threshold: float, reorderings: bool) -> Iterator[tuple[Pairs, Pairs]]:
    """Yield the duplicates and the reorderings among the candidates, some at a time."""
    texts = read_texts(strings, threshold)
    for a, b in _slices(_distinct(candidates(texts, reorderings), len(strings))):
        first, second = _texts_at(texts.strings, a), _texts_at(texts.strings, b)
        similarity = _ratios(first, second, threshold)
        pairs = Pairs(texts.given[a], texts.given[b], similarity)
        is_duplicate = similarity >= threshold
        duplicates = _chosen(pairs, np.flatnonzero(is_duplicate))
        swapped = (
            _swapped(pairs, strings, np.flatnonzero(~is_duplicate), threshold) if reorderings else _chosen(pairs, [])
        )
        yield duplicates, swapped


def _swapped(pairs: Pairs, strings: list[str], at: Integers, threshold: float) -> Pairs:
    """Return those of the pairs that are reorderings, with the similarity of their sorted characters."""
    fresh = _chosen(pairs, at)
    wanted = {k: "".join(sorted(strings[k])) for k in {*fresh.i.tolist(), *fresh.j.tolist()}}
    similarity = _ratios([wanted[k] for k in fresh.i.tolist()], [wanted[k] for k in fresh.j.tolist()], threshold)
    alike = np.flatnonzero(similarity >= threshold)
    kept = [k for k in alike.tolist() if _share_grams(strings[fresh.i[k]], strings[fresh.j[k]])]
    return _chosen(Pairs(fresh.i, fresh.j, similarity), kept)


def _share_grams(a: str, b: str) -> bool:
    size = 2 if max(len(a), len(b)) < LONG else 3
    grams_a, grams_b = (Counter(t[k : k + size] for k in range(len(t) - size + 1)) for t in (a, b))
    total = grams_a.total() + grams_b.total()
    return total > 0 and 2 * (grams_a & grams_b).total() >= DICE * total


def _ratios(first: list[str], second: list[str], threshold: float) -> NDArray[np.float64]:
    """Return `fuzz.ratio` / 100 of each pair; what is below the threshold may come as 0."""
    from rapidfuzz import fuzz, process

    # a little below the threshold: whether a similarity is at it is told after the division, as the contract has it
    cutoff = min(max(100 * threshold - SLACK, 0.0), 100.0)
    scores = process.cpdist(first, second, scorer=fuzz.ratio, score_cutoff=cutoff, dtype=np.float64)
    return np.asarray(scores / 100, dtype=np.float64)


def _distinct(found: Iterable[tuple[Integers, Integers]], n_rows: int) -> Iterator[tuple[Integers, Integers]]:
    """Yield pairs of rows, each once among some `AT_A_TIME`, so that few are scored twice."""
    waiting: list[Integers] = []
    for a, b in found:
        waiting.append(a * n_rows + b)
        if sum(map(len, waiting)) >= AT_A_TIME:
            yield np.divmod(np.unique(np.concatenate(waiting)), n_rows)
            waiting = []
    if waiting:
        yield np.divmod(np.unique(np.concatenate(waiting)), n_rows)


def _slices(found: Iterable[tuple[Integers, Integers]]) -> Iterator[tuple[Integers, Integers]]:
    for a, b in found:
        for start in range(0, len(a), SCORED):
            yield a[start : start + SCORED], b[start : start + SCORED]


def _of_texts(number: Integers, pairs: Pairs, with_equal: bool) -> Pairs:
    """Return pairs of texts for pairs of distinct texts, and those of equal texts."""
    texts = np.argsort(number, kind="stable")[np.count_nonzero(number < 0) :]
    counts = np.bincount(number[texts])
    starts = np.cumsum(counts) - counts
    equal = np.flatnonzero(counts > 1) if with_equal else np.zeros(0, np.int64)
    each = counts[pairs.i] * counts[pairs.j]
    _require_room(int(each.sum() + (counts[equal] * (counts[equal] - 1) // 2).sum()))
    pair = np.repeat(np.arange(len(each)), each)
    place = np.arange(len(pair)) - np.repeat(np.cumsum(each) - each, each)
    of_i, of_j = np.divmod(place, counts[pairs.j][pair])
    found = [Pairs(texts[starts[pairs.i][pair] + of_i], texts[starts[pairs.j][pair] + of_j], pairs.similarity[pair])]
    found += [_equal(texts[start : start + n]) for start, n in zip(starts[equal], counts[equal], strict=True)]
    return _in_order(found)


def _equal(texts: Integers) -> Pairs:
    """Return all pairs of texts that are the same."""
    n_after = np.arange(len(texts) - 1, -1, -1)
    after = np.concatenate([texts[k:] for k in range(1, len(texts))])
    return Pairs(np.repeat(texts, n_after), after, np.ones(len(after)))


def _require_room(n_pairs: int) -> None:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if n_pairs * BYTES_A_PAIR > memory / 2:
        raise HuabenError(
            f"{n_pairs:,} pairs of duplicates would take {n_pairs * BYTES_A_PAIR / 2**30:.0f} GiB of memory: "
            "drop equal texts first, or ask find_similar, which counts equal texts once"
        )


def _in_order(found: Iterable[Pairs]) -> Pairs:
    """Join pairs to one sorted table, the lesser index first, each pair once."""
    parts = [Pairs(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)), *found]
    a, b, similarity = (np.concatenate(column) for column in zip(*parts, strict=True))
    i, j = np.minimum(a, b), np.maximum(a, b)
    _, order = np.unique(i * (int(j.max(initial=0)) + 1) + j, return_index=True)
    return Pairs(i[order], j[order], similarity[order])


def _chosen(pairs: Pairs, at: Integers | list[int]) -> Pairs:
    where = np.asarray(at, dtype=np.int64)
    return Pairs(pairs.i[where], pairs.j[where], pairs.similarity[where])


def _texts_at(strings: list[str], rows: Integers) -> list[str]:
    return [strings[row] for row in rows.tolist()]
