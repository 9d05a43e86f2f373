"""Who speaks: rules for explicit cues, a learned ranker for the rest, decided jointly over each exchange.

Input columns: lines without speakers, their chapter's text, the cast. Output columns: speaker, addressee,
certainty, evidence, decided_by. Every quotation that somebody may speak gets the best guess; `certainty` is
calibrated, so that a threshold (`speakers.min_certainty`) buys a known precision. (Sieves before a ranker:
Muzny et al., EACL 2017; ranking candidates by features: He et al., ACL 2013.)
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from huaben.novel.attribution.cuerules import SAID, WENT_ON, Decision, read_rules
from huaben.novel.attribution.cues import TOLD
from huaben.novel.attribution.decoding import Array
from huaben.novel.attribution.doubts import is_cued, is_doubtful
from huaben.novel.attribution.exchanges import Turn, decide_exchanges, taking_part
from huaben.novel.attribution.ranker import Model, load_model
from huaben.novel.attribution.segments import Segment
from huaben.novel.attribution.strangers import KNOWN, described_speaker
from huaben.novel.attribution.subjects import read_scene
from huaben.novel.attribution.turns import answers
from huaben.novel.people.names import Names
from huaben.records import Chapter, Line

LONGEST_EVIDENCE = 80
NEXT = 2
"""Segments within which a quotation answers the one before."""
PAIR = 2
"""People among whom quotations with nothing between can only alternate; the ranker learned from no such text."""
DOUBTFUL = 0.7
"""The most that a guess is worth whose own cue speaks of somebody else; below the threshold of the pipeline. No
guess is worth more than a rule: one that its cue backs than `甲说：`, any other than speech that goes on."""


def decide_speakers(chapter: Chapter, lines: Sequence[Line], names: Names) -> list[Line]:
    """Return a chapter's lines with the best guess of who speaks each, and how certain it is."""
    ruled = {i: rule for i, rule in enumerate(read_rules(chapter.text, lines, names)) if rule}
    segments = read_scene(chapter.text, lines, names)
    unnamed = {i: decision for i, decision in _unnamed(segments).items() if not is_sure(ruled.get(i))}
    turns = decide_exchanges(segments, ruled, unnamed, names, load_model())
    guessed = ruled | dict(_guesses(segments, turns, ruled)) | unnamed
    sure = {i: _addressed(rule, guessed[i]) for i, rule in ruled.items() if is_sure(rule)}
    decisions = {i: _identified(decision, names) for i, decision in (guessed | sure).items()}
    return [_with(line, decisions.get(i)) for i, line in enumerate(lines)]


def _identified(decision: Decision, names: Names) -> Decision:
    """Trust a common word (知县道) no more than any description: the novel may name whom it means elsewhere."""
    is_common = decision.speaker in names.common and decision.certainty > KNOWN
    return replace(decision, certainty=KNOWN) if is_common else decision


def is_sure(rule: Decision | None) -> bool:
    """Tell a rule that read a name with its speech verb, which no guess overrules."""
    return rule is not None and rule.certainty >= WENT_ON


def _guesses(
    segments: Sequence[Segment], turns: Sequence[tuple[Turn, Array]], ruled: Mapping[int, Decision]
) -> Iterator[tuple[int, Decision]]:
    """Yield the most probable speaker of each line in a turn."""
    before: tuple[int, str] | None = None
    for turn, probabilities in turns:
        best = int(probabilities.argmax())
        speaker = turn.people[best]
        previous = before[1] if before and turn.at - before[0] <= NEXT and before[1] != speaker else None
        lines = segments[turn.at].lines
        read = next((ruled[i].evidence for i in lines if i in ruled and ruled[i].speaker == speaker), None)
        guess = Decision(
            speaker,
            _addressee(segments, turn.at, speaker)
            or (None if any(is_sure(ruled.get(i)) for i in lines) else previous),
            certainty_of(segments, turn, speaker, float(probabilities[best]), load_model()),
            read or _evidence(segments, turn, speaker, previous),
        )
        yield from ((line, guess) for line in lines)
        before = turn.at, speaker


def certainty_of(segments: Sequence[Segment], turn: Turn, speaker: str, probability: float, model: Model) -> float:
    """Return what a guess of a joint probability is worth, in the light of its own cue."""
    cued = is_cued(segments, turn.at, speaker)
    doubtful = is_doubtful(segments, turn.at, speaker, len(turn.people) == 1)
    if not cued and answers(segments, turn.at):
        doubtful |= speaker not in (known := taking_part(segments, turn.at)) or len(known) != PAIR
    most = DOUBTFUL if doubtful else SAID if cued else WENT_ON
    return min(round(model.calibrated(probability, cued), 3), most)


def _addressed(rule: Decision, guess: Decision) -> Decision:
    """Give what a rule decided the addressee of the guess, if both say the same speaker."""
    return replace(rule, addressee=rule.addressee or guess.addressee) if rule.speaker == guess.speaker else rule


def _unnamed(segments: Sequence[Segment]) -> dict[int, Decision]:
    """Return the decisions about lines whose cue describes a speaker without a name."""
    found: dict[int, Decision] = {}
    for at, segment in enumerate(segments):
        stranger = described_speaker(segments, at) if segment.is_quotation else None
        if stranger:
            found |= dict.fromkeys(segment.lines, stranger)
    return found


def _evidence(segments: Sequence[Segment], turn: Turn, speaker: str, previous: str | None) -> str:
    """Say what speaks for the speaker: the cue beside the line, who is called before it, turns, or recency."""
    for at in (turn.at - 1, turn.at + 1):
        if 0 <= at < len(segments) and segments[at].cue and speaker in (segments[at].subject, segments[at].nearest):
            return f"beside it: {segments[at].text.strip()}"[:LONGEST_EVIDENCE]
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
