"""Which names of a novel are one person's by their form (沈更生, 更生, 沈师傅), or by the name in one breath with it.

Input: the people found, each under one name, and the novel's text. Output: the same people, joined. What a name
could mean is never enough where it could mean two people.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from huaben.novel.people.castnames import HAN
from huaben.novel.people.namewords import ROLE, SURNAMES, TITLES

MIN_COURTESY = 5
"""How often a full name with its courtesy name behind it (童林童海川) must come."""
ONE_BREATH = re.compile(rf"({HAN}){HAN}{{1,2}}?\1({HAN}{{2}})")
STYLED = re.compile(rf"，?(?:表字|字)({HAN}{{2}})(?=[，。、；])")
NAMED = re.compile(rf"姓({HAN})，?双?名[叫唤]?({HAN}{{1,2}})$")
BEFORE = 8
SAMPLES = 2


@dataclass
class Person:
    """Somebody who speaks, how many lines a cue gives them, and a few of these."""

    name: str
    lines: int
    mentions: int
    gender: str | None = None
    aliases: list[str] = field(default_factory=list)
    samples: list[str] = field(default_factory=list)
    perhaps: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)

    def take(self, other: "Person") -> None:
        """Make the other one's names and lines this person's."""
        self.aliases += [other.name, *other.aliases]
        self.lines += other.lines
        self.samples = (self.samples + other.samples)[:SAMPLES]
        self.perhaps = [name for name in self.perhaps + other.perhaps if name not in (self.name, *self.aliases)]
        self.reasons += other.reasons


def join_by_form(found: Sequence[Person]) -> list[Person]:
    """Join names that can only be one person's: a given name, a family name with a title, 老 or 小 before it."""
    full = [p for p in found if 2 < len(p.name) <= 4 and p.name[0] in SURNAMES and not _is_titled(p.name)]
    owners: dict[str, list[Person]] = defaultdict(list)
    for person in full:
        given, surname = person.name[1:], person.name[0]
        for alias in {given, f"老{surname}", f"小{surname}", f"阿{given[-1]}", *(surname + title for title in TITLES)}:
            owners[alias].append(person)
    kept = []
    for person in found:
        owner = [p for p in owners[person.name] if p is not person]
        is_theirs = len(owner) == 1 and person not in full
        if is_theirs and not _has_rival(person.name, owner[0], found):
            owner[0].take(person)
            continue
        if is_theirs:
            owner[0].perhaps.append(person.name)
        kept.append(person)
    return kept


def _has_rival(alias: str, owner: Person, found: Iterable[Person]) -> bool:
    """Tell whether a commoner short name of the same family may be meant by a title (于爷: 于小三, or 于恒?)."""
    others = (p for p in found if len(p.name) == 2 and p.name != alias and p.name[0] == alias[0])
    return alias.endswith(TITLES) and any(p.mentions > owner.mentions for p in others)


def _is_titled(name: str) -> bool:
    return name.endswith(TITLES) or ROLE.fullmatch(name[1:]) is not None


def find_courtesy_names(text: str, names: Iterable[str]) -> dict[str, str]:
    """Return {courtesy name: name}, as said (姓童名林字海川) or often called in one breath (童林童海川)."""
    known = {name for name in names if len(name) <= 3 and name[0] in SURNAMES}
    in_one_breath = Counter((m[0][:-3], m[2]) for m in ONE_BREATH.finditer(text))
    found = {courtesy: name for (name, courtesy), n in sorted(in_one_breath.items()) if n >= MIN_COURTESY}
    found |= {m[1]: _last_name(text[max(0, m.start() - BEFORE) : m.start()], known) for m in STYLED.finditer(text)}
    found = {c: n for c, n in found.items() if n in known and c[0] != n[-1] and not ROLE.fullmatch(c)}
    return {alias: name for c, name in found.items() for alias in (c, name[0] + c)}


def _last_name(before: str, known: Collection[str]) -> str:
    if named := NAMED.search(before):
        return named[1] + named[2]
    return next((before[-n:] for n in (3, 2) if before[-n:] in known), "")
