"""The lines of a novel → its sections: torn lines joined, cut at the headings; what is cut is told.

A heading opens a chapter; a volume heading names the volume (or opens a chapter, in a book that has no others).
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from huaben.novel.reading.anomalies import Anomalies
from huaben.novel.reading.headings import Heading, parse_heading
from huaben.novel.reading.sections import (
    MAX_TITLE,
    Section,
    cut_front,
    with_title,
    without_bare_volumes,
    without_contents,
)
from huaben.novel.reading.titles import find_titles
from huaben.novel.reading.wrapping import SENTENCE_END, find_page, unwrap, width


def cut_sections(lines: Sequence[str], known: Mapping[int, Heading], anomalies: Anomalies) -> list[Section]:
    """Cut a text at its headings; `known` are lines that the book itself calls headings."""
    found, listing = _headings(lines, known)
    if listing:
        anomalies.add("table_of_contents", f"{len(listing)} lines that list the titles")
    front, *headed = _split(lines, found, listing)
    _unwrap([front, *headed], anomalies)
    headed = without_contents([with_title(s) for s in without_bare_volumes(headed, anomalies)], anomalies)
    if not front.body or (headed and cut_front(front.body, anomalies)):
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
