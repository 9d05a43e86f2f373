"""What a chapter heading looks like, line by line."""

import re
from dataclasses import dataclass
from typing import Literal

NUMERAL = r"[〇零一二三四五六七八九十百千万两廿卅\d０-９]+"
NUMBERED = re.compile(rf"(?:第\s*({NUMERAL})\s*([章回节節折幕])|([Cc]hapter|CHAPTER)\s+([0-9]+|[IVXLC]+)\b)(.*)")
VOLUME = re.compile(rf"(?:第\s*({NUMERAL})\s*[卷部集册]|[卷部集册]\s*({NUMERAL}))(.*)")
NAMED = re.compile(
    r"(楔子|序章|序幕|序言|序|引子|前言|番外|外传|后记|後記|尾声|尾聲|终章|大结局)([\s　:：·一二三四五六七八九十\d].*)?"
)
KINDS = {
    "楔": "prologue",
    "序": "prologue",
    "引": "prologue",
    "前": "prologue",
    "番": "side_story",
    "外": "side_story",
}
MAX_HEADING = 50
"""Longest heading line; double headings of the classics have about 30 characters."""
DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
UNITS = {"十": 10, "百": 100, "千": 1000, "万": 10000}
ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}

Kind = Literal["prologue", "chapter", "side_story", "epilogue"]


@dataclass(frozen=True)
class Heading:
    """A heading line. `unit` is 章, 回, 卷 and so on; a volume heading has `is_volume`."""

    number: int | None
    title: str
    kind: Kind
    is_volume: bool


def parse_heading(line: str) -> Heading | None:
    """Return what a line says as a heading, or None when it is prose."""
    text = line.strip(" \t　【】[]《》〈〉")
    if not text or len(text) > MAX_HEADING:
        return None
    if match := NAMED.fullmatch(text):
        return Heading(None, (match[2] or "").strip(" 　:：·"), _kind(match[1]), False)
    if (match := NUMBERED.fullmatch(text)) and _is_title(match[5], spaced=bool(match[3])):
        return Heading(to_number(match[1] or match[4]), _clean(match[5]), "chapter", False)
    if match := VOLUME.fullmatch(text):
        if (inner := NUMBERED.search(match[3])) and _is_title(inner[5], spaced=True):
            return Heading(to_number(inner[1] or inner[4]), _clean(inner[5]), "chapter", False)
        if _is_title(match[3], spaced=bool(match[2])):
            return Heading(to_number(match[1] or match[2]), _clean(match[3]), "chapter", True)
    return None


def to_number(numeral: str) -> int:
    """Read a Chinese, Arabic, full-width or Roman numeral: 一百二十 → 120."""
    if numeral.isdecimal():
        return int(numeral)
    if set(numeral) <= set(ROMAN):
        values = [ROMAN[c] for c in numeral]
        return sum(-v if v < max(values[i:]) else v for i, v in enumerate(values))
    numeral = numeral.replace("廿", "二十").replace("卅", "三十")
    if not set(numeral) & set(UNITS):
        return int("".join(str(DIGITS.get(c, c)) for c in numeral))
    total, digit = 0, 0
    for character in numeral:
        if character in UNITS:
            unit = UNITS[character]
            total = (total + digit) * unit if unit == 10000 else total + (digit or 1) * unit
            digit = 0
        else:
            digit = DIGITS.get(character, 0)
    return total + digit


def _is_title(rest: str, spaced: bool) -> bool:
    """Tell a title from prose that begins like a heading (第一章里说……)."""
    if not rest or rest[0] in " \t　:：、.．·-—】":
        return rest.rstrip()[-1:] not in ("。", "，", ",", "；")
    if spaced:
        return False
    return len(rest) <= 25 and rest[0] not in "里中的说是讲写和与，。、上下就以" and rest[-1] not in "。，；：”！？…"


def _clean(rest: str) -> str:
    return re.sub(r"\s+", " ", rest.strip(" \t　:：、.．·-—】")).strip()


def _kind(word: str) -> Kind:
    kind = KINDS.get(word[0], "epilogue")
    return "side_story" if kind == "side_story" else "prologue" if kind == "prologue" else "epilogue"
