"""Who speaks each quotation of a chapter, jointly: rules, ranker and turns put together.

Input: a chapter's resolved segments and what the rules say. Output: for every quotation with a candidate the
probabilities of its candidates, in the light of those around it. (A second look, at what the first says about
the neighbours, as in Cohen and Carvalho, "Stacked Sequential Learning", IJCAI 2005, was no better on folds of
the training data: 91.95 for 92.2 %.)
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from huaben.novel.attribution.cuerules import Decision
from huaben.novel.attribution.decoding import Array, marginals
from huaben.novel.attribution.doubts import own_cues
from huaben.novel.attribution.features import rows_of
from huaben.novel.attribution.narration import Row
from huaben.novel.attribution.pairs import pair_row
from huaben.novel.attribution.ranker import Model
from huaben.novel.attribution.segments import Segment
from huaben.novel.attribution.surroundings import REACH, Surroundings
from huaben.novel.attribution.turns import answers
from huaben.novel.people.names import Names

NAMED_OWNER, MEANT_OWNER = 6.0, 3.0
"""Odds for the person who is named, or meant by a pronoun, as the subject of the narration in a quotation's own
paragraph: there one person speaks and acts. Figures of ours: the training data has a sentence a line."""

OUTSIDER = 0.3
"""Odds for anybody else than those who speak by a cue right before and after quotations without any (“……”“……”)."""
BESIDE = 5
"""Segments beside such quotations within which a cue tells who takes part."""
LISTENER = 0.5
"""Odds for the subject of the paragraph after one that is all quotation: who speaks would have been named in that."""


@dataclass(frozen=True)
class Turn:
    """A quotation (the segment `at`), its candidates, a row of numbers for each, and the odds its rule gives."""

    at: int
    people: tuple[str, ...]
    rows: list[Row]
    odds: Array


def decide_exchanges(
    segments: Sequence[Segment],
    ruled: Mapping[int, Decision],
    unnamed: Mapping[int, Decision],
    names: Names,
    model: Model,
) -> list[tuple[Turn, Array]]:
    """Return every quotation that has candidates.

    `ruled` maps a line's index to the decision of a rule, `unnamed` to a speaker without a name, who is no candidate.
    """
    turns = [t for t in read_turns(segments, ruled, names) if segments[t.at].lines[0] not in unnamed]
    return decode_turns(segments, turns, model)


def read_turns(segments: Sequence[Segment], ruled: Mapping[int, Decision], names: Names) -> list[Turn]:
    """Return the quotations that have candidates."""
    places = [i for i, segment in enumerate(segments) if segment.is_quotation]
    turns, prose = [], is_prose(segments)
    for order, at in enumerate(places):
        around = Surroundings(segments, at, places, order, names)
        if people := tuple(around.candidates):
            rules = [ruled[line] for line in segments[at].lines if line in ruled]
            odds = _odds(segments, at, people, rules, prose) * _among(people, taking_part(segments, at))
            turns.append(Turn(at, people, list(rows_of(around)), odds))
    return turns


def _odds(
    segments: Sequence[Segment], at: int, people: Sequence[str], rules: Sequence[Decision], is_prose: bool
) -> Array:
    """Return what the rules say for each candidate, and the narration of the quotation's own paragraph."""
    odds = np.ones(len(people))
    rule = max(rules, key=lambda rule: rule.certainty, default=None)
    if rule and rule.speaker in people:
        odds[people.index(rule.speaker)] = rule.certainty / (1 - rule.certainty)
    for beside in segments[max(0, at - 1) : at + 2]:
        if beside.cue and beside.subject in people:
            odds[people.index(beside.subject)] *= _owner_odds(segments, at, beside, is_prose)
    return odds


def _among(people: Sequence[str], taking_part: set[str]) -> Array:
    """Return the odds of each candidate where at least two of them are known to take part."""
    inside = [person in taking_part for person in people]
    return np.where(inside, 1.0, OUTSIDER) if sum(inside) > 1 else np.ones(len(people))


def taking_part(segments: Sequence[Segment], at: int) -> set[str]:
    """Return who speaks by a cue around a run of quotations with nothing between, which the one at `at` is part of."""
    first = last = at
    while first > at - REACH and answers(segments, first):
        first -= 1
    while last < min(at + REACH, len(segments) - 1) and answers(segments, last + 1):
        last += 1
    if first == last:
        return set()
    near = [*range(max(0, first - BESIDE), first + 1), *range(last + 1, min(len(segments), last + BESIDE + 1))]
    cues = [cue for i in near if segments[i].is_quotation for cue in own_cues(segments, i)]
    return {cue.subject for cue in cues if cue.subject}


def _owner_odds(segments: Sequence[Segment], at: int, beside: Segment, is_prose: bool) -> float:
    """Return the odds that the subject of the narration beside a quotation speaks it, by its paragraph."""
    cue = beside.cue
    if cue is None or cue.subject is None:
        return 1.0
    is_before = beside.start < segments[at].start
    if beside.paragraph == segments[at].paragraph:
        is_own = cue.has_colon if is_before else cue.says_last
        return (NAMED_OWNER if cue.subject.name else MEANT_OWNER) if is_own else 1.0
    return LISTENER if is_prose and not is_before else 1.0


def is_prose(segments: Sequence[Segment]) -> bool:
    """Tell a text whose paragraphs hold several sentences from one with a sentence a line."""
    alone = sum(a.paragraph != b.paragraph for a, b in pairwise(segments))
    return alone < len(segments) * 0.8


def decode_turns(segments: Sequence[Segment], turns: Sequence[Turn], model: Model) -> list[tuple[Turn, Array]]:
    """Return the turns with the probabilities of their candidates."""
    scores = model.candidates.score([row for turn in turns for row in turn.rows])
    alone, start = list[Array](), 0
    for turn in turns:
        mine = scores[start : start + len(turn.people)]
        start += len(turn.people)
        odds = np.exp(mine - mine.max()) * turn.odds
        alone.append(odds / odds.sum())
    twos = [pair_row(segments, a.at, b.at) for a, b in pairwise(turns)]
    read = 1 / (1 + np.exp(-model.pairs.score(twos)))
    same = [0.0 if answers(segments, b.at) else float(p) for (_, b), p in zip(pairwise(turns), read, strict=True)]
    joint: list[Array] = []
    for start, end in _exchanges(turns):
        people = [turn.people for turn in turns[start:end]]
        joint += marginals(people, alone[start:end], same[start : end - 1], model.weights)
    return list(zip(turns, joint, strict=True))


def _exchanges(turns: Sequence[Turn]) -> Iterator[tuple[int, int]]:
    """Cut the turns where so much is told between two that neither says anything about the other."""
    start = 0
    for i in range(1, len(turns) + 1):
        if i == len(turns) or turns[i].at - turns[i - 1].at > REACH:
            yield start, i
            start = i
