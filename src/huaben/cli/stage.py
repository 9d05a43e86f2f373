"""What every stage's command does: read the parameters, hold the lock, count its units, say what happened."""

from collections.abc import Callable, Mapping
from functools import wraps

import click

from huaben import __version__
from huaben.cli import paths
from huaben.cli.guard import alone
from huaben.coverage import Coverage, Outcome
from huaben.errors import InputError
from huaben.files import write_metrics
from huaben.params import CastMember, Params, load_cast, load_params


def stage(run: Callable[[Params], Coverage | None]) -> click.Command:
    """Make a command of a stage: params read, lock held, a summary line at the end."""

    @wraps(run)
    def command() -> None:
        params = read_params()
        with alone():
            coverage = run(params)
        if coverage:
            click.echo(summary_line(coverage))

    return click.command(help=run.__doc__)(command)


def read_params() -> Params:
    """Read the repository's params.yaml, and refuse one that was made for another huaben."""
    params = load_params(paths.PARAMS)
    if params.huaben not in (None, __version__):
        raise InputError(
            f"params.yaml was made for huaben {params.huaben}, this is {__version__}; install that version"
        )
    return params


def read_cast() -> list[CastMember]:
    """Read the repository's cast file; a repository without one has no cast."""
    return load_cast(paths.CAST) if paths.CAST.exists() else []


def count(
    stage_name: str, outcomes: Mapping[str, Outcome], reason: str | None = None, counted: Coverage | None = None
) -> Coverage:
    """Write the coverage of a stage whose units are named, such as datasets or models, added to what is `counted`."""
    coverage = counted or Coverage(stage_name)
    for outcome in outcomes.values():
        coverage.add(outcome, reason if outcome != "ok" else None)
    write_metrics(paths.COVERAGE / f"{stage_name}.json", coverage.as_metrics())
    return coverage


def summary_line(coverage: Coverage) -> str:
    """Return what a stage says at its end: units by outcome, rows, and the commonest reasons."""
    counts = ", ".join(
        f"{coverage.outcomes[n]} {n}" for n in ("ok", "empty", "skipped", "failed") if coverage.outcomes[n]
    )
    dropped = f", {sum(coverage.dropped.values())} refused or noted" if coverage.dropped else ""
    dropped += f", {sum(coverage.repaired.values())} replies repaired" if coverage.repaired else ""
    reasons = "".join(
        f"\n  {count} × {reason}"
        for reason, count in (coverage.reasons + coverage.dropped + coverage.repaired).most_common(8)
    )
    return f"{coverage.stage}: {coverage.units} units ({counts}), {coverage.rows} rows{dropped}{reasons}"
