"""What the gates look at: the datasets as tables, and the novel's chapters.

A row that is not exactly what its record type writes is counted as refused and left out of the table;
the gate `<dataset>.schema.record` tells.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pydantic import ValidationError

from huaben.errors import HuabenError
from huaben.files import Row, read_jsonl
from huaben.gates.frame import Item, make_frame
from huaben.gates.gate import Finding
from huaben.params import Params
from huaben.records import DATASETS, Chapter

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Table:
    """A dataset: its records, how many rows were refused, and why the file could not be read."""

    dataset: str
    items: list[Item]
    ids: list[str] = field(default_factory=list)
    """Ids of all rows, refused ones included."""
    refused: int = 0
    error: Exception | None = None

    @property
    def n_rows(self) -> int:
        """All rows of the file."""
        return len(self.items) + self.refused

    @cached_property
    def frame(self) -> "pd.DataFrame":
        """The flat and derived columns of the records."""
        return make_frame(self.items)


@dataclass(frozen=True)
class Novel:
    """The chapters by their index, and what the gates ask of the whole."""

    chapters: Mapping[int, Chapter]
    joiner: str
    """What stands between two spans of one message."""

    def parameters(self, params: Params) -> dict[str, Any]:
        """Return what the bounds of a suite may speak of."""
        characters = sum(len(chapter.text) for chapter in self.chapters.values())
        return {
            "chapters": len(self.chapters),
            "characters": characters,
            "pieces": max(1, characters // params.chapters.piece_characters),
            "questions": len(params.summary.questions),
            "wordings": params.qa.wordings,
            "languages": [params.novel.language],
            "heroes": list(params.dialogue.characters),
        }


def load_table(path: Path, dataset: str) -> Table:
    """Read a dataset; a file that cannot be read gives an empty table with its error."""
    try:
        return make_table(read_jsonl(path), dataset)
    except Exception as error:  # told by the gate `rows`
        return Table(dataset, [], error=error)


def make_table(rows: Iterable[Row], dataset: str) -> Table:
    """Return the records of the rows, and the ids of all, also of those that are no record."""
    items: list[Item] = []
    ids: list[str] = []
    for row in rows:
        item = _item(row, dataset)
        ids.append(str(row.get("record_id")))
        if item is not None:
            items.append(item)
    return Table(dataset, items, ids, len(ids) - len(items))


def load_novel(path: Path, params: Params) -> Novel:
    """Read the chapters; a row that is none raises."""
    return make_novel(read_jsonl(path), params)


def make_novel(rows: Iterable[Row], params: Params) -> Novel:
    """Return the chapters by their index; a row that is none, or an index twice, raises."""
    chapters = [Chapter.model_validate(row) for row in rows]
    by_index = {chapter.index: chapter for chapter in chapters}
    if len(by_index) < len(chapters):
        raise HuabenError("two chapters have the same index")
    return Novel(by_index, params.novel.joiner)


def rows_are_there(table: Table) -> Finding:
    """Require a file that can be read, with at least one row."""
    if table.error:
        raise table.error
    return Finding(int(not table.n_rows), 1, table.n_rows, "at least 1")


def records_hold(table: Table) -> Finding:
    """Require every row to be exactly what its record type writes: no key missing or added, no type bent."""
    return Finding(table.refused, table.n_rows)


def _item(row: Row, dataset: str) -> Item | None:
    try:
        record = DATASETS[dataset].model_validate(row)
    except (ValidationError, RecursionError):
        return None
    return cast(Item, record) if record.row() == row else None
