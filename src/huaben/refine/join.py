"""Pairs that may be similar, without looking at all pairs: a length window, shared rare grams, then bitmaps.

A set similarity join by prefix filter (Chaudhuri et al., ICDE 2006; Bayardo et al., WWW 2007) over multisets of
grams, rarest first. Every step drops only pairs that cannot be similar (`bounds.py`), so nothing is lost. Where
grams tell nothing (short texts, low thresholds) or tell too little, all pairs of similar length are looked at.
"""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from huaben.refine.bounds import LONG, Grams, Integers
from huaben.refine.signatures import BLOCK, SPREAD, Texts, code_points

Rows = NDArray[np.int32]
Found = tuple[Integers, Integers]
SMALL = 64
"""Lists up to this length are compared many at once, longer ones one by one."""
BATCH = 1 << 19
"""Pairs, or grams, that are put together before they are handled on."""
MOST_BITS = 22
"""Grams are told apart by that many bits of a hash; two that fall together cost time, and lose nothing."""


def candidates(texts: Texts, reorderings: bool) -> Iterator[Found]:
    """Yield arrays of rows a < b; every pair that is similar, or a reordering, is there at least once."""
    for a, b in _in_batches(_raw(texts, reorderings)):
        first, second = np.minimum(a, b), np.maximum(a, b)
        kept = (first != second) & texts.may_be_similar(first, second)
        yield first[kept], second[kept]


def _raw(texts: Texts, reorderings: bool) -> Iterator[Found]:
    """Yield what has a rare gram in common and hardly differs in its folded bitmap, in bands of the longer text."""
    longest = int(texts.lengths[-1]) if len(texts.lengths) else 0
    short, long = (Grams(size, texts.threshold, reorderings) for size in (2, 3))
    told = short.first_told() if short.tell else longest + 1
    late = max(told, LONG, long.first_told()) if long.tell else longest + 1
    low, middle = np.searchsorted(texts.lengths, [told, late]).tolist()
    yield from _all_pairs(texts, 0, low)
    yield from _by_grams(texts, short, low, middle)
    yield from _by_grams(texts, long, middle, len(texts.lengths))


