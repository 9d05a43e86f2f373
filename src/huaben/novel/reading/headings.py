"""What a chapter heading looks like, line by line."""

import re
from dataclasses import dataclass
from typing import Literal

from huaben.novel.reading.numerals import COUNT, NUMERAL, to_number

UNIT = r"(?:[章折幕]|回(?!合)|[节節](?![课課])|[话話](?![题題说說剧劇筒]))"
"""第三回合 and 第二节课 stand in sentences, as does 第三部队."""
NUMBERED = re.compile(rf"(?:第\s*({NUMERAL})\s*{UNIT}|([Cc]hapter|CHAPTER)\s+({COUNT})\b)(.*)")
VOLUME = re.compile(
    rf"(?:第\s*({NUMERAL})\s*(?:部分|部(?![队隊落门門])|[卷集册冊])|[卷部集册冊]之?\s*({NUMERAL}|[上中下](?![\u4e00-\u9fff]))"
    rf"|(?:Book|BOOK|Part|PART|Volume|VOLUME)\s+({COUNT})\b)(.*)"
)
ENGLISH_PROSE = re.compile(r"\s+[a-z]")
"""Chapter 2 was a bore."""
ENGLISH_NAMED = re.compile(
    r"(?i:(prologue|preface|foreword|introduction)|(epilogue|afterword|postscript))\b((?:\s*[.:—-].*)?)"
)
NAMED = re.compile(
    r"(楔子|序章|序幕|序言|序|引子|前言|番外篇?|外传|外傳|后记|後記|尾声|尾聲|终章|終章|大结局|大結局)"
    rf"\s*(?:{NUMERAL})?((?:[\s:：·(（].*)?)"
)
DECORATION = re.compile(r"^(?:#{1,6}\s+|[=*★☆◆◇●○※■□▲△~]+\s*)|\s*[=*★☆◆◇●○※■□▲△~]+$")
SPREAD = re.compile(r"^(\S)\s+(\S)$")
"""楔　子, set wide."""
PREFIX = re.compile(r"^(?:《[^》]*》)?\s*(?:目录|目錄|正文)\s*(?=第)")
"""What some sites print before every heading: 正文 第一章, 《书名》目录 第一回."""
KINDS: dict[str, "Kind"] = {
    "楔": "prologue",
    "序": "prologue",
    "引": "prologue",
    "前": "prologue",
    "番": "side_story",
    "外": "side_story",
}
MAX_HEADING = 50
"""Longest heading line; double headings of the classics have about 30 characters."""
MAX_UNSPACED = 25
"""Longest title that follows its number without a space."""
SEPARATORS = ":：、.．·-—】]》〉(（"
Kind = Literal["prologue", "chapter", "side_story", "epilogue"]


@dataclass(frozen=True)
class Heading:
    """A heading line, `text` without what a site put before it.

    `volume` is the volume that it names, and `is_volume` says that it names nothing else.
    """

    text: str
    number: int | None
    title: str
    kind: Kind
    is_volume: bool = False
    volume: str | None = None

    @property
    def is_chapter(self) -> bool:
        """Whether it opens a chapter of the story, and no volume, prologue or the like."""
        return self.kind == "chapter" and not self.is_volume


def parse_heading(line: str) -> Heading | None:
    """Return what a line says as a heading, or None when it is prose."""
    text = PREFIX.sub("", DECORATION.sub("", line.strip())) if len(line) < 4 * MAX_HEADING else ""
    bare = text[1:].rstrip("】]》〉").strip() if text[:1] in ("【", "[", "《", "〈") else text
    bare = SPREAD.sub(r"\1\2", bare)
    if not bare or len(text) > MAX_HEADING:
        return None
    if match := ENGLISH_NAMED.fullmatch(bare):
        return Heading(text, None, _clean(match[3]), "prologue" if match[1] else "epilogue")
    if (match := NAMED.fullmatch(bare)) and _is_title(match[2], spaced=True):
        return Heading(text, None, _clean(match[2]), KINDS.get(match[1][0], "epilogue"))
    if match := NUMBERED.fullmatch(bare):
        return _numbered(text, match, None)
    if match := VOLUME.fullmatch(bare):
        return _volume(text, match)
    return None


def titled(title: str, is_volume: bool = False) -> Heading:
    """Return the heading that a table of contents says a title is, numbered or not."""
    return parse_heading(title) or Heading(title, None, title, "chapter", is_volume, title if is_volume else None)


def _numbered(text: str, match: re.Match[str], volume: str | None) -> Heading | None:
    is_prose = match[2] and ENGLISH_PROSE.match(match[4])
    if is_prose or not _is_title(match[4], spaced=bool(match[2] or volume)):
        return None
    return Heading(text, to_number(match[1] or match[3]), _clean(match[4]), "chapter", volume=volume)


def _volume(text: str, match: re.Match[str]) -> Heading | None:
    """Read `卷一 第一章 开端` as a chapter of its volume, and `卷一 风起` as a volume."""
    inner = NUMBERED.search(match[4])
    if inner and (heading := _numbered(text, inner, match.string[: match.start(4) + inner.start()].strip())):
        return heading
    is_prose = match[3] and ENGLISH_PROSE.match(match[4])
    if not is_prose and _is_title(match[4], spaced=bool(match[2] or match[3])):
        numeral = match[1] or match[2] or match[3]
        number = None if numeral in ("上", "中", "下") else to_number(numeral)
        return Heading(text, number, _clean(match[4]), "chapter", True, text)
    return None


def _is_title(rest: str, spaced: bool) -> bool:
    """Tell a title from prose that begins like a heading (第一章里说……); `spaced` wants a separator."""
    if not rest or rest in ("上", "中", "下"):
        return True
    if rest[0].isspace() or rest[0] in SEPARATORS:
        return rest.rstrip()[-1:] not in ("。", "，", ",", "；")
    if spaced:
        return False
    is_short = len(rest) <= MAX_UNSPACED and rest[-1] not in "。；，：”！？…"
    return is_short and rest[0] not in "里中的说說是讲講写寫和与與，。、上下就以"


def _clean(rest: str) -> str:
    return re.sub(r"\s+", " ", rest.strip().lstrip(SEPARATORS.rstrip("(（"))).strip()
