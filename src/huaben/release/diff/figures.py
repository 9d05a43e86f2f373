"""What the reports of two versions say against each other: gates, reasons, contamination, price, evaluation."""

from collections.abc import Iterator, Mapping
from typing import Any

from huaben.release.diff.noise import compare_figure
from huaben.release.diff.versions import Version
from huaben.release.metrics import in_order, names_of
from huaben.release.prices import total_cost

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
    """Return every metric of every model on both sides, and whether the change is more than noise (noise.py)."""
    old, new = _models(base), _models(head)
    if not old or not new:
        return None
    seeds = (_evaluation(base).get("seeds"), _evaluation(head).get("seeds"))
    rows = [
        {"model": model, "metric": metric, **compare_figure(old.get(model, {}), new.get(model, {}), metric, seeds)}
        for model in in_order({**old, **new})
        for metric in names_of({"old": old.get(model, {}), "new": new.get(model, {})})
    ]
    return {"metrics": rows, "is_the_same": old == new, "is_of_these_rows": head.is_trained, "seeds": list(seeds)}


def _evaluation(version: Version) -> dict[str, Any]:
    report = version.reports.get("evaluation")
    return report if isinstance(report, dict) else {}


def _models(version: Version) -> dict[str, Any]:
    models = _evaluation(version).get("models")
    return {n: m for n, m in models.items() if isinstance(m, dict)} if isinstance(models, dict) else {}


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
    return {
        stage: cost
        for stage, cost in sorted(found.items())
        if isinstance(cost, dict) and "currency" in cost and cost.get("replies")
    }
