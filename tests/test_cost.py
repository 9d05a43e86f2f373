"""Tokens and money of replies, by the usage stored with them."""

import pytest

from huaben.llm.cost import cost_of
from huaben.llm.replies import Reply
from huaben.params import Price

PRICE = Price(currency="CNY", hit=0.02, miss=1.0, output=4.0)


def reply(usage, written_by=None):
    return Reply("k", {"usage": usage}, written_by)


def test_no_reply_costs_nothing():
    assert cost_of([], PRICE) == {
        "replies": 0,
        "hand_written": 0,
        "tokens_hit": 0,
        "tokens_miss": 0,
        "tokens_output": 0,
        "money": 0.0,
        "currency": "CNY",
    }


def test_each_kind_of_token_has_its_price():
    usage = {"prompt_tokens": 3_000_000, "prompt_cache_hit_tokens": 1_000_000, "completion_tokens": 500_000}
    cost = cost_of([reply(usage), reply(None, "the authors")], PRICE)
    assert (cost["replies"], cost["hand_written"]) == (2, 1)
    assert (cost["tokens_hit"], cost["tokens_miss"], cost["tokens_output"]) == (1_000_000, 2_000_000, 500_000)
    assert cost["money"] == 4.02


def test_the_other_name_of_cached_tokens_is_known():
    usage = {"prompt_tokens": 100, "prompt_tokens_details": {"cached_tokens": 40}, "completion_tokens": 7}
    assert reply(usage).tokens == {"hit": 40, "miss": 60, "output": 7}


@pytest.mark.parametrize(
    "usage",
    [
        None,
        [],
        "many",
        {},
        {"prompt_tokens": -5, "completion_tokens": None},
        {"prompt_tokens": "12", "completion_tokens": 1.5},
        {"prompt_tokens_details": []},
    ],
)
def test_usage_that_is_missing_or_odd_counts_nothing(usage):
    assert reply(usage).tokens == {"hit": 0, "miss": 0, "output": 0}


def test_more_hits_than_tokens_are_no_negative_cost():
    assert reply({"prompt_tokens": 5, "prompt_cache_hit_tokens": 9}).tokens["miss"] == 0
