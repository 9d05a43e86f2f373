"""What the reports of two versions say against each other: gates, reasons, contamination, price, evaluation."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from huaben.release.prices import total_cost
from huaben.release.versions import Version

PARTS = ("_low", "_high", "_n")
LEAKAGE = ("contamination", "prompt_disjoint", "split")
"""Gates over what crosses the line between train and held-out."""
COUNTED = ("ok", "empty", "skipped", "failed", "rows")


def compare_gates(base: Version, head: Version) -> dict[str, Any] | None:
    """Return the gates that flipped, came, went or have another limit; None where a version has no gate report."""
    old, new = _gates(base), _gates(head)
    if old is None or new is None:
        return None
    both = sorted(old.keys() & new.keys())
    changed = [name for name in both if old[name].get("passed") != new[name].get("passed")]
    failing = {name for name, gate in new.items() if not gate.get("passed")}
    return {
        "passed": [base.reports["gates"].get("passed"), head.reports["gates"].get("passed")],
        "held": [_held(old), _held(new)],
        "all": [len(old), len(new)],
        "broken": [_gate(name, old, new) for name in changed if not new[name].get("passed")],
        "mended": [_gate(name, old, new) for name in changed if new[name].get("passed")],
        "failing": [_gate(name, old, new) for name in sorted(failing - {*changed})],
        "limits": [_gate(name, old, new) for name in both if _of(old[name], "limit") != _of(new[name], "limit")],
        "new": sorted(new.keys() - old.keys()),
        "gone": sorted(old.keys() - new.keys()),
    }


def compare_leakage(base: Version, head: Version) -> list[dict[str, Any]]:
    """Return what the gates over contamination observed, where they have it on both sides."""
    old, new = _gates(base) or {}, _gates(head) or {}
    names = [name for name in sorted(old.keys() & new.keys()) if name.rsplit(".", 1)[-1] in LEAKAGE]
    return [_gate(name, old, new) for name in names]


def compare_stages(base: Version, head: Version) -> list[dict[str, Any]]:
    """Return the counts of the stages' coverage reports that changed: units, rows, reasons."""
    old, new = (dict(_counts(version)) for version in (base, head))
    known = {stage for stage, _ in old} & {stage for stage, _ in new}
    names = sorted({name for name in old.keys() | new.keys() if name[0] in known})
    rows = [{"stage": s, "what": w, "before": old.get((s, w), 0), "after": new.get((s, w), 0)} for s, w in names]
    return [row for row in rows if row["before"] != row["after"]]


def compare_price(base: Version, head: Version) -> dict[str, Any] | None:
    """Return the totals of each currency on both sides, and every figure of a stage's cost that changed."""
    old, new = _costs(base), _costs(head)
    if not old or not new:
        return None
    changed = [
        {"stage": stage, "what": what, "before": before, "after": after}
        for stage in sorted(old.keys() | new.keys())
        for what in sorted({*old.get(stage, {}), *new.get(stage, {})})
        if (before := old.get(stage, {}).get(what)) != (after := new.get(stage, {}).get(what))
    ]
    return {"base": total_cost(old), "head": total_cost(new), "changed": changed}


def compare_evaluation(base: Version, head: Version) -> dict[str, Any] | None:
    """Return every metric of every model on both sides, and whether the difference is more than noise.

    `is_noise` is true where the two 95 % intervals overlap, which is more cautious than a test of the
    difference; false where they do not; None where there is none, or nothing changed.
    """
    old, new = _models(base), _models(head)
    if not old or not new:
        return None
    rows = [
        {"model": model, "metric": metric, **_measured(old.get(model, {}), new.get(model, {}), metric)}
        for model in sorted({*old, *new})
        for metric in sorted({*old.get(model, {}), *new.get(model, {})})
        if not metric.endswith(PARTS)
    ]
    return {"metrics": rows, "is_the_same": old == new, "is_of_these_rows": head.is_trained}


def _models(version: Version) -> dict[str, Any]:
    report = version.reports.get("evaluation")
    models = report.get("models") if isinstance(report, dict) else None
    return models if isinstance(models, dict) else {}


def _measured(old: Mapping[str, Any], new: Mapping[str, Any], metric: str) -> dict[str, Any]:
    before, after = ([side.get(f"{metric}{part}") for part in ("", *PARTS[:2])] for side in (old, new))
    is_noise = None
    if None not in (*before, *after) and before[0] != after[0]:
        is_noise = _overlap(before, after)
    return {"before": before, "after": after, "is_noise": is_noise}


def _overlap(before: Sequence[Any], after: Sequence[Any]) -> bool:
    """Tell whether the intervals of two measurements (value, low, high) have a point in common."""
    return bool(before[1] <= after[2] and after[1] <= before[2])


def _gates(version: Version) -> dict[str, Any] | None:
    report = version.reports.get("gates")
    gates = report.get("gates") if isinstance(report, dict) else None
    return {n: g for n, g in gates.items() if isinstance(g, dict)} if isinstance(gates, dict) else None


def _held(gates: Mapping[str, Any]) -> int:
    return sum(bool(gate.get("passed")) for gate in gates.values())


def _gate(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    before, after = old.get(name, {}), new.get(name, {})
    sides = {what: [_of(before, what), _of(after, what)] for what in ("observed", "limit", "rows")}
    return {"name": name, "severity": after.get("severity"), "passed": after.get("passed"), **sides}


def _of(gate: Mapping[str, Any], what: str) -> Any:
    return gate.get(what)


def _counts(version: Version) -> Iterator[tuple[tuple[str, str], int]]:
    for name, report in version.reports.items():
        if name.startswith("coverage/") and isinstance(report, dict):
            stage = name.removeprefix("coverage/")
            yield from (((stage, what), report[what]) for what in COUNTED if isinstance(report.get(what), int))
            for kind in ("reasons", "dropped", "repaired"):
                counts = report.get(kind)
                for reason, count in counts.items() if isinstance(counts, dict) else ():
                    yield (stage, f"{kind}: {reason}"), count


def _costs(version: Version) -> dict[str, Any]:
    found = {name.removeprefix("cost/"): cost for name, cost in version.reports.items() if name.startswith("cost/")}
    return {stage: cost for stage, cost in sorted(found.items()) if isinstance(cost, dict) and "currency" in cost}
