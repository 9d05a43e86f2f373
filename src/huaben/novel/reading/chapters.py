"""A novel's files → its chapters, and what looks wrong with them: decode, cut ads, cut at headings, number."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from huaben.errors import InputError
from huaben.novel.reading.ads import keep_lines, note_ads
from huaben.novel.reading.anomalies import Anomalies
from huaben.novel.reading.cutting import cut_sections
from huaben.novel.reading.decode import read_novel
from huaben.novel.reading.epub import read_epub
from huaben.novel.reading.headings import Heading
from huaben.novel.reading.inspection import note_chapters
from huaben.novel.reading.sections import Section
from huaben.params import Chapters
from huaben.records import Chapter, Split, make_id

FORMATS = (".txt", ".epub")


def find_novels(raw: Path) -> list[Path]:
    """Return the novel's files in `raw`, in order of their names, 2.txt before 10.txt."""
    paths = sorted((path for path in raw.glob("*") if path.suffix.lower() in FORMATS), key=_natural)
    if not paths:
        raise InputError(f"{raw}: no .txt or .epub file here; put the novel there")
    return paths


def _natural(path: Path) -> tuple[list[str | int], str]:
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", path.name)], path.name


def read_chapters(paths: Sequence[Path], slug: str, params: Chapters) -> tuple[list[Chapter], Anomalies]:
    """Read a novel's files, one after the other, into numbered chapters with their splits."""
    anomalies = Anomalies()
    sections: list[Section] = []
    for path in paths:
        lines, known = _read(path, anomalies)
        kept = keep_lines(lines, params.ads, anomalies)
        still_known = {place: known[i] for place, i in enumerate(kept) if i in known}
        sections += cut_sections([lines[i] for i in kept], still_known, anomalies)
    if not any(section.body for section in sections):
        raise InputError(
            f"{', '.join(map(str, paths))}: no text is left under any heading, or beside the advertisements"
        )
    seen: Counter[str] = Counter()
    chapters = [_chapter(section, i, slug, params, seen) for i, section in enumerate(sections, 1)]
    _check_splits(len(chapters), params)
    note_chapters(chapters, params, anomalies)
    note_ads(chapters, anomalies)
    return chapters, anomalies


def _read(path: Path, anomalies: Anomalies) -> tuple[list[str], Mapping[int, Heading]]:
    """Return a file's lines, and which of them the book itself calls headings."""
    known: Mapping[int, Heading] = {}
    if path.suffix.lower() == ".epub":
        book = read_epub(path)
        lines, known, encoding, cut = book.lines, book.headings, "epub", book.controls_cut
        if book.left_out:
            anomalies.add("left_out_of_the_epub", f"{path.name}: {', '.join(book.left_out)[:500]}")
    else:
        decoded = read_novel(path)
        lines, encoding, cut = decoded.text.split("\n"), decoded.encoding, decoded.controls_cut
    anomalies.add("encoding", f"{path.name}: {encoding}")
    if cut:
        anomalies.add("control_characters_cut", f"{path.name}: {cut}")
    return lines, known


def _chapter(section: Section, index: int, slug: str, params: Chapters, seen: Counter[str]) -> Chapter:
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
