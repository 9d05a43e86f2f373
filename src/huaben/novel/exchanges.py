"""Who speaks each quotation of a chapter, jointly: rules, ranker and turns put together.

Input: a chapter's resolved segments and what the rules say. Output: for every quotation with a candidate the
probabilities of its candidates, in the light of those around it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from huaben.novel.cuerules import Decision
from huaben.novel.decoding import Array, marginals
from huaben.novel.features import REACH, Surroundings, rows_of
from huaben.novel.names import Names
from huaben.novel.pairs import pair_row
from huaben.novel.ranker import Model
from huaben.novel.segments import Segment

@dataclass(frozen=True)
class Turn:
    """A quotation (the segment `at`) and its candidates, with their probabilities."""

    at: int
    people: tuple[str, ...]
    probabilities: Array


def decide_exchanges(
    segments: Sequence[Segment], ruled: Mapping[int, Decision], names: Names, model: Model
) -> Iterator[Turn]:
    """Yield every quotation that has candidates; `ruled` maps a line's index to the decision of a rule."""
    places = [i for i, segment in enumerate(segments) if segment.is_quotation]
    around = [Surroundings(segments, at, places, order, names) for order, at in enumerate(places)]
    turns = list(_alone(segments, around, ruled, model))
    for exchange in _exchanges(turns):
        same = _same_speaker(segments, exchange, model)
        joint = marginals([t.people for t in exchange], [t.probabilities for t in exchange], same, model.weights)
        for turn, probabilities in zip(exchange, joint, strict=True):
            yield Turn(turn.at, turn.people, probabilities)


def _alone(
    segments: Sequence[Segment], around: Sequence[Surroundings], ruled: Mapping[int, Decision], model: Model
) -> Iterator[Turn]:
    """Yield each quotation with what its own surroundings and its rule say."""
    rows = [row for one in around for row in rows_of(one)]
    scores = model.candidates.score(rows)
    start = 0
    for one in around:
        people = tuple(one.candidates)
        mine = scores[start : start + len(people)]
        start += len(people)
        if not people:
            continue
        odds = np.exp(mine - mine.max())
        rules = [ruled[line] for line in segments[one.at].lines if line in ruled]
        rule = max(rules, key=lambda rule: rule.certainty, default=None)
        if rule and rule.speaker in people:
            odds[people.index(rule.speaker)] *= rule.certainty / (1 - rule.certainty)
        yield Turn(one.at, people, odds / odds.sum())


def _exchanges(turns: Sequence[Turn]) -> Iterator[list[Turn]]:
    """Cut the turns where so much is told between two that neither says anything about the other."""
    exchange: list[Turn] = []
    for turn in turns:
        if exchange and turn.at - exchange[-1].at > REACH:
            yield exchange
            exchange = []
        exchange.append(turn)
    if exchange:
        yield exchange


def _same_speaker(segments: Sequence[Segment], exchange: Sequence[Turn], model: Model) -> list[float]:
    """Return how likely one person speaks each two neighbours."""
    places = [turn.at for turn in exchange]
    twos = list(zip(places, places[1:], strict=False))
    scores = model.pairs.score([pair_row(segments, a, b) for a, b in twos])
    return [float(p) for p in 1 / (1 + np.exp(-scores))]
