"""XHTML from strangers, read as the lines of its paragraphs."""

import re
from dataclasses import dataclass, field

from huaben.novel.reading.decode import INVISIBLE
from huaben.novel.reading.xmlfile import parse

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
