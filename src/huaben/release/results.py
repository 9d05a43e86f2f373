"""The results of an evaluation as one table: a row a figure, a column a model, baselines beside."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from huaben.release.metrics import METRICS, in_order, names_of

BASE = "base"


@dataclass(frozen=True)
class Cell:
    """A model's figure; `is_like_base`: its interval and the base's have a point in common (None: not compared)."""

    value: float | None
    low: float | None
    high: float | None
    is_like_base: bool | None


@dataclass(frozen=True)
class Result:
    """One figure of all models, in the order of the table's columns, and of the baselines that have it."""

    name: str
    label: str
    meaning: str
    n: float | None
    cells: tuple[Cell, ...]
    baselines: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Results:
    """The table."""

    models: tuple[str, ...]
    rows: tuple[Result, ...]


def results_of(evaluation: Mapping[str, Any]) -> Results:
    """Return the table of an evaluation report."""
    models, baselines = in_order(evaluation.get("models", {})), evaluation.get("baselines", {})
    rows = [_result(name, models, baselines) for name in names_of(models)]
    return Results(tuple(models), tuple(rows))


def overlap(one: Mapping[str, Any], other: Mapping[str, Any], name: str) -> bool | None:
    """Tell whether two figures' intervals have a point in common; None where one has no interval."""
    low, high, other_low, other_high = (side.get(f"{name}_{end}") for side in (one, other) for end in ("low", "high"))
    if low is None or high is None or other_low is None or other_high is None:
        return None
    return bool(low <= other_high and other_low <= high)


def _result(name: str, models: Mapping[str, Any], baselines: Mapping[str, Any]) -> Result:
    label, meaning = METRICS.get(name, (name.replace("_", " "), ""))
    counts = [numbers[f"{name}_n"] for numbers in models.values() if f"{name}_n" in numbers]
    cells = [_cell(name, model, numbers, models.get(BASE, {})) for model, numbers in models.items()]
    beside = [(baseline, numbers[name]) for baseline, numbers in baselines.items() if name in numbers]
    return Result(name, label, meaning, counts[0] if counts else None, tuple(cells), tuple(beside))


def _cell(name: str, model: str, numbers: Mapping[str, Any], base: Mapping[str, Any]) -> Cell:
    value, low, high = (numbers.get(f"{name}{part}") for part in ("", "_low", "_high"))
    return Cell(value, low, high, None if model == BASE else overlap(numbers, base, name))
