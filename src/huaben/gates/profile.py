"""`reports/profile.json`: each dataset in flat numbers, so that `dvc metrics diff` shows what a change did."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from huaben.gates.crossrecord import texts_are_verbatim
from huaben.gates.frame import Item, key_text
from huaben.gates.tables import Novel, Table
from huaben.records import QA, Conversation, Line, Message, Preference, Summary

TOP_SPEAKERS = 100
"""The hundredth speaker has at most one line in a hundred; whoever comes later is counted together."""
QUANTILES = {"p05": 0.05, "p50": 0.5, "p95": 0.95}
DECIDED = ("rule", "model")


def make_profile(tables: Mapping[str, Table], novel: Novel | None) -> dict[str, dict[str, Any]]:
    """Return the numbers of every dataset: rows, splits, lengths in characters, and what is its own."""
    return {dataset: _profile(table, novel, tables.get("lines")) for dataset, table in tables.items()}


def quantiles(lengths: Sequence[int]) -> dict[str, int]:
    """Return quantiles by nearest rank, which are lengths that occur."""
    ordered = sorted(lengths) or [0]
    return {f"characters_{name}": ordered[int(q * (len(ordered) - 1) + 0.5)] for name, q in QUANTILES.items()}


def _profile(table: Table, novel: Novel | None, lines: Table | None) -> dict[str, Any]:
    items = table.items
    splits = Counter(item.split for item in items)
    counts = {"rows": len(items), **{split: splits[split] for split in ("train", "validation", "test")}}
    if not items:
        return counts
    distinct = len({key_text(item) for item in items})
    return {
        **counts,
        **_chapters(items, novel),
        "duplicate_share": _share(len(items) - distinct, len(items)),
        **quantiles([len(text) for item in items for text in _measured(item)]),
        **_verbatim(table, novel, lines),
        **_novel_share(items),
        **_speakers(items),
        **_ways(items),
    }


def _chapters(items: Sequence[Item], novel: Novel | None) -> dict[str, int]:
    """Return the number of chapters with a row and, when the novel is known, of those without."""
    found = {item.provenance.chapter for item in items} - {0}
    return {"chapters": len(found), **({"uncovered_chapters": len(set(novel.chapters) - found)} if novel else {})}


def _measured(item: Item) -> list[str]:
    """Return the texts whose length counts: the reply, the answer, the chosen side, or the text itself."""
    match item:
        case Conversation():
            return [message.content for message in item.messages if message.role == "assistant"]
        case QA():
            return [item.answer]
        case Preference():
            return [item.chosen[0].content]
        case Summary():
            return [item.summary]
        case _:
            return [item.text]


def _verbatim(table: Table, novel: Novel | None, lines: Table | None) -> dict[str, float]:
    finding = texts_are_verbatim(table, novel, lines) if novel else None
    if not finding or not finding.checked:
        return {}
    return {"verbatim_share": _share(finding.checked - finding.bad, finding.checked)}


def _novel_share(items: Sequence[Item]) -> dict[str, float]:
    """Return the share of all messages that say they are the novel's."""
    origins = [message.origin for item in items for message in _messages(item)]
    return {"novel_share": _share(origins.count("novel"), len(origins))} if origins else {}


def _messages(item: Item) -> Sequence[Message]:
    match item:
        case Conversation():
            return item.messages
        case Preference():
            return (*item.prompt, *item.chosen, *item.rejected)
        case _:
            return ()


def _speakers(items: Sequence[Item]) -> dict[str, Any]:
    """Return who speaks how often (lines, and messages of conversations), of how many, and who decided it (lines)."""
    lines = [item for item in items if isinstance(item, Line)]
    spoken = [line.speaker for line in lines if line.speaker]
    spoken += [m.speaker for item in items if isinstance(item, Conversation) for m in item.messages if m.speaker]
    top = sorted(Counter(spoken).items(), key=lambda pair: (-pair[1], pair[0]))[:TOP_SPEAKERS]
    shares: Counter[str] = Counter(line.decided_by or "unknown" for line in lines)
    decided = {f"decided_{who}_share": _share(shares[who], len(lines)) for who in DECIDED} if lines else {}
    unknown = {"unknown_speaker_share": _share(sum(not line.speaker for line in lines), len(lines))} if lines else {}
    told = {"speakers": dict(top), "spoken": max(len(spoken), len(lines))} if top or lines else {}
    return {**told, **decided, **unknown}


def _ways(items: Sequence[Item]) -> dict[str, int]:
    ways = Counter(item.way for item in items if isinstance(item, Preference))
    angles = Counter(item.angle for item in items if isinstance(item, QA))
    return {f"way_{k}": n for k, n in sorted(ways.items())} | {f"angle_{k}": n for k, n in sorted(angles.items())}


def _share(part: int, whole: int) -> float:
    return round(part / whole, 6)
