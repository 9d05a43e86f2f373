"""The people of a novel: the cast's names and aliases, and names found beside speech verbs."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from huaben.params import CastMember
from huaben.records import Chapter

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
MIN_CUES = 3
"""A name that cues speech fewer times than this is not taken for one."""


@dataclass(frozen=True)
class Mention:
    """A name or alias in running text, and whose it is."""

    start: int
    end: int
    name: str


class Names:
    """The cast's names and aliases, longest first, found in running text."""

    def __init__(self, cast: Sequence[CastMember]) -> None:
        self._canonical = {alias: member.name for member in cast for alias in (member.name, *member.aliases)}
        ordered = sorted(self._canonical, key=lambda alias: (-len(alias), alias))
        self._pattern = re.compile("|".join(map(re.escape, ordered)) or r"(?!)")

    def find(self, text: str) -> list[Mention]:
        """Return the mentions in `text`, left to right, none overlapping."""
        return [Mention(m.start(), m.end(), self._canonical[m[0]]) for m in self._pattern.finditer(text)]

    def resolve(self, name: str) -> str | None:
        """Return the canonical name of a name or alias, or None when it is nobody's."""
        return self._canonical.get(name.strip())


def found_names(chapters: Iterable[Chapter], cast: Sequence[CastMember]) -> list[CastMember]:
    """Return the names that cue speech often in the novel and are nobody's in the cast."""
    known = {alias for member in cast for alias in (member.name, *member.aliases)}
    counts = Counter(m[1] or m[2] for chapter in chapters for m in CUE.finditer(chapter.text))
    names = [n for n, c in counts.items() if c >= MIN_CUES and n not in known and not NOT_A_NAME.search(n)]
    return [CastMember(name=name) for name in sorted(names) if not any(alias in name for alias in known)]
