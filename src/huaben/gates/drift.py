"""Drift: today's profile held against the one that was accepted last (`huaben accept`).

The rules are the functions below; their limits, reasons and datasets stand in `schemas/drift.yaml`. Each is
critical: what moved further than its limit passes only when a person accepts it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from huaben.errors import HuabenError, InputError
from huaben.gates.baseline import NO_BASELINE, read_baseline
from huaben.gates.gate import Finding, Judged, attempt, broken
from huaben.records import DATASETS
from huaben.yamlfile import load_yaml

Profile = Mapping[str, Any]
Change = Callable[[Profile, Profile], float]
KEYS = frozenset(["name", "limit", "datasets", "reason"])
QUANTILES = ("characters_p05", "characters_p50", "characters_p95")
SHORTEST = 10
"""Lengths below so many characters count as so many: one character more or less is no drift."""


@dataclass(frozen=True)
class Rule:
    """One rule of `schemas/drift.yaml`: how much a dataset may have changed."""

    name: str
    limit: float
    datasets: tuple[str, ...]


def check_drift(profile: Profile, made: list[str], baseline: Path, limits: Path) -> Judged:
    """Return the gates of drift: `datasets`, and one for each rule and dataset; without a baseline none is run.

    A dataset that has no row is not held against anything: its gate `rows` has failed.
    """
    try:
        rules = load_limits(limits)
        accepted = read_baseline(baseline)
    except Exception as error:  # limits or a baseline that cannot be read let nothing pass
        return Judged([broken("all", "drift", "baseline", error)])
    pairs = [(rule, name) for rule in rules for name in rule.datasets if name in made]
    if accepted is None:
        names = ["all.drift.datasets", *(f"{name}.drift.{rule.name}" for rule, name in pairs)]
        return Judged([], dict.fromkeys(names, NO_BASELINE))
    judged = Judged([attempt("all", "drift", "datasets", partial(same_datasets, made, accepted))])
    for rule, name in pairs:
        if name in accepted and profile.get(name, {}).get("rows"):
            finding = partial(_moved, rule, profile[name], accepted[name])
            judged.gates.append(attempt(name, "drift", rule.name, finding))
        else:
            judged.not_run[f"{name}.drift.{rule.name}"] = "no rows, or no accepted profile of this dataset"
    return judged


def load_limits(path: Path) -> list[Rule]:
    """Read the limits; an unknown rule, key or dataset, or a limit that cannot be broken, is an InputError."""
    content = load_yaml(path)
    _require(isinstance(content, dict) and set(content) == {"description", "rules"}, path, "description and rules")
    _require(isinstance(content["rules"], list) and bool(content["rules"]), path, "a rule")
    rules = [_rule(entry, path) for entry in content["rules"]]
    _require(len({rule.name for rule in rules}) == len(rules), path, "each rule once")
    return rules


def same_datasets(made: list[str], accepted: Profile) -> Finding:
    """Require the datasets that were accepted: none more, none less."""
    differing = sorted(set(made) ^ set(accepted))
    return Finding(len(differing), len(accepted), ", ".join(differing) or "as accepted", "as accepted")


def rows_changed(today: Profile, accepted: Profile) -> float:
    """Return the rows gained (lost: negative) as a share of the accepted ones."""
    return float((today["rows"] - accepted["rows"]) / accepted["rows"])


def chapters_lost(today: Profile, accepted: Profile) -> float:
    """Return how many chapters more than accepted have no row; fewer is no drift."""
    return float(max(0, today["uncovered_chapters"] - accepted["uncovered_chapters"]))


def lengths_changed(today: Profile, accepted: Profile) -> float:
    """Return the largest change of a quantile, relative to the larger of both values and to `SHORTEST`."""
    pairs = [(today[name], accepted[name]) for name in QUANTILES]
    return float(max(abs(a - b) / max(a, b, SHORTEST) for a, b in pairs))


def speakers_moved(today: Profile, accepted: Profile) -> float:
    """Return the total variation distance between the speakers' shares (half the sum of the differences)."""
    now, then = _shares(today), _shares(accepted)
    return sum(abs(now.get(name, 0) - then.get(name, 0)) for name in now | then) / 2


def duplicates_gained(today: Profile, accepted: Profile) -> float:
    """Return the gain of the share of copies; a loss is no drift."""
    return max(0.0, float(today["duplicate_share"] - accepted["duplicate_share"]))


def novel_share_changed(today: Profile, accepted: Profile) -> float:
    """Return the change of the share of messages that are the novel's own."""
    return float(today["novel_share"] - accepted["novel_share"])


RULES: dict[str, Change] = {
    "rows": rows_changed,
    "chapters": chapters_lost,
    "lengths": lengths_changed,
    "speakers": speakers_moved,
    "duplicates": duplicates_gained,
    "novel_share": novel_share_changed,
}


def _shares(profile: Profile) -> dict[str | None, float]:
    """Return each speaker's share; None: the unknown and the rare ones together."""
    counts, total = profile["speakers"], profile["spoken"]
    return {**{name: n / total for name, n in counts.items()}, None: 1 - sum(counts.values()) / total}


def _moved(rule: Rule, today: Profile, accepted: Profile) -> Finding:
    try:
        change = RULES[rule.name](today, accepted)
    except (KeyError, TypeError, ZeroDivisionError) as error:
        raise HuabenError("the accepted profile lacks a number; look at the data, then `huaben accept`") from error
    # rounded like the profile's shares, so that a change of just the limit is not a matter of the last bit
    return Finding(int(not abs(round(change, 6)) <= rule.limit), 1, change, rule.limit)


def _rule(entry: Any, path: Path) -> Rule:
    _require(isinstance(entry, dict) and set(entry) == KEYS, path, f"exactly the keys {sorted(KEYS)} of each rule")
    name, limit, datasets = entry["name"], entry["limit"], entry["datasets"]
    where = f"{path}: rule {name!r}"
    _require(isinstance(name, str) and name in RULES, where, f"a name of {sorted(RULES)}")
    _require(isinstance(limit, int | float) and not isinstance(limit, bool), where, "a number as its limit")
    _require(0 <= limit < 1, where, "a limit from 0 to under 1, or it would let nearly anything pass")
    known = (
        isinstance(datasets, list) and bool(datasets) and all(isinstance(d, str) and d in DATASETS for d in datasets)
    )
    _require(known and len(set(datasets)) == len(datasets), where, f"datasets of {list(DATASETS)}, each once")
    _require(isinstance(entry["reason"], str) and bool(entry["reason"].strip()), where, "a reason in words")
    return Rule(name, float(limit), tuple(datasets))


def _require(holds: bool, where: Path | str, what: str) -> None:
    if not holds:
        raise InputError(f"{where}: the limits of drift need {what}")
