"""Preference pairs: one side in character, the other not. The three ways of making them, put together.

`prompts` (prompted.py): prompts that are not from the novel; both sides are written by the model.
`grounded` (grounded.py): the hero's real line against a plain rewrite of it, written by the model.
`contrast` (contrast.py): the hero's real line against what a sober character says to similar words; no model.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from huaben.coverage import Coverage
from huaben.errors import InputError
from huaben.extract import grounded, prompted
from huaben.extract.asking import Asked
from huaben.extract.contrast import by_contrast
from huaben.extract.exchanges import unfit
from huaben.extract.promptlist import read_prompts
from huaben.llm.answers import Reply
from huaben.llm.question import Inquiry, Outcome
from huaben.params import PreferenceParams
from huaben.records import Conversation, Preference


def outside_prompts(params: PreferenceParams) -> list[str]:
    """Return the prompts of the way `prompts`; none where it is not wanted."""
    if "prompts" not in params.ways:
        return []
    if not params.prompts:
        raise InputError("params.yaml: preference.ways has `prompts`, but preference.prompts names no source")
    return read_prompts(params.prompts)


def inquiries(asked: Asked, conversations: Sequence[Conversation]) -> Iterator[Inquiry[Outcome]]:
    """Yield all that the ways of this run ask, for an estimate."""
    params = asked.params
    for pair in prompted.questions(asked, outside_prompts(params.preference)):
        yield from map(prompted.inquire, pair)
    if "grounded" in params.preference.ways:
        lines = grounded.lines_to_rewrite(conversations, params)
        yield from map(prompted.inquire, grounded.questions(asked, lines).values())


def make_pairs(
    asked: Asked,
    conversations: Sequence[Conversation],
    coverage: Coverage,
    used: list[Reply],
    dropped: list[dict[str, Any]],
) -> Iterator[Preference]:
    """Yield the pairs of all ways; those whose sides make no pair go to `dropped`, with the reason."""
    for pair in _all_pairs(asked, conversations, coverage, used):
        reason = unfit(pair.chosen[0].content, pair.rejected[0].content, asked.params.preference)
        if reason:
            dropped.append({"reason": f"{pair.way}: {reason}", "by": None, "record": pair.row()})
        else:
            yield pair


def _all_pairs(
    asked: Asked, conversations: Sequence[Conversation], coverage: Coverage, used: list[Reply]
) -> Iterator[Preference]:
    ways = asked.params.preference.ways
    if "prompts" in ways:
        yield from prompted.from_prompts(asked, outside_prompts(asked.params.preference), coverage, used)
    if "grounded" in ways:
        yield from grounded.from_lines(asked, conversations, coverage, used)
    if "contrast" in ways:
        yield from by_contrast(conversations, asked.params, coverage)
