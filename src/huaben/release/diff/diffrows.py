"""Rows and their changes as blocks of `<pre>`, in which GitHub reads nothing but the marks that we set."""

import html
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from huaben.release.markdown import Raw, visible

if TYPE_CHECKING:  # what writes the comment reads JSON, and does without the libraries that made it
    from huaben.release.diff.edits import Piece

CONTEXT = 16
"""Characters that stay on each side of a change."""
LONGEST = 160
"""Characters of one piece of a changed line."""
LINES = 8
"""Changed lines of one row, and lines of one that came or went."""
WIDTH = 104
"""Columns of a line, which GitHub does not wrap; a Chinese character takes two."""
MARKS = {"-": ("<del>", "</del>"), "+": ("<ins>", "</ins>"), "=": ("", "")}


def rows_block(rows: Sequence[Mapping[str, Any]]) -> Raw:
    """Return rows that came, went or crossed from kept to dropped, each with its first lines."""
    return _block([_pre(title(row)), *(_line(line) for line in shown_lines(row))] for row in rows)


def edits_block(rows: Sequence[Mapping[str, Any]]) -> Raw:
    """Return changed rows with `<del>` and `<ins>` around what changed."""
    return _block([_pre(title(row)), *(_line(line) for line in shown_change(row))] for row in rows)


def texts_block(texts: Iterable[tuple[str, Sequence[Sequence[str]]]]) -> Raw:
    """Return the names of texts, each with what changed in it."""
    return _block([_pre(name), *(_line(line) for line in shown_edits([pieces]))] for name, pieces in texts)


def title(row: Mapping[str, Any]) -> str:
    """Return which row it is: id (before and after, if it changed), split, chapter, and what of it."""
    after, before = row["record_id"], row.get("record_id_before", row["record_id"])
    what = ", ".join(map(str, row.get("fields", []))) or row.get("reason")
    chapter = f"chapter {row['chapter']}" if row["chapter"] else None
    parts = [after if after == before else f"{before} → {after}", row["split"], chapter, what]
    return " · ".join(str(part) for part in parts if part)


def shown_lines(row: Mapping[str, Any]) -> Iterator[list["Piece"]]:
    """Yield the first lines of a row, cut, and what differs between it as kept and as dropped."""
    lines = row["lines"]
    for line in lines[:LINES]:
        yield [("=", line if len(line) <= LONGEST else line[:LONGEST] + "…")]
    if len(lines) > LINES:
        yield [("=", f"… {len(lines) - LINES} more lines")]
    if row.get("from_kept_to_dropped"):
        yield [("=", "between the row kept and the row dropped:")]
        yield from shown_edits(row["from_kept_to_dropped"])


def shown_change(row: Mapping[str, Any]) -> Iterator[list["Piece"]]:
    """Yield the words by which a changed row is known, and its changed lines."""
    if row["about"]:
        yield [("=", _cut("=", row["about"], True, True))]
    yield from shown_edits(row["edits"])


def shown_edits(edits: Sequence[Sequence[Sequence[str]]]) -> Iterator[list["Piece"]]:
    """Yield the first changed lines of a row, with long equal runs and long changes cut, each cut marked by `…`."""
    for line in edits[:LINES]:
        last = len(line) - 1
        yield [(sign, _cut(sign, text, place == 0, place == last)) for place, (sign, text) in enumerate(line)]
    if len(edits) > LINES:
        yield [("=", f"… {len(edits) - LINES} more lines differ")]


def _cut(sign: str, text: str, first: bool, last: bool) -> str:
    if sign != "=":
        return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text) - LONGEST} more)"
    if len(text) <= 3 * CONTEXT:
        return text
    start = text[: 2 * CONTEXT] if first else text[:CONTEXT]  # a line begins with whose it is
    return f"{start}…" if last else f"{start}…{text[-CONTEXT:]}"


def _line(pieces: Iterable["Piece"]) -> str:
    """Return a line with its changes marked, indented and wrapped."""
    shown, column = "  ", 2
    for sign, text in pieces:
        start, end = MARKS[sign]
        shown += start
        for character in visible(text.replace("\n", " ⏎ ")):
            width = 2 if unicodedata.east_asian_width(character) in "WF" else 1
            if column + width > WIDTH:
                shown, column = f"{shown}\n    ", 4
            shown += html.escape(character, quote=False)
            column += width
        shown += end
    return shown


def _pre(text: str) -> str:
    """Escape what means something in `<pre>`: `&`, `<` and `>`."""
    return html.escape(visible(" ".join(text.split())), quote=False)


def _block(rows: Iterable[Sequence[str]]) -> Raw:
    return Raw("<pre>\n" + "\n\n".join("\n".join(row) for row in rows) + "\n</pre>")
