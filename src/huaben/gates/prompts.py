"""Rules about the prompts of preference pairs: apart between the splits, without the hero's name, some out of role."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations

from huaben.gates.frame import prompt_text
from huaben.gates.gate import Finding
from huaben.gates.tables import Table
from huaben.params import Params
from huaben.records import Preference

NEAR = 97
"""Similarity in percent (rapidfuzz `fuzz.ratio`, letters only) from which two prompts are one: one letter in sixteen
is put in. `dedupe` removes more (`dedupe.thresholds`); this tells what came in after it, in whatever novel."""
BLOCK = 512
"""Prompts whose similarities are held at once."""


def prompts_are_disjoint(table: Table) -> Finding:
    """Require that no prompt, nor nearly the same one, stands in two splits."""
    keyed = [(_letters(prompt_text(item)), item.split) for item in table.items if isinstance(item, Preference)]
    of_split: dict[str, dict[str, None]] = defaultdict(dict)
    for text, split in keyed:
        of_split[split][text] = None
    shared = {split: set[str]() for split in of_split}
    for one, other in combinations(sorted(of_split, key=lambda split: len(of_split[split])), 2):
        for a, b in _near(list(of_split[one]), list(of_split[other])):
            shared[one].add(a)
            shared[other].add(b)
    return Finding(sum(text in shared[split] for text, split in keyed), len(keyed))


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


def _near(few: Sequence[str], many: Sequence[str]) -> list[tuple[str, str]]:
    """Return the pairs of texts that are nearly the same."""
    import numpy as np
    from rapidfuzz import fuzz, process

    found: list[tuple[str, str]] = []
    for start in range(0, len(few), BLOCK):
        block = few[start : start + BLOCK]
        scores = process.cdist(block, many, scorer=fuzz.ratio, score_cutoff=NEAR, dtype=np.uint8)
        found += [(block[a], many[b]) for a, b in np.argwhere(scores).tolist()]
    return found
