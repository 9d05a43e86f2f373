"""Batches of like length: every row once an epoch, little padding, another order each epoch."""

from huaben.training.learning.bylength import ByLength, by_length

LENGTHS = [place * 37 % 101 for place in range(203)]


def test_every_row_is_read_once_and_each_epoch_has_an_order_of_its_own():
    first, second = by_length(LENGTHS, 4, 7, 0), by_length(LENGTHS, 4, 7, 1)
    assert sorted(first) == sorted(second) == list(range(203))
    assert first != second
    assert first == by_length(LENGTHS, 4, 7, 0) != by_length(LENGTHS, 4, 8, 0)


def test_the_rows_of_a_batch_are_of_like_length():
    order = by_length(LENGTHS, 4, 7, 0)
    batches = [[LENGTHS[place] for place in order[start : start + 4]] for start in range(0, 203, 4)]
    padding = sum(len(batch) * max(batch) - sum(batch) for batch in batches)
    assert padding < 0.1 * sum(LENGTHS)
    assert len(batches[-1]) == 3


def test_the_order_follows_the_epoch_that_begins():
    epochs = iter([0, 1])
    sampler = ByLength(LENGTHS, 4, 7, lambda: next(epochs))
    assert list(sampler) == by_length(LENGTHS, 4, 7, 0)
    assert list(sampler) == by_length(LENGTHS, 4, 7, 1)
    assert len(sampler) == 203
