"""Whom a character speaks with: how often, what they call each other, what a summary says of them."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from huaben.records import Line, Summary
from huaben.release.persona.distinctive import WITHOUT_BLANKS
from huaben.text import printable

PEOPLE, CALLS = 8, 3
"""At most so many of each."""
SENTENCE = 200
"""A longer sentence of a summary is passed over; characters."""
CALL_LETTERS, CALL_WORDS = 4, 2
"""A call is no longer, where words have no blanks between them and where they have."""
CALL_TIMES, CALL_CHAPTERS, CALL_SHARE = 3, 2, 0.6
"""What somebody is called stands alone between marks so often, in so many chapters, mostly said to that person."""


@dataclass(frozen=True)
class Cited:
    """Words and where they stand: `start` and `end` are None where a whole chapter is meant."""

    text: str
    chapter: int
    start: int | None = None
    end: int | None = None
    count: int = 1
    """How often they are said, where that is told."""


@dataclass(frozen=True)
class Relation:
    """One person whom the character speaks with."""

    name: str
    said: int
    """Lines of the character to this person."""
    heard: int
    calls: list[Cited]
    """What the character calls this person."""
    called: list[Cited]
    note: Cited | None
    """What a summary says of this person."""


def people(spoken: Sequence[Line], told: Sequence[Summary], name: str, language: str) -> list[Relation]:
    """Return those whom the character speaks with most, from lines and summaries in reading order."""
    to = _by_person([(line.addressee, line) for line in spoken if line.speaker == name], name)
    of = _by_person([(line.speaker, line) for line in spoken if line.addressee == name], name)
    said, heard = ({p: _alone(lines, language) for p, lines in side.items()} for side in (to, of))
    by_share = sorted(to.keys() | of.keys(), key=lambda p: (-len(to.get(p, ())) - len(of.get(p, ())), p))
    return [
        Relation(
            name=person,
            said=len(to.get(person, ())),
            heard=len(of.get(person, ())),
            calls=_calls(person, said),
            called=_calls(person, heard),
            note=_note(told, person),
        )
        for person in by_share[:PEOPLE]
    ]


def _by_person(lines: Sequence[tuple[str | None, Line]], name: str) -> dict[str, list[Line]]:
    found = defaultdict[str, list[Line]](list)
    for person, line in lines:
        if person not in (None, name):
            found[str(person)].append(line)
    return dict(found)


def _alone(lines: Sequence[Line], language: str) -> dict[str, list[Cited]]:
    """Return the short stretches between two marks in the lines, each with its places."""
    found = defaultdict[str, list[Cited]](list)
    is_dense = language in WITHOUT_BLANKS
    for line in lines:
        for match in re.finditer(r"[^，。！？!?,.;；：:、…—“”‘’\"\n]+", line.text):
            words = match.group().strip()
            is_short = len(words) <= CALL_LETTERS if is_dense else len(words.split()) <= CALL_WORDS
            # 一, 二, 三: somebody counts
            if words and is_short and words.isprintable() and not words.isnumeric():
                start = line.start + match.start() + match.group().index(words)
                found[words].append(Cited(words, line.chapter, start, start + len(words)))
    return dict(found)


def _calls(person: str, said: Mapping[str, Mapping[str, list[Cited]]]) -> list[Cited]:
    """Return what is said to one person and hardly to others, most often first, at its first place."""
    here = said.get(person, {})
    total = {words: sum(len(places.get(words, ())) for places in said.values()) for words in here}
    often = [words for words, places in here.items() if _is_call(places, total[words])]
    often.sort(key=lambda words: (-len(here[words]), words))
    return [replace(here[words][0], count=len(here[words])) for words in often[:CALLS]]


def _is_call(places: Sequence[Cited], total: int) -> bool:
    chapters = {place.chapter for place in places}
    return len(places) >= max(CALL_TIMES, CALL_SHARE * total) and len(chapters) >= CALL_CHAPTERS


def _note(told: Sequence[Summary], person: str) -> Cited | None:
    """Return the first sentence about relations that names the person."""
    for summary in told:
        texts = [aspect.text for aspect in summary.aspects if aspect.aspect == "relations"]
        for sentence in (sentence for text in texts for sentence in sentences(text)):
            if person in sentence:
                return Cited(sentence, summary.provenance.chapter)
    return None


def sentences(text: str) -> list[str]:
    """Return the sentences of a summary, on one line each, without the very long ones."""
    found = (printable(part.strip()) for part in re.split(r"(?<=[。！？])|(?<=[.!?])\s+", text))
    return [part for part in found if part and len(part) <= SENTENCE]
