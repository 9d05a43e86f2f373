"""Chapter text → every quotation with its span, nesting and kind. Deterministic, one pass a paragraph.

A quotation ends at its closing mark, or at the end of its paragraph (speech that goes on in the next
paragraph opens a mark there again; elsewhere the closing mark was forgotten). In a paragraph whose
marks do not balance, an opening mark inside an open quotation of the same style ends that quotation.
In a chapter with more bare cues (曰：, 说：) than quotations, speech runs from the cue to the sentence's end.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from huaben.novel.kinds import classify
from huaben.records import Chapter, Line, Provenance, make_id

PAIRS = {"“": "”", "「": "」", "『": "』", "‘": "’", "＂": "＂", '"': '"'}
MARKS = frozenset("".join(PAIRS) + "".join(PAIRS.values()))
ANY_MARK = re.compile(f"[{''.join(sorted(MARKS))}]")
DEEPEST = 6
"""Quotations nest no deeper; a paragraph that seems to is a heap of marks."""
SCENE_GAP = 300
"""Characters of narration between two quotations from which they are two scenes; a page has about 600."""
UNMARKED_CUE = re.compile(r"[曰云道说說]\s*[：:]\s*")
SENTENCE_END = re.compile(r"[。！？]")


@dataclass(frozen=True)
class Quotation:
    """`text[start:end]` without its outer marks; `opened` is where its opening mark stands, or would."""

    opened: int
    start: int
    end: int
    depth: int


def find_quotations(text: str) -> list[Quotation]:
    """Return the quotations of a chapter in order of their starts, outer before inner."""
    found: list[Quotation] = []
    bare: list[Quotation] = []
    for start, end in _paragraphs(text):
        is_marked = not MARKS.isdisjoint(text[start:end])
        found += _in_paragraph(text, start, end) if is_marked else ()
        bare += _unmarked(text, start, end) if not is_marked else ()
    if len(bare) > len(found):
        found += bare
    return sorted((q for q in found if text[q.start : q.end].strip()), key=lambda q: (q.start, -q.end))


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


def _in_paragraph(text: str, start: int, end: int) -> Iterator[Quotation]:
    nests = {mark: text.count(mark, start, end) == text.count(close, start, end) for mark, close in PAIRS.items()}
    stack: list[tuple[str, int]] = []
    for match in ANY_MARK.finditer(text, start, end):
        mark, i = match[0], match.start()
        if mark == "’" and _is_apostrophe(text, i):
            continue
        opens = [opened for opened, _ in stack]
        if any(PAIRS[opened] == mark for opened in opens):
            while PAIRS[stack[-1][0]] != mark:
                yield _closed(stack, i)
            yield _closed(stack, i)
        elif mark in PAIRS:
            if mark in opens and (len(stack) >= DEEPEST or not nests[mark]):
                for _ in opens[opens.index(mark) :]:
                    yield _closed(stack, i)
            stack.append((mark, i))
    while stack:
        yield _closed(stack, end)


def _closed(stack: list[tuple[str, int]], end: int) -> Quotation:
    _, opened = stack.pop()
    return Quotation(opened, opened + 1, end, len(stack))


def _is_apostrophe(text: str, i: int) -> bool:
    before, after = text[i - 1 : i], text[i + 1 : i + 2]
    return before.isascii() and before.isalpha() and after.isascii() and after.isalpha()


def _unmarked(text: str, start: int, end: int) -> Iterator[Quotation]:
    """Find speech without marks in a paragraph: from a cue and its colon to the end of the sentence."""
    while cue := UNMARKED_CUE.search(text, start, end):
        stop = SENTENCE_END.search(text, cue.end(), end)
        start = stop.end() if stop else end
        yield Quotation(cue.end(), cue.end(), start, 0)


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
