"""A section of a novel, and which sections are none: headings of volumes, notes before the text, lists of titles.

Headings of a table of contents (no text under them, and found again later) are none, nor is the first of two
equal headings in a row.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from huaben.novel.reading.anomalies import Anomalies
from huaben.novel.reading.headings import Heading

MAX_TITLE = 40
MAX_FRONT_MATTER = 500
"""Longest note on title and licence before the first heading; more text than that is a chapter without a heading."""
MIN_LIST = 3
"""So many headings in a row without text are a table of contents, if their numbers come again."""
SENTENCE = re.compile(r"^[“「『‘\"—]|[。！？；：，…—”」』’\"]$|[a-z][.!?]$")
"""Begins or ends as a sentence does, and a title does not."""
LEADER = re.compile(r"[.．·…‥]{3,}\d*$")
"""What leads to the page number in a table of contents."""


@dataclass
class Section:
    """The lines under one heading."""

    heading: Heading | None
    line: str
    volume: str | None
    lines: list[str] = field(default_factory=list)

    @property
    def body(self) -> str:
        """The text without the blank lines around it."""
        return "\n".join(self.lines).strip("\n 　\t")


def without_bare_volumes(sections: list[Section], anomalies: Anomalies) -> list[Section]:
    """Leave out the headings of volumes; a text of some length under one, before its first chapter, is a prologue."""
    if not any(section.heading and section.heading.is_chapter for section in sections):
        return sections
    kept = []
    for section in sections:
        if section.heading and section.heading.is_volume:
            if not section.body or cut_front(section.body, anomalies):
                continue
            anomalies.add(
                "text_under_a_volume", f"{section.line[:40]}: {len(section.body)} characters, kept as a chapter"
            )
            section.heading = replace(section.heading, number=None, kind="prologue", is_volume=False)
        kept.append(section)
    return kept


def cut_front(text: str, anomalies: Anomalies) -> bool:
    """Tell whether a text before the first chapter is a mere note on title and licence, and if so report it."""
    if is_note := len(text) <= MAX_FRONT_MATTER:
        anomalies.add("front_matter_cut", f"{len(text)} characters: {text!r}")
    return is_note


def with_title(section: Section) -> Section:
    """Take a bare heading's title from the short line under it."""
    if section.heading is None or section.heading.title or section.heading.kind != "chapter":
        return section
    filled = [i for i, line in enumerate(section.lines) if line.strip()]
    if len(filled) > 1:
        text = section.lines[filled[0]].strip()
        if len(text) <= MAX_TITLE and not SENTENCE.search(text):
            section.line += f" {text}"
            section.lines = section.lines[filled[0] + 1 :]
    return section


def without_contents(sections: list[Section], anomalies: Anomalies) -> list[Section]:
    """Leave out the headings of a table of contents, and what ends it."""
    names = [LEADER.sub("", re.sub(r"\s", "", section.line)) for section in sections]
    last = {name: i for i, name in enumerate(names)}
    listed = _listed_numbers(sections)
    again = [last[name] > i or i in listed for i, name in enumerate(names)]
    bare = [recurs and not section.body for recurs, section in zip(again, sections, strict=True)]
    kept = []
    for i, section in enumerate(sections):
        beside_another = bare[i] and (any(bare[max(0, i - 1) : i] + bare[i + 1 : i + 2]) or names[i] == names[i + 1])
        ends_the_list = again[i] and not bare[i] and bare[max(0, i - 2) : i] == [True, True]
        if not beside_another and not (ends_the_list and cut_front(section.body, anomalies)):
            kept.append(section)
    if cut := len(sections) - len(kept):
        anomalies.add("table_of_contents", f"{cut} headings without text that occur again later")
    return kept


def _listed_numbers(sections: Sequence[Section]) -> set[int]:
    """Return the sections of a row without text whose numbers all come again later with text: 第一章 for 第一章 雨."""
    later: set[int | None] = set()
    listed: set[int] = set()
    row: list[int] = []
    for i in range(len(sections) - 1, -2, -1):
        heading = sections[i].heading if i >= 0 else None
        if i >= 0 and heading and not sections[i].body:
            row.append(i)
            continue
        numbers = {h.number for j in row if (h := sections[j].heading)}
        listed |= set(row) if len(row) >= MIN_LIST and numbers - {None} and numbers <= later else set()
        later |= {heading.number} if heading else set()
        row = []
    return listed
