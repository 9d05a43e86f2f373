"""Means and intervals over items and seeds, and figures read off texts."""

import math

import pytest

from huaben.training.evaluation.articles import openings
from huaben.training.evaluation.dullness import distinct, figures, repetition
from huaben.training.evaluation.preferring import accuracies, marks
from huaben.training.evaluation.statistics import Bootstrap, Marks, balancing, ranking
from lessons import _pair

BOOTSTRAP = Bootstrap(200, 7)


def test_the_interval_of_a_constant_is_that_constant():
    assert BOOTSTRAP.pool("x", [Marks((1.0,) * 10)]) == {"x": 1.0, "x_low": 1.0, "x_high": 1.0, "x_n": 10.0}


def test_nothing_cannot_be_averaged():
    with pytest.raises(ValueError, match="no item"):
        BOOTSTRAP.pool("x", [Marks(())])


def test_an_item_counts_with_the_mean_over_its_seeds():
    figures = BOOTSTRAP.pool("x", [Marks((1.0, 0.0)), Marks((0.0, 0.0)), Marks((1.0, 1.0))])
    assert figures["x"] == 0.5
    assert figures["x_n"] == 2
    assert figures["x_seeds"] == 0.5  # of the means 0.5, 0 and 1


def test_seeds_that_differ_widen_the_interval():
    items = tuple(float(i % 2) for i in range(100))
    alike = BOOTSTRAP.pool("x", [Marks(items)] * 4)
    apart = BOOTSTRAP.pool("x", [Marks((float(seed % 2),) * 100) for seed in range(4)])
    assert alike["x"] == apart["x"] == 0.5
    assert alike["x_high"] - alike["x_low"] < 0.25
    assert apart["x_high"] - apart["x_low"] > 0.7


def test_what_both_halves_of_an_exam_give_away_is_in_no_difference():
    known, control = Marks((1.0, 1.0, 0.0, 0.0)), Marks((1.0, 0.0, 0.0, 0.0))
    found = BOOTSTRAP.difference("d", [known, known], [control, control])
    assert found["d"] == 0.25
    assert found["d_low"] < 0 < found["d_high"]
    ones, zeros = Marks((1.0,) * 3), Marks((0.0,) * 5)
    assert BOOTSTRAP.difference("d", [ones], [zeros]) == {"d": 1.0, "d_low": 1.0, "d_high": 1.0}


def test_a_seed_that_does_better_at_everything_widens_no_difference():
    seeds = [(0.0, 0.0), (1.0, 1.0)]
    found = BOOTSTRAP.difference("d", [Marks(marks * 20) for marks in seeds], [Marks(marks * 9) for marks in seeds])
    assert found == {"d": 0.0, "d_low": 0.0, "d_high": 0.0}


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    import numpy as np

    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(200):
        seeds, items = rng.normal(0, 0.5, (8, 1)), rng.normal(0, 1, (1, 60))
        found = BOOTSTRAP.pool("x", [Marks(tuple(row)) for row in seeds + items + rng.normal(0, 1, (8, 60))])
        hits += found["x_low"] <= 0 <= found["x_high"]
    assert 176 <= hits <= 200


def test_a_perplexity_is_weighted_by_tokens():
    figures = BOOTSTRAP.pool("p", [Marks((math.log(2), math.log(8)), (3.0, 1.0), is_log=True)])
    assert figures["p"] == round(math.exp((3 * math.log(2) + math.log(8)) / 4), 4)


def test_both_groups_count_alike_when_balanced():
    assert balancing([True, True, True, False]) == pytest.approx((1 / 6, 1 / 6, 1 / 6, 0.5))
    assert balancing([True, True]) == ()


def test_a_ranking_of_like_scores_is_a_half():
    assert ranking([1.0, 2.0], [0.0, 0.5]) == 1.0
    assert ranking([1.0], [1.0, 1.0]) == 0.5


def test_the_headline_is_by_token_and_the_sum_stands_beside():
    # the chosen reply is likelier a token (-1 against -2) and less likely in all (-10 against -4)
    pairs = [_pair(1, "红", "钟", "沈更生")]
    found = marks(pairs, [(-10.0, 10)], [(-4.0, 2)])
    assert found["preference_accuracy"].values == (1.0,)
    assert found["preference_accuracy_sum"].values == (0.0,)
    assert found["preference_margin"].values == (1.0,)


def test_a_judge_of_length_is_at_a_half_once_lengths_are_balanced():
    longer, shorter = _pair(1, "红", "钟", "沈更生"), _pair(2, "橙", "锣", "沈更生")
    shorter = shorter.model_copy(update={"chosen": shorter.rejected, "rejected": shorter.chosen})
    found = accuracies([longer] * 3 + [shorter], [1.0, 1.0, 1.0, 0.0])
    assert BOOTSTRAP.pool("a", [found["preference_accuracy"]])["a"] == 0.75
    assert BOOTSTRAP.pool("b", [found["preference_accuracy_balanced"]])["b"] == 0.5
    assert found["preference_accuracy_against_length"].values == (0.0,)


@pytest.mark.parametrize(("text", "share"), [("", 0.0), ("天亮", 1.0), ("天天天天", 1 / 3)])
def test_distinct_pairs_fall_with_repetition(text, share):
    assert math.isclose(distinct(text, 2), share)


def test_repetition_is_the_share_of_runs_of_four_seen_before():
    assert repetition("几更了几更了几更了") == 0.5
    assert repetition("三更") == 0.0


def test_a_dull_reply_is_short_or_shared_or_runs_in_circles():
    replies = ["嗯。", "我不知道该说什么好", "我不知道该说什么好", "锣锣锣锣锣锣锣锣", "三更的锣敲早了一刻"]
    found = figures(replies)
    assert found["short_replies"] == [1, 0, 0, 0, 0]
    assert found["shared_replies"] == [0, 1, 1, 0, 0]
    assert found["dull_replies"] == [1, 1, 1, 1, 0]


def test_an_ending_stands_among_endings_of_other_articles():
    articles = [f"第{i}篇的开头。\n" + "天地玄黄宇宙洪荒"[i] * 40 for i in range(5)]
    found = openings(articles)
    assert (found[0].article, found[0].ending) == (0, "天" * 30)
    assert set(found[0].wrong) == {c * 30 for c in "地玄黄宇"}
    assert found[0].beginning == "第0篇的开头。\n"
