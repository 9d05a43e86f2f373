"""The difference of two versions in a terminal: the same lists as in Markdown, and fewer of each."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from huaben.release.diff.diffrows import shown_change, shown_edits, shown_lines, title
from huaben.release.diff.difftext import (
    by_reasons,
    different,
    judged,
    major_first,
    measured,
    moved_figures,
    phrases,
    verdict,
)
from huaben.release.diff.edits import Piece
from huaben.release.markdown import visible

MOST = 5
STYLES = {"=": "", "-": "red strike", "+": "green"}
OUTCOMES = ("dropped", "restored", "changed", "added", "removed")
COUNTS = ("added", "removed", "changed", "dropped", "restored", "moved")


def renderables(result: Mapping[str, Any]) -> Iterator[Text | Table]:
    """Yield what to print. Every text of the data is a `Text`: no markup and no control character of it acts."""
    yield _text(f"{_side(result['base'])} → {_side(result['head'])}", "bold")
    if result["is_same_revision"]:
        yield _text("no change: both are one commit")
        return
    yield _text(f"rows: {verdict(result)}")
    for note in [*result["base"]["notes"], *result["head"]["notes"]]:
        yield _text(f"! {note}", "yellow")
    yield from _causes(result)
    yield from _gates(result["gates"])
    if result["datasets"]:
        yield _counts(result["datasets"])
    for name, found in different(result).items():
        yield from _dataset(name, found)
    yield from _reports(result)


def _causes(result: Mapping[str, Any]) -> Iterator[Text]:
    params = result["params"] or {}
    for name, values in list(params.items())[: 2 * MOST]:
        before, after = (v if isinstance(v, str) else json.dumps(v, ensure_ascii=False) for v in values)
        pieces = (
            next(shown_edits([result["texts"][name]])) if name in result["texts"] else [("-", before), ("+", after)]
        )
        yield _line([("=", f"  {name}: "), *pieces])
    yield from _rest(list(params), "parameters", 2 * MOST)
    if files := result["inputs"]:
        names = [name if way == "changed" else f"{name} ({way})" for name, way in files.items()]
        rest = f", and {len(names) - 2 * MOST} more" if len(names) > 2 * MOST else ""
        yield _text(f"  files: {', '.join(names[: 2 * MOST])}{rest}")


def _gates(gates: Mapping[str, Any] | None) -> Iterator[Text]:
    if gates is None:
        return
    yield _text(
        f"gates: {gates['held'][0]} of {gates['all'][0]} held, {gates['held'][1]} of {gates['all'][1]} hold now"
    )
    for label, style in (("broken", "bold red"), ("mended", "green"), ("failing", "red"), ("limits", "yellow")):
        for gate in gates[label][:MOST]:
            sides = f"observed {_pair(gate['observed'])}, limit {_pair(gate['limit'])}"
            yield _text(f"  {label}: {gate['name']}: {sides}", style)
        yield from _rest(gates[label], label)


def _counts(datasets: Mapping[str, Any]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("dataset", no_wrap=True)
    for column in ("before", "after", *COUNTS):
        table.add_column(column, justify="right")
    for name, found in datasets.items():
        rows = (found["rows"]["base"]["all"], found["rows"]["head"]["all"])
        table.add_row(_text(name), *(f"{n:,}" for n in (*rows, *(found["counts"][k] for k in COUNTS))))
    return table


def _dataset(name: str, found: Mapping[str, Any]) -> Iterator[Text]:
    yield _text(f"\n{name}: {phrases(found['counts'])}", "bold")
    for kind, columns in found["columns"].items():
        if columns:
            yield _text(f"  {kind} columns: {', '.join(columns)}")
    for way in by_reasons(found["ways"])[:MOST]:
        yield _text(f"  {way['rows']} rows: {way['before']} → {way['after']}")
    for value in found["values"][:MOST]:
        yield _text(f"  {value['rows']} rows: {value['field']} {value['before'] or '–'} → {value['after'] or '–'}")
    for outcome in OUTCOMES:
        rows = major_first(found[outcome]) if outcome == "changed" else found[outcome]
        for row in rows[:MOST]:
            yield _text(f"  {outcome}: {title(row)}", "cyan")
            lines = shown_change(row) if outcome == "changed" else shown_lines(row)
            yield from (_line([("=", "    "), *line]) for line in lines)
        yield from _rest(found[outcome], outcome)


def _reports(result: Mapping[str, Any]) -> Iterator[Text]:
    for row in result["stages"][: 2 * MOST]:
        yield _text(f"  {row['stage']}: {row['what']}: {row['before']} → {row['after']}")
    yield from _rest(result["stages"], "stages' counts", 2 * MOST)
    for row in (result["price"] or {}).get("changed", []):
        yield _text(f"  price of {row['stage']}: {row['what']}: {row['before']} → {row['after']}")
    evaluation = result["evaluation"] or {}
    if evaluation.get("is_of_these_rows") is False:
        yield _text("evaluation: not of these rows; `dvc repro` trains the models anew", "yellow")
    moved = moved_figures(result)
    for row in moved[: 2 * MOST]:
        sides = f"{measured(row['before'])} → {measured(row['after'])}"
        change = f", {measured(row['change'], '+')}" if row["change"] else ""
        yield _text(f"  {row['model']}: {row['metric']}: {sides}{change}: {judged(row)}")
    yield from _rest(moved, "figures of the evaluation", 2 * MOST)


def _rest(rows: Sequence[Any], what: str, most: int = MOST) -> Iterator[Text]:
    if len(rows) > most:
        yield _text(f"  … {len(rows) - most} more {what}; --json has all of them", "dim")


def _side(version: Mapping[str, Any]) -> str:
    return f"{version['name']} ({version['commit'][:7]})" if version["commit"] else str(version["name"])


def _pair(values: Sequence[Any]) -> str:
    return f"{values[0]} → {values[1]}" if values[0] != values[1] else str(values[0])


def _line(pieces: Sequence[Piece]) -> Text:
    """Return a line with its changes in colours, and in the marks of `git diff --word-diff` where there are none."""
    marked = {"=": "{}", "-": "[-{}-]", "+": "{{+{}+}}"}
    return Text.assemble(*((marked[sign].format(visible(text)), STYLES[sign]) for sign, text in pieces))


def _text(text: str, style: str = "") -> Text:
    return Text(visible(text), style=style)
