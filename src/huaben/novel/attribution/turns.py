"""Quotations of one turn as one: `“A，”甲笑了笑，“B。”` is what 甲 says, however it is printed.

Input: a chapter's segments with their cues. Output: segments in the form of a sentence a line (which is what the
ranker learned from): one quotation a turn, the narration between its parts after it. Narration right before a
quotation in its paragraph cues it as a colon would; right after it, as a speech verb would.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from huaben.novel.attribution.segments import Segment
from huaben.novel.people.names import Mention
from huaben.novel.quotations.lines import PAIRS

VOICE = re.compile(
    "(?<![没有不未别肯])(?:再|又|才|先|终于|忽然|慢慢|这才|轻轻)开(?:了)?口|声音[^，。]{0,3}[很低轻平哑颤抖沉]|清了清嗓子"
)
"""Speech that begins."""

CROWDED = 3
"""From so many quotations of a chapter that follow another with nothing between, its paragraphs hold several turns:
there narration between two of them belongs to either."""


def join_turns(segments: Sequence[Segment]) -> list[Segment]:
    """Return the segments with the parts of each turn joined."""
    joined: list[Segment] = []
    is_crowded = sum(answers(segments, at) for at in range(len(segments)) if segments[at].is_quotation) >= CROWDED
    i = 0
    while i < len(segments):
        if not segments[i].is_quotation:
            joined.append(segments[i])
            i += 1
            continue
        parts, told, i = _turn(segments, i, is_crowded)
        before = joined[-1] if joined else None
        if before and before.cue and _announces(before, parts[0]) and not _follows_speech(joined):
            before.cue = replace(before.cue, has_colon=True)
        joined += [_merged(parts), *told]
        after = told[0] if told else segments[i] if i < len(segments) else None
        is_own = after and after.paragraph == parts[-1].paragraph and not is_crowded
        if is_own and after and after.cue and not after.cue.has_colon:
            after.cue = replace(after.cue, says=True, says_last=True)
    return joined


def answers(segments: Sequence[Segment], at: int) -> bool:
    """Tell whether the quotation at `at` follows another in its paragraph with nothing between: “……”“……”."""
    return at > 0 and _is_answer(segments[at - 1], segments[at])


def _is_answer(before: Segment, quotation: Segment) -> bool:
    return before.is_quotation and before.paragraph == quotation.paragraph and not _is_left_open(before.text)


def _turn(segments: Sequence[Segment], i: int, is_crowded: bool) -> tuple[list[Segment], list[Segment], int]:
    """Return the quotations of the turn that begins at `i`, the narration between them, and where it ends."""
    parts, told = [segments[i]], list[Segment]()
    i += 1
    while True:
        if i < len(segments) and segments[i].is_quotation and _is_left_open(parts[-1].text):
            parts.append(segments[i])
            i += 1
            continue
        j = i
        while j < len(segments) and not segments[j].is_quotation and segments[j].paragraph == parts[0].paragraph:
            j += 1
        between = segments[i:j]
        is_more = j < len(segments) and segments[j].is_quotation and segments[j].paragraph == parts[0].paragraph
        is_resumed = not is_crowded or (between and between[-1].text.rstrip().endswith(("，", ",")))
        if not is_more or not between or not is_resumed or not _goes_on([*told, *between]):
            return parts, told, i
        parts.append(segments[j])
        told += between
        i = j + 1


def _announces(before: Segment, quotation: Segment) -> bool:
    """Tell narration that cues the quotation after it: in its paragraph, or about the voice that now speaks."""
    return before.paragraph == quotation.paragraph or bool(VOICE.search(before.text))


def _is_left_open(text: str) -> bool:
    """Tell speech that goes on in the next paragraph, where its mark is opened again."""
    return text[0] in PAIRS and text[-1] not in PAIRS.values()


def _goes_on(told: Sequence[Segment]) -> bool:
    """Tell whether nobody is announced, and no second person acts, between two quotations of a paragraph."""
    cues = [segment.cue for segment in told if segment.cue]
    acting = {cue.subject.name for cue in cues if cue.subject and cue.subject.name}
    announced = len(cues) > 1 and cues[-1].says_last and cues[-1].ends_in_comma
    return len(acting) <= 1 and not announced and not any(cue.has_colon for cue in cues)


def _follows_speech(joined: Sequence[Segment]) -> bool:
    """Tell whether the narration at the end belongs to a quotation before it in its paragraph."""
    paragraph = joined[-1].paragraph
    for segment in reversed(joined):
        if segment.is_quotation or segment.paragraph != paragraph:
            return segment.is_quotation and segment.paragraph == paragraph
    return False


def _merged(parts: Sequence[Segment]) -> Segment:
    mentions, text = list[Mention](), ""
    for part in parts:
        mentions += [Mention(m.start + len(text), m.end + len(text), m.name) for m in part.mentions]
        text += part.text
    lines = tuple(line for part in parts for line in part.lines)
    return replace(parts[0], text=text, mentions=mentions, lines=lines)
