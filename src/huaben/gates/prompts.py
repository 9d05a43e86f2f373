"""Rules about the prompts of preference pairs: apart between the splits, without the hero's name, some out of role."""

from collections import defaultdict

from huaben.gates.frame import prompt_text
from huaben.gates.gate import Finding
from huaben.gates.tables import Table
from huaben.params import Params
from huaben.records import Preference
from huaben.refine.duplicates import find_similar

NEAR = 0.97
"""Similarity (rapidfuzz `fuzz.ratio`, letters only) from which two prompts are one: one letter in sixteen
is put in. `dedupe` removes more (`dedupe.thresholds`); this tells what came in after it, in whatever novel."""


def prompts_are_disjoint(table: Table) -> Finding:
    """Require that no prompt, nor nearly the same one, stands in two splits."""
    pairs = [item for item in table.items if isinstance(item, Preference)]
    similar = find_similar([_letters(prompt_text(pair)) for pair in pairs], NEAR, reorderings=False)
    keyed = list(zip(similar.number.tolist(), (pair.split for pair in pairs), strict=True))
    own: dict[int, set[str]] = defaultdict(set)
    for number, split in keyed:
        own[number].add(split)
    near = {number: set(splits) for number, splits in own.items()}
    for a, b in zip(similar.duplicates.i.tolist(), similar.duplicates.j.tolist(), strict=True):
        near[a] |= own[b]
        near[b] |= own[a]
    return Finding(sum(bool(near[number] - {split}) for number, split in keyed), len(keyed))


def prompts_name_nobody(table: Table, params: Params) -> Finding:
    """Require that no prompt from outside says what the hero is called: the name alone would call the style up."""
    names = [params.character.name, *params.preference.names]
    texts = _from_outside(table)
    return Finding(sum(any(name in text for name in names) for text in texts), len(texts))


def some_break_the_role(table: Table, params: Params) -> Finding:
    """Require a share of prompts from outside that call the hero out of the role: these are answered in it too."""
    texts, limit = _from_outside(table), params.preference.min_breaking
    n_breaking = sum(any(words in text for words in params.preference.breaking) for text in texts)
    share = n_breaking / max(len(texts), 1)
    return Finding(int(share < limit), len(texts), round(share, 6), limit)


def _from_outside(table: Table) -> list[str]:
    return [prompt_text(item) for item in table.items if isinstance(item, Preference) and item.way == "prompts"]


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text)) or text
