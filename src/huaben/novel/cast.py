"""A novel → the characters it seems to have, for a person to choose from.

Names stand before or after a speech verb beside a quotation, or are introduced (姓…名…, 名叫…, 唤作…); each must
come often enough. Names that can only be one person's are joined (沈更生, 更生, 沈师傅); common words that cue
speech (和尚, 知县) mean another person from page to page, and are listed as comments only.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from huaben.novel.lines import find_quotations
from huaben.novel.mentions import count_mentions, find_genders
from huaben.novel.names import SPEECH_VERB
from huaben.novel.namewords import NO_NAME, ROLE, SURNAMES, TITLES
from huaben.records import Chapter

HAN = "[\u4e00-\u9fffＡ-Ｚ]"
"""A letter of a name: 阿Ｑ has one that is not Chinese."""
VERB = rf"(?:{SPEECH_VERB})[着了]?"
BEFORE = re.compile(
    rf"(?:^|[，。！？；：”」』\n 　])({HAN}{{2,4}}?)(?:[又忙便就也连即才笑怒大冷]{{0,2}}){VERB}[：:，]?\s*$"
)
AFTER = re.compile(rf"\s*({HAN}{{2,4}}?)(?:[又忙便就也连才笑]{{0,2}}){VERB}(?=[，。：])")
BARE = re.compile(rf"(?:^|[，。！？；：\n])({HAN}{{2,4}}?)[又亦乃]?(?:曰|云|道)[：:]\s*$")
ENGLISH_NAME = r"((?:(?:Mrs?|Miss|Dr)\.? )?[A-Z][a-z]+(?: [A-Z][a-z]+)?)"
ENGLISH_VERB = r"(?:said|asked|replied|cried|answered|whispered|shouted|added|thought|murmured)"
ENGLISH = re.compile(rf"\W{{0,2}}(?:{ENGLISH_VERB} {ENGLISH_NAME}|{ENGLISH_NAME} {ENGLISH_VERB})\b")
INTRODUCED = re.compile(
    rf"(?:姓({HAN}{{1,2}})，?(?:双)?名(?:叫|唤|曰)?({HAN}{{1,2}})|(?:名叫|名唤|唤作|叫做|名为)({HAN}{{2,3}}))(?=[，。；、的！”」])"
)
SUBJECT = re.compile(rf"(?:^|[。！？；，”」』\n 　])({HAN}{{3}})(?=({HAN}))")
MIN_SUBJECTS = 6
MIN_MENTIONS = 12
COHESION = 0.6
"""Share of a name's first two letters (and last two) that stand in the whole name; of chance neighbours far less."""
TAIL = 0.15
"""A longer name with less of the shorter one's mentions is that one and a word; with nearly all, the only name."""
REACH = 24
MIN_LINES = 3
SAMPLES = 2
SHOWN = 40
"""Characters of a sample line."""


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


@dataclass(frozen=True)
class Proposal:
    """The people, and the common words that cue speech, commonest first."""

    people: list[Person]
    roles: list[Person]


def propose_cast(chapters: Sequence[Chapter], min_lines: int = MIN_LINES) -> Proposal:
    """Propose the people of a novel who have at least `min_lines` lines by a cue, or are introduced by name."""
    cued: dict[str, list[str]] = defaultdict(list)
    text = "\n".join(chapter.text for chapter in chapters)
    for chapter in chapters:
        for name, line in _cued(chapter.text):
            cued[name].append(line)
    subjects = _subjects(text)
    introduced = {name for match in INTRODUCED.finditer(text) if (name := _introduced(match))}
    pieces = {part for name in subjects for part in (name, name[:2], name[1:])}
    mentions = count_mentions(text, {*cued, *introduced, *pieces})
    names = {name for name, lines in cued.items() if len(lines) >= min_lines}
    names |= {name for name in introduced if mentions[name] >= MIN_MENTIONS}
    names |= {name for name in subjects if _holds_together(name, mentions)}
    found = _without_tails(
        Person(n, len(cued[n]), mentions[n], samples=_typical(cued[n])) for n in names if not NO_NAME.search(n)
    )
    roles = [person for person in found if ROLE.fullmatch(person.name)]
    people = _joined([person for person in found if not ROLE.fullmatch(person.name)])
    genders = find_genders(text, {person.name: [person.name, *person.aliases] for person in people})
    for person in people:
        person.gender = genders.get(person.name)
    return Proposal(_ordered(people), _ordered(roles))


def _cued(text: str) -> Iterable[tuple[str, str]]:
    """Yield the name that a cue beside each outer quotation gives, with the quotation."""
    for quotation in find_quotations(text):
        if quotation.depth == 0:
            before = text[max(0, quotation.opened - REACH) : quotation.opened]
            after = text[quotation.end + 1 : quotation.end + REACH]
            line = text[quotation.start : quotation.end]
            if match := BEFORE.search(before) or BARE.search(before):
                yield match[1], line
            elif (match := AFTER.match(after)) or (match := ENGLISH.match(after)):
                yield next(group for group in match.groups() if group), line


def _introduced(match: re.Match[str]) -> str:
    name = match[1] + match[2] if match[1] else match[3]
    return name if name[0] in SURNAMES and 2 <= len(name) <= 4 else ""


def _subjects(text: str) -> list[str]:
    """Return what often begins a clause as a name of three letters does, with many words behind it."""
    follow: dict[str, Counter[str]] = defaultdict(Counter)
    for match in SUBJECT.finditer(text):
        if match[1][0] in SURNAMES:
            follow[match[1]][match[2]] += 1
    return [name for name, following in follow.items() if len(following) >= MIN_SUBJECTS]


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


def _joined(found: list[Person]) -> list[Person]:
    """Join names that can only be one person's: a given name, a family name with a title, 老 or 小 before it."""
    full = [p for p in found if 2 < len(p.name) <= 4 and p.name[0] in SURNAMES and not p.name.endswith(TITLES)]
    owners: dict[str, list[Person]] = defaultdict(list)
    for person in full:
        given, surname = person.name[1:], person.name[0]
        for alias in {given, f"老{surname}", f"小{surname}", f"阿{given[-1]}", *(surname + title for title in TITLES)}:
            owners[alias].append(person)
    kept = []
    for person in found:
        owner = [p for p in owners[person.name] if p is not person]
        if len(owner) == 1 and person not in full:
            owner[0].aliases.append(person.name)
            owner[0].lines += person.lines
            owner[0].samples = (owner[0].samples + person.samples)[:SAMPLES]
        else:
            kept.append(person)
    return kept


def _ordered(people: Iterable[Person]) -> list[Person]:
    return sorted(people, key=lambda person: (-person.lines, -person.mentions, person.name))
