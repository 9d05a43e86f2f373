"""The printed numbers of a novel's chapters: gaps, repeats and steps back."""

import re
from collections.abc import Sequence
from statistics import median

from huaben.novel.reading.anomalies import Anomalies, named
from huaben.records import Chapter

PART = re.compile(r"(?:\s*[（(](?:[上中下]|[〇一二三四五六七八九十\d]{1,3})[)）]|\s*[上中下])$")
"""What tells the parts of a divided chapter apart: 第三章（上）, 卷一(2)."""
SWOLLEN = 1.6
"""A chapter so many times as long as the median may hold the one that is missing after it."""


def note_numbers(chapters: Sequence[Chapter], anomalies: Anomalies) -> None:
    """Note gaps, repeats and steps back of the printed numbers, which may restart in each volume."""
    usual = median(len(chapter.text) for chapter in chapters)
    before: Chapter | None = None
    for chapter in chapters:
        if chapter.kind != "chapter" or chapter.number is None:
            continue
        last = before.number or 0 if before else min(1, chapter.number) - 1
        is_new_volume = before is None or chapter.volume != before.volume
        if fault := _number_fault(chapter.number, last, is_new_volume):
            if fault == "missing_number":
                anomalies.add(fault, _missing(last, chapter, before, usual))
            elif before and not (fault == "repeated_number" and _is_told(before, chapter)):
                anomalies.add(fault, f"{named(chapter)}, after {named(before)}")
        before = chapter
    if len(chapters) == 1 and not chapters[0].heading:
        anomalies.add("no_headings", "the whole text is one chapter")


def _number_fault(number: int, last: int, is_new_volume: bool) -> str | None:
    if number == last + 1 or (number == 1 and is_new_volume):
        return None
    if number > last:
        return "missing_number"
    return "repeated_number" if number == last else "restarted_number" if number == 1 else "out_of_order"


def _missing(last: int, chapter: Chapter, before: Chapter | None, usual: float) -> str:
    first, end = last + 1, (chapter.number or 0) - 1
    numbers = str(first) if first == end else f"{first}-{end}"
    if before is None:
        return f"{numbers}, before {chapter.heading[:30]}"
    ratio = len(before.text) / max(1.0, usual)
    hint = f", which is {ratio:.1f} times as long as usual: is it inside?" if ratio >= SWOLLEN else ""
    return f"{numbers}, after {before.heading[:30]}{hint}"


def _is_told(before: Chapter, chapter: Chapter) -> bool:
    """Tell whether two chapters of one number are equal, which is noted as such, or parts of it: （上）, （下）."""
    if chapter.text == before.text:
        return True
    stems = [PART.sub("", c.heading) for c in (before, chapter)]
    return stems[0] == stems[1] and chapter.heading != before.heading and stems[1] != chapter.heading
