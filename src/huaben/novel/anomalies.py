"""What looks wrong with a novel's chapters, for a person to see before anything is paid for."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from huaben.params import Chapters
from huaben.records import Chapter
from huaben.text import find_damage

ADVICE = {
    "advertisements_suggested": "put the pattern into chapters.ads of params.yaml, if the line is not the novel's",
    "control_characters_cut": "invisible characters, gone from the text; nothing to do",
    "damaged_text": "characters lost by a wrong decoding; take another copy of the file",
    "duplicate_text": "delete all but one in the file, or the same lines count several times",
    "empty": "the text of this chapter is missing, or its heading is none",
    "front_matter_cut": "no part of any chapter; give it a heading of its own if it is text of the novel",
    "left_out_of_the_epub": "pictures and pages that the book itself calls no part of its reading order",
    "lines_joined": "the file was wrapped at a fixed width; look whether a chapter's paragraphs are whole",
    "long": "look for a heading that was not recognised inside",
    "missing_number": "look for the heading in the file; write it on a line of its own as the others are",
    "no_headings": "put each heading on a line of its own, such as 第一章",
    "out_of_order": "the chapter stands in the wrong place, or its number is misprinted",
    "repeated_line": "a formula of the author's, or an advertisement: then into chapters.ads of params.yaml",
    "repeated_number": "two chapters of one number: a misprint, a part of a chapter, or a duplicate",
    "repeated_text": "two versions of one chapter; delete one in the file",
    "restarted_number": "a new volume whose heading was not recognised?",
    "short": "a part of a chapter, a note, or a heading that is none",
    "site_mark_inside_a_line": "edit it out of the file; chapters.ads cuts whole lines only",
    "text_before_the_first_heading": "give it a heading, such as 楔子, or delete it",
    "text_under_a_volume": "kept as a prologue of the volume; nothing to do if it is text of the novel",
}
MIN_SENTENCE = 10
"""Characters of a sentence that proves a repetition; shorter ones occur anywhere."""
MIN_REPEATED = 0.5
"""Share of a chapter's sentences that stand in one earlier chapter, from which it is another version of it."""
CLAUSE = re.compile(rf"[^。！？\n]{{{MIN_SENTENCE},}}")
PART = re.compile(r"(?:\s*[（(](?:[上中下]|[〇一二三四五六七八九十\d]{1,3})[)）]|\s*[上中下])$")
"""What tells the parts of a divided chapter apart: 第三章（上）, 卷一·滦阳消夏录(2)."""
SWOLLEN = 1.6
"""A chapter so many times as long as the median may hold the one that is missing after it."""


@dataclass
class Anomalies:
    """What a person should look at before anything is paid for; each a list of short strings."""

    notes: dict[str, list[str]] = field(default_factory=dict)

    def add(self, kind: str, text: str) -> None:
        """Note one anomaly."""
        self.notes.setdefault(kind, []).append(text)

    def as_metrics(self) -> dict[str, int]:
        """Return how many there are of each kind; the texts are in `notes`."""
        return {kind: len(texts) for kind, texts in sorted(self.notes.items())}

    def as_text(self) -> str:
        """Return each kind with its first few, and what to do about it."""
        return "\n".join(_kind(kind, texts) for kind, texts in sorted(self.notes.items()))


def _kind(kind: str, texts: Sequence[str]) -> str:
    shown = f"  {kind}: {'; '.join(texts[:5])[:200]}"
    return f"{shown}\n    -> {ADVICE[kind]}" if kind in ADVICE else shown


def note_chapters(chapters: list[Chapter], params: Chapters, anomalies: Anomalies) -> None:
    """Note chapters that are empty, short, long, equal or damaged, and numbers out of order."""
    seen: dict[str, Chapter] = {}
    for chapter in chapters:
        size = len(chapter.text)
        name = _name(chapter)
        if not size:
            anomalies.add("empty", name)
        elif size < params.min_characters:
            anomalies.add("short", f"{name}: {size}")
        elif size > params.max_characters:
            anomalies.add("long", f"{name}: {size}")
        if size and seen.setdefault(chapter.text, chapter) is not chapter:
            anomalies.add("duplicate_text", f"{name} = {seen[chapter.text].index}")
        if damage := find_damage(chapter.text):
            anomalies.add("damaged_text", f"{name}: {damage}")
    _note_repeated(chapters, anomalies)
    _note_numbers(chapters, anomalies)


def _note_repeated(chapters: Sequence[Chapter], anomalies: Anomalies) -> None:
    """Note chapters of which most sentences stand in one earlier chapter, but not all."""
    first: dict[int, int] = {}
    for place, chapter in enumerate(chapters):
        clauses = [hash(clause) for clause in CLAUSE.findall(chapter.text)]
        earlier = Counter(first[clause] for clause in clauses if clause in first)
        twin, count = earlier.most_common(1)[0] if earlier else (place, 0)
        if count >= MIN_REPEATED * len(clauses) and count and chapters[twin].text != chapter.text:
            share = f"{count / len(clauses):.0%} of its sentences stand in {_name(chapters[twin])}"
            anomalies.add("repeated_text", f"{_name(chapter)}: {share}")
        for clause in clauses:
            first.setdefault(clause, place)


def _name(chapter: Chapter) -> str:
    return f"{chapter.index} {chapter.heading}"[:60]


def _note_numbers(chapters: list[Chapter], anomalies: Anomalies) -> None:
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
            elif not (before and fault == "repeated_number" and _are_parts(before, chapter)):
                anomalies.add(fault, f"{chapter.number} after {last} ({chapter.heading[:30]})")
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


def _are_parts(before: Chapter, chapter: Chapter) -> bool:
    """Tell whether two chapters of one number are parts of it: 卷一(1) and 卷一(2), 第三章（上） and 第三章（下）."""
    stems = [PART.sub("", c.heading) for c in (before, chapter)]
    return stems[0] == stems[1] and chapter.heading != before.heading and stems[1] != chapter.heading
