"""What a gate says: one rule over one dataset, held or broken, and by how many rows.

A rule returns a `Finding`; `attempt` makes the gate of it. A rule that found nothing to look at, or
that raised, is broken: a gate passes only on evidence.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from huaben.errors import HuabenError

Kind = Literal["schema", "suite", "crossrecord", "drift"]
Severity = Literal["critical", "warning"]
Scalar = bool | int | float | str | None
LONGEST = 160
"""Characters of a string in the report: enough for a rule or a reason, too few for a passage."""


@dataclass(frozen=True)
class Finding:
    """What a rule found: `bad` of `checked` things break it; `observed` stands against `limit`."""

    bad: int
    checked: int
    observed: Scalar = None
    """What was measured; None: the number of bad things."""
    limit: Scalar = 0


@dataclass(frozen=True)
class Gate:
    """One line of `reports/gates.json`."""

    dataset: str
    kind: Kind
    name: str
    severity: Severity
    passed: bool
    observed: Scalar
    limit: Scalar
    rows: int

    @property
    def key(self) -> str:
        """The stable name, such as `dialogue.schema.min_reply_characters`."""
        return f"{self.dataset}.{self.kind}.{self.name}"

    def as_metrics(self) -> dict[str, Scalar]:
        """Return the gate's value under its key in the report."""
        return {
            "dataset": self.dataset,
            "kind": self.kind,
            "severity": self.severity,
            "passed": self.passed,
            "observed": scalar(self.observed),
            "limit": scalar(self.limit),
            "rows": self.rows,
        }


@dataclass
class Judged:
    """The gates that were run, and those that were not, by their keys, with the reason.

    What was not run has not passed: it is counted nowhere, and told with its reason.
    """

    gates: list[Gate] = field(default_factory=list)
    not_run: dict[str, str] = field(default_factory=dict)

    def add(self, other: "Judged") -> None:
        """Take in another part of the verdict."""
        self.gates += other.gates
        self.not_run |= other.not_run

    @property
    def passed(self) -> bool:
        """Whether there are gates, and every critical one of them passed."""
        return bool(self.gates) and all(gate.passed or gate.severity == "warning" for gate in self.gates)


def attempt(dataset: str, kind: Kind, name: str, rule: Callable[[], Finding], severity: Severity = "critical") -> Gate:
    """Run one rule and return its gate; an exception breaks this gate and hides no other."""
    try:
        finding = rule()
    except Exception as error:  # whatever went wrong, the rule has not been shown to hold
        return broken(dataset, kind, name, error, severity)
    return judge(dataset, kind, name, finding, severity)


def judge(dataset: str, kind: Kind, name: str, finding: Finding, severity: Severity = "critical") -> Gate:
    """Return the gate of a finding: passed when there was something to check and nothing of it is bad."""
    observed = finding.bad if finding.observed is None else finding.observed
    if not finding.checked:
        return Gate(dataset, kind, name, severity, False, "nothing to check", finding.limit, 0)
    return Gate(dataset, kind, name, severity, finding.bad == 0, observed, finding.limit, finding.bad)


def broken(dataset: str, kind: Kind, name: str, error: Exception, severity: Severity = "critical") -> Gate:
    """Return the failed gate of a rule that could not be run."""
    return Gate(dataset, kind, name, severity, False, short_reason(error), "runs without error", 0)


def short_reason(error: Exception) -> str:
    """Return why, in one line; only our own messages are quoted, as others may hold text of the novel."""
    return str(error).split("\n")[0] if isinstance(error, HuabenError) else type(error).__name__


def scalar(value: Any) -> Scalar:
    """Return `value` as a JSON scalar: NumPy numbers unwrapped, floats rounded and finite, strings short."""
    if hasattr(value, "item"):
        value = value.item()
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else str(value)
    return str(value)[:LONGEST]
