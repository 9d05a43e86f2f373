"""What a run that asks a model shows: a live display on a terminal, and at its end what it cost."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from time import monotonic

import click

from huaben.cli import paths
from huaben.coverage import Coverage
from huaben.extract.asking import Asked
from huaben.extract.judging import Contest, Verdict, judge_all
from huaben.llm.answers import Reply
from huaben.llm.prompts import Prompts
from huaben.llm.tally import Tally
from huaben.params import Params


def settings(params: Params, tally: Tally | None = None) -> Asked:
    """Return what the asking stages need."""
    return Asked(params, Prompts(paths.PROMPTS), (paths.RECORDED, paths.IMPORTED), tally or Tally())


@contextmanager
def asked(params: Params) -> Iterator[Asked]:
    """Give what the asking stages need; show how the run goes on, and say at its end, however it ends, what it did."""
    tally = Tally()
    currency = params.llm.price.currency
    try:
        with _display(tally, currency):
            yield settings(params, tally)
    finally:
        if tally.sent:
            click.echo(closing_line(tally, currency))


def judged(params: Params, coverage: Coverage, used: list[Reply], contests: Sequence[Contest]) -> list[Verdict | str]:
    """Ask for a verdict on each contest, with the display of an asking stage; count it, and note the replies used."""
    with asked(params) as run:
        return judge_all(run, contests, coverage, used)


def _display(tally: Tally, currency: str) -> AbstractContextManager[object]:
    """Return a live display on standard error, or nothing where that is no terminal."""
    if not sys.stderr.isatty():
        return nullcontext()
    from rich.console import Console
    from rich.live import Live

    class Status:
        def __rich__(self) -> str:
            return status_line(tally, currency)

    return Live(Status(), console=Console(stderr=True), refresh_per_second=4, transient=True)


def status_line(tally: Tally, currency: str) -> str:
    """Return how far a run is: units, requests, tokens, money, time left."""
    seconds = monotonic() - tally.began
    left = seconds / tally.done * (tally.planned - tally.done) if tally.done else None
    tokens = sum(tally.tokens.values())
    parts = [
        f"{tally.done} of {tally.planned} done",
        f"{tally.in_flight} in flight",
        f"{tally.sent} sent, {tally.kept} kept",
        f"{tally.faulty + tally.lost} failed",
        f"{tokens:,} tokens",
        f"{tally.money:.4f} {currency}",
        f"{left:.0f} s left" if left is not None else "",
    ]
    fault = f"\nlast fault: {tally.last_fault[:100]}" if tally.last_fault else ""
    return (" · ".join(part for part in parts if part) + fault).replace("[", "\\[")


def closing_line(tally: Tally, currency: str) -> str:
    """Return what a run sent and spent, beside what was expected of the same requests."""
    error = f", {tally.money / tally.expected_money - 1:+.0%} off" if tally.expected_money else ""
    tokens = tally.tokens
    return (
        f"asked: {tally.sent} requests sent, {tally.kept} answers were there already; {tally.faulty} faulty, "
        f"{tally.lost} without an answer (possibly paid); tokens {tokens['hit']:,} hit, {tokens['miss']:,} miss, "
        f"{tokens['output']:,} out; spent {tally.money:.4f} {currency} (expected {tally.expected_money:.4f}{error})"
        + (f"; last fault: {tally.last_fault[:200]}" if tally.last_fault else "")
    )
