"""Which row of the one version is which row of the other.

A record's id is a hash of its content or origin, so that a changed row has another one. Rows are paired by
id, then by equal content, then by what there is one of (a chapter's summary, a prompt's pair), then by
likeness of text and overlap of spans within a chapter. Each row is paired once; the order of the input
decides nothing.
"""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from huaben.files import Row
from huaben.release.diff.rows import Item

ORIGIN = ("record_id", "provenance", "spans", "start", "end", "chapter")
"""Fields that say where a row came from, at any depth. What is left is its content."""
REPLY = re.compile(r"reply [0-9a-f]{12}")
"""The evidence of a line that a model decided. A prompt's wording changes the id of every reply."""
ALIKE = 0.5
"""Mean of the texts' similarity (rapidfuzz `fuzz.ratio` / 100) and of the spans' overlap from which on two rows
of one chapter are one row that changed. Two questions about one passage are below it, one reworded above."""
SIMILAR = 0.3
"""Texts less alike than this are no candidates, however their spans overlap."""
MOST = 40_000_000_000
"""Characters of the base times those of the head that are compared within one chapter: about a second's work.
Beyond that rows stay unpaired, rather than take minutes."""


@dataclass
class Pairs:
    """Rows that are the same one in both versions, and those of one version alone."""

    both: list[tuple[Item, Item]] = field(default_factory=list)
    base: list[Item] = field(default_factory=list)
    head: list[Item] = field(default_factory=list)
    too_many: int = 0
    """Rows that were not compared for likeness, as their chapter has too many."""


def pair_rows(base: Sequence[Item], head: Sequence[Item]) -> Pairs:
    """Pair the rows of one dataset, kept and dropped alike."""
    pairs = Pairs([], _in_order(base), _in_order(head))
    for key in (_record_id, _content_in_chapter, content_of, _anchor):
        _pair_by(key, pairs)
    for place in (_chapter_id, _chapter):
        _pair_alike(place, pairs)
    pairs.both.sort(key=lambda pair: _order(pair[0]))
    return pairs


def without_origin(value: Any) -> Any:
    """Return a JSON value less the fields that say where it came from, and less the ids of replies."""
    if isinstance(value, dict):
        return {name: without_origin(inner) for name, inner in value.items() if name not in ORIGIN}
    if isinstance(value, str) and REPLY.fullmatch(value):
        return "a reply"
    if isinstance(value, list):
        return [without_origin(inner) for inner in value]
    return value


def content_of(item: Item) -> str:
    """Return a row's content as canonical JSON."""
    return json.dumps(without_origin(item.row), ensure_ascii=False, sort_keys=True)


def text_of(row: Row) -> str:
    """Return the words of a row, a text a line: its messages, or its fields that hold running text."""
    texts = [m.get("content", "") for name in ("messages", "prompt", "chosen", "rejected") for m in _list(row, name)]
    texts += [row[name] for name in ("question", "answer", "summary", "text") if isinstance(row.get(name), str)]
    return "\n".join(map(str, texts))


def _list(row: Row, name: str) -> list[Row]:
    value = row.get(name)
    return [inner for inner in value if isinstance(inner, dict)] if isinstance(value, list) else []


def _pair_by(key: Callable[[Item], Hashable], pairs: Pairs) -> None:
    """Pair the rows of equal keys, the first with the first; a key of None pairs nothing."""
    waiting: dict[Hashable, list[Item]] = defaultdict(list)
    for item in pairs.base:
        waiting[key(item)].append(item)
    waiting.pop(None, None)
    for items in waiting.values():
        items.reverse()
    both = [(waiting[found].pop(), item) for item in pairs.head if waiting.get(found := key(item))]
    _take(pairs, both)


def _pair_alike(place: Callable[[Item], Hashable], pairs: Pairs) -> None:
    """Pair the rows of one place by likeness, the most alike first."""
    base, head = _grouped(place, pairs.base), _grouped(place, pairs.head)
    both: list[tuple[Item, Item]] = []
    for where in sorted((where for where in base.keys() & head.keys() if where is not None), key=str):
        if _length(base[where]) * _length(head[where]) > MOST:
            pairs.too_many += len(head[where])
        else:
            both += _matched(base[where], head[where])
    _take(pairs, both)


