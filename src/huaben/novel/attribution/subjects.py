"""Whom the subjects of a chapter's narration mean: names, pronouns by gender and recency, titles by surname.

(Salience by recency and grammatical role, as in Lappin and Leass, "An Algorithm for Pronominal Anaphora
Resolution", Computational Linguistics 1994; vocatives as in He et al., ACL 2013.)
"""

import re
from collections import deque
from collections.abc import Sequence

from huaben.novel.attribution.cues import read_cue
from huaben.novel.attribution.segments import Segment, read_segments
from huaben.novel.attribution.turns import join_turns
from huaben.novel.people.names import Gender, Mention, Names
from huaben.records import Line

TITLE = (
    "主任|书记|老师|师傅|大夫|部长|局长|专员|队长|校长|县长|支书|会计|主编|厂长|经理|老汉|家老大|先生|太太|医生|"
    "护士|掌柜|大人|老爷|员外|捕头|公子|小姐|姑娘|老|师"
)
REACH = 12
"""Segments on either side in which one person of a surname makes 老张 and 张书记 that person."""
MEMORY = 40
"""Mentions that a pronoun may look back on."""
CALLED_BEFORE, CALLED_AFTER = frozenset('“‘「『"，。！？…、—'), frozenset("，！。？…”’」』、—")
AGAIN = re.compile("又|接着|继续|補充|补充|再次|还说")
RANK = re.compile("(?:哥|叔|姐|婶|嫂|爷|兄|弟|同志|书记|主任|伯|大叔|大哥|老师|师傅|大人|先生|医生)[，！。？…”’」』]")


def read_scene(text: str, lines: Sequence[Line], names: Names) -> list[Segment]:
    """Return a chapter's segments: one a turn, with cues, whom their subjects mean, and who is called."""
    segments = read_segments(text, lines, names)
    _add_titled(segments, names)
    for segment in segments:
        if not segment.is_quotation:
            segment.cue = read_cue(segment.text, segment.mentions)
    segments = join_turns(segments)
    for segment in segments:
        if segment.is_quotation:
            segment.called = _called(segment)
    subjects: deque[str] = deque(maxlen=MEMORY)
    mentioned: deque[str] = deque(maxlen=MEMORY)
    for i, segment in enumerate(segments):
        if segment.cue:
            _resolve_one(segments, i, names, subjects, mentioned)
    return segments


def _resolve_one(
    segments: Sequence[Segment], i: int, names: Names, subjects: deque[str], mentioned: deque[str]
) -> None:
    segment = segments[i]
    cue = segment.cue
    assert cue is not None
    is_inner = i > 0 and (cue_before := segments[i - 1].cue) is not None and cue_before.has_colon
    segment.named = None if is_inner else cue.named
    token = None if is_inner else cue.subject
    if token and token.name:
        segment.subject = segment.nearest = token.name
    elif token and token.gender:
        barred = cue.objects | _called_beside(segments, i)
        before = [m.name for m in segment.mentions if m.end <= token.start]
        others = barred | _just_spoke(segments, i)
        segment.subject = None if token.is_role else _last(subjects, token.gender, others, names)
        segment.nearest = _last([*mentioned, *before], token.gender, barred, names)
    if segment.subject:
        subjects.append(segment.subject)
    mentioned.extend(m.name for m in segment.mentions)
    if segment.nearest and not (token and token.is_role):
        mentioned.append(segment.nearest)


def _last(people: Sequence[str] | deque[str], gender: Gender, barred: frozenset[str], names: Names) -> str | None:
    return next((p for p in reversed(people) if names.gender(p) == gender and p not in barred), None)


def _just_spoke(segments: Sequence[Segment], i: int) -> frozenset[str]:
    """Return who spoke right before the quotation that a cue with a speech verb belongs to: now another speaks."""
    cue = segments[i].cue
    if cue is None or not (cue.has_colon or cue.says_last) or AGAIN.search(segments[i].text):
        return frozenset()
    last = i - 1 if cue.has_colon else i - 2
    if last < 0:
        return frozenset()
    told = segments[last].cue
    speaker = _cued_before(segments, last) if told is None else segments[last].subject if told.says_last else None
    return frozenset([speaker]) if speaker else frozenset()


def _cued_before(segments: Sequence[Segment], at: int) -> str | None:
    """Return the subject of the cue before a quotation (`甲说：`)."""
    before = segments[at - 1] if at > 0 else None
    return before.subject if before and before.cue and before.cue.has_colon else None


def _called_beside(segments: Sequence[Segment], i: int) -> frozenset[str]:
    """Return who is called in the quotation that a cue belongs to: nobody calls himself."""
    cue = segments[i].cue
    j = i + 1 if cue and cue.has_colon else i - 1
    beside = segments[j].called if 0 <= j < len(segments) else {}
    return frozenset(name for name, degree in beside.items() if degree == 2)


def _called(segment: Segment) -> dict[str, int]:
    called: dict[str, int] = {}
    text = segment.text
    for m in segment.mentions:
        opens = text[m.start - 1 : m.start] in CALLED_BEFORE
        closes = text[m.end : m.end + 1] in CALLED_AFTER or RANK.match(text, m.end) is not None
        called[m.name] = max(called.get(m.name, 1), 2 if opens and closes else 1)
    return called


def _add_titled(segments: Sequence[Segment], names: Names) -> None:
    """Add mentions such as 张书记 and 老张, where one person nearby has the surname."""
    if not names.surnames:
        return
    surname = "".join(map(re.escape, sorted(names.surnames)))
    titled = re.compile(f"([{surname}])(?:{TITLE})|老([{surname}])(?=[，。！？”：说說问問道])")
    near = [{m.name for m in segment.mentions} for segment in segments]
    for i, segment in enumerate(segments):
        found = [m for m in titled.finditer(segment.text) if not _covered(m, segment.mentions)]
        if not found:
            continue
        people = set[str]().union(*near[max(0, i - REACH) : i + REACH + 1])
        for m in found:
            same = [p for p in people if p[0] == (m[1] or m[2])]
            if len(same) == 1:
                segment.mentions = sorted(
                    [*segment.mentions, Mention(m.start(), m.end(), same[0])], key=lambda mention: mention.start
                )


def _covered(match: re.Match[str], mentions: Sequence[Mention]) -> bool:
    return any(m.start < match.end() and match.start() < m.end for m in mentions)
