"""Quotation marks of a paragraph → its quotations, nested, with what is unclosed or an apostrophe told apart.

A quotation ends at its closing mark, or at the end of its paragraph (speech that goes on in the next paragraph
opens a mark there again; elsewhere the closing mark was forgotten). In a paragraph whose marks do not balance,
an opening mark inside an open quotation of the same style ends that quotation.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from huaben.novel.quotations.misprints import spoken_end, turned

PAIRS = {
    "“": "”",
    "「": "」",
    "『": "』",
    "‘": "’",
    "＂": "＂",
    '"': '"',
    "'": "'",
    "«": "»",
    "〝": "〞",
    "﹁": "﹂",
    "﹃": "﹄",
    "｢": "｣",
}
MARKS = frozenset("".join(PAIRS) + "".join(PAIRS.values()))
ANY_MARK = re.compile(f"[{''.join(sorted(MARKS))}]")
SINGLE = frozenset("‘’'")
"""Marks that are also apostrophes."""
ELIDED = re.compile(r"[‘’'](?:tis|twas|em|til|cause|bout|round|n)\b", re.IGNORECASE)
DEEPEST = 6
"""Quotations nest no deeper; a paragraph that seems to is a heap of marks."""


@dataclass(frozen=True)
class Quotation:
    """`text[start:end]` without its outer marks; `opened` is where its opening mark stands, or would."""

    opened: int
    start: int
    end: int
    depth: int


def find_marked(text: str, start: int, end: int) -> Iterator[Quotation]:
    """Yield the quotations of the paragraph `text[start:end]`, inner before outer."""
    marks = turned(text, list(_marks(text, start, end)), end, PAIRS)
    counts = Counter(mark for mark, _ in marks)
    nests = {
        mark: counts[mark] == counts[close] and not (mark == close and counts[mark] % 2)
        for mark, close in PAIRS.items()
    }
    stack: list[tuple[str, int]] = []
    for mark, i in marks:
        opens = [opened for opened, _ in stack]
        is_straight = PAIRS.get(mark) == mark
        if any(PAIRS[opened] == mark for opened in opens) and not (is_straight and _reopens(text, i, nests[mark])):
            while PAIRS[stack[-1][0]] != mark:
                yield _closed(stack, i)
            yield _closed(stack, i)
        elif mark in PAIRS and not (is_straight and not opens and _is_stray(text, i, start, nests[mark])):
            if mark in opens and (len(stack) >= DEEPEST or not nests[mark]):
                stop = spoken_end(text, stack[opens.index(mark)][1] + 1, i)
                for _ in opens[opens.index(mark) :]:
                    yield _closed(stack, stop)
            stack.append((mark, i))
    while stack:
        yield _closed(stack, end)


def _closed(stack: list[tuple[str, int]], end: int) -> Quotation:
    _, opened = stack.pop()
    return Quotation(opened, opened + 1, end, len(stack))


def _reopens(text: str, i: int, nests: bool) -> bool:
    """Tell whether a straight mark opens another quotation, as after a colon, because the last was left open."""
    return not nests and text[i - 1 : i] in ("：", ":")


def _is_stray(text: str, i: int, start: int, nests: bool) -> bool:
    """Tell whether a straight mark closes what was never opened; it stands behind the end of a sentence."""
    return not nests and i > start and text[i - 1] in "。！？…，.!?," and bool(text[start:i].strip())


def _marks(text: str, start: int, end: int) -> Iterator[tuple[str, int]]:
    """Yield the marks that are no apostrophes."""
    places = [match.start() for match in ANY_MARK.finditer(text, start, end)]
    is_open = False
    for place, i in enumerate(places):
        later = text[places[place + 1]] if place + 1 < len(places) else ""
        if text[i] in SINGLE:
            if _is_apostrophe(text, i, later) or (text[i] == "'" and not is_open and _is_letter(text[i - 1 : i])):
                continue
            is_open = text[i] == "‘" or (text[i] == "'" and not is_open)
        yield text[i], i


def _is_apostrophe(text: str, i: int, later: str) -> bool:
    """Tell an apostrophe: inside a word, before an elision, or after a word whose quotation closes further on."""
    before, after = text[i - 1 : i] if i else "", text[i + 1 : i + 2]
    if _is_letter(before):
        return _is_letter(after) or (after == " " and text[i] == later != "‘" and not text[i + 2 : i + 3].isupper())
    return bool(ELIDED.match(text, i)) or (text[i] == "’" and not before.strip())


def _is_letter(character: str) -> bool:
    return character.isascii() and character.isalnum()