def _length(items: Sequence[Item]) -> int:
    return sum(len(text_of(item.row)) for item in items)


def _grouped(place: Callable[[Item], Hashable], items: Sequence[Item]) -> dict[Hashable, list[Item]]:
    groups: dict[Hashable, list[Item]] = defaultdict(list)
    for item in items:
        groups[place(item)].append(item)
    return groups


def _matched(base: Sequence[Item], head: Sequence[Item]) -> Iterator[tuple[Item, Item]]:
    taken: set[tuple[str, int]] = set()
    for _, i, j in sorted(_candidates(base, head)):
        if ("base", i) not in taken and ("head", j) not in taken:
            taken |= {("base", i), ("head", j)}
            yield base[i], head[j]


def _candidates(base: Sequence[Item], head: Sequence[Item]) -> Iterator[tuple[float, int, int]]:
    """Yield (minus the likeness, place in base, place in head) of the rows that may be one."""
    import numpy as np
    from rapidfuzz import fuzz, process

    texts = [text_of(item.row) for item in base], [text_of(item.row) for item in head]
    similarity = process.cdist(*texts, scorer=fuzz.ratio, score_cutoff=100 * SIMILAR, dtype=np.float64) / 100
    places = [_places(item) for item in base], [_places(item) for item in head]
    for i, j in zip(*(axis.tolist() for axis in np.nonzero(similarity)), strict=True):
        if texts[0][i] and texts[1][j]:  # two empty texts are alike to rapidfuzz
            score = _likeness(float(similarity[i, j]), places[0][i], places[1][j])
            if score >= ALIKE:
                yield -score, i, j


def _likeness(similarity: float, base: frozenset[Any], head: frozenset[Any]) -> float:
    """Return the mean of similarity and overlap, or the similarity alone where a row has no spans."""
    return (similarity + len(base & head) / len(base | head)) / 2 if base and head else similarity


def _places(item: Item) -> frozenset[Any]:
    """Return the characters of the chapter that a row quotes, as (chapter id, offset)."""
    spans = _provenance(item).get("spans") or []
    return frozenset((_chapter_id(item), offset) for start, end in spans for offset in range(start, end))


def _take(pairs: Pairs, both: Sequence[tuple[Item, Item]]) -> None:
    pairs.both += both
    taken = {id(item) for pair in both for item in pair}
    pairs.base = [item for item in pairs.base if id(item) not in taken]
    pairs.head = [item for item in pairs.head if id(item) not in taken]


def _in_order(items: Sequence[Item]) -> list[Item]:
    return sorted(items, key=_order)


def _order(item: Item) -> tuple[Any, ...]:
    """Order rows as a reader meets them: by chapter, by place in it, by id."""
    spans = _provenance(item).get("spans") or [[0, 0]]
    return int(_provenance(item).get("chapter") or 0), list(spans[0]), str(item.row["record_id"]), item.reason or ""


def _provenance(item: Item) -> Row:
    found = item.row["provenance"]
    return found if isinstance(found, dict) else {}


def _record_id(item: Item) -> Hashable:
    return str(item.row["record_id"])


def _content_in_chapter(item: Item) -> Hashable:
    return _chapter(item), content_of(item)


def _anchor(item: Item) -> Hashable:
    """Name what there is one of: the summary of a chapter, the question about it, the pair of a prompt."""
    row, where = item.row, _chapter_id(item)
    if "aspects" in row or row.get("angle") == "summary":
        return "summary", where
    if row.get("way") == "prompts":
        return "prompt", "\n".join(str(message.get("content")) for message in _list(row, "prompt"))
    return None


def _chapter_id(item: Item) -> Hashable:
    return _provenance(item).get("chapter_id") or None


def _chapter(item: Item) -> Hashable:
    return _provenance(item).get("chapter")
