"""Tell whether a change of a figure is more than two trainings on the same data would have shown.

Each version was trained from several seeds. The change of a figure's mean over them gets the 95 %
interval of Welch's t (Welch, 1947), from the deviations between the seeds: within the noise where it
holds 0. With five seeds a side that is about 2.3 standard errors, with three about 2.8. Without seeds on
both sides the two intervals of the report decide: within the noise where they overlap, which is more
cautious.
"""

import math
from collections.abc import Mapping
from typing import Any

from huaben.release.results import overlap


def compare_figure(
    old: Mapping[str, Any], new: Mapping[str, Any], metric: str, seeds: tuple[Any, Any]
) -> dict[str, Any]:
    """Return `before` and `after` (value, low, high), `change` (the same), `is_noise` and who `judged` it.

    `is_noise` is None where nothing changed or nothing can judge; `change` is None where a side lacks the
    figure, its ends where seeds cannot tell them. `items` are how many were asked on each side.
    """
    before, after = ([side.get(f"{metric}{part}") for part in ("", "_low", "_high")] for side in (old, new))
    found = {"before": before, "after": after, "items": [side.get(f"{metric}_n") for side in (old, new)]}
    value, other = before[0], after[0]
    if not isinstance(value, int | float) or not isinstance(other, int | float):
        return {**found, "change": None, "is_noise": None, "judged": None}
    change, error = other - value, _half_width(old, new, metric, seeds)
    ends = [None, None] if error is None else [change - error, change + error]
    by_intervals = overlap(old, new, metric)
    is_noise = None if not change else by_intervals if error is None else abs(change) <= error
    judged = None if is_noise is None else "intervals" if error is None else "seeds"
    return {**found, "change": [change, *ends], "is_noise": is_noise, "judged": judged}


def _half_width(old: Mapping[str, Any], new: Mapping[str, Any], metric: str, seeds: tuple[Any, Any]) -> float | None:
    """Return half of the change's interval; None without a deviation between seeds on both sides."""
    variances, counts = [], []
    for side, count in zip((old, new), seeds, strict=True):
        deviation = side.get(f"{metric}_seeds")
        if not isinstance(deviation, int | float) or not isinstance(count, int) or count < 2:
            return None
        variances.append(deviation**2 / count)
        counts.append(count)
    if not sum(variances):
        return 0.0
    from scipy.stats import t

    freedom = sum(variances) ** 2 / sum(v**2 / (count - 1) for v, count in zip(variances, counts, strict=True))
    return float(t.ppf(0.975, freedom)) * math.sqrt(sum(variances))
