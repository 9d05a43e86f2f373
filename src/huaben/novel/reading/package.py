"""The package of an EPUB 2 or 3: which of its files are read, in which order, and what its table of contents says."""

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from huaben.errors import InputError
from huaben.novel.reading.archive import Archive

CONTAINER = "META-INF/container.xml"
ENCRYPTION = "META-INF/encryption.xml"
FONTS = frozenset(("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC"))
"""Ways to make a font unreadable outside its book; they touch no text."""


@dataclass(frozen=True)
class Entry:
    """A line of the table of contents: what it says, where it points, and whether other files stand under it."""

    title: str
    file: str
    fragment: str
    is_volume: bool


@dataclass(frozen=True)
class Package:
    """The file that lists the parts of a book."""

    name: str
    file: str
    root: Element

    def path(self, href: str, base: str | None = None) -> str:
        """Return the member that a link of the package, or of another member, points to."""
        return posixpath.normpath(posixpath.join(posixpath.dirname(base or self.file), unquote(href)))


def read_package(archive: Archive) -> Package:
    """Read the first package file that a book names; a book that names none is an InputError."""
    if CONTAINER not in archive.members:
        raise InputError(f"{archive.name}: a zip archive, but no EPUB: {CONTAINER} is missing")
    roots = [root.get("full-path") for root in archive.tree(CONTAINER).iter("rootfile")]
    if not roots or not roots[0]:
        raise InputError(f"{archive.name}, {CONTAINER}: names no package file")
    return Package(archive.name, roots[0], archive.tree(roots[0]))


def read_spine(package: Package, items: Mapping[str, Element]) -> tuple[list[str], list[str]]:
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


def refuse_encrypted(archive: Archive, files: Sequence[str]) -> None:
    """Raise an InputError where any of these files, or anything but a font, is encrypted."""
    if ENCRYPTION not in archive.members:
        return
    for data in archive.tree(ENCRYPTION).iter("EncryptedData"):
        ways = [method.get("Algorithm") for method in data.iter("EncryptionMethod")]
        members = [posixpath.normpath(unquote(r.get("URI", ""))) for r in data.iter("CipherReference")]
        if not set(ways) <= set(FONTS) or not ways or set(members) & set(files):
            what = ", ".join(members)[:100] or "its text"
            raise InputError(f"{archive.name}: {what} is encrypted (DRM); a copy without it is needed")


def read_contents(archive: Archive, package: Package, items: Mapping[str, Element]) -> list[Entry]:
    """Return the entries of the table of contents, of EPUB 3 (nav) or else of EPUB 2 (ncx)."""
    navs = [item for item in items.values() if "nav" in item.get("properties", "").split()]
    ncxs = [item for item in items.values() if item.get("media-type") == "application/x-dtbncx+xml"]
    for item in [*navs, *ncxs][:1]:
        file = package.path(item.get("href", ""))
        tree = archive.tree(file)
        toc = next((nav for nav in tree.iter("nav") if nav.get("type") == "toc"), tree)
        return [entry for node in (*toc.iter("li"), *toc.iter("navPoint")) for entry in _entry(package, file, node)]
    return []


def _entry(package: Package, toc: str, node: Element) -> Iterator[Entry]:
    """Read one `li` of a nav, or one `navPoint` of an ncx; it is a volume when other files stand under it."""
    label, link = (
        (node.find("a"), node.find("a")) if node.tag == "li" else (node.find("navLabel"), node.find("content"))
    )
    if label is None or link is None:
        return
    below = {_target(package, toc, a)[0] for a in node.iter("a" if node.tag == "li" else "content")}
    file, fragment = _target(package, toc, link)
    if title := " ".join("".join(label.itertext()).split()):
        yield Entry(title, file, fragment, below != {file})


def _target(package: Package, toc: str, link: Element) -> tuple[str, str]:
    address, _, fragment = (link.get("href") or link.get("src") or "").partition("#")
    return package.path(address, toc) if address else toc, unquote(fragment)
