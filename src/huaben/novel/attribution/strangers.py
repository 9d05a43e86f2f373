"""People whom a novel does not name: 那道人, 一个老者, 卖馄饨的, 众人. Whom a cue describes so, speaks by that.

Kinship and office (妻子, 书记) are no descriptions here: they mean somebody who has a name. The words are trades,
ages and ranks of the language at large.
"""

import re
from collections.abc import Sequence

from huaben.novel.attribution.cuerules import Decision
from huaben.novel.attribution.cues import opens_clause
from huaben.novel.attribution.segments import Segment
from huaben.novel.people.namewords import HEADS

CROWD = "众人|[军百][民姓]|大家|人们|大伙儿?|众[\u4e00-\u9fff]{1,2}"
EDGE = "(?:^|[，。；：！？…”」』\\s])"
COUNTED = "(?:[^，。；：]{0,4}是)?(?:有|又有|那|这|另|就有|只见|忽见)?(?:一?个|一?位|一?名|几个)?"
PLACED = "[^，。；：“”]{0,12}?(?:有|那|这|一)(?:一)?(?:个|位|名)[^，。；：“”的]{0,5}?"
DESCRIBED = re.compile(
    f"{EDGE}(?:{COUNTED}|{PLACED})(?:(?P<one>[老小]?(?:{HEADS}))(?P<many>们)?|(?P<crowd>{CROWD}))(?![的家身和与、])"
)
SAYS = re.compile("[说說问問道喊叫答曰骂嚷吼哼劝喝]")
EVERYBODY = "众人"
NEW = re.compile("(?:有|来了|一|几)[个位名]|有人")
NEW_WITH_VERB, KNOWN, ACTS = 0.85, 0.8, 0.7
"""Certainty of a newcomer or a crowd with a speech verb; of a description of somebody who was there before (那道人),
whose name the novel may tell elsewhere; and of one that only acts. By eye."""


def described_speaker(segments: Sequence[Segment], at: int) -> Decision | None:
    """Return the unnamed speaker whom the cue before or after a quotation describes."""
    before = segments[at - 1] if at else None
    if before and before.cue and before.cue.has_colon:
        return _described(before, is_last=True)
    after = segments[at + 1] if at + 1 < len(segments) else None
    if after and after.cue and after.paragraph == segments[at].paragraph and not after.cue.has_colon:
        return _described(after, is_last=False)
    return None


def _described(segment: Segment, is_last: bool) -> Decision | None:
    """Return the description in a cue, unless a name or pronoun is its subject instead."""
    named = [(m.start, m.end) for m in segment.mentions]
    found = [(_place(m), m) for m in DESCRIBED.finditer(segment.text)]
    free = [(at, m) for at, m in found if not any(start < m.end() and at < end for start, end in named)]
    if not free or segment.cue is None:
        return None
    place, match = free[-1] if is_last else free[0]
    token = segment.cue.subject
    is_subject = token and not token.is_role and (token.name is None or opens_clause(segment.text, token.start))
    if token and is_subject and (token.start > place if is_last else token.start < place):
        return None
    speaker = EVERYBODY if match["many"] or match["crowd"] else match["one"]
    is_new = speaker == EVERYBODY or NEW.search(match[0]) is not None
    certainty = (NEW_WITH_VERB if is_new else KNOWN) if SAYS.search(segment.text, match.end()) else ACTS
    return Decision(speaker, None, certainty, segment.text.strip()[:40])


def _place(match: re.Match[str]) -> int:
    return match.start("one") if match["one"] else match.start("crowd")
