"""A chapter → the passages it is asked about: all of it, or pieces where it is too long, its quotations numbered.

A quotation keeps the number that it has in the chapter, whatever passage it falls into; so answers by
number need no translation. The cut is made between paragraphs, nearest to where it is wanted.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from huaben.llm.prompts import number_quotations
from huaben.novel.marks import MARKS
from huaben.records import Chapter, Line


@dataclass(frozen=True)
class Passage:
    """The characters `start` to `end` of a chapter, and all lines of the chapter in reading order."""

    chapter: Chapter
    lines: Sequence[Line]
    start: int
    end: int

    @property
    def text(self) -> str:
        """The text as the novel has it."""
        return self.chapter.text[self.start : self.end]

    @property
    def numbered(self) -> str:
        """The text with the number of every quotation before it."""
        openings = [(self._opened(self.lines[n - 1]) - self.start, n) for n in self.numbers]
        return number_quotations(self.text, openings)

    @property
    def numbers(self) -> range:
        """The numbers of the quotations that open in the passage."""
        before, after = (bisect_left(self.lines, end, key=self._opened) for end in (self.start, self.end))
        return range(before + 1, after + 1)

    def _opened(self, line: Line) -> int:
        """Return where a quotation's opening mark stands, or its first character where it has none."""
        return line.start - 1 if self.chapter.text[max(0, line.start - 1) : line.start] in MARKS else line.start

    @property
    def name(self) -> str:
        """What a person calls it."""
        title = self.chapter.heading or self.chapter.title
        whole = (self.start, self.end) == (0, len(self.chapter.text))
        return title if whole else f"{title} [{self.start}:{self.end}]"

    def halves(self) -> tuple["Passage", ...]:
        """Return two passages, cut between the paragraphs nearest to the middle; none where there is one paragraph."""
        text = self.chapter.text
        first, last = self.end - len(self.text.lstrip()), self.start + len(self.text.rstrip())
        middle = (first + last) // 2
        places = text.rfind("\n", first, middle) + 1, text.find("\n", middle, last) + 1
        cuts = [cut for cut in places if first < cut < last]
        if not cuts:
            return ()
        cut = min(cuts, key=lambda place: abs(place - middle))
        return Passage(self.chapter, self.lines, self.start, cut), Passage(self.chapter, self.lines, cut, self.end)


def passages(chapter: Chapter, lines: Sequence[Line], longest: int) -> Iterator[Passage]:
    """Yield the passages of a chapter, each of at most `longest` characters where its paragraphs allow."""
    waiting = [Passage(chapter, lines, 0, len(chapter.text))]
    while waiting:
        passage = waiting.pop()
        halves = passage.halves() if passage.end - passage.start > longest else ()
        if halves:
            waiting += reversed(halves)
        else:
            yield passage
