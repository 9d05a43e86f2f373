"""Lines and summaries → who a character is, each statement with the place where it stands.

No model is asked. Only train chapters are read, so that what is tested is not told. A line counts that is
speech and stands in no other quotation. The page is `personapage.py`'s.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from huaben.params import Params
from huaben.records import Line, Summary
from huaben.release.persona.distinctive import favourites, log_odds, pieces
from huaben.release.persona.people import Cited, Relation, people, sentences
from huaben.text import count_letters, printable

WORDS, LINES, EVENTS = 12, 12, 24
"""At most so many of each, so that the page fits into a prompt."""
LINE_LETTERS = (12, 60)
"""A typical line is as long as that: a shorter one shows no manner, a longer one crowds the others out."""
TITLE = 40
"""A chapter's title is cut there; characters."""
A_CHAPTER = 2
"""At most so many typical lines of one chapter."""
SPREAD = 3
"""A habit shows in so many chapters."""


@dataclass(frozen=True)
class Portrait:
    """All that the page shows."""

    name: str
    persona: str
    people: list[Relation]
    words: list[Cited]
    lines: list[Cited]
    events: list[Cited]


def portray(lines: Iterable[Line], summaries: Sequence[Summary], params: Params) -> Portrait:
    """Return the portrait of `character.name`; the lists are empty where there is nothing to tell."""
    name, language = params.character.name, params.novel.language
    spoken = sorted(
        (line for line in lines if line.split == "train" and line.kind == "speech" and line.depth == 0),
        key=lambda line: (line.chapter, line.start),
    )
    told = sorted((s for s in summaries if s.split == "train"), key=lambda s: s.provenance.chapter)
    own = [line for line in spoken if line.speaker == name]
    counts = Counter(piece for line in own for piece in pieces(line.text, language))
    others = (line for line in spoken if line.speaker not in (name, None))
    scores = log_odds(counts, Counter(piece for line in others for piece in pieces(line.text, language)))
    names = {line.speaker for line in spoken if line.speaker}
    return Portrait(
        name=name,
        persona=params.character.persona,
        people=people(spoken, told, name, language),
        words=_habits(own, counts, scores, names, language),
        lines=_typical(own, scores, language),
        events=_events(told),
    )


def _habits(
    own: Sequence[Line], counts: Counter[str], scores: Mapping[str, float], names: set[str], language: str
) -> list[Cited]:
    places = {(line.chapter, piece) for line in own for piece in pieces(line.text, language)}
    spread = Counter(piece for _, piece in places)
    allowed = [piece for piece in counts if spread[piece] >= SPREAD and piece not in names]
    found = (_first_use(own, piece, counts[piece]) for piece in favourites(scores, counts, allowed, WORDS))
    return [cited for cited in found if cited]


def _first_use(own: Sequence[Line], piece: str, count: int) -> Cited | None:
    """Return where a piece stands first; None where small letters hide it (İ has two of them)."""
    for line in own:
        if match := re.search(re.escape(piece), line.text, re.IGNORECASE):
            start, end = match.span()
            return Cited(match.group(), line.chapter, line.start + start, line.start + end, count)
    return None


def _typical(own: Sequence[Line], scores: Mapping[str, float], language: str) -> list[Cited]:
    """Return the lines whose pieces are the most distinctive on the whole, in reading order."""
    least, most = LINE_LETTERS
    fitting = [line for line in own if least <= count_letters(line.text) and len(line.text) <= 2 * most]
    fitting = [line for line in fitting if count_letters(line.text) <= most and line.text.isprintable()]
    fitting.sort(key=lambda line: (-_manner(line, scores, language), line.chapter, line.start))
    chosen: list[Line] = []
    for line in fitting:
        fresh = all(line.text != other.text for other in chosen)
        if fresh and sum(other.chapter == line.chapter for other in chosen) < A_CHAPTER and len(chosen) < LINES:
            chosen.append(line)
    chosen.sort(key=lambda line: (line.chapter, line.start))
    return [Cited(line.text, line.chapter, line.start, line.end) for line in chosen]


def _manner(line: Line, scores: Mapping[str, float], language: str) -> float:
    """Return a line's sum of scores over its distinct pieces, by the root of how many there are."""
    found = set(pieces(line.text, language))
    return sum(scores[p] for p in found) / len(found) ** 0.5 if found else 0.0


def _events(told: Sequence[Summary]) -> list[Cited]:
    """Return the first sentence of each chapter's plot; of a long novel, chapters evenly apart."""
    first: dict[int, Cited] = {}
    for summary in told:
        plot = next((a.text for a in summary.aspects if a.aspect == "plot"), summary.summary)
        for sentence in sentences(plot)[:1]:
            chapter = summary.provenance.chapter
            first.setdefault(chapter, Cited(f"{printable(summary.title)[:TITLE]}: {sentence}", chapter))
    found = [first[chapter] for chapter in sorted(first)]
    step = max(1, -(-len(found) // EVENTS))
    return found[::step]
