"""Statements with a blank: what fills it, and what could as well.

The filling is read off the answer: what stands there between the words left and right of the blank. A
statement whose words are not the answer's has none, and is not asked.
"""

import zlib
from collections.abc import Callable, Iterator, Mapping

from huaben.text import BLANK

CONTEXT = 6
"""So many characters beside the blank are looked up in the answer; two at least must be there."""
LONGEST = 10
STOPS = "，。；：？！“”‘’「」、 "
CLAUSES = frozenset("，。；：？！,;:?!")
"""A filling that goes beyond its clause is no filling: the answer has more there than the statement leaves out."""


def filling(statement: str, answer: str) -> str | None:
    """Return what the answer has in the place of the one blank; None where it has nothing of 1 to 10 characters."""
    if statement.count(BLANK) != 1:
        return None
    left, right = statement.split(BLANK)
    found = [
        (i + j, text)
        for i in range(min(len(left), CONTEXT) + 1)
        for j in range(min(len(right), CONTEXT) + 1)
        if i + j > 1
        for text in _between(answer, left[len(left) - i :], right[:j])
    ]
    return max(found, key=lambda pair: pair[0])[1] if found else None


def wrong_fillings(
    statement: str, right: str, others: Mapping[str, bool], overlap: Callable[[str, str], int]
) -> list[str]:
    """Return fillings of other statements, the fittest first.

    A name for a name, that shares as much with the statement as the right filling, and is as long; of
    those alike a hash of the statement draws, so that no filling stands beside every question. `others`
    says of every filling whether it is a person's name.
    """
    wrong = [text for text in others if text not in right and right not in text and text not in statement]
    shared = overlap(statement, right)

    def unfitness(text: str) -> tuple[bool, int, int, int]:
        drawn = zlib.crc32(f"{statement}{text}".encode())
        apart = abs(overlap(statement, text) - shared)
        return others[text] != others[right], apart, abs(len(text) - len(right)), drawn

    return sorted(wrong, key=unfitness)


def _between(answer: str, left: str, right: str) -> Iterator[str]:
    """Return what stands between two texts of the answer; an empty one is the answer's beginning or end."""
    start = answer.find(left)
    end = (answer.find(right, start + len(left) + 1) if right else len(answer)) if start >= 0 else -1
    text = answer[start + len(left) : end].strip(STOPS) if end > 0 else ""
    if 1 <= len(text) <= LONGEST and CLAUSES.isdisjoint(text):
        yield text
