"""How the kept rows of one version are distributed: splits, lengths, speakers, reasons, and what leaks."""

from collections import Counter
from collections.abc import Sequence

from huaben.files import Row
from huaben.release.diff.pairing import text_of
from huaben.release.diff.rows import Item

SPLITS = ("train", "validation", "test")
QUANTILES = {"p05": 0.05, "p50": 0.5, "p95": 0.95}


def splits(items: Sequence[Item]) -> dict[str, int]:
    """Count the rows of each split, and `all`."""
    counts = Counter(item.row.get("split") for item in items if not item.reason)
    return {"all": sum(counts.values()), **{split: counts[split] for split in SPLITS}}


def reasons(items: Sequence[Item]) -> Counter[str]:
    """Count the dropped rows by reason."""
    return Counter(item.reason for item in items if item.reason)


def speakers(items: Sequence[Item]) -> Counter[str]:
    """Count who speaks: lines, and messages of conversations."""
    said = [part for item in items if not item.reason for part in (item.row, *(item.row.get("messages") or []))]
    return Counter(str(part["speaker"]) for part in said if part.get("speaker"))


def lengths(items: Sequence[Item]) -> dict[str, int | None]:
    """Return quantiles, by nearest rank, of the characters of what is learned: replies, answers, chosen, texts."""
    ordered = sorted(len(text) for item in items if not item.reason for text in _learned(item.row))
    return {n: ordered[int(q * (len(ordered) - 1) + 0.5)] if ordered else None for n, q in QUANTILES.items()}


def _learned(row: Row) -> list[str]:
    replies = [m for name in ("messages", "chosen") for m in row.get(name) or [] if m.get("role") == "assistant"]
    return [str(m["content"]) for m in replies] or [
        str(row[name]) for name in ("answer", "summary", "text") if isinstance(row.get(name), str)
    ][:1]


def in_train_and_held_out(items: Sequence[Item]) -> int:
    """Count the train rows whose words, blanks aside, are those of a held-out row of this dataset."""
    words = [(item.row.get("split"), "".join(text_of(item.row).split())) for item in items if not item.reason]
    held_out = {text for split, text in words if split in ("validation", "test") and text}
    return sum(split == "train" and text in held_out for split, text in words)
