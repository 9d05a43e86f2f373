"""A chapter as a row of segments: the outer quotations, and the narration between them, a sentence each.

Input: a chapter's text, its lines, the names. Output: segments with the names mentioned in them; `subjects.read_scene`
reads their cues. Speech that runs on over sentences set on lines of their own (an opening mark in one
line, its closing mark in a later one) is one segment.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from huaben.novel.attribution.cues import Cue
from huaben.novel.attribution.paragraphs import with_marks
from huaben.novel.people.names import Mention, Names
from huaben.novel.quotations.lines import MARKS, PAIRS
from huaben.records import Line

VOICED = ("speech", "thought", "letter", "verse")
"""Kinds of quotations that somebody speaks, thinks or writes."""
SIGH = re.compile("[唉哎嗯哼啊噢哦嘿咦喂呃嗨哟呀]{1,3}[…—！？。，、～]*")
SENTENCE = re.compile(r"[^。！？!?\n]*[。！？!?]*[”」』’]?\n?")
MARK = re.compile(f"[{''.join(sorted(MARKS))}]")
LONGEST_RUN = 9
"""Line breaks within one speech whose closing mark stands lines later."""


@dataclass(slots=True)
class Segment:
    """`text` from `start`; `lines` are the indices of the quotations in it, none for narration."""

    start: int
    text: str
    lines: tuple[int, ...]
    paragraph: int
    mentions: list[Mention]
    cue: Cue | None = None
    named: str | None = None
    """The name that is the narration's subject, as long as no pronoun comes before it."""
    subject: str | None = None
    """The person whom the narration's subject means; a pronoun is the last subject of its gender."""
    nearest: str | None = None
    """The same; but a pronoun is the person of its gender who was last mentioned."""
    called: dict[str, int] = field(default_factory=dict)
    """Of a quotation: the names in it, with 2 for those who are called by it (“更生，你来。”), else 1."""

    @property
    def is_quotation(self) -> bool:
        """Tell a quotation from narration."""
        return bool(self.lines)


def read_segments(text: str, lines: Sequence[Line], names: Names) -> list[Segment]:
    """Return a chapter's segments in reading order, with their mentions; `subjects.resolve` reads their cues."""
    mentions = names.find(text)
    starts = [m.start for m in mentions]
    segments: list[Segment] = []
    paragraph = 0
    for start, end, inside in _spans(text, lines):
        paragraph += text.count("\n", segments[-1].start if segments else 0, start)
        near = mentions[bisect_left(starts, start) : bisect_left(starts, end)]
        within = [Mention(m.start - start, m.end - start, m.name) for m in near]
        segments.append(Segment(start, text[start:end], inside, paragraph, within))
    return segments


def _spans(text: str, lines: Sequence[Line]) -> Iterator[tuple[int, int, tuple[int, ...]]]:
    """Yield start, end and lines of every segment."""
    end = 0
    for i, line in enumerate(lines):
        opened, closed = with_marks(text, line)
        if line.depth or not is_voiced(line) or opened < end:
            continue
        yield from _sentences(text, end, opened)
        end = _run_on(text, opened, closed)
        yield opened, end, (i,)
    yield from _sentences(text, end, len(text))


def is_voiced(line: Line) -> bool:
    """Tell what somebody speaks, thinks or writes; a sigh is classed as a sound, but somebody sighs it."""
    return line.kind in VOICED or (line.kind == "sound" and SIGH.fullmatch(line.text) is not None)


def _sentences(text: str, start: int, end: int) -> Iterator[tuple[int, int, tuple[int, ...]]]:
    while start < end:
        match = SENTENCE.match(text, start, end)
        stop = match.end() if match and match.end() > start else end
        if text[start:stop].strip():
            yield start, stop, ()
        start = stop


def _run_on(text: str, opened: int, closed: int) -> int:
    """Return the end of a quotation that was left open in its line, when a lone closing mark follows soon."""
    mark = text[opened]
    if mark not in PAIRS or PAIRS[mark] == mark or text[closed - 1] == PAIRS[mark]:
        return closed
    follows = MARK.search(text, closed)
    if not follows or follows[0] != PAIRS[mark] or text.count("\n", closed, follows.start()) > LONGEST_RUN:
        return closed
    return follows.end()
