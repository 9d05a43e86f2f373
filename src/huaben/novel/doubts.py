"""Reasons not to trust a guess more than so far, which calibration on one novel cannot know.

Input: a decided turn. Output: whether its own cue speaks of somebody else, or of nobody at all. The training data
holds no speaker without a name, and no line that two people say.
"""

from collections.abc import Sequence

from huaben.novel.cues import opens_clause
from huaben.novel.segments import Segment

LONGEST = 300
"""Characters of a sentence; what is longer is a text without punctuation, and its subjects are nobody's guess."""
TOGETHER = frozenset("和与與跟、")


def own_cues(segments: Sequence[Segment], at: int) -> list[Segment]:
    """Return the narration that cues a quotation: before it with a colon, or after it with a speech verb."""
    before = segments[at - 1] if at else None
    after = segments[at + 1] if at + 1 < len(segments) else None
    cues = [before] if before and before.cue and before.cue.has_colon else []
    return cues + ([after] if after and after.cue and after.cue.says_last and not after.cue.has_colon else [])


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
    if token and token.is_role:
        return True
    return token is None and any(m.name == speaker for m in segment.mentions)


def _is_together(segment: Segment, speaker: str) -> bool:
    return any(m.name == speaker and segment.text[m.end : m.end + 1] in TOGETHER for m in segment.mentions)