def _all_pairs(texts: Texts, start: int, end: int) -> Iterator[Found]:
    """Yield the pairs whose longer text is one of the rows from `start` to `end`."""
    row = start
    while row < end:
        low = int(texts.first[row])
        stop = min(end, row + max(1, BLOCK // (row - low + 64)))
        yield _near(texts, np.arange(row, stop), np.arange(low, stop))
        row = stop


def _near(texts: Texts, longer: NDArray[np.integer], shorter: NDArray[np.integer]) -> Found:
    """Compare each row with each: which differ in no more bits of the folded bitmap than they may."""
    differing = np.bitwise_count(texts.folded[longer][:, None] ^ texts.folded[shorter][None, :])
    b, a = np.divmod(np.flatnonzero(differing <= texts.limits[longer][:, None]), len(shorter))
    return shorter[a].astype(np.int64), longer[b].astype(np.int64)


def _by_grams(texts: Texts, grams: Grams, start: int, end: int) -> Iterator[Found]:
    """Yield pairs with a rare gram in common whose longer text is one of the rows from `start` to `end`."""
    if start >= end:
        return
    lists, edges = _postings(texts, grams, int(texts.first[start]), end)
    sizes = np.diff(edges)
    if _is_less_work(
        int((np.arange(start, end) - texts.first[start:end]).sum()), int((sizes * (sizes - 1) // 2).sum())
    ):
        yield from _all_pairs(texts, start, end)
        return
    for size in np.unique(sizes[(sizes > 1) & (sizes <= SMALL)]).tolist():
        yield from _in_small_lists(texts, lists, edges[:-1][sizes == size], size)
    for number in np.flatnonzero(sizes > SMALL).tolist():
        yield from _in_large_list(texts, lists[edges[number] : edges[number + 1]], start)


def _is_less_work(all_pairs: int, in_lists: int) -> bool:
    """Tell whether so many pairs are fewer than those of the lists, in which a pair may stand many times."""
    return all_pairs < in_lists


def _in_small_lists(texts: Texts, lists: Rows, starts: Integers, size: int) -> Iterator[Found]:
    """Compare, in many lists of one size side by side, each row with those after it."""
    a, b = np.triu_indices(size, 1)
    step = max(1, BLOCK // len(a))
    for begin in range(0, len(starts), step):
        rows = lists[starts[begin : begin + step][None, :] + np.arange(size)[:, None]]
        words, limits = texts.folded[rows], texts.limits[rows]
        pair, place = np.nonzero(np.bitwise_count(words[b] ^ words[a]) <= limits[b])
        yield rows[a[pair], place].astype(np.int64), rows[b[pair], place].astype(np.int64)


def _in_large_list(texts: Texts, rows: Rows, start: int) -> Iterator[Found]:
    """Compare the rows of one list, some at a time, each with those before it that are long enough."""
    lows = np.searchsorted(rows, texts.first[rows])
    at = int(np.searchsorted(rows, start))
    while at < len(rows):
        low = int(lows[at])
        stop = min(len(rows), at + min(256, max(16, BLOCK // (at - low + 1))))
        yield _near(texts, rows[at:stop], rows[low:stop])
        at = stop


def _postings(texts: Texts, grams: Grams, low: int, end: int) -> tuple[Rows, Integers]:
    """Return, for each gram, the rows that have it among their rarest ones, in order: lists, and their edges."""
    n_grams = int(np.maximum(texts.lengths[low:end] - grams.size + 1, 0).sum())
    bits = min(max(n_grams, 2).bit_length(), MOST_BITS)
    rank, n_single = _ranks(texts, grams.size, bits, low, end)
    prefixes = grams.prefix(np.unique(texts.lengths[low:end]))
    prefix_of = dict(zip(np.unique(texts.lengths[low:end]).tolist(), prefixes.tolist(), strict=True))
    columns, n_each = [np.zeros(0, np.int32)], np.zeros(1 + end - low, np.int64)
    for start, hashes in _hashed(texts, grams.size, bits, low, end):
        ranks = np.sort(rank[hashes], axis=1)[:, : prefix_of[int(texts.lengths[start])]]
        kept = ranks >= n_single
        kept[:, 1:] &= ranks[:, 1:] != ranks[:, :-1]
        columns.append(ranks[kept])
        n_each[1 + start - low :][: len(ranks)] = kept.sum(axis=1)
    n_columns = int(rank.max()) + 1
    del rank
    rows, edges = _by_column(_emptied(columns), np.cumsum(n_each), n_columns)
    rows += np.int32(low)
    return rows, edges


def _emptied(parts: list[Rows]) -> Rows:
    """Return the parts as one array, each freed as soon as it is copied: together they are most of the memory."""
    whole = np.empty(sum(map(len, parts)), np.int32)
    at = len(whole)
    while parts:
        part = parts.pop()
        at -= len(part)
        whole[at : at + len(part)] = part
    return whole


def _by_column(column: Rows, edges: Integers, n_columns: int) -> tuple[Rows, Integers]:
    """Return the rows of each column, from the columns of each row: a transposition, which scipy does by counting."""
    from scipy.sparse import csr_array

    if len(column) <= np.iinfo(np.int32).max:
        edges = edges.astype(np.int32)
    table = csr_array((np.ones(len(column), np.int8), column, edges), shape=(len(edges) - 1, n_columns)).tocsc()
    return table.indices.astype(np.int32, copy=False), table.indptr.astype(np.int64)


def _ranks(texts: Texts, size: int, bits: int, low: int, end: int) -> tuple[NDArray[np.int32], int]:
    """Return each gram's place among all, rarest first, and how many stand only once: these nobody shares."""
    counts = np.zeros(1 << bits, dtype=np.int32)
    waiting: list[NDArray[np.uint32]] = []
    for _, hashes in _hashed(texts, size, bits, low, end):
        waiting.append(hashes.ravel())
        if sum(map(len, waiting)) >= BATCH:
            np.add.at(counts, np.concatenate(waiting), np.int32(1))
            waiting = []
    if waiting:
        np.add.at(counts, np.concatenate(waiting), np.int32(1))
    present = np.flatnonzero(counts).astype(np.int32)
    order = present[np.argsort(counts[present], kind="stable")]
    rank = np.zeros(len(counts), dtype=np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    return rank, int(np.searchsorted(counts[order], 2))


def _hashed(texts: Texts, size: int, bits: int, low: int, end: int) -> Iterator[tuple[int, NDArray[np.uint32]]]:
    """Yield the first row of each block of rows of one length, and their grams as numbers of `bits` bits."""
    low += int(np.searchsorted(texts.lengths[low:end], size))
    for start, codes in code_points(texts.strings, texts.lengths, low, end):
        width = codes.shape[1] - size + 1
        mixed = codes[:, :width] * SPREAD
        for place in range(1, size):
            mixed = (mixed ^ codes[:, place : place + width]) * SPREAD
        yield start, mixed >> np.uint32(32 - bits)


def _in_batches(found: Iterable[Found]) -> Iterator[Found]:
    """Put arrays of pairs together to some of about `BATCH` pairs, as small arrays cost more than their pairs."""
    waiting: list[Found] = []
    total = 0
    for pairs in found:
        waiting.append(pairs)
        total += len(pairs[0])
        if total >= BATCH:
            yield np.concatenate([a for a, _ in waiting]), np.concatenate([b for _, b in waiting])
            waiting, total = [], 0
    if waiting:
        yield np.concatenate([a for a, _ in waiting]), np.concatenate([b for _, b in waiting])
