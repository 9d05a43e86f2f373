"""A novel → the characters it seems to have, for a person to choose from.

Names stand before or after a speech verb beside a quotation, or are introduced (姓…名…, 名叫…, 唤作…); each must
come often enough. Names that can only be one person's are joined (沈更生, 更生, 沈师傅); common words that cue
speech (和尚, 知县) mean another person from page to page, and are listed as comments only.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from huaben.novel.lines import find_quotations
from huaben.novel.names import SPEECH_VERB
from huaben.novel.namewords import FEMALE, MALE, NO_NAME, ROLE, SURNAMES, TITLES
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
    introduced = {_introduced(match) for match in INTRODUCED.finditer(text)}
    names = {name for name, lines in cued.items() if len(lines) >= min_lines} | set(_subjects(text))
    names |= {name for name in introduced if name and text.count(name) >= MIN_MENTIONS}
    found = _without_tails(
        Person(n, len(cued[n]), text.count(n), samples=_typical(cued[n])) for n in names if n and not NO_NAME.search(n)
    )
    roles = [person for person in found if ROLE.fullmatch(person.name)]
    people = _joined([person for person in found if not ROLE.fullmatch(person.name)])
    genders = _genders(text, people)
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


def _subjects(text: str) -> Iterable[str]:
    """Yield names of three letters that often begin a clause, hold together, and do many things."""
    follow: dict[str, Counter[str]] = defaultdict(Counter)
    for match in SUBJECT.finditer(text):
        if match[1][0] in SURNAMES:
            follow[match[1]][match[2]] += 1
    for name, following in follow.items():
        if following.total() >= MIN_SUBJECTS and len(following) >= MIN_SUBJECTS:
            whole = text.count(name)
            if whole >= MIN_MENTIONS and whole >= COHESION * max(text.count(name[:2]), text.count(name[1:])):
                yield name


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
            if share < TAIL:
                by_name.pop(name, None)
            elif share > 1 - TAIL:
                by_name.pop(short.name, None)
            else:
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


def _genders(text: str, people: Sequence[Person]) -> dict[str, str]:
    """Tell gender by a title in the name, or by the pronouns that follow the name, where the novel has 她 at all."""
    genders = {}
    uses_she = text.count("她") > text.count("他") / 50 or " she " in text
    for person in people:
        names = [person.name, *person.aliases]
        if any(map(FEMALE.search, names)):
            genders[person.name] = "female"
        elif any(map(MALE.search, names)):
            genders[person.name] = "male"
        elif uses_she and (gender := _by_pronouns(text, person.name)):
            genders[person.name] = gender
    return genders


def _by_pronouns(text: str, name: str) -> str | None:
    pattern = re.compile(re.escape(name) + r"[^“”「」\n]{0,60}?(他|她|\b[Hh]e\b|\b[Ss]he\b)(?!们|們)")
    counts = Counter(match[1] in ("她", "she", "She") for match in pattern.finditer(text))
    if counts.total() < MIN_LINES or max(counts.values()) < 0.7 * counts.total():
        return None
    return "female" if counts[True] > counts[False] else "male"


def _ordered(people: Iterable[Person]) -> list[Person]:
    return sorted(people, key=lambda person: (-person.lines, -person.mentions, person.name))
