"""Trees by numpy, the model file, and the joint decoding against enumeration."""

import itertools
from pathlib import Path

import numpy as np
import pytest

from huaben.novel.attribution.decoding import Weights, marginals
from huaben.novel.attribution.ranker import LEAVES, MODEL, Trees, load_model

STUMPS = Trees(
    names=("a", "b"),
    feature=np.array([[0, 1], [1, 1]], np.int16),
    threshold=np.array([[1.5, 0.5], [2.5, np.inf]], np.float32),
    missing_left=np.array([[False, True], [True, True]]),
    mask=np.array([[0b110, 0b101], [0b10, 0xFF]], np.uint8),
    leaves=np.array([[1, 2, 4], [10, 20, 0]], np.float32),
)
"""Tree 1: a <= 1.5 → 1, else b <= 0.5 → 2, else 4. Tree 2: b <= 2.5 → 10, else 20."""


@pytest.mark.parametrize(
    ("a", "b", "score"),
    [(1, 0, 11), (1, 3, 21), (2, 0, 12), (2, 1, 14), (2, 3, 24), (float("nan"), 0, 12), (2, float("nan"), 12)],
)
def test_a_row_falls_to_its_leaf_in_every_tree(a, b, score):
    assert STUMPS.score([{"a": a, "b": b, "not asked for": 9}]) == [score]


def test_many_rows_score_as_each_by_itself():
    rows = [{"a": float(i % 3), "b": float(i % 5)} for i in range(3000)]
    assert STUMPS.score(rows).tolist() == [STUMPS.score([row])[0] for row in rows[:15]] * 200


def test_no_rows_have_no_scores():
    assert STUMPS.score([]).tolist() == []


def test_the_model_is_small_and_holds_numbers_over_named_features_only():
    assert Path(MODEL).stat().st_size < 3 * 2**20
    with np.load(MODEL, allow_pickle=False) as held:
        words = [str(name) for key in held if key.endswith(".names") for name in held[key]]
        assert {held[key].dtype.kind for key in held if not key.endswith(".names")} <= set("fiub")
    assert all(word.isascii() for word in words)
    assert max(load_model().candidates.feature.ravel()) < len(load_model().candidates.names)
    assert load_model().candidates.leaves.shape[1] == LEAVES


def test_certainty_grows_with_probability_and_with_a_cue():
    cued, uncued = ([load_model().calibrated(p, is_cued) for p in np.linspace(0, 1, 50)] for is_cued in (True, False))
    assert (cued, uncued) == (sorted(cued), sorted(uncued))
    assert all(0 < less < more < 1 for less, more in zip(uncued, cued, strict=True))


def test_marginals_are_what_enumeration_gives():
    people = [("a", "b"), ("a", "b", "c"), ("b", "c")]
    alone = [np.array([0.7, 0.3]), np.array([0.2, 0.5, 0.3]), np.array([0.6, 0.4])]
    same, weights = [0.1, 0.9], Weights(1.0, 0.7)
    spread = [0.98 * p + 0.02 / len(p) for p in alone]
    totals = [np.zeros(len(p)) for p in people]
    for path in itertools.product(*(range(len(p)) for p in people)):
        worth = np.prod([spread[i][k] for i, k in enumerate(path)])
        for i, p in enumerate(same):
            alike = people[i][path[i]] == people[i + 1][path[i + 1]]
            chance = sum(
                spread[i][x] * spread[i + 1][y]
                for x, one in enumerate(people[i])
                for y, other in enumerate(people[i + 1])
                if one == other
            )
            chance = min(max(chance, 0.15), 0.85)
            worth *= (p / chance if alike else (1 - p) / (1 - chance)) ** weights.next
        for i, k in enumerate(path):
            totals[i][k] += worth
    for found, wanted in zip(marginals(people, alone, same, weights), totals, strict=True):
        assert found == pytest.approx(wanted / wanted.sum())


def test_one_turn_keeps_its_own_probabilities_and_one_candidate_is_certain():
    (alone,) = marginals([("a", "b")], [np.array([0.5, 0.5])], [], Weights(1.0, 0.5))
    assert alone == pytest.approx([0.5, 0.5])
    assert marginals([("a",), ("a",)], [np.ones(1), np.ones(1)], [0.1], Weights(1.0, 0.5))[0] == [1.0]
