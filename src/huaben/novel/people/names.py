"""The people of a novel: the cast's names and aliases, and names found beside speech verbs."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from huaben.novel.people.namewords import HEADS, NO_NAME, ROLE
from huaben.params import CastMember
from huaben.records import Chapter

Gender = Literal["male", "female"]
SPEECH_VERB = (
    "说道|问道|答道|喊道|叫道|笑道|骂道|叹道|喝道|嚷道|嘀咕|嘟囔|念叨|接口|接话|开口|插嘴|插话|打断|补充|回答|答应|"
    "纠正|宣布|报告|吩咐|提醒|承认|解释|重复|催促|说|(?<!知)道|问|答|喊|叫|嚷|骂|吼|叹|哼|应|劝|念|曰|笑|回|"
    "說道|問道|罵道|嘆道|說|問|罵|嘆|應|勸"
)
HAN = r"[\u4e00-\u9fff]"
CUE = re.compile(
    rf"(?:^|[。！？；，”」』\n 　])({HAN}{{2,4}}?)(?:{SPEECH_VERB})[：:]?[“「『\"]"
    rf"|[”」』\"]({HAN}{{2,4}}?)(?:{SPEECH_VERB})[，。]"
)
NOT_A_NAME = re.compile(
    r"[一手眼怒然外里内前听瞧看都才拳]|立刻|当时|有人|自己|自言|气往|来到|地方"
    r"|^[他她它我你们这那又便就才也还只却再都忙连一二两三不着大小低轻心微冷急赶笑怒哭叹说问答道喊叫听看想口說問]"
    r"|[着了的地得说道问答喊叫笑骂声头口又忙就便也来去上下手說問]$|[他她我你们們]$"
)
"""Adverbs, actions and pronouns that stand between a full stop and a speech verb as a name does."""
COMMON = re.compile(f"{ROLE.pattern}|{HEADS}")
"""Words that cue speech as names do, whomever they mean."""
MIN_CUES = 3
"""A name that cues speech fewer times than this is not taken for one."""
ENOUGH_PEOPLE = 5
"""In a text where things are done to fewer of those who speak, it tells nothing that nothing is done to somebody."""
EDGES = frozenset('，。！？…：；、—,.!?:; 　\n“”‘’「」『』"')
"""What stands on both sides of a name of one letter (霞，你来); elsewhere such a letter is part of a word."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A name or alias in running text, and whose it is."""

    start: int
    end: int
    name: str


class Names:
    """The cast's names and aliases, found in running text, the longest first."""

    def __init__(self, given: Sequence[CastMember], found: Sequence[CastMember] = ()) -> None:
        """Take the members of the cast that is given, and what `found_names` adds to it."""
        cast = [*given, *found]
        self._canonical: dict[str, str] = {}
        for member in cast:
            self._canonical.setdefault(member.name, member.name)
        for member in cast:
            for alias in member.aliases:
                self._canonical.setdefault(alias, member.name)
        self._gender: dict[str, Gender | None] = {member.name: member.gender for member in reversed(cast)}
        self._by_first: dict[str, list[str]] = defaultdict(list)
        for alias in sorted(self._canonical, key=lambda alias: (-len(alias), alias)):
            self._by_first[alias[0]].append(alias)
        firsts = "".join(map(re.escape, sorted(self._by_first)))
        self._first = re.compile(f"[{firsts}]" if firsts else r"(?!)")
        self.common = frozenset(member.name for member in found if COMMON.fullmatch(member.name))
        """Common words among what was found (知县, 老者)."""
        self.surnames = frozenset(name[0] for name in self._gender if re.fullmatch(f"{HAN}{{2,4}}", name))

    def find(self, text: str) -> list[Mention]:
        """Return the mentions in `text`, left to right, none overlapping."""
        found: list[Mention] = []
        end = 0
        for first in self._first.finditer(text):
            start = first.start()
            if start >= end and (alias := self._at(text, start)):
                end = start + len(alias)
                found.append(Mention(start, end, self._canonical[alias]))
        return found

    def _at(self, text: str, start: int) -> str | None:
        for alias in self._by_first[text[start]]:
            if text.startswith(alias, start) and (len(alias) > 1 or _stands_alone(text, start)):
                return alias
        return None

    def resolve(self, name: str) -> str | None:
        """Return the canonical name of a name or alias, or None when it is nobody's."""
        return self._canonical.get(name.strip())

    def gender(self, name: str) -> Gender | None:
        """Return what the cast says about a canonical name."""
        return self._gender.get(name)


def _stands_alone(text: str, start: int) -> bool:
    before, after = text[start - 1 : start], text[start + 1 : start + 2]
    return (not before or before in EDGES) and (not after or after in EDGES)


def found_names(chapters: Sequence[Chapter], cast: Sequence[CastMember]) -> list[CastMember]:
    """Return the names that cue speech often in the novel and are nobody's in the cast.

    知县 and 老者 are among them (`Names.common`); only a person can tell whether the novel means one man by them.
    """
    known = {alias for member in cast for alias in (member.name, *member.aliases)}
    counts = Counter(m[1] or m[2] for chapter in chapters for m in CUE.finditer(chapter.text))
    often = [name for name, count in counts.items() if count >= MIN_CUES and name not in known]
    names = [name for name in often if not NOT_A_NAME.search(name) and not NO_NAME.search(name)]
    return [
        CastMember(name=name)
        for name in sorted(_done_to(names, chapters, counts))
        if not any(alias in name for alias in known)
    ]


def _done_to(names: Sequence[str], chapters: Iterable[Chapter], counts: Counter[str]) -> list[str]:
    """Leave out what cues speech often, and to whom nothing is ever done or said (对甲说): an adverb (忍不住道)."""
    if not names:
        return []
    done = re.compile(f"[对對向与與和跟见見把被给給替叫请請](?:{'|'.join(map(re.escape, sorted(names)))})")
    found = {m[0][1:] for chapter in chapters for m in done.finditer(chapter.text)}
    if len(found) < ENOUGH_PEOPLE:
        return list(names)
    return [name for name in names if name in found or counts[name] == MIN_CUES]
