"""How often names stand in a novel, and of which gender the pronouns after them are; one pass for all names."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set

from huaben.novel.people.names import Gender
from huaben.novel.people.namewords import FEMALE, MALE

MIN_PRONOUNS = 3
MIN_AGREEMENT = 0.7
"""Share of the pronouns after a name that must be of one gender."""
LONGEST_HAN = 4
"""Names up to this length are counted together, in one pass for each length."""


def count_mentions(text: str, names: Set[str]) -> Counter[str]:
    """Count how often each name stands in a text, also inside another name."""
    counts: Counter[str] = Counter()
    for length in {len(name) for name in names}:
        if length <= LONGEST_HAN:
            grams = map("".join, zip(*(text[i:] for i in range(length)), strict=False))
            counts.update(filter(names.__contains__, grams))
        else:
            counts.update({name: text.count(name) for name in names if len(name) == length})
    return counts


def find_genders(text: str, people: Mapping[str, Sequence[str]]) -> dict[str, Gender]:
    """Tell gender by a title in the name, or by the pronouns that follow the name, where the novel has 她 at all."""
    uses_she = text.count("她") > text.count("他") / 50 or " she " in text
    genders = _by_pronouns(text, people) if uses_she else {}
    for name, names in people.items():
        if any(map(FEMALE.search, names)):
            genders[name] = "female"
        elif any(map(MALE.search, names)):
            genders[name] = "male"
    return genders


def _by_pronouns(text: str, people: Iterable[str]) -> dict[str, Gender]:
    names = "|".join(map(re.escape, sorted(people, key=lambda name: (-len(name), name))))
    pattern = re.compile(rf"({names or '(?!)'})[^“”「」\n]{{0,60}}?(他|她|\b[Hh]e\b|\b[Ss]he\b)(?!们|們)")
    counts: dict[str, Counter[bool]] = defaultdict(Counter)
    for match in pattern.finditer(text):
        counts[match[1]][match[2] in ("她", "she", "She")] += 1
    return {
        name: "female" if count[True] > count[False] else "male"
        for name, count in counts.items()
        if count.total() >= MIN_PRONOUNS and max(count.values()) >= MIN_AGREEMENT * count.total()
    }
