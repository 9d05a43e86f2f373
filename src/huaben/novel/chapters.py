"""A novel's text → its chapters, and what looks wrong with them.

A heading opens a chapter; a volume heading names the volume (or opens a chapter, in a book that has
no others); headings of a table of contents (no text under them, and found again later) are none, nor is
the first of two equal headings in a row.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from huaben.errors import InputError
from huaben.novel.anomalies import Anomalies, note_chapters
from huaben.novel.decode import read_novel
from huaben.novel.headings import Heading, parse_heading
from huaben.params import Chapters
from huaben.records import Chapter, Split, make_id

MAX_TITLE = 40
MAX_FRONT_MATTER = 500
"""Longest note on title and licence before the first heading; more text than that is a chapter without a heading."""
SENTENCE = re.compile(r"^[“「『‘\"—]|[。！？；：，…—”」』’\"]$")
"""Begins or ends as a sentence does, and a title does not."""


@dataclass
class _Section:
    heading: Heading | None
    line: str
    volume: str | None
    lines: list[str] = field(default_factory=list)

    @property
    def body(self) -> str:
        return "\n".join(self.lines).strip("\n 　\t")


def find_novels(raw: Path) -> list[Path]:
    """Return the novel's files in `raw`, in order of their names, 2.txt before 10.txt."""
    paths = sorted((path for path in raw.glob("*") if path.suffix.lower() in (".txt", ".epub")), key=_natural)
    if epubs := [path for path in paths if path.suffix.lower() == ".epub"]:
        raise InputError(f"{epubs[0]}: EPUB is not read yet; put the book there as a .txt file instead")
    if not paths:
        raise InputError(f"{raw}: no .txt file here; put the novel there")
    return paths


def _natural(path: Path) -> tuple[list[str | int], str]:
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", path.name)], path.name


def read_chapters(paths: Sequence[Path], slug: str, params: Chapters) -> tuple[list[Chapter], Anomalies]:
    """Read a novel's files, one after the other, into numbered chapters with their splits."""
    anomalies = Anomalies()
    sections: list[_Section] = []
    for path in paths:
        decoded = read_novel(path)
        anomalies.add("encoding", f"{path.name}: {decoded.encoding}")
        if decoded.controls_cut:
            anomalies.add("control_characters_cut", f"{path.name}: {decoded.controls_cut}")
        sections += _sections(_without_ads(decoded.text.split("\n"), params.ads, anomalies), anomalies)
    if not sections:
        raise InputError(
            f"{', '.join(map(str, paths))}: no text is left under any heading, or beside the advertisements"
        )
    seen: Counter[str] = Counter()
    chapters = [_chapter(section, i, slug, params, seen) for i, section in enumerate(sections, 1)]
    _check_splits(len(chapters), params)
    note_chapters(chapters, params, anomalies)
    return chapters, anomalies


def _without_ads(lines: list[str], patterns: Sequence[str], anomalies: Anomalies) -> list[str]:
    ads = [_compiled(pattern) for pattern in patterns]
    is_ad = [any(ad.fullmatch(line.strip()) for ad in ads) for line in lines]
    if cut := Counter(line.strip() for line, ad in zip(lines, is_ad, strict=True) if ad):
        commonest = ", ".join(f"{count} × {line[:40]!r}" for line, count in cut.most_common(5))
        anomalies.add("advertisements_cut", f"{cut.total()} lines: {commonest}")
    return [line for line, ad in zip(lines, is_ad, strict=True) if not ad]


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise InputError(f"params.yaml: chapters.ads: {pattern!r} is no regular expression: {error}") from error


def _sections(lines: list[str], anomalies: Anomalies) -> list[_Section]:
    found = [parse_heading(line) for line in lines]
    has_chapters = any(heading and heading.kind == "chapter" and not heading.is_volume for heading in found)
    front = _Section(None, "", None)
    sections, volume = [front], None
    for line, heading in zip(lines, found, strict=True):
        if heading and has_chapters:
            volume = heading.volume or volume
        if heading and not (heading.is_volume and has_chapters):
            sections.append(_Section(heading, heading.text, volume))
        elif not heading:
            sections[-1].lines.append(line)
    headed = _without_contents([_with_title(section) for section in sections[1:]], anomalies)
    if not front.body or (headed and _cut_front(front.body, anomalies)):
        return headed
    if headed:
        anomalies.add("text_before_the_first_heading", f"{len(front.body)} characters, kept as a chapter")
    return [front, *headed]


def _cut_front(text: str, anomalies: Anomalies) -> bool:
    """Tell whether a text before the first chapter is a mere note on title and licence, and if so report it."""
    if is_note := len(text) <= MAX_FRONT_MATTER:
        anomalies.add("front_matter_cut", f"{len(text)} characters: {text!r}")
    return is_note


def _with_title(section: _Section) -> _Section:
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


def _without_contents(sections: list[_Section], anomalies: Anomalies) -> list[_Section]:
    names = [re.sub(r"\s", "", section.line) for section in sections]
    last = {name: i for i, name in enumerate(names)}
    again = [last[name] > i for i, name in enumerate(names)]
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


def _chapter(section: _Section, index: int, slug: str, params: Chapters, seen: Counter[str]) -> Chapter:
    """Make a chapter; its id tells it from every other, from an equal one by how many came before."""
    heading, text = section.heading, section.body
    content = make_id(slug, section.line, text)
    seen[content] += 1
    split: Split = "test" if index in params.test else "validation" if index in params.validation else "train"
    return Chapter(
        chapter_id=content if seen[content] == 1 else make_id(content, seen[content]),
        index=index,
        number=heading.number if heading else None,
        kind=heading.kind if heading else "whole",
        volume=section.volume,
        heading=section.line,
        title=section.line or slug,
        novel=slug,
        split=split,
        text=text,
    )


def _check_splits(count: int, params: Chapters) -> None:
    both = set(params.test) & set(params.validation)
    beyond = [i for i in (*params.test, *params.validation) if i > count]
    if both or beyond:
        fault = f"{sorted(both)} in both lists" if both else f"the novel has {count} chapters, there is no {beyond}"
        raise InputError(f"params.yaml: chapters.test, chapters.validation: {fault}")
