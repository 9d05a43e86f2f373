"""Numbers made fit to print, and the geometry of bars: no value is computed here, only placed and rounded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from huaben.release.metrics import METRICS, in_order, names_of

WIDTH = 200.0
"""Of a bar's drawing, in its own units; the page stretches it."""


@dataclass(frozen=True)
class Bar:
    """A value on a scale that its metric's bars share; positions in units of `WIDTH`."""

    name: str
    is_baseline: bool
    value: float
    low: float | None
    high: float | None
    n: int | None
    start: float
    length: float
    low_at: float | None
    high_at: float | None


@dataclass(frozen=True)
class Metric:
    """One metric of all models and baselines."""

    name: str
    label: str
    meaning: str
    bars: tuple[Bar, ...]


def metrics_of(evaluation: Mapping[str, Any]) -> list[Metric]:
    """Return every metric that a model has, each with the models and then the baselines that have it."""
    models, baselines = in_order(evaluation.get("models", {})), evaluation.get("baselines", {})
    return [_metric(name, models, baselines) for name in names_of(models)]


def _metric(name: str, models: Mapping[str, Any], baselines: Mapping[str, Any]) -> Metric:
    sources = [(model, False, numbers) for model, numbers in models.items() if name in numbers]
    sources += [(baseline, True, numbers) for baseline, numbers in baselines.items() if name in numbers]
    reach = [
        float(numbers[key])
        for _, _, numbers in sources
        for key in (name, f"{name}_low", f"{name}_high")
        if key in numbers
    ]
    low, high = min(0.0, *reach), max(0.0, *reach)
    if low == 0.0 and high <= 1.0:
        high = 1.0  # a share is drawn against the whole
    scale = WIDTH / ((high - low) or 1.0)
    label, meaning = METRICS.get(name, (name.replace("_", " "), ""))
    bars = [_bar(name, source, low, scale) for source in sources]
    return Metric(name, label, meaning, tuple(bars))


def _bar(name: str, source: tuple[str, bool, Mapping[str, Any]], origin: float, scale: float) -> Bar:
    model, is_baseline, numbers = source
    value, low, high, n = (numbers.get(f"{name}{part}") for part in ("", "_low", "_high", "_n"))
    place = [(float(number) - origin) * scale if number is not None else None for number in (0.0, value, low, high)]
    zero, end = place[0] or 0.0, place[1] or 0.0
    count = None if n is None else int(n)
    return Bar(model, is_baseline, float(value or 0), low, high, count, min(zero, end), abs(end - zero), *place[2:])


@dataclass(frozen=True)
class Curve:
    """One measure over the steps of a phase, as the points of a polyline of `WIDTH` by 100."""

    name: str
    points: str
    first: float
    last: float
    low: float
    high: float
    first_step: int
    steps: int


def curves_of(logged: Sequence[Mapping[str, float]]) -> list[Curve]:
    """Return a curve for each measure that a phase logged; one that has a single point is none."""
    names = sorted({*(logged[0] if logged else ())} - {"step"}, key=lambda name: (name != "loss", name))
    return [_curve(name, [(float(one["step"]), float(one[name])) for one in logged]) for name in names if logged[1:]]


def _curve(name: str, points: Sequence[tuple[float, float]]) -> Curve:
    steps, values = zip(*points, strict=True)
    low, high = min(values), max(values)
    across, up = WIDTH / ((steps[-1] - steps[0]) or 1.0), 100 / ((high - low) or 1.0)
    drawn = " ".join(f"{(step - steps[0]) * across:.2f},{100 - (value - low) * up:.2f}" for step, value in points)
    return Curve(name, drawn, values[0], values[-1], low, high, int(steps[0]), int(steps[-1]))


def stacked(counts: Sequence[tuple[str, float]]) -> list[tuple[str, float, float]]:
    """Return (name, start, length) of the parts of one bar, in units of `WIDTH`; empty parts are left out."""
    total = sum(count for _, count in counts) or 1
    parts, start = [], 0.0
    for name, count in counts:
        length = WIDTH * count / total
        if count:
            parts.append((name, start, length))
        start += length
    return parts


def number(value: Any) -> str:
    """Return a value as people read it: 12,345, 0.713, yes, – for what is not there."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) or (isinstance(value, float) and (abs(value) >= 1000 or value == 0)):
        return f"{value:,.0f}"
    if isinstance(value, float):
        return f"{value:,.3f}" if abs(value) >= 0.001 else f"{value:.2g}"
    return str(value)
