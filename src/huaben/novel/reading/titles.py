"""Headings that only the look of a text tells: titles of a table of contents, centred titles, numerals alone.

None of these is a heading by its words, so each is taken only where the whole text bears it out.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from huaben.novel.reading.headings import Heading, titled
from huaben.novel.reading.numerals import NUMERAL, to_number
from huaben.novel.reading.wrapping import width

MIN_TITLES = 3
MAX_LISTS = 20
"""A book has a list of contents or two; a file with thousands is made to keep a reader busy."""
MIN_LISTED = 0.8
"""Share of a table of contents that must be found again in the text; the rest may be spelled otherwise."""
LIST = re.compile(r"目\s*[录錄次]|(?:table of )?contents", re.IGNORECASE)
ENTRY = re.compile(r"(\S.{0,40}?)(?:[\s.．·…‥─-]{3,}.{0,20}|\s*\d{1,4})?")
NOTE_MARK = re.compile(r"(?:[⑴-⒇①-⑳]|[\[〔［（(]\s*(?:注|\d{1,3})\s*[\]〕］）)])+$")
SENTENCE = re.compile(r"[。！？；：，…”」』’,.;:!?]$|^[“「『‘\"—]")
DATE = re.compile(r"年.{1,4}月|^\d{4}\b")
CENTRED = 12
"""Columns before a centred title; a paragraph begins with four."""
LONGEST_CENTRED = 40
"""Columns of a centred title itself."""
ALONE = re.compile(rf"({NUMERAL}|[IVXLC]{{1,7}})(?:[、.．]\s*|\s+|$)(.{{0,25}})")
FOREWORD = re.compile(r"(?:[自代]?序|序言|前言|小引)$")


@dataclass
class Titles:
    """Lines that are titles, and the lines of the lists that name them."""

    headings: dict[int, Heading] = field(default_factory=dict)
    listing: set[int] = field(default_factory=set)


def find_titles(lines: Sequence[str], headings: Mapping[int, Heading]) -> Titles:
    """Return the titles of a text whose headings have no numbers, or that names its stories in a list."""
    has_chapters = any(heading.is_chapter for heading in headings.values())
    found = _listed(lines, headings)
    centred = _centred(lines)
    alike = len(centred.keys() & found.headings.keys())
    if alike >= MIN_TITLES or (not has_chapters and not found.headings and len(centred) >= MIN_TITLES):
        found.headings |= {i: heading for i, heading in centred.items() if i not in found.listing}
    if not found.headings and not has_chapters:
        found.headings |= _numerals(lines)
    return found


def _listed(lines: Sequence[str], headings: Mapping[int, Heading]) -> Titles:
    titles = Titles()
    heads = (i for i, line in enumerate(lines) if len(line) < LONGEST_CENTRED and LIST.fullmatch(line.strip()))
    for start in islice(heads, MAX_LISTS):
        entries = _entries(lines, start + 1, headings)
        listing = {start, *entries.values()}
        places = {i: bare for i, line in enumerate(lines) if i not in listing and (bare := _bare(line)) in entries}
        if len(set(places.values())) >= max(MIN_TITLES, MIN_LISTED * len(entries)):
            titles.headings |= {i: _heading(lines[i]) for i in places if _is_open(lines, i)}
            titles.listing |= listing
    return titles


def _entries(lines: Sequence[str], start: int, headings: Mapping[int, Heading]) -> dict[str, int]:
    """Return the entries of a list and their lines; it ends at prose, two blank lines or a repeated title."""
    entries: dict[str, int] = {}
    for i in range(start, len(lines)):
        text = lines[i].strip()
        match = ENTRY.fullmatch(text)
        title = re.sub(r"\s", "", match[1]) if match else ""
        is_prose = text and (i in headings or not title or SENTENCE.search(title) or title in entries)
        if is_prose or (entries and not any(map(str.strip, lines[i : i + 2]))):
            break
        if text:
            entries[title] = i
    return entries


def _centred(lines: Sequence[str]) -> dict[int, Heading]:
    """Return the short lines deep in the page with two blank lines above and one below."""
    return {
        i: _heading(line)
        for i, line in enumerate(lines)
        if line[:1].isspace()
        and (text := line.strip())
        and width(line[: len(line) - len(line.lstrip())]) >= CENTRED
        and width(text) <= LONGEST_CENTRED
        and not any(part.strip() for part in (*lines[max(0, i - 2) : i], *lines[i + 1 : i + 2]))
        and not SENTENCE.search(text)
        and not DATE.search(text)
    }


def _numerals(lines: Sequence[str]) -> dict[int, Heading]:
    """Return lines such as `三` or `12、雨` where they count from 1 without a gap, and few are out of step."""
    found: dict[int, Heading] = {}
    strays = 0
    for i, line in enumerate(lines):
        match = ALONE.fullmatch(line.strip()) if len(line) < 2 * LONGEST_CENTRED else None
        if match and not SENTENCE.search(match[2]):
            is_next = to_number(match[1]) == len(found) + 1
            strays += not is_next
            if is_next:
                found[i] = Heading(line.strip(), len(found) + 1, match[2].strip(), "chapter")
    return found if len(found) >= MIN_TITLES and strays <= len(found) / 5 else {}


def _heading(line: str) -> Heading:
    heading = titled(NOTE_MARK.sub("", line.strip()))
    is_foreword = heading.number is None and FOREWORD.search(heading.text)
    return Heading(heading.text, None, heading.title, "prologue") if is_foreword else heading


def _bare(line: str) -> str:
    return re.sub(r"\s", "", NOTE_MARK.sub("", line.strip())) if len(line) <= 4 * LONGEST_CENTRED else ""


def _is_open(lines: Sequence[str], i: int) -> bool:
    return not i or not lines[i - 1].strip()
