"""Which of two replies does a model prefer, and would length alone have told.

A sum of log p falls with every token, so that it favours the shorter reply whatever the two say. The
headline is therefore log p for each token of the reply (and the end of its turn): the reward of SimPO
(Meng et al., 2024, section 2.2), which needs no reference model, so a base can be measured as well. All
models of one evaluation share a tokenizer. The sum is kept beside it.
"""

from collections.abc import Sequence

from huaben.records import Preference
from huaben.training.evaluation.forks import Sum
from huaben.training.evaluation.statistics import Marks, balancing


def marks(pairs: Sequence[Preference], chosen: Sequence[Sum], rejected: Sequence[Sum]) -> dict[str, Marks]:
    """Return the figures of a model from the scores of its replies.

    `preference_accuracy`: chosen is likelier a token, a tie counting half; `_<way>` of the pairs made that
    way; `_balanced`: pairs whose chosen reply is the longer one, and the others, count alike, so that a
    judge of length is at 0.5; `_against_length`: only the pairs in which that judge errs; `_sum`: by the
    sum of log p. `preference_margin`: nats a token by which chosen is likelier.
    """
    margins = [c / max(n, 1) - r / max(m, 1) for (c, n), (r, m) in zip(chosen, rejected, strict=True)]
    sums = [c - r for (c, _), (r, _) in zip(chosen, rejected, strict=True)]
    found = {
        "preference_margin": Marks(tuple(margins)),
        "preference_accuracy_sum": Marks(tuple(won(margin) for margin in sums)),
    }
    return found | accuracies(pairs, [won(margin) for margin in margins])


def longer(pairs: Sequence[Preference]) -> list[float]:
    """Return the marks of the judge that takes the longer reply."""
    return [won(len(pair.chosen[0].content) - len(pair.rejected[0].content)) for pair in pairs]


def accuracies(pairs: Sequence[Preference], wins: Sequence[float]) -> dict[str, Marks]:
    """Return the accuracy of a judge, of all pairs, by way, and with length out of the game."""
    by_length = [mark == 1 for mark in longer(pairs)]
    against = tuple(win for win, is_longer in zip(wins, by_length, strict=True) if not is_longer)
    found = {"preference_accuracy": Marks(tuple(wins))}
    for way in sorted({pair.way for pair in pairs}):
        of_way = tuple(win for win, pair in zip(wins, pairs, strict=True) if pair.way == way)
        found[f"preference_accuracy_{way}"] = Marks(of_way)
    if weights := balancing(by_length):
        found["preference_accuracy_balanced"] = Marks(tuple(wins), weights)
    if against:
        found["preference_accuracy_against_length"] = Marks(against)
    return found


def won(margin: float) -> float:
    """Return 1 for a positive margin, 0 for a negative one, and 0.5 for a tie."""
    return (margin > 0) + 0.5 * (margin == 0)
