"""An EPUB 2 or 3 → its lines in the order of the spine, and which of them its table of contents calls headings.

Refused: text that is encrypted, a book without a spine, a spine that names what is not there.
"""

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from huaben.errors import InputError
from huaben.files import read_bytes
from huaben.novel.archive import Archive
from huaben.novel.decode import MAX_BYTES
from huaben.novel.headings import Heading, parse_heading, titled
from huaben.novel.markup import Page, read_page

CONTAINER = "META-INF/container.xml"
ENCRYPTION = "META-INF/encryption.xml"
FONTS = frozenset(("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC"))
"""Ways to make a font unreadable outside its book; they touch no text."""
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


@dataclass(frozen=True)
class _Entry:
    """A line of the table of contents: what it says, where it points, and whether other files stand under it."""

    title: str
    file: str
    fragment: str
    is_volume: bool


def read_epub(path: Path) -> Epub:
    """Read a book's text; whatever is no sound, open EPUB is an InputError that says why."""
    archive = Archive(read_bytes(path, MAX_BYTES), str(path))
    package = _package(archive)
    items = {item.get("id", ""): item for item in package.root.iter("item")}
    files, left_out = _spine(package, items)
    _refuse_encrypted(archive, files)
    entries: dict[str, list[_Entry]] = defaultdict(list)
    for entry in _contents(archive, package, items):
        entries[entry.file].append(entry)
    book, cut = Epub([], {}, left_out, 0), 0
    for file in files:
        page = read_page(archive.read(file), f"{path}, {file}")
        _add(book, page, entries[file])
        cut += page.controls_cut
    if not any(book.lines):
        raise InputError(f"{path}: there is no text in the book; is it one of pictures?")
    return replace(book, controls_cut=cut)


def _add(book: Epub, page: Page, entries: Sequence[_Entry]) -> None:
    """Add a file's lines; a title of the table of contents becomes a line where the text does not print it."""
    titles = {page.places.get(entry.fragment, 0): entry for entry in reversed(entries)}
    for number, line in enumerate(page.lines):
        if (entry := titles.get(number)) and not MATTER.fullmatch(entry.title):
            _entitle(book, page.lines[number : number + NEAR], entry)
        book.lines.append(line)


def _entitle(book: Epub, lines: Sequence[str], entry: _Entry) -> None:
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


@dataclass(frozen=True)
class _Package:
    """The file that lists the parts of a book."""

    name: str
    file: str
    root: Element

    def path(self, href: str, base: str | None = None) -> str:
        """Return the member that a link of the package, or of another member, points to."""
        return posixpath.normpath(posixpath.join(posixpath.dirname(base or self.file), unquote(href)))


def _package(archive: Archive) -> _Package:
    if CONTAINER not in archive.members:
        raise InputError(f"{archive.name}: a zip archive, but no EPUB: {CONTAINER} is missing")
    roots = [root.get("full-path") for root in archive.tree(CONTAINER).iter("rootfile")]
    if not roots or not roots[0]:
        raise InputError(f"{archive.name}, {CONTAINER}: names no package file")
    return _Package(archive.name, roots[0], archive.tree(roots[0]))


def _spine(package: _Package, items: Mapping[str, Element]) -> tuple[list[str], list[str]]:
    """Return the files in reading order, and those left out: not part of that order, or no text."""
    files: list[str] = []
    left_out: list[str] = []
    for reference in package.root.iter("itemref"):
        item = items.get(reference.get("idref", ""))
        if item is None or not item.get("href"):
            name = reference.get("idref")
            raise InputError(f"{package.name}, {package.file}: the spine names {name!r}, which is not in the manifest")
        file = package.path(item.get("href", ""))
        is_text = "html" in item.get("media-type", "html") and "nav" not in item.get("properties", "").split()
        (files if is_text and reference.get("linear") != "no" else left_out).append(file)
    if not files:
        raise InputError(
            f"{package.name}, {package.file}: no spine that says which files are read, and in which order"
        )
    return list(dict.fromkeys(files)), left_out


def _refuse_encrypted(archive: Archive, files: Sequence[str]) -> None:
    if ENCRYPTION not in archive.members:
        return
    for data in archive.tree(ENCRYPTION).iter("EncryptedData"):
        ways = [method.get("Algorithm") for method in data.iter("EncryptionMethod")]
        members = [posixpath.normpath(unquote(r.get("URI", ""))) for r in data.iter("CipherReference")]
        if not set(ways) <= set(FONTS) or not ways or set(members) & set(files):
            what = ", ".join(members)[:100] or "its text"
            raise InputError(f"{archive.name}: {what} is encrypted (DRM); a copy without it is needed")


def _contents(archive: Archive, package: _Package, items: Mapping[str, Element]) -> list[_Entry]:
    """Return the entries of the table of contents, of EPUB 3 (nav) or else of EPUB 2 (ncx)."""
    navs = [item for item in items.values() if "nav" in item.get("properties", "").split()]
    ncxs = [item for item in items.values() if item.get("media-type") == "application/x-dtbncx+xml"]
    for item in [*navs, *ncxs][:1]:
        file = package.path(item.get("href", ""))
        tree = archive.tree(file)
        toc = next((nav for nav in tree.iter("nav") if nav.get("type") == "toc"), tree)
        return [entry for node in (*toc.iter("li"), *toc.iter("navPoint")) for entry in _entry(package, file, node)]
    return []


def _entry(package: _Package, toc: str, node: Element) -> Iterator[_Entry]:
    """Read one `li` of a nav, or one `navPoint` of an ncx; it is a volume when other files stand under it."""
    label, link = (
        (node.find("a"), node.find("a")) if node.tag == "li" else (node.find("navLabel"), node.find("content"))
    )
    if label is None or link is None:
        return
    below = {_target(package, toc, a)[0] for a in node.iter("a" if node.tag == "li" else "content")}
    file, fragment = _target(package, toc, link)
    if title := " ".join("".join(label.itertext()).split()):
        yield _Entry(title, file, fragment, below != {file})


def _target(package: _Package, toc: str, link: Element) -> tuple[str, str]:
    address, _, fragment = (link.get("href") or link.get("src") or "").partition("#")
    return package.path(address, toc) if address else toc, unquote(fragment)
