"""A novel → the characters it seems to have, for a person to choose from.

Names stand before or after a speech verb beside a quotation, or are introduced (姓…名…, 名叫…, 唤作…); each must
come often enough. Names of one person are joined; common words that cue speech (和尚, 知县) mean another person from
page to page, and are listed as comments only, unless the answers show that they are one person's.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from huaben.novel.people.aliases import SAMPLES, Person, find_courtesy_names, join_by_form
from huaben.novel.people.callednames import find_answerers, find_self_named
from huaben.novel.people.castnames import Cued, introduced_names, read_cues, subject_names
from huaben.novel.people.mentions import count_mentions, find_genders
from huaben.novel.people.namewords import NO_NAME, ROLE
from huaben.records import Chapter

MIN_MENTIONS = 12
COHESION = 0.6
"""Share of a name's first two letters (and last two) that stand in the whole name; of chance neighbours far less."""
TAIL = 0.15
"""A longer name with less of the shorter one's mentions is that one and a word; with nearly all, the only name."""
MIN_LINES = 3
SHOWN = 40
"""Characters of a sample line."""


@dataclass(frozen=True)
class Proposal:
    """The people, and the common words that cue speech, commonest first."""

    people: list[Person]
    roles: list[Person]


def propose_cast(chapters: Sequence[Chapter], min_lines: int = MIN_LINES) -> Proposal:
    """Propose the people of a novel who have at least `min_lines` lines by a cue, or are introduced by name."""
    text = "\n".join(chapter.text for chapter in chapters)
    cues = [read_cues(chapter.text) for chapter in chapters]
    found = _found(text, cues, min_lines)
    people = join_by_form([person for person in found if not ROLE.fullmatch(person.name)])
    roles = {person.name: person for person in found if ROLE.fullmatch(person.name)}
    people = _joined_by_text(people, roles, text, cues)
    genders = find_genders(text, {person.name: [person.name, *person.aliases] for person in people})
    for person in people:
        person.gender = genders.get(person.name)
    return Proposal(_ordered(people), _ordered(roles.values()))


def _found(text: str, cues: Iterable[Iterable[Cued]], min_lines: int) -> list[Person]:
    """Return what is named often enough, each name as a person of its own."""
    cued: dict[str, list[str]] = defaultdict(list)
    for cue in (cue for chapter in cues for cue in chapter):
        if cue.name:
            cued[cue.name].append(cue.line)
    subjects, introduced = subject_names(text), introduced_names(text)
    pieces = {part for name in subjects for part in (name, name[:2], name[1:])}
    mentions = count_mentions(text, {*cued, *introduced, *pieces})
    names = {name for name, lines in cued.items() if len(lines) >= min_lines}
    names |= {name for name in introduced if mentions[name] >= MIN_MENTIONS}
    names |= {name for name in subjects if _holds_together(name, mentions)}
    return _without_tails(
        Person(n, len(cued[n]), mentions[n], samples=_typical(cued[n])) for n in sorted(names) if not NO_NAME.search(n)
    )


def _joined_by_text(
    people: Sequence[Person], roles: dict[str, Person], text: str, cues: Sequence[Sequence[Cued]]
) -> list[Person]:
    """Join what the novel itself shows to be one person's; what joins a person leaves `roles`."""
    by_name = {name: person for person in people for name in (person.name, *person.aliases)}
    # 太极 alone is a word; 李太极 is a name. A courtesy name alone has to cue speech.
    for alias, name in find_courtesy_names(text, by_name).items():
        if alias in by_name and by_name[alias] is not by_name[name]:
            _join(by_name, by_name[name], by_name[alias])
        elif alias not in by_name and alias[0] == name[0] and text.count(alias) >= MIN_MENTIONS:
            by_name[name].aliases.append(alias)
    owner = {**{name: name for name in roles}, **{name: person.name for name, person in by_name.items()}}
    names = {*by_name, *(name for name in introduced_names(text) if text.count(name) >= MIN_MENTIONS)}
    ties = {**find_self_named(cues, owner, names), **find_answerers(cues, owner)}
    # From the person outwards: 和尚 is 济公 first, so that 圣僧, who answers as 和尚, is 济公 too.
    for alias, tie in sorted(ties.items(), key=lambda item: (item[1].name in roles, item[0])):
        person, other = by_name.get(tie.name), by_name.get(alias)
        if person is None or other is person:
            continue
        if not tie.is_sure:
            person.perhaps.append(alias)
            continue
        _join(by_name, person, other or roles.pop(alias, None) or Person(alias, 0, text.count(alias)))
        by_name[tie.name].reasons.append(tie.reason)
    return list({id(person): person for person in by_name.values()}.values())


def _join(by_name: dict[str, Person], one: Person, two: Person) -> None:
    """Make two people one, under the name with more lines."""
    keeper, other = (one, two) if one.lines >= two.lines or two.name not in by_name else (two, one)
    keeper.take(other)
    by_name.update(dict.fromkeys([keeper.name, *keeper.aliases], keeper))


def _holds_together(name: str, mentions: Mapping[str, int]) -> bool:
    parts = max(mentions[name[:2]], mentions[name[1:]])
    return mentions[name] >= max(MIN_MENTIONS, COHESION * parts)


def _typical(lines: Sequence[str]) -> list[str]:
    """Return sample lines of a middling length, from all over the novel."""
    long_enough = [line for line in lines if 6 <= len(line) <= 3 * SHOWN] or list(lines)
    return long_enough[:: max(1, len(long_enough) // SAMPLES)][:SAMPLES]


def _without_tails(found: Iterable[Person]) -> list[Person]:
    """Leave out a name with the next word (海川一), and a name's beginning that hardly stands alone."""
    by_name = {person.name: person for person in found}
    for name, person in sorted(by_name.items()):
        for short in (by_name[name[:i]] for i in range(2, len(name)) if name[:i] in by_name):
            share = person.mentions / max(1, short.mentions)
            if share < TAIL and name in by_name:
                del by_name[name]
                short.lines += person.lines
            elif share > 1 - TAIL and short.name in by_name:
                del by_name[short.name]
                person.lines += short.lines
            elif TAIL <= share <= 1 - TAIL:
                short.perhaps.append(name)
    return list(by_name.values())


def _ordered(people: Iterable[Person]) -> list[Person]:
    return sorted(people, key=lambda person: (-person.lines, -person.mentions, person.name))
