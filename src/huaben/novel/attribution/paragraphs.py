"""The paragraphs in which somebody speaks, with what is told between the quotations."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from huaben.novel.quotations.lines import MARKS
from huaben.records import Line


@dataclass(frozen=True)
class Paragraph:
    """Indices of a paragraph's outer lines, and its narration: before, between and after them."""

    lines: tuple[int, ...]
    narration: tuple[str, ...]


def paragraphs_of(text: str, lines: Sequence[Line]) -> Iterator[Paragraph]:
    """Yield the paragraphs that hold spoken or thought lines; quotations of other kinds are narration."""
    outer = [i for i, line in enumerate(lines) if line.depth == 0 and line.kind in ("speech", "thought")]
    starts = dict(zip(outer, _paragraph_starts(text, [lines[i].start for i in outer]), strict=True))
    for start, group in groupby(outer, key=starts.__getitem__):
        members = tuple(group)
        end = text.find("\n", lines[members[-1]].end)
        stops = [start, *(edge for i in members for edge in with_marks(text, lines[i]))]
        edges = [*stops, end if end >= 0 else len(text)]
        yield Paragraph(members, tuple(text[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True)))


def _paragraph_starts(text: str, places: Sequence[int]) -> Iterator[int]:
    """Yield where the paragraph of each of the ascending places starts, looking at no character twice."""
    start = previous = 0
    for place in places:
        start = text.rfind("\n", previous, place) + 1 or start
        previous = place
        yield start


def with_marks(text: str, line: Line) -> tuple[int, int]:
    """Return a line's span with its marks; an unclosed quotation and unmarked speech lack them."""
    return line.start - (text[line.start - 1 : line.start] in MARKS), line.end + (
        text[line.end : line.end + 1] in MARKS
    )
