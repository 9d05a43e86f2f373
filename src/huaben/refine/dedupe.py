"""Near-duplicates by rapidfuzz, exactly: every pair at or above the threshold, and who removes whom.

Texts are compared as given; normalising is the caller's business.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from huaben.records import QA, Conversation, Piece, Preference, Record, Summary
from huaben.refine.clean import Sifted
from huaben.refine.duplicates import Pairs, find_duplicates, find_reorderings

__all__ = ["Pairs", "deduplicate", "find_duplicates", "find_reorderings", "text_of"]

STRENGTH = {"test": 0, "validation": 1, "train": 2}


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
