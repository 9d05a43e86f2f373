"""XML and XHTML from strangers: parsed without loading or expanding anything, and read as paragraphs.

A document type is let pass by name only (EPUB 2 wants one); declarations inside it are refused, as is depth.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.entities import html5
from typing import Any, Protocol
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from huaben.errors import InputError
from huaben.novel.decode import INVISIBLE, decode

DEEPEST = 200
"""Elements nest no deeper in a book; a file that does is made to exhaust whoever reads it."""
HIDDEN = frozenset("head script style svg math rt rp template audio video object".split())
"""What stands in no line of the text; rt is the reading over a character."""
BLOCKS = frozenset(
    "address article aside blockquote body br caption center dd details div dl dt fieldset figcaption figure "
    "footer form h1 h2 h3 h4 h5 h6 header hgroup hr li main nav ol p pre section summary table tbody td tfoot th "
    "thead tr ul".split()
)
WIDE = "[\u2e80-\uffef“”‘’…—]"
BROKEN = re.compile(rf"(?<={WIDE})[ \t]*\n[ \t\n]*(?={WIDE})")
"""A line end of the source between Chinese characters; no blank stands for it."""
BLANKS = re.compile(r"[ \t\r\n\f\v]+")


class Target(Protocol):
    """What parsed XML is told to; names come without their prefixes."""

    def start(self, tag: str, attributes: dict[str, str], /) -> Any:
        """Open an element."""

    def end(self, tag: str, /) -> Any:
        """Close an element."""

    def data(self, text: str, /) -> Any:
        """Take characters."""


@dataclass
class Page:
    """The lines of an XHTML file, and on which of them each id stands."""

    lines: list[str] = field(default_factory=list)
    places: dict[str, int] = field(default_factory=dict)
    controls_cut: int = 0
    _parts: list[str] = field(default_factory=list)
    _hidden: int = 0
    _opened: int = -1

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Open an element; a block begins a new line."""
        if self._hidden or tag in HIDDEN:
            self._hidden += 1
            return
        if tag in BLOCKS:
            self._break()
        if tag == "p":
            self._opened = len(self.lines)
        for key in {attributes.get("id"), attributes.get("name")} - {None, ""}:
            self.places.setdefault(str(key), len(self.lines))

    def end(self, tag: str) -> None:
        """Close an element; an empty paragraph or a rule is a blank line."""
        if self._hidden:
            self._hidden -= 1
            return
        if tag in BLOCKS:
            self._break()
        if tag == "hr" or (tag == "p" and self._opened == len(self.lines)):
            self.lines.append("")

    def data(self, text: str) -> None:
        """Take characters."""
        if not self._hidden:
            self._parts.append(text)

    def _break(self) -> None:
        text, cut = INVISIBLE.subn("", "".join(self._parts))
        self._parts.clear()
        self.controls_cut += cut
        if text := BLANKS.sub(" ", BROKEN.sub("", text)).strip():
            self.lines.append(text)


def read_page(data: bytes, name: str) -> Page:
    """Read an XHTML file as lines; `name` is for messages."""
    page = Page()
    in_the_source = parse(data, name, page)
    page.controls_cut += in_the_source
    return page


def read_tree(data: bytes, name: str) -> Element:
    """Read an XML file as a tree of elements and attributes without prefixes."""
    builder = TreeBuilder()
    parse(data, name, builder)
    return builder.close()


def parse(data: bytes, name: str, target: Target) -> int:
    """Tell a file's elements and characters to `target`; return how many control characters were cut.

    What is no plain, well-formed XML is an InputError.
    """
    decoded = decode(data, name)
    parser = expat.ParserCreate("utf-8")
    parser.UseForeignDTD(True)  # an unknown &name; is then skipped, and no fault
    depth = 0

    def start(tag: str, attributes: Mapping[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > DEEPEST:
            raise InputError(f"{name}, line {parser.CurrentLineNumber}: elements nest more than {DEEPEST} deep")
        target.start(_local(tag), {_local(key): value for key, value in attributes.items()})

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        target.end(_local(tag))

    def doctype(root: str, system: str | None, public: str | None, has_subset: int) -> None:
        if has_subset:
            raise InputError(f"{name}, line {parser.CurrentLineNumber}: a DTD inside the file is refused")

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = target.data
    parser.StartDoctypeDeclHandler = doctype
    parser.SkippedEntityHandler = lambda entity, _: target.data(html5.get(f"{entity};", f"&{entity};"))
    try:
        parser.Parse(decoded.text.encode(), True)
    except expat.ExpatError as error:
        raise InputError(f"{name}: not well-formed XML: {error}; convert the book to .txt, or repair it") from error
    return decoded.controls_cut


def _local(name: str) -> str:
    return name.rpartition(":")[2]
