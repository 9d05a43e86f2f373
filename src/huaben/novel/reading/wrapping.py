"""Hard-wrapped lines → paragraphs, where the lines themselves show that they were cut at a fixed width.

A line end was forced when the next line's first character (or word) would not have fitted, or when it stands inside
an English sentence and a small letter follows. A chapter is wrapped
when most of its lines end so, half of them in the middle of a sentence; any other chapter is left as it is.
"""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

NARROWEST, WIDEST = 40, 200
"""Columns of a page; a Chinese character takes two. Verse is narrower, and a paragraph wider."""
MIN_FORCED = 5
"""Fewer forced line ends prove nothing."""
MIN_SHARE = 0.3
"""Of all line ends; dialogue of one line a paragraph has many that are not forced."""
MIN_TORN = 0.4
"""Share of the forced line ends that stand inside a sentence; running prose has 0.9 (two novels), verse about 0."""
OUTLIERS = 0.02
"""Share of lines that may be wider than the page."""
SLACK = 2
"""Columns by which a page's edge varies, for a mark that was not to begin a line."""
NARROW = re.compile("[\x00-\u10ff\u1e00-\u1fff\uff61-\uffdc]")
TOKEN = re.compile(r"[\x21-\u024f\u2019]+|.[，。！？；：、”’」』》）…—]*")
"""What a page moves to the next line as one: a word of letters, a character with the marks after it."""
SENTENCE_END = re.compile(r"[。！？…”」』’；：.!?\"'—）)]$")


def find_page(lines: Sequence[str]) -> int:
    """Return the width at which the lines of a chapter were cut, or 0 where they do not prove it."""
    filled = [line for line in lines if line.strip()]
    ordered = sorted(width(line.rstrip()) for line in filled)
    page = ordered[-1 - int(OUTLIERS * len(ordered))] if ordered else 0
    if not NARROWEST <= page <= WIDEST:
        return 0
    pairs, forced = _line_ends(lines, page)
    torn = sum(not SENTENCE_END.search(lines[i].rstrip()) for i in forced)
    is_proven = len(forced) >= max(MIN_FORCED, MIN_SHARE * pairs) and torn >= MIN_TORN * len(forced)
    return page if is_proven else 0


def unwrap(lines: Sequence[str], page: int) -> tuple[list[str], int]:
    """Join the lines that a page's edge tore apart; return them, and how many joints were made."""
    is_wider = sum(width(line.rstrip()) > page + SLACK for line in lines) > OUTLIERS * len(lines)
    forced = {} if not page or is_wider else _line_ends(lines, page)[1]
    return (_joined(lines, forced), len(forced)) if forced else (list(lines), 0)


def _line_ends(lines: Sequence[str], page: int) -> tuple[int, dict[int, int]]:
    """Return how many lines have another right under them, and those whose end was forced, with the line under it."""
    filled = [i for i, line in enumerate(lines) if line.strip()]
    step = _step(filled)
    indent = Counter(_indent(lines[i]) for i in filled).most_common(1)[0][0] if filled else 0
    pairs = [(i, j) for i, j in pairwise(filled) if j - i <= step]
    return len(pairs), {i: j for i, j in pairs if _indent(lines[j]) <= indent and _is_forced(lines[i], lines[j], page)}


def width(text: str) -> int:
    """Return the columns that a text takes on a page."""
    return 2 * len(text) - len(NARROW.findall(text))


def _step(filled: Sequence[int]) -> int:
    """Return how far one line stands from the next: 2 where a blank line follows each, paragraph or not."""
    steps = Counter(j - i for i, j in pairwise(filled))
    return 2 if steps[2] > 0.9 * sum(steps.values()) else 1


def _is_forced(line: str, following: str, page: int) -> bool:
    if following.lstrip()[:1].islower() and not SENTENCE_END.search(line.rstrip()):
        return True
    token = TOKEN.match(following.strip())
    return width(line.rstrip()) + width(token[0] if token else "") + SLACK > page


def _indent(line: str) -> int:
    return width(line[: len(line) - len(line.lstrip())])


def _joined(lines: Sequence[str], forced: dict[int, int]) -> list[str]:
    joined: list[str] = []
    joint = None
    for i, line in enumerate(lines):
        if joint is not None and i < joint:
            continue
        if i == joint:
            joined[-1] = _glued(joined[-1].rstrip(), line.strip())
        else:
            joined.append(line)
        joint = forced.get(i)
    return joined


def _glued(first: str, second: str) -> str:
    is_spaced = first[-1:].isascii() and second[:1].isascii() and not first.endswith("-")
    return f"{first} {second}" if is_spaced else first + second
