"""XML from strangers: parsed without loading or expanding anything.

A document type is let pass by name only (EPUB 2 wants one); declarations inside it are refused, as is depth.
"""

from collections.abc import Mapping
from html.entities import html5
from typing import Any, Protocol
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from huaben.errors import InputError
from huaben.novel.reading.decode import decode

DEEPEST = 200
"""Elements nest no deeper in a book; a file that does is made to exhaust whoever reads it."""


class Target(Protocol):
    """What parsed XML is told to; names come without their prefixes."""

    def start(self, tag: str, attributes: dict[str, str], /) -> Any:
        """Open an element."""

    def end(self, tag: str, /) -> Any:
        """Close an element."""

    def data(self, text: str, /) -> Any:
        """Take characters."""


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
