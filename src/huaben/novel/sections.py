"""The lines of a novel → its sections, each under its heading; what is cut is told.

A heading opens a chapter; a volume heading names the volume (or opens a chapter, in a book that has
no others); headings of a table of contents (no text under them, and found again later) are none, nor is
the first of two equal headings in a row.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from huaben.novel.anomalies import Anomalies
from huaben.novel.headings import Heading, parse_heading
from huaben.novel.titles import find_titles
from huaben.novel.wrapping import SENTENCE_END, find_page, unwrap, width

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


def cut_sections(lines: Sequence[str], known: Mapping[int, Heading], anomalies: Anomalies) -> list[Section]:
    """Cut a text at its headings; `known` are lines that the book itself calls headings."""
    found, listing = _headings(lines, known)
    if listing:
        anomalies.add("table_of_contents", f"{len(listing)} lines that list the titles")
    front, *headed = _split(lines, found, listing)
    _unwrap([front, *headed], anomalies)
    headed = _without_contents([_with_title(s) for s in _without_bare_volumes(headed, anomalies)], anomalies)
    if not front.body or (headed and _cut_front(front.body, anomalies)):
        return headed
    if headed:
        anomalies.add("text_before_the_first_heading", f"{len(front.body)} characters, kept as a chapter")
    return [front, *headed]


def _unwrap(sections: Sequence[Section], anomalies: Anomalies) -> None:
    """Join torn lines; a chapter too short to prove its page was cut at the page of the others, if it fits there."""
    pages = [find_page(section.lines) for section in sections]
    usual = Counter(page for page in pages if page).most_common(1)
    joints = 0
    for section, page in zip(sections, pages, strict=True):
        section.lines, count = unwrap(section.lines, page or (usual[0][0] if usual else 0))
        joints += count
    if joints:
        anomalies.add("lines_joined", f"{joints:,} line ends that the edge of a page had forced")


def _headings(lines: Sequence[str], known: Mapping[int, Heading]) -> tuple[dict[int, Heading], set[int]]:
    found = {i: heading for i, line in enumerate(lines) if (heading := parse_heading(line)) and not _is_torn(lines, i)}
    found |= known
    titles = find_titles(lines, found)
    return found | titles.headings, titles.listing


def _is_torn(lines: Sequence[str], i: int) -> bool:
    """Tell whether a line goes on with a sentence of two lines of one width, which the edge of a page tore apart."""
    above = [line.rstrip() for line in lines[max(0, i - 2) : i]]
    if len(above) < 2 or any(SENTENCE_END.search(line) for line in above):
        return False
    first, second = map(width, above)
    return first >= MAX_TITLE and abs(first - second) <= 4


def _split(lines: Sequence[str], found: Mapping[int, Heading], listing: set[int]) -> list[Section]:
    has_chapters = any(heading.is_chapter for heading in found.values())
    sections, volume, is_story = [Section(None, "", None)], None, False
    for i, line in enumerate(lines):
        heading = found.get(i)
        if heading is None:
            sections[-1].lines.extend([] if i in listing else [line])
            continue
        last = sections[-1]
        if _is_story(last.heading) and not last.body and heading.number is not None:
            volume, is_story = sections.pop().line, True
        elif _is_story(heading) and is_story:
            volume, is_story = None, False
        if has_chapters:
            volume = heading.volume or volume
        sections.append(Section(heading, heading.text, volume))
    return sections


def _is_story(heading: Heading | None) -> bool:
    """Tell whether a heading is a title without a number; with chapters under it, it names the volume."""
    return heading is not None and heading.is_chapter and heading.number is None


def _without_bare_volumes(sections: list[Section], anomalies: Anomalies) -> list[Section]:
    """Leave out the headings of volumes; a text of some length under one, before its first chapter, is a prologue."""
    if not any(section.heading and section.heading.is_chapter for section in sections):
        return sections
    kept = []
    for section in sections:
        if section.heading and section.heading.is_volume:
            if not section.body or _cut_front(section.body, anomalies):
                continue
            anomalies.add(
                "text_under_a_volume", f"{section.line[:40]}: {len(section.body)} characters, kept as a chapter"
            )
            section.heading = replace(section.heading, number=None, kind="prologue", is_volume=False)
        kept.append(section)
    return kept


def _cut_front(text: str, anomalies: Anomalies) -> bool:
    """Tell whether a text before the first chapter is a mere note on title and licence, and if so report it."""
    if is_note := len(text) <= MAX_FRONT_MATTER:
        anomalies.add("front_matter_cut", f"{len(text)} characters: {text!r}")
    return is_note


def _with_title(section: Section) -> Section:
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


def _without_contents(sections: list[Section], anomalies: Anomalies) -> list[Section]:
    names = [LEADER.sub("", re.sub(r"\s", "", section.line)) for section in sections]
    last = {name: i for i, name in enumerate(names)}
    listed = _listed_numbers(sections)
    again = [last[name] > i or i in listed for i, name in enumerate(names)]
    bare = [recurs and not section.body for recurs, section in zip(again, sections, strict=True)]
    kept = []
    for i, section in enumerate(sections):
        beside_another = bare[i] and (any(bare[max(0, i - 1) : i] + bare[i + 1 : i + 2]) or names[i] == names[i + 1])
        ends_the_list = again[i] and not bare[i] and bare[max(0, i - 2) : i] == [True, True]
        if not beside_another and not (ends_the_list and _cut_front(section.body, anomalies)):
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
