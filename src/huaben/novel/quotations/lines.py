"""Chapter text → every quotation with its span, nesting and kind. Deterministic, one pass a paragraph.

Speech stands between marks of any style (`marks`). Where a quotation was left open and a later paragraph closes
it, that paragraph's beginning is speech as well. In a chapter with more bare cues (曰：, 说：), or more paragraphs
that a dash opens, than quotations, these are speech (`unmarked`).
"""

import re
from collections.abc import Iterator

from huaben.novel.quotations.kinds import classify
from huaben.novel.quotations.marks import MARKS, PAIRS, Quotation, find_marked
from huaben.novel.quotations.unmarked import after_cues, after_dash
from huaben.records import Chapter, Line, Provenance, make_id

__all__ = ["MARKS", "PAIRS", "Quotation", "find_lines", "find_quotations"]

SCENE_GAP = 300
"""Characters of narration between two quotations from which they are two scenes; a page has about 600."""
LONGEST_SPEECH = 5
"""Paragraphs without a mark over which speech goes on before its closing mark; after more, that was forgotten."""
CUE = re.compile(r"[说道问曰云說問][：:]")


def find_quotations(text: str) -> list[Quotation]:
    """Return the quotations of a chapter in order of their starts, outer before inner."""
    found: list[Quotation] = []
    bare: list[Quotation] = []
    dashed: list[Quotation] = []
    pending = _Pending(text)
    for start, end in _paragraphs(text):
        if MARKS.isdisjoint(text[start:end]):
            pending.pass_over(start, end)
            bare += after_cues(text, start, end)
            dashed += after_dash(text, start, end)
        else:
            marked = list(find_marked(text, start, end))
            found += pending.close(start, end, marked)
            pending.open(end, marked)
    unmarked = bare if len(bare) >= len(dashed) else dashed
    found += unmarked if len(unmarked) > len(found) else []
    return sorted((q for q in found if text[q.start : q.end].strip()), key=lambda q: (q.start, -q.end))


class _Pending:
    """Speech that a paragraph left open: the paragraphs since then, until one closes it."""

    def __init__(self, text: str) -> None:
        self._text, self._mark = text, ""
        self._since: list[Quotation] = []

    def open(self, end: int, marked: list[Quotation]) -> None:
        """Look whether a paragraph that ends at `end` leaves an outer quotation open."""
        left = [q for q in marked if q.depth == 0 and q.end == end]
        self._mark = self._text[left[-1].opened] if left else ""
        self._since = []

    def pass_over(self, start: int, end: int) -> None:
        """Take a paragraph without marks: part of the speech, if that is closed soon."""
        if self._mark and self._text[start:end].strip():
            self._since.append(self._span(start, end))
            if len(self._since) > LONGEST_SPEECH:
                self._mark = ""

    def close(self, start: int, end: int, marked: list[Quotation]) -> list[Quotation]:
        """Return the paragraph's quotations, with the speech that its first mark closes."""
        closing = PAIRS.get(self._mark, "")
        stop = self._text.find(closing, start, end) if closing and closing != self._mark else -1
        opening = self._text.find(self._mark, start, stop) if stop >= 0 else -1
        told = "".join(self._text[q.start : q.end] for q in self._since) + self._text[start : max(start, stop)]
        if stop < 0 or opening >= 0 or CUE.search(told):
            return marked
        rest = self._span(start, stop)
        inner = [Quotation(q.opened, q.start, q.end, q.depth + 1) if q.end <= stop else q for q in marked]
        return [*self._since, rest, *inner]

    def _span(self, start: int, end: int) -> Quotation:
        start += len(self._text[start:end]) - len(self._text[start:end].lstrip())
        return Quotation(start, start, end, 0)


def find_lines(chapter: Chapter) -> list[Line]:
    """Return a chapter's quotations as lines, with kind and scene, their speakers still unknown."""
    quotations = find_quotations(chapter.text)
    scenes = _scenes(chapter.text, quotations)
    return [_line(chapter, q, scene) for q, scene in zip(quotations, scenes, strict=True)]


def _paragraphs(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for line in text.split("\n"):
        yield start, start + len(line)
        start += len(line) + 1


def _scenes(text: str, quotations: list[Quotation]) -> list[int]:
    """Return the scene of each quotation: a blank line between paragraphs or a long narration begins a new one."""
    blank_lines = "\n\n" in text and text.count("\n\n") < text.count("\n") / 4
    scenes, scene, previous_end = [], 1, 0
    for quotation in quotations:
        between = text[previous_end : quotation.start]
        if previous_end and (len(between) > SCENE_GAP or (blank_lines and "\n\n" in between)):
            scene += 1
        scenes.append(scene)
        previous_end = max(previous_end, quotation.end)
    return scenes


def _line(chapter: Chapter, quotation: Quotation, scene: int) -> Line:
    text = chapter.text[quotation.start : quotation.end]
    return Line(
        record_id=make_id("lines", chapter.chapter_id, quotation.start, quotation.end),
        split=chapter.split,
        chapter=chapter.index,
        start=quotation.start,
        end=quotation.end,
        text=text,
        kind=classify(chapter.text, quotation.opened, quotation.start, quotation.end, quotation.depth),
        depth=quotation.depth,
        scene=scene,
        provenance=Provenance(
            novel=chapter.novel,
            chapter=chapter.index,
            chapter_id=chapter.chapter_id,
            spans=((quotation.start, quotation.end),),
        ),
    )
