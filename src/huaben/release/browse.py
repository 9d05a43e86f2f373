"""The page on which a person reads rows beside their source passage (`huaben browse`).

In: the final rows, the dropped ones, the chapters, the gates, the reviews. Out: one HTML page that holds
all of it, loads nothing, and runs its own script only: its policy names the script by its hash, and the
rows are a data block that nothing executes. The script writes text by `textContent` alone.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from huaben.errors import InputError
from huaben.files import Row, read_json, read_jsonl
from huaben.params import Params
from huaben.records import DATASETS
from huaben.refine.reviews import LONGEST_NOTE, load_reviews
from huaben.release.breaking import breaking_rows
from huaben.release.pages import PARTS, data_block, render_page, source_hash

SCRIPTS = ("text", "model", "filters", "list", "record", "passage", "reviews", "main")
"""The parts of the page's script, in the order in which they are joined."""


@dataclass(frozen=True)
class Shelf:
    """Where everything lies that the page shows; what is not there is not shown."""

    datasets: Path
    """Folder of the final `<dataset>.jsonl`."""
    dropped: Mapping[str, Path]
    """Folder of what was dropped, by the stage that did it."""
    refused: Path
    """What `qa` refused: rows without an id."""
    chapters: Path
    gates: Path
    schemas: Path
    reviews: Path


def render_browser(shelf: Shelf, params: Params, *, saves: bool) -> str:
    """Return the page. `saves`: a server takes the reviews; else the page offers them as a file.

    Raises InputError when there is no row, or a file cannot be read.
    """
    style = (PARTS / "browse.css").read_text(encoding="utf-8")
    parts = "\n".join((PARTS / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS)
    script = f"(() => {{\n{parts}}})();\n"
    context = {
        "params": params,
        "policy": content_policy(style, script, saves),
        "style": Markup(style),
        "script": Markup(script),
        "data": data_block(collect(shelf, params, saves)),
        "longest_note": LONGEST_NOTE,
    }
    return render_page("browse.html.j2", context)


def content_policy(style: str, script: str, saves: bool) -> str:
    """Return the Content-Security-Policy: this style, this script, and the reviews to where the page came from."""
    allowed = {
        "default-src": "'none'",
        "script-src": source_hash(script),
        "style-src": source_hash(style),
        "img-src": "data:",
        "connect-src": "'self'" if saves else "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    return "; ".join(f"{directive} {sources}" for directive, sources in allowed.items())


def collect(shelf: Shelf, params: Params, saves: bool) -> dict[str, Any]:
    """Return what the page holds, as JSON values; rows in the order of the datasets, then of reading."""
    places = {name: place for place, name in enumerate(DATASETS)}
    rows = sorted(_rows(shelf), key=lambda row: (places[row["dataset"]], *_place(row["record"])))
    if not rows:
        raise InputError(f"{shelf.datasets}: no rows to look at; `dvc repro` makes them")
    gates = read_json(shelf.gates).get("gates", {}) if shelf.gates.exists() else {}
    breaking = breaking_rows(gates, shelf.datasets, shelf.schemas)
    return {
        "language": params.novel.language,
        "saves": saves,
        "chapters": [_chapter(row) for row in _read(shelf.chapters)],
        "rows": rows,
        "gates": [{"name": name, **gate, "ids": breaking.get(name)} for name, gate in sorted(gates.items())],
        "reviews": [review.row() for review in load_reviews(shelf.reviews)],
    }


def _rows(shelf: Shelf) -> Iterator[Row]:
    for dataset in DATASETS:
        for record in _read(shelf.datasets / f"{dataset}.jsonl"):
            yield {"dataset": dataset, "stage": None, "reason": None, "by": None, "record": record}
        for stage, folder in shelf.dropped.items():
            for row in _read(folder / f"{dataset}.jsonl"):
                yield {"dataset": dataset, "stage": stage, **row}
    for row in _read(shelf.refused):
        record = {**row["record"], "provenance": {"chapter": row["chapter"], "spans": []}}
        yield {"dataset": row["dataset"], "stage": "qa", "reason": row["reason"], "by": None, "record": record}


def _read(path: Path) -> Iterator[Row]:
    return read_jsonl(path) if path.exists() else iter(())


def _place(record: Row) -> tuple[int, int, str]:
    came_from = record["provenance"]
    spans = came_from["spans"]
    return came_from["chapter"], spans[0][0] if spans else -1, str(record.get("record_id", ""))


def _chapter(row: Row) -> Row:
    return {name: row[name] for name in ("index", "heading", "split", "text")}
