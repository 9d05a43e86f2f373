"""Joint decoding of an exchange: what each quotation's candidates are worth, given those around it.

Input: for each quotation the probabilities of its candidates by themselves; for neighbours the probability that
one person speaks both. Output: for each quotation the candidates' marginals, by the forward-backward algorithm
(Rabiner, "A Tutorial on Hidden Markov Models", 1989; speakers as such a sequence: He et al., ACL 2013). A chain
of second order, which also joins turns two apart, was no better on folds of the training data.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
EPSILON = 0.02
"""Share of every distribution that is spread evenly: the ranker is never surer than that."""
FLOOR = 0.02


@dataclass(frozen=True)
class Weights:
    """How much a quotation's own evidence counts, and that of its neighbours."""

    own: float
    next: float


def marginals(
    people: Sequence[Sequence[str]], alone: Sequence[Array], same: Sequence[float], weights: Weights
) -> list[Array]:
    """Return the marginals of each quotation of one exchange; `same[i]` is about quotations i and i + 1."""
    spread = [(1 - EPSILON) * p + EPSILON / len(p) for p in alone]
    own = [p**weights.own for p in spread]
    steps = [_step(people[i : i + 2], spread[i], spread[i + 1], p, weights.next) for i, p in enumerate(same)]
    forward = [own[0] / own[0].sum()]
    for step, mine in zip(steps, own[1:], strict=True):
        reached = (forward[-1] @ step) * mine
        forward.append(reached / reached.sum())
    backward = [np.ones(len(own[-1]))]
    for step, mine in zip(reversed(steps), reversed(own[1:]), strict=True):
        reached = step @ (mine * backward[-1])
        backward.append(reached / reached.sum())
    joint = [f * b for f, b in zip(forward, reversed(backward), strict=True)]
    return [m / m.sum() for m in joint]


def _step(people: Sequence[Sequence[str]], first: Array, second: Array, same: float, weight: float) -> Array:
    """Return how much better or worse than by chance each two candidates of neighbours fit."""
    alike = np.array([[a == b for b in people[1]] for a in people[0]])
    if not alike.any() or alike.all():
        return np.ones(alike.shape)
    p = min(max(same, FLOOR), 1 - FLOOR)
    chance = min(max(float((first[:, None] * second[None])[alike].sum()), 0.15), 0.85)
    return np.asarray(np.where(alike, (p / chance) ** weight, ((1 - p) / (1 - chance)) ** weight))
