"""What became of every unit of a stage's work, and of every record of a filter."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

from huaben.errors import HuabenError

Outcome = Literal["ok", "empty", "skipped", "failed"]


@dataclass
class Coverage:
    """Counts of a stage's units by outcome, and of its dropped rows by reason.

    `reasons` counts why units are not `ok`; `dropped` why rows inside `ok` units were refused; `repaired` what
    was mended in replies before they could be read.
    """

    stage: str
    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    repaired: Counter[str] = field(default_factory=Counter)
    rows: int = 0
    open_units: int = 0
    """Failed units that a later run could still get; as long as there are any, the stage exits 1."""

    def add(self, outcome: Outcome, reason: str | None = None, permanent: bool = True) -> None:
        """Count one unit; `permanent=False` marks a failure that a later run could mend."""
        self.outcomes[outcome] += 1
        if reason:
            self.reasons[reason] += 1
        if outcome == "failed" and not permanent:
            self.open_units += 1

    @property
    def units(self) -> int:
        """All units, whatever became of them."""
        return sum(self.outcomes.values())

    def as_metrics(self) -> dict[str, Any]:
        """Return the flat shape of `reports/coverage/<stage>.json`."""
        counts = {name: self.outcomes[name] for name in ("ok", "empty", "skipped", "failed")}
        return {
            "units": self.units,
            **counts,
            "rows": self.rows,
            "reasons": dict(sorted(self.reasons.items())),
            "dropped": dict(sorted(self.dropped.items())),
            "repaired": dict(sorted(self.repaired.items())),
        }

    def check(self, max_failed: float, advice: str) -> None:
        """Raise when a unit could still be had, or more than the share `max_failed` of the units failed for good."""
        failed = self.outcomes["failed"]
        listing = ", ".join(f"{reason}: {count}" for reason, count in self.reasons.most_common(5))
        if self.open_units:
            raise HuabenError(
                f"{self.stage}: {self.open_units} of {self.units} units are still missing ({listing}). {advice}"
            )
        if failed and failed / self.units > max_failed:
            raise HuabenError(
                f"{self.stage}: {failed} of {self.units} units failed ({listing}); allowed: {max_failed:.4g} of them"
            )

    def require_rows(self, advice: str) -> None:
        """Raise when the stage did its work and made no row; a stage that was skipped made none by intention."""
        if not self.rows and self.outcomes["skipped"] < self.units:
            counts = f"{self.units} units, {self.outcomes['ok']} ok"
            reasons = (self.reasons + self.dropped).most_common(5)
            listing = ", ".join(f"{reason}: {count}" for reason, count in reasons)
            raise HuabenError(f"{self.stage}: ran and made no rows ({counts}; {listing or 'no reasons'}). {advice}")
