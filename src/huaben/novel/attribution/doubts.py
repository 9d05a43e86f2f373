"""Reasons not to trust a guess more than so far, which calibration on one novel cannot know.

Input: a decided turn. Output: whether its own cue speaks of somebody else, or of nobody at all. The training data
holds no speaker without a name, and no line that two people say.
"""

import re
from collections.abc import Sequence

from huaben.novel.attribution.cues import opens_clause
from huaben.novel.attribution.segments import Segment

LONGEST = 300
"""Characters of a sentence; what is longer is a text without punctuation, and its subjects are nobody's guess."""
TOGETHER = frozenset("和与與跟、")
SOMEBODY = re.compile(
    "(?:^|[，；])(?:只见|忽见|又见|就见|却见|便见|只听|就听|忽听|听得)?"
    "(?:[那这](?!时|样|么|天|日|里|边|才|下|会|回|番|几|句|话|是|就|个?时候|一[天日时声回])|有?一[个位名]|有[个位名]|[二两三四五六七八九十众][个位名]|旁边)[^，；]"
)
"""A clause that opens with somebody who has no name: 那怪厉声道, 旁边过来一人，说."""
OBJECT_OF = re.compile("[指扯拉抱搀唤看瞧杀拿捉救骂命领引说了着过]$")
"""Before a name to whom something is done (用手一指甲，说)."""
OBEYS = re.compile("(?:答应|答應|应承|应允|依言|领命|听命|遵命)[^说說道：]{0,6}[，。！]\\s*$")
"""What the person does to whom a quotation was said."""
WRITTEN = re.compile("[写寫][^，。]{0,3}[：:]$")
"""What is written is often not by him who writes or reads it here."""


def own_cues(segments: Sequence[Segment], at: int) -> list[Segment]:
    """Return the narration that cues a quotation: before it with a colon, or after it with a speech verb."""
    before = segments[at - 1] if at else None
    after = segments[at + 1] if at + 1 < len(segments) else None
    cues = [before] if before and before.cue and before.cue.has_colon else []
    is_cue = after and after.cue and after.cue.says_last and not after.cue.has_colon
    return cues + ([after] if after and is_cue and not OBEYS.search(after.text) else [])


def is_doubtful(segments: Sequence[Segment], at: int, speaker: str, is_alone: bool) -> bool:
    """Tell a guess that its own cue contradicts; `is_alone` is a speaker for want of anybody else."""
    cues = own_cues(segments, at)
    if any(segment.cue and segment.cue.length > LONGEST for segment in cues):
        return True
    if is_alone and not is_cued(segments, at, speaker):
        return True
    return any(_is_another(segment, speaker) or _is_together(segment, speaker) for segment in cues)


def is_cued(segments: Sequence[Segment], at: int, speaker: str) -> bool:
    """Tell whether the subject of a quotation's own cue is, or means, its speaker."""
    return any(_is_subject(segment, speaker) for segment in own_cues(segments, at))


def _is_subject(segment: Segment, speaker: str) -> bool:
    token = segment.cue.subject if segment.cue else None
    if token is None or token.is_role:
        return False
    return segment.subject == speaker and (token.name is None or opens_clause(segment.text, token.start))


def _is_another(segment: Segment, speaker: str) -> bool:
    """Tell `甲的徒弟说`, `那人拦住甲说` and `妻子说`, where the subject is nobody of the cast."""
    token = segment.cue.subject if segment.cue else None
    if (token and token.is_role) or WRITTEN.search(segment.text.strip()):
        return True
    if token is None:
        return bool(SOMEBODY.search(segment.text)) or any(m.name == speaker for m in segment.mentions)
    somebody = [m.start() for m in SOMEBODY.finditer(segment.text)]
    if token.name is None:
        return bool(somebody) or _names_another(segment, token.start, speaker)
    if opens_clause(segment.text, token.start):
        return any(start > token.start for start in somebody)
    return segment.subject == speaker and OBJECT_OF.search(segment.text[: token.start]) is not None


def _names_another(segment: Segment, before: int, speaker: str) -> bool:
    """Tell `甲见乙来了，他说`, where a name that opens the sentence is more likely meant by the pronoun."""
    first = next((m for m in segment.mentions if m.end <= before and opens_clause(segment.text, m.start)), None)
    return first is not None and first.name != speaker


def _is_together(segment: Segment, speaker: str) -> bool:
    mine = [m for m in segment.mentions if m.name == speaker]
    return any(TOGETHER & {segment.text[m.end : m.end + 1], segment.text[m.start - 1 : m.start]} for m in mine)
