"""A novel's text → its chapters, and what looks wrong with them.

A heading opens a chapter; a volume heading names the volume (or opens a chapter, in a book that has
no others); headings of a table of contents (no text under them, and found again later) are none.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from huaben.errors import InputError
from huaben.novel.decode import read_novel
from huaben.novel.headings import Heading, parse_heading
from huaben.params import Chapters
from huaben.records import Chapter, Split, make_id

MAX_TITLE = 40
MAX_FRONT_MATTER = 500
"""Longest note on title and licence before the first heading; more text than that is a chapter without a heading."""
SENTENCE_END = re.compile(r"[。！？；：，”]$")


@dataclass
class Anomalies:
    """What a person should look at before anything is paid for; each a list of short strings."""

    notes: dict[str, list[str]] = field(default_factory=dict)

    def add(self, kind: str, text: str) -> None:
        """Note one anomaly."""
        self.notes.setdefault(kind, []).append(text)

    def as_metrics(self) -> dict[str, Any]:
        """Return `{kind: {count, examples}}`, examples joined into one string of bounded length."""
        return {
            kind: {"count": len(texts), "examples": "; ".join(texts[:20])}
            for kind, texts in sorted(self.notes.items())
        }


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
    """Return the novel's files in `raw`, in order of their names."""
    paths = sorted(path for path in raw.glob("*.txt"))
    if epubs := sorted(raw.glob("*.epub")):
        raise InputError(f"{epubs[0]}: EPUB is not read yet; save the book as a .txt file beside it")
    if not paths:
        raise InputError(f"{raw}: no .txt file here; put the novel there")
    return paths


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
    chapters = [_chapter(section, i, slug, params) for i, section in enumerate(sections, 1)]
    _check_splits(len(chapters), params)
    _note_anomalies(chapters, params, anomalies)
    return chapters, anomalies


def _without_ads(lines: list[str], patterns: Sequence[str], anomalies: Anomalies) -> list[str]:
    try:
        advertisement = re.compile("|".join(f"(?:{pattern})" for pattern in patterns)) if patterns else None
    except re.error as error:
        raise InputError(f"params.yaml: chapters.ads: not a regular expression: {error}") from error
    if advertisement is None:
        return lines
    kept = [line for line in lines if not advertisement.fullmatch(line.strip())]
    if cut := len(lines) - len(kept):
        anomalies.add("advertisements_cut", f"{cut} lines")
    return kept


def _sections(lines: list[str], anomalies: Anomalies) -> list[_Section]:
    found = [parse_heading(line) for line in lines]
    has_chapters = any(heading and not heading.is_volume for heading in found)
    front = _Section(None, "", None)
    sections, volume = [front], None
    for line, heading in zip(lines, found, strict=True):
        if heading and heading.is_volume and has_chapters:
            volume = line.strip()
        elif heading:
            sections.append(_Section(heading, line.strip(), volume))
        else:
            sections[-1].lines.append(line)
    opening = [front] if len(sections) == 1 or len(front.body) > MAX_FRONT_MATTER else []
    if front.body and not opening:
        anomalies.add("front_matter_cut", f"{len(front.body)} characters: {front.body[:40]!r}")
    return opening + _without_contents([_with_title(section) for section in sections[1:]], anomalies)


def _with_title(section: _Section) -> _Section:
    """Take a bare heading's title from the short line under it."""
    if section.heading is None or section.heading.title or section.heading.kind != "chapter":
        return section
    for i, line in enumerate(section.lines):
        text = line.strip()
        if text:
            if len(text) <= MAX_TITLE and not SENTENCE_END.search(text) and len(section.lines) > i + 1:
                section.line += f" {text}"
                section.lines = section.lines[i + 1 :]
            return section
    return section


def _without_contents(sections: list[_Section], anomalies: Anomalies) -> list[_Section]:
    names = [re.sub(r"\s", "", section.line) for section in sections]
    last = {name: i for i, name in enumerate(names)}
    kept = [s for i, (s, name) in enumerate(zip(sections, names, strict=True)) if s.body or last[name] == i]
    if cut := len(sections) - len(kept):
        anomalies.add("table_of_contents", f"{cut} headings without text that occur again later")
    return kept


def _chapter(section: _Section, index: int, slug: str, params: Chapters) -> Chapter:
    heading, text = section.heading, section.body
    split: Split = "test" if index in params.test else "validation" if index in params.validation else "train"
    return Chapter(
        chapter_id=make_id(slug, section.line, text),
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


def _note_anomalies(chapters: list[Chapter], params: Chapters, anomalies: Anomalies) -> None:
    if not chapters:
        raise InputError("the novel has no text")
    seen: dict[str, Chapter] = {}
    for chapter in chapters:
        size = len(chapter.text)
        name = f"{chapter.index} {chapter.heading}"[:60]
        if not size:
            anomalies.add("empty", name)
        elif size < params.min_characters:
            anomalies.add("short", f"{name}: {size}")
        elif size > params.max_characters:
            anomalies.add("long", f"{name}: {size}")
        if size and seen.setdefault(chapter.text, chapter) is not chapter:
            anomalies.add("duplicate_text", f"{name} = {seen[chapter.text].index}")
    _note_numbers(chapters, anomalies)


def _note_numbers(chapters: list[Chapter], anomalies: Anomalies) -> None:
    """Note gaps, repeats and steps back of the printed numbers, which may restart in each volume."""
    previous = None
    for chapter in (c for c in chapters if c.kind == "chapter" and c.number is not None):
        number = chapter.number or 0
        if previous is not None:
            last = previous.number or 0
            if number > last + 1:
                anomalies.add("missing_number", ", ".join(str(n) for n in range(last + 1, min(number, last + 50))))
            elif number == last:
                anomalies.add("repeated_number", f"{number} ({chapter.heading[:30]})")
            elif number < last and (chapter.volume == previous.volume and number != 1):
                anomalies.add("out_of_order", f"{number} after {last}")
        previous = chapter
    counts = Counter(c.number for c in chapters if c.number is not None)
    if not counts and len(chapters) == 1:
        anomalies.add("no_headings", "the whole text is one chapter")
