"""Anybody's dataset file, row by row: a JSON list or JSONL, each row in its own form.

A file is a stream: no more of it than its longest row is held. What cannot be read as a row is a row with a
`fault`, so that it is counted and kept aside. Only a file that is no dataset at all, or a list that is broken
in the middle, where nobody knows how it goes on, is an InputError.
"""

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any, Literal, NamedTuple

from huaben.errors import InputError
from huaben.files import open_regular
from huaben.refine.jsonlist import BLANK, list_rows
from huaben.shapes import MisshapenError, Part, Row, form_of, parts_of

Layout = Literal["list", "lines"]
LONGEST_LINE = 256 * 2**20
"""Bytes; a longer line is no row, and is not read into memory."""
PEEKED = 100
"""Rows among which one must be of a known form; otherwise the file is something else."""
SOMETHING_ELSE = {
    b"PAR1": "a Parquet file",
    b"\x1f\x8b": "a gzip archive",
    b"PK\x03\x04": "a zip archive or an Excel file",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
NOT_UTF8 = re.compile("[\udc80-\udcff]")
"""How Python's `surrogateescape` keeps a byte that is not UTF-8."""


class RawRow(NamedTuple):
    """A row as it stands in the file, and the line on which it begins, from 1."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class ForeignRow:
    """A row: its value, form and texts, or the `fault` for which it has none."""

    line: int
    raw: str
    value: Row | None = None
    form: str | None = None
    parts: tuple[Part, ...] = ()
    fault: str | None = None
    """A reason that groups: broken JSON, a key twice, ...; `detail` says more."""
    detail: str = ""


@dataclass(frozen=True)
class ForeignFile:
    """A dataset file; `rows` can be read once."""

    path: Path
    layout: Layout
    rows: Iterator[RawRow]


def read_foreign(path: Path) -> Iterator[ForeignRow]:
    """Yield every row of a dataset file, those that cannot be read included; see `open_foreign`."""
    return (parse_row(raw) for raw in open_foreign(path).rows)


def open_foreign(path: Path) -> ForeignFile:
    """Open a JSON list or a JSONL file of rows in any form that `shapes.py` knows.

    Raises an InputError, with what to do, where the file is empty, is something else, or holds no row of a
    known form among its first hundred.
    """
    layout, rows = _rows(path)
    first = list(islice(rows, PEEKED))
    _require_a_form([parse_row(raw) for raw in first], path)
    return ForeignFile(path, layout, chain(first, rows))


def _rows(path: Path) -> tuple[Layout, Iterator[RawRow]]:
    with open_regular(path) as file:
        head = file.read(4096)
    for mark, name in SOMETHING_ELSE.items():
        if head.startswith(mark):
            raise InputError(f"{path}: {name}; write it as JSON or JSONL in UTF-8 first (docs/cleaning.md)")
    head = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith(b"["):
        return "list", (RawRow(line, text) for line, text in list_rows(path))
    return "lines", _lines(path)


def _lines(path: Path) -> Iterator[RawRow]:
    """Yield the lines that are not blank."""
    number = 0
    with open_regular(path) as file:
        while line := file.readline(LONGEST_LINE + 1):
            number += 1
            if len(line) > LONGEST_LINE:
                raise InputError(f"{path}, line {number}: longer than {LONGEST_LINE:,} bytes; that is no row")
            if number == 1:
                line = line.removeprefix(b"\xef\xbb\xbf")
            if text := line.decode("utf-8", "surrogateescape").strip(BLANK):
                yield RawRow(number, text)


def parse_row(raw: RawRow) -> ForeignRow:
    """Read one row; whatever it is, a row comes back."""
    try:
        value = QUICK.decode(raw.text)
        if raw.text.count('":') != _count_keys(value):
            value = DECODER.decode(raw.text)
    except _RepeatedKeyError as error:
        return _faulty(raw, "a key stands twice", f"`{error}`")
    except (ValueError, RecursionError) as error:
        is_utf8 = not NOT_UTF8.search(raw.text)
        return _faulty(raw, "broken JSON" if is_utf8 else "not UTF-8", str(error))
    if not raw.text.isascii() and NOT_UTF8.search(raw.text):
        return _faulty(raw, "not UTF-8", "bytes that are no character")
    if not isinstance(value, dict):
        return _faulty(raw, "not an object", f"a JSON {type(value).__name__}")
    form = form_of(value)
    try:
        return ForeignRow(raw.line, raw.text, value, form, tuple(parts_of(value)))
    except MisshapenError as error:
        reason = "wrong type in a column" if form else "no known form"
        return ForeignRow(raw.line, raw.text, value, form, fault=reason, detail=str(error))


def _faulty(raw: RawRow, fault: str, detail: str) -> ForeignRow:
    return ForeignRow(raw.line, raw.text, fault=fault, detail=detail)


class _RepeatedKeyError(ValueError):
    """An object in which one key stands twice: which value is meant, nobody knows."""


def _unique(pairs: list[tuple[str, Any]]) -> Row:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise _RepeatedKeyError(next(name for name in names if names.count(name) > 1))
    return found


def _finite(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError(f"{text} is no finite number")
    return number


def _count_keys(value: Any) -> int:
    if isinstance(value, dict):
        return len(value) + sum(_count_keys(inner) for inner in value.values() if isinstance(inner, (dict, list)))
    return sum(map(_count_keys, value)) if isinstance(value, list) else 0


QUICK = json.JSONDecoder(parse_constant=_finite, parse_float=_finite)
"""Keeps the last of two equal keys; used where as many keys are found as stand in the text."""
DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_finite, parse_float=_finite)


def _require_a_form(rows: list[ForeignRow], path: Path) -> None:
    """Refuse a file none of whose first rows is of a known form."""
    if not rows:
        raise InputError(f"{path}: no rows; the file is empty")
    if any(row.form for row in rows):
        return
    first = rows[0]
    advice = "iconv -f GB18030 -t UTF-8 may help" if first.fault == "not UTF-8" else "docs/cleaning.md shows the forms"
    raise InputError(
        f"{path}: none of the first {len(rows)} rows is a row of ShareGPT, Alpaca, messages, preference or text data "
        f"(line {first.line}: {first.fault}: {first.detail[:200]}); {advice}"
    )
