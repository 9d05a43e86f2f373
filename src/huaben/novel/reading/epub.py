"""An EPUB 2 or 3 → its lines in the order of the spine, and which of them its table of contents calls headings.

Refused: text that is encrypted, a book without a spine, a spine that names what is not there.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from huaben.errors import InputError
from huaben.files import read_bytes
from huaben.novel.reading.archive import Archive
from huaben.novel.reading.decode import MAX_BYTES
from huaben.novel.reading.headings import Heading, parse_heading, titled
from huaben.novel.reading.markup import Page, read_page
from huaben.novel.reading.package import Entry, read_contents, read_package, read_spine, refuse_encrypted

MATTER = re.compile(
    r"封[面底]|扉页|版权(?:页|信息|声明)?|目[录錄次]|书名页|插图|cover|title ?page|copyright.*|(?:table of )?contents",
    re.IGNORECASE,
)
"""Entries of a table of contents that name no chapter."""
NEAR = 3
"""A title is printed within so many lines of where it points, or not at all."""


@dataclass(frozen=True)
class Epub:
    """A book's lines, which of them its table of contents calls headings, and what was left out of its spine."""

    lines: list[str]
    headings: dict[int, Heading]
    left_out: list[str]
    controls_cut: int


def read_epub(path: Path) -> Epub:
    """Read a book's text; whatever is no sound, open EPUB is an InputError that says why."""
    archive = Archive(read_bytes(path, MAX_BYTES), str(path))
    package = read_package(archive)
    items = {item.get("id", ""): item for item in package.root.iter("item")}
    files, left_out = read_spine(package, items)
    refuse_encrypted(archive, files)
    entries: dict[str, list[Entry]] = defaultdict(list)
    for entry in read_contents(archive, package, items):
        entries[entry.file].append(entry)
    book, cut = Epub([], {}, left_out, 0), 0
    for file in files:
        page = read_page(archive.read(file), f"{path}, {file}")
        _add(book, page, entries[file])
        cut += page.controls_cut
    if not any(book.lines):
        raise InputError(f"{path}: there is no text in the book; is it one of pictures?")
    return replace(book, controls_cut=cut)


def _add(book: Epub, page: Page, entries: Sequence[Entry]) -> None:
    """Add a file's lines; a title of the table of contents becomes a line where the text does not print it."""
    titles = {page.places.get(entry.fragment, 0): entry for entry in reversed(entries)}
    for number, line in enumerate(page.lines):
        if (entry := titles.get(number)) and not MATTER.fullmatch(entry.title):
            _entitle(book, page.lines[number : number + NEAR], entry)
        book.lines.append(line)


def _entitle(book: Epub, lines: Sequence[str], entry: Entry) -> None:
    if any(map(parse_heading, lines)):
        return
    printed = [_squeezed(line) for line in lines]
    title = _squeezed(entry.title)
    place = len(book.lines) + (printed.index(title) if title in printed else 0)
    if title not in printed:
        book.lines.append(entry.title)
    book.headings[place] = titled(entry.title, entry.is_volume)


def _squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)
