"""Near-duplicates by rapidfuzz, exactly: every pair at or above the threshold, and who removes whom.

Texts are compared as given; normalising is the caller's business.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from huaben.records import QA, Conversation, Piece, Preference, Record, Summary
from huaben.refine.clean import Sifted

CHUNK = 1024
"""Rows compared at a time; 1,024 × 100,000 similarities of eight bytes are 0.8 GB."""
STRENGTH = {"test": 0, "validation": 1, "train": 2}
CLAUSE = re.compile(r"[，。！？；：、,.!?;:\s]+")


class Pairs(NamedTuple):
    """Index pairs `i < j` and their similarities from 0 to 1, sorted by (i, j)."""

    i: NDArray[np.int64]
    j: NDArray[np.int64]
    similarity: NDArray[np.float64]


def find_duplicates(texts: Sequence[str], threshold: float) -> Pairs:
    """Return exactly the pairs of non-empty strings whose rapidfuzz `fuzz.ratio` / 100 is ≥ `threshold`."""
    from rapidfuzz import fuzz, process

    kept = [k for k, text in enumerate(texts) if text]
    rows = [texts[k] for k in kept]
    index = np.asarray(kept, dtype=np.int64)
    # a little below the threshold: whether a similarity is at it is told after the division, as the contract has it
    cutoff = min(max(100 * threshold - 1e-6, 0.0), 100.0)
    found: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]] = []
    for start in range(0, len(rows), CHUNK):
        scores = process.cdist(
            rows[start : start + CHUNK],
            rows[start:],
            scorer=fuzz.ratio,
            score_cutoff=cutoff,
            dtype=np.float64,
        )
        a, b = np.nonzero(np.triu(scores >= cutoff, 1))
        similarity = scores[a, b] / 100
        exact = similarity >= threshold
        found.append((index[a[exact] + start], index[b[exact] + start], similarity[exact]))
    return _sorted(found)


def find_reorderings(texts: Sequence[str], threshold: float) -> Pairs:
    """Return the pairs that are duplicates once their clauses are put in one order, and are not as they stand."""
    ordered = ["".join(sorted(part for part in CLAUSE.split(text) if part)) for text in texts]
    plain = set(zip(*find_duplicates(texts, threshold)[:2], strict=True))
    i, j, similarity = find_duplicates(ordered, threshold)
    fresh = np.asarray([(a, b) not in plain for a, b in zip(i, j, strict=True)], dtype=bool)
    return Pairs(i[fresh], j[fresh], similarity[fresh])


def deduplicate(records: Sequence[Any], threshold: float) -> Sifted:
    """Keep one record of each cluster: of the held-out splits before train, then the first by id.

    A near copy of a test record in train is contamination, so it is the train record that goes; of
    preference pairs, so does one whose prompt alone is a held-out pair's.
    """
    ordered = sorted(records, key=lambda record: (STRENGTH[record.split], record.record_id))
    removed: dict[int, tuple[int, str]] = {}
    for a, b, reason in sorted([*_alike(ordered, threshold), *_same_prompts(ordered, threshold)]):
        if a not in removed and b not in removed:
            removed[b] = (a, reason)
    sifted = Sifted()
    for index, record in enumerate(ordered):
        if index in removed:
            keeper, reason = removed[index]
            sifted.drop(record, reason, ordered[keeper].record_id)
        else:
            sifted.kept.append(record)
    sifted.kept.sort(key=lambda record: record.record_id)
    return sifted


def _alike(records: Sequence[Any], threshold: float) -> Iterator[tuple[int, int, str]]:
    for i, j, similarity in zip(*find_duplicates([text_of(r) for r in records], threshold), strict=True):
        yield int(i), int(j), "exact duplicate" if similarity == 1 else "near duplicate"


def _same_prompts(records: Sequence[Any], threshold: float) -> Iterator[tuple[int, int, str]]:
    for i, j, _ in zip(*find_duplicates([_prompt_of(r) for r in records], threshold), strict=True):
        if records[i].split != records[j].split:
            yield int(i), int(j), "prompt of a held-out pair"


def _prompt_of(record: Record) -> str:
    """Return what a preference pair asks; "" (compared with nothing) for other records."""
    return "\n".join(m.content for m in record.prompt) if isinstance(record, Preference) else ""


def text_of(record: Record) -> str:
    """Return what two records are compared by."""
    match record:
        case Conversation():
            return "\n".join(message.content for message in record.messages)
        case QA():
            return f"{record.question}\n{record.answer}"
        case Summary():
            return record.summary
        case Preference():
            return "\n".join(message.content for message in (*record.prompt, *record.chosen))
        case Piece():
            return record.text
    raise TypeError(f"no text to compare in {type(record).__name__}")


def _sorted(found: Sequence[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]]) -> Pairs:
    if not found:
        return Pairs(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
    i, j, similarity = (np.concatenate(column) for column in zip(*found, strict=True))
    order = np.lexsort((j, i))
    return Pairs(i[order], j[order], similarity[order])
