"""Who speaks: rules for explicit cues, a learned ranker for the rest, decided jointly over each exchange.

Input columns: lines without speakers, their chapter's text, the cast. Output columns: speaker, addressee,
certainty, evidence, decided_by. Every quotation that somebody may speak gets the best guess; `certainty` is
calibrated, so that a threshold (`speakers.min_certainty`) buys a known precision. (Sieves before a ranker:
Muzny et al., EACL 2017; ranking candidates by features: He et al., ACL 2013.)
"""

from collections.abc import Mapping, Sequence

from huaben.novel.cuerules import WENT_ON, Decision, read_rules
from huaben.novel.cues import TOLD
from huaben.novel.exchanges import Turn, decide_exchanges
from huaben.novel.names import Names
from huaben.novel.ranker import load_model
from huaben.novel.segments import Segment
from huaben.novel.strangers import described_speaker
from huaben.novel.subjects import read_scene
from huaben.records import Chapter, Line

LONGEST_EVIDENCE = 80
NEXT = 2
"""Segments within which a quotation answers the one before."""
BESIDE = "beside it: "
ALONE = 0.7
"""Where nobody else is mentioned, the one who is need not be who speaks, unless a cue says so; the training data
holds no speakers without a name, so that calibration cannot know."""


def decide_speakers(chapter: Chapter, lines: Sequence[Line], names: Names) -> list[Line]:
    """Return a chapter's lines with the best guess of who speaks each, and how certain it is."""
    rules = read_rules(chapter.text, lines, names)
    segments = read_scene(chapter.text, lines, names)
    ruled = {i: rule for i, rule in enumerate(rules) if rule}
    sure = {i: rule for i, rule in ruled.items() if rule.certainty >= WENT_ON}
    decisions = ruled | dict(_decisions(segments, ruled, names)) | sure
    return [_with(line, decisions.get(i)) for i, line in enumerate(lines)]


def _decisions(
    segments: Sequence[Segment], ruled: Mapping[int, Decision], names: Names
) -> list[tuple[int, Decision]]:
    model = load_model()
    found: list[tuple[int, Decision]] = []
    before: tuple[int, str] | None = None
    for turn in decide_exchanges(segments, ruled, names, model):
        lines = segments[turn.at].lines
        if stranger := _stranger(segments, turn, ruled):
            found += [(line, stranger) for line in lines]
            before = None
            continue
        best = int(turn.probabilities.argmax())
        speaker = turn.people[best]
        previous = before[1] if before and turn.at - before[0] <= NEXT and before[1] != speaker else None
        evidence = next(
            (ruled[line].evidence for line in lines if line in ruled and ruled[line].speaker == speaker),
            _evidence(segments, turn, speaker, previous),
        )
        addressee = _addressee(segments, turn.at, speaker) or previous
        certainty = round(model.calibrated(float(turn.probabilities[best])), 3)
        if len(turn.people) == 1 and not evidence.startswith(BESIDE):
            certainty = min(certainty, ALONE)
        found += [(line, Decision(speaker, addressee, certainty, evidence)) for line in lines]
        before = turn.at, speaker
    return found


def _stranger(segments: Sequence[Segment], turn: Turn, ruled: Mapping[int, Decision]) -> Decision | None:
    """Return the unnamed speaker of a turn; a rule that read a name beside it comes first."""
    if any(line in ruled and ruled[line].certainty >= WENT_ON for line in segments[turn.at].lines):
        return None
    return described_speaker(segments, turn.at)


def _evidence(segments: Sequence[Segment], turn: Turn, speaker: str, previous: str | None) -> str:
    """Say what speaks for the speaker: the cue beside the line, who is called before it, turns, or recency."""
    for at in (turn.at - 1, turn.at + 1):
        if 0 <= at < len(segments) and segments[at].cue and speaker in (segments[at].subject, segments[at].nearest):
            return f"{BESIDE}{segments[at].text.strip()}"[:LONGEST_EVIDENCE]
    for at in range(max(0, turn.at - NEXT), turn.at):
        if segments[at].called.get(speaker) == 2:
            return "called in the line before"
    return f"taking turns with {previous}" if previous else "mentioned nearby"


def _addressee(segments: Sequence[Segment], at: int, speaker: str) -> str | None:
    """Return to whom the cue before or after says that it is said (对甲说), or who is called in the line."""
    for beside in (at - 1, at + 1):
        segment = segments[beside] if 0 <= beside < len(segments) else None
        if segment and segment.cue and segment.cue.says and segment.subject in (None, speaker):
            for m in segment.mentions:
                if m.start and segment.text[m.start - 1] in TOLD and m.name != speaker:
                    return m.name
    return next((name for name, degree in segments[at].called.items() if degree == 2 and name != speaker), None)


def _with(line: Line, decision: Decision | None) -> Line:
    if decision is None:
        return line
    return line.model_copy(
        update={
            "speaker": decision.speaker,
            "addressee": decision.addressee,
            "certainty": decision.certainty,
            "evidence": decision.evidence,
            "decided_by": "rule",
        }
    )
