"""The paragraphs in which somebody speaks, with what is told between the quotations."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from huaben.records import Line


@dataclass(frozen=True)
class Paragraph:
    """Indices of a paragraph's outer lines, and its narration: before, between and after them."""

    lines: tuple[int, ...]
    narration: tuple[str, ...]


def paragraphs_of(text: str, lines: Sequence[Line]) -> Iterator[Paragraph]:
    """Yield the paragraphs that hold spoken or thought lines; quotations of other kinds are narration."""
    outer = [i for i, line in enumerate(lines) if line.depth == 0 and line.kind in ("speech", "thought")]
    for start, group in groupby(outer, key=lambda i: text.rfind("\n", 0, lines[i].start) + 1):
        members = tuple(group)
        end = text.find("\n", lines[members[-1]].end)
        stops = [start, *(edge for i in members for edge in (lines[i].start - 1, lines[i].end + 1))]
        edges = [*stops, end if end >= 0 else len(text)]
        yield Paragraph(members, tuple(text[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True)))
