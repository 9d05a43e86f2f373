"""What became of the rows of one dataset: counted, and each row that is not as it was, with its difference."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from huaben.files import Row
from huaben.release.diff.distributions import in_train_and_held_out, lengths, reasons, speakers, splits
from huaben.release.diff.edits import edited_lines, lines_of
from huaben.release.diff.pairing import Pairs, pair_rows, without_origin
from huaben.release.diff.rows import Item

KEPT, ABSENT = "kept", "not there"
NAMED = ("split", "speaker", "addressee", "kind", "decided_by", "character", "angle", "way")
"""Fields with few values: how often which became which is worth a line."""
HOW_DECIDED = {"certainty", "evidence", "decided_by"}
"""A change of these alone in a line is minor: its words and its speaker are as they were."""
OUTCOMES = ("added", "removed", "changed", "dropped", "restored")
"""`dropped`: kept before, dropped now; `restored`: the other way round; `removed`: not even dropped."""


def compare_rows(base: Sequence[Item], head: Sequence[Item]) -> dict[str, Any]:
    """Return the difference of one dataset as JSON values.

    `counts` add up: rows of the head = rows of the base + added + restored - removed - dropped.
    """
    columns = _columns(base, head)
    pairs = pair_rows(_pruned(base, columns["gone"]), _pruned(head, columns["new"]))
    rows = {outcome: list(found) for outcome, found in _outcomes(pairs).items()}
    kept = [(a, b) for a, b in pairs.both if not a.reason and not b.reason]
    counts = {outcome: len(rows[outcome]) for outcome in OUTCOMES}
    counts["minor"] = sum(row["is_minor"] for row in rows["changed"])
    counts |= {"moved": sum(a.row != b.row for a, b in kept) - counts["changed"]}
    return {
        "rows": {"base": splits(base), "head": splits(head)},
        "counts": counts | {"same": len(kept) - counts["changed"] - counts["moved"]},
        "columns": columns,
        "fields": dict(sorted(Counter(name for row in rows["changed"] for name in row["fields"]).items())),
        "values": _values(kept),
        "ways": _ways(pairs),
        "reasons": _before_after(reasons(base), reasons(head)),
        "unpaired_for_size": pairs.too_many,
        "lengths": {"base": lengths(base), "head": lengths(head)},
        "speakers": _before_after(speakers(base), speakers(head)),
        "in_train_and_held_out": {"base": in_train_and_held_out(base), "head": in_train_and_held_out(head)},
        **rows,
    }


def _outcomes(pairs: Pairs) -> dict[str, Iterator[dict[str, Any]]]:
    both = pairs.both
    return {
        "added": (_entry(item) for item in pairs.head if not item.reason),
        "removed": (_entry(item) for item in pairs.base if not item.reason),
        "changed": (_change(a, b) for a, b in both if not a.reason and not b.reason and _differ(a, b)),
        "dropped": (_crossing(a, b, b.reason) for a, b in both if not a.reason and b.reason),
        "restored": (_crossing(b, a, a.reason) for a, b in both if a.reason and not b.reason),
    }


def _crossing(kept: Item, dropped: Item, reason: str) -> dict[str, Any]:
    """Return a row that one version keeps and the other drops, and how the two differ if they do.

    A conversation is dropped as it was before it was cleaned, which says nothing.
    """
    is_other = "messages" not in kept.row and _differ(kept, dropped)
    edits = edited_lines(kept.row, dropped.row) if is_other else []
    return {**_entry(kept, reason), "from_kept_to_dropped": [[list(piece) for piece in line] for line in edits]}


def _entry(item: Item, reason: str | None = None) -> dict[str, Any]:
    """Return what a reviewer needs of a row: which it is, and its lines."""
    found = {"record_id": item.row["record_id"], "split": item.row.get("split"), "chapter": _chapter(item)}
    told = {name: value for name, value in item.row.items() if name != "split" and value is not None}
    return {**found, **({"reason": reason} if reason else {}), "lines": lines_of(told)}


def _change(before: Item, after: Item) -> dict[str, Any]:
    fields = _changed_fields(before.row, after.row)
    return {
        "record_id": after.row["record_id"],
        "record_id_before": before.row["record_id"],
        "split": after.row.get("split"),
        "chapter": _chapter(after),
        "about": _about(after.row, fields),
        "fields": fields,
        "is_minor": "decided_by" in after.row and set(fields) <= HOW_DECIDED,
        "edits": [[list(piece) for piece in line] for line in edited_lines(before.row, after.row)],
    }


def _about(row: Row, fields: Sequence[str]) -> str:
    """Return by which words a reader knows the row, where they did not change."""
    known = next((name for name in ("text", "question") if isinstance(row.get(name), str)), None)
    return str(row[known]) if known and known not in fields else ""


def _differ(before: Item, after: Item) -> bool:
    return bool(without_origin(before.row) != without_origin(after.row))


def _changed_fields(before: Row, after: Row) -> list[str]:
    old, new = without_origin(before), without_origin(after)
    return sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))


def _values(kept: Sequence[tuple[Item, Item]]) -> list[dict[str, Any]]:
    """Return how often a value of a named field became which other one, the most frequent first."""
    found = Counter(
        (name, a.row.get(name), b.row.get(name))
        for a, b in kept
        for name in NAMED
        if a.row.get(name) != b.row.get(name) and isinstance(a.row.get(name) or b.row.get(name), str)
    )
    ordered = sorted(found.items(), key=lambda pair: (-pair[1], str(pair[0])))
    return [{"field": name, "before": old, "after": new, "rows": rows} for (name, old, new), rows in ordered]


def _ways(pairs: Pairs) -> list[dict[str, Any]]:
    """Return where rows came from and went to, between kept, each reason to drop, and not there at all."""
    found = Counter((a.reason or KEPT, b.reason or KEPT) for a, b in pairs.both)
    found += Counter((a.reason or KEPT, ABSENT) for a in pairs.base)
    found += Counter((ABSENT, b.reason or KEPT) for b in pairs.head)
    ordered = sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))
    return [{"before": old, "after": new, "rows": rows} for (old, new), rows in ordered if old != new]


def _columns(base: Sequence[Item], head: Sequence[Item]) -> dict[str, list[str]]:
    """Return the fields, as dotted names, that only the one or the other version's rows have.

    They are told once and not compared: a new column is no change of each row.
    """
    old, new = ({path for item in items if not item.reason for path in _paths(item.row)} for items in (base, head))
    return {"new": sorted(new - old) if old and new else [], "gone": sorted(old - new) if old and new else []}


def _paths(value: Any, path: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield f"{path}{name}"
            yield from _paths(inner, f"{path}{name}.")
    elif isinstance(value, list):
        for inner in value:
            yield from _paths(inner, path)


def _pruned(items: Sequence[Item], columns: Sequence[str]) -> list[Item]:
    gone = frozenset(columns)
    return [Item(_without(item.row, gone, ""), item.reason) for item in items] if gone else list(items)


def _without(value: Any, gone: frozenset[str], path: str) -> Any:
    if isinstance(value, dict):
        kept = {name: inner for name, inner in value.items() if f"{path}{name}" not in gone}
        return {name: _without(inner, gone, f"{path}{name}.") for name, inner in kept.items()}
    return [_without(inner, gone, path) for inner in value] if isinstance(value, list) else value


def _chapter(item: Item) -> Any:
    origin = item.row["provenance"]
    return origin.get("chapter") if isinstance(origin, dict) else None


def _before_after(base: Mapping[str, int], head: Mapping[str, int]) -> dict[str, list[int]]:
    return {name: [base.get(name, 0), head.get(name, 0)] for name in sorted({*base, *head})}
