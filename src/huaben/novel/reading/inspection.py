"""A look over a novel's chapters: empty, short, long, damaged, equal, or told twice."""

import re
from collections import Counter
from collections.abc import Sequence

from huaben.novel.reading.anomalies import Anomalies, named
from huaben.novel.reading.numbering import note_numbers
from huaben.params import Chapters
from huaben.records import Chapter
from huaben.text import find_damage

MIN_SENTENCE = 10
"""Characters of a sentence that proves a repetition; shorter ones occur anywhere."""
MIN_REPEATED = 0.5
"""Share of a chapter's sentences that stand in one earlier chapter, from which it is another version of it."""
EDITOR = re.compile(r"^[^\w\n]{0,6}(?:注[释釋解]|註[释釋解]|校注|校註)[^\w\n]{0,6}$", re.MULTILINE)
"""A line that opens an editor's notes."""
CLAUSE = re.compile(rf"[^。！？\n]{{{MIN_SENTENCE},}}")


def note_chapters(chapters: list[Chapter], params: Chapters, anomalies: Anomalies) -> None:
    """Note chapters that are empty, short, long, equal or damaged, and numbers out of order."""
    seen: dict[str, Chapter] = {}
    for chapter in chapters:
        size = len(chapter.text)
        name = named(chapter)
        if not size:
            anomalies.add("empty", name)
        elif size < params.min_characters:
            anomalies.add("short", f"{name}: {size}")
        elif size > params.max_characters:
            anomalies.add("long", f"{name}: {size}")
        if size and seen.setdefault(chapter.text, chapter) is not chapter:
            anomalies.add("duplicate_text", f"{name}: the same text as {named(seen[chapter.text])}")
        if EDITOR.search(chapter.text):
            anomalies.add("editor_notes", name)
        if damage := find_damage(chapter.text):
            anomalies.add("damaged_text", f"{name}: {damage}")
    _note_repeated(chapters, anomalies)
    note_numbers(chapters, anomalies)


def _note_repeated(chapters: Sequence[Chapter], anomalies: Anomalies) -> None:
    """Note chapters of which most sentences stand in one earlier chapter, but not all."""
    first: dict[int, int] = {}
    for place, chapter in enumerate(chapters):
        clauses = [hash(clause) for clause in CLAUSE.findall(chapter.text)]
        earlier = Counter(first[clause] for clause in clauses if clause in first)
        twin, count = earlier.most_common(1)[0] if earlier else (place, 0)
        if count >= MIN_REPEATED * len(clauses) and count and chapters[twin].text != chapter.text:
            share = f"{count / len(clauses):.0%} of its sentences stand in {named(chapters[twin])}"
            anomalies.add("repeated_text", f"{named(chapter)}: {share}")
        for clause in clauses:
            first.setdefault(clause, place)
