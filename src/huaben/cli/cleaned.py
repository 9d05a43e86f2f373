"""What `huaben clean --input` shows: how far it is, and at its end what became of the rows."""

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from huaben.refine.reasons import CUTS, REASONS, Report

WIDTH = 140
"""Columns where there is no terminal to ask."""


@contextmanager
def cleaning_progress(file: Path) -> Iterator[Callable[[int, int], None] | None]:
    """Give what is to be told of bytes and rows done; a bar on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty() or not file.is_file():
        yield None
        return
    columns = (TextColumn("cleaning"), BarColumn(), TextColumn("{task.fields[rows]:,} rows"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=file.stat().st_size, rows=0)
        yield lambda size, rows: bar.update(task, completed=size, rows=rows)


def print_report(report: Report, out: Path) -> None:
    """Print the counts, the reasons with a sample each, the cuts, and where everything is."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH, soft_wrap=True)
    forms = ", ".join(f"{form} {count:,}" for form, count in report.forms.most_common())
    share = report.kept / report.rows if report.rows else 0.0
    left = report.rows - report.kept
    console.print(Text(f"{report.name}: {report.rows:,} rows ({forms})"))
    console.print(Text(f"{report.kept:,} kept ({share:.1%}), {report.mended:,} of them mended; {left:,} dropped"))
    if report.reasons:
        console.print(_table("dropped", "for example", report.reasons, _examples(report)))
    if report.cuts:
        console.print(_table("mended", "what was cut", report.cuts, CUTS))
    console.print(Text(f"\n{out / report.name}: the kept rows"))
    console.print(Text(f"{out / 'dropped.jsonl'}: the others; {out / 'report.md'}: why, with samples"))


def _examples(report: Report) -> dict[str, str]:
    firsts = {reason: samples[0] for reason, samples in report.samples.items()}
    return {reason: f"line {line}: {shown or REASONS.get(reason, '')}" for reason, (line, shown) in firsts.items()}


def _table(first: str, last: str, counts: Counter[str], told: dict[str, str]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), title=" ", expand=True)
    table.add_column(first, no_wrap=True)
    table.add_column("rows", justify="right", no_wrap=True)
    table.add_column(last, no_wrap=True, overflow="ellipsis", ratio=1)
    for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        table.add_row(Text(name), f"{count:,}", Text(told.get(name, "")))
    return table
