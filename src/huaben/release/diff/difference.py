"""What a change did to the data (`huaben diff`): two versions in, one JSON value out.

The value holds everything, and no time, no place of this machine: equal versions give equal bytes. What
people read is made from it in `difftext.py`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from huaben.records import DATASETS
from huaben.release.diff.changes import compare_rows
from huaben.release.diff.edits import edited_words
from huaben.release.diff.figures import (
    compare_evaluation,
    compare_gates,
    compare_leakage,
    compare_price,
    compare_stages,
)
from huaben.release.diff.versions import Say, Version, open_version, same_commit

LONG = 40
"""Characters of a parameter from which on its two values are no longer told apart at a glance."""


def diff(root: Path, base: str, head: str | None, say: Say) -> dict[str, Any]:
    """Compare two versions: revisions of the repository at `root`, folders, releases; a head of None is the disk.

    `say` is told when rows must be made again. Raises InputError for a name that means nothing.
    """
    if commit := same_commit(root, base, head):
        return compare(*(Version(str(name), commit, rows={}) for name in (base, head)))
    return compare(open_version(root, base, say), open_version(root, head, say))


def compare(base: Version, head: Version) -> dict[str, Any]:
    """Return the difference of two versions. `datasets` is None where one has no rows to compare."""
    rows = None
    if base.rows is not None and head.rows is not None:
        names = sorted({*base.rows, *head.rows}, key=_place)
        rows = {name: compare_rows(base.rows.get(name, ()), head.rows.get(name, ())) for name in names}
    return {
        "base": _side(base),
        "head": _side(head),
        "is_same_revision": base.commit is not None and base.commit == head.commit,
        "inputs": _inputs(base, head),
        "params": _params(base, head),
        "texts": _texts(_params(base, head) or {}),
        "gates": compare_gates(base, head),
        "datasets": rows,
        "stages": compare_stages(base, head),
        "leakage": compare_leakage(base, head),
        "price": compare_price(base, head),
        "evaluation": compare_evaluation(base, head),
    }


def _side(version: Version) -> dict[str, Any]:
    return {
        "name": version.name,
        "commit": version.commit,
        "has_rows": version.rows is not None,
        "notes": list(version.notes),
    }


def _place(dataset: str) -> tuple[int, str]:
    known = list(DATASETS)
    return (known.index(dataset) if dataset in known else len(known)), dataset


def _inputs(base: Version, head: Version) -> dict[str, str] | None:
    """Return what became of the files that the stages read: `changed`, `new` or `gone`; None for a release."""
    old, new = base.inputs, head.inputs
    if old is None or new is None:
        return None
    ways = {name: "new" if name not in old else "gone" if name not in new else "changed" for name in {**old, **new}}
    return {name: ways[name] for name in sorted(ways) if old.get(name) != new.get(name)}


def _params(base: Version, head: Version) -> dict[str, list[Any]] | None:
    """Return the parameters that differ, by dotted name: their values before and after; None for a release."""
    if base.params is None or head.params is None:
        return None
    old, new = dict(_flat(base.params, "")), dict(_flat(head.params, ""))
    names = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
    return {name: [old.get(name), new.get(name)] for name in names}


def _texts(params: Mapping[str, Sequence[Any]]) -> dict[str, list[list[str]]]:
    """Return what changed in parameters that are long texts, such as a persona, as pieces."""
    long = {name: pair for name, pair in params.items() if all(isinstance(v, str) and len(v) > LONG for v in pair)}
    return {name: [list(piece) for piece in edited_words(*pair)] for name, pair in long.items()}


def _flat(value: Any, path: str) -> list[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        return [pair for name, inner in value.items() for pair in _flat(inner, f"{path}.{name}".lstrip("."))]
    return [(path, value)]
