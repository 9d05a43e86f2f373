"""Where a novel's names stand: beside a speech verb at a quotation, where somebody is introduced, before an act.

Input: a chapter's or the novel's text. Output: cues with their lines, and names; nothing here counts how often.
"""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass

from huaben.novel.people.names import SPEECH_VERB
from huaben.novel.people.namewords import SURNAMES
from huaben.novel.quotations.lines import find_quotations

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
ENGLISH_TITLED = re.compile(r"\b(?:Mr\.|Mrs\.|Dr\.|Mr|Mrs|Dr|Miss|Lady|Sir) [A-Z][a-z]+")
INTRODUCED = re.compile(
    rf"(?:姓({HAN}{{1,2}})，?(?:双)?名(?:叫|唤|曰)?({HAN}{{1,2}})|(?:名叫|名唤|唤作|叫做|名为)({HAN}{{2,3}}))(?=[，。；、的！”」])"
)
SUBJECT = re.compile(rf"(?:^|[。！？；，”」』\n 　])({HAN}{{3}})(?=({HAN}))")
MIN_SUBJECTS = 6
"""Different words behind a name of three letters that often begins a clause."""
REACH = 24


@dataclass(frozen=True)
class Cued:
    """An outer quotation, and the name that a cue beside it gives, if one does."""

    name: str | None
    line: str
    opened: int
    end: int


def read_cues(text: str) -> list[Cued]:
    """Return every outer quotation of a chapter with the name of its cue."""
    return [
        Cued(_cued(text, q.opened, q.end), text[q.start : q.end], q.opened, q.end)
        for q in find_quotations(text)
        if q.depth == 0
    ]


def _cued(text: str, opened: int, end: int) -> str | None:
    before, after = text[max(0, opened - REACH) : opened], text[end + 1 : end + REACH]
    if match := BEFORE.search(before) or BARE.search(before):
        return match[1]
    if (match := AFTER.match(after)) or (match := ENGLISH.match(after)):
        return next(group for group in match.groups() if group)
    return None


def introduced_names(text: str) -> set[str]:
    """Return the names of those of whom the novel says 姓…名… or 名叫…, or Mr. and Mrs."""
    found = (m[1] + m[2] if m[1] else m[3] for m in INTRODUCED.finditer(text))
    return {name for name in found if name[0] in SURNAMES and 2 <= len(name) <= 4} | {*ENGLISH_TITLED.findall(text)}


def subject_names(text: str) -> list[str]:
    """Return what often begins a clause as a name of three letters does, with many words behind it."""
    follow: dict[str, Counter[str]] = defaultdict(Counter)
    for match in SUBJECT.finditer(text):
        if match[1][0] in SURNAMES:
            follow[match[1]][match[2]] += 1
    return [name for name, following in follow.items() if len(following) >= MIN_SUBJECTS]
