"""Lines of a chapter + the model's numbered answer → speakers, addressees, scenes.

Rules decide where a cue names the speaker; the model answers by number for the whole chapter; where
both speak, the rule stands and a disagreement is counted. A number that is not in the chapter, a line
that is no answer and a name that the chapter does not hold put nothing into a dataset.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from huaben.coverage import Coverage
from huaben.extract.asking import Asked, Part, collect, provenance
from huaben.extract.tasks import SPEAKERS, NumberedAnswer, speakers_task
from huaben.llm.answers import Reply
from huaben.novel.attribution.speakers import decide_speakers
from huaben.novel.people.names import Names, found_names
from huaben.params import CastMember
from huaben.records import Chapter, Line
from huaben.text import count_letters

NOBODY = {"无", "未知", *"我你他她它", *(f"{who}们" for who in "我你他她它咱"), "自己"}
"""What says that a speaker is not known, beside marks such as ?; a pronoun names nobody."""
CROWD = "众人"
"""Several people at once, whatever the chapter calls them."""
LONGEST_NAME = 20
MODEL_CERTAINTY = 0.85
"""Published zero-shot accuracy of general models on Chinese novels is 0.9 (SPC, Findings-EMNLP 2023); held lower."""
CUE_CERTAINTY = 0.95
"""From here on a line's own cue names its speaker: it beats a model, and measures it.

A guess of the ranker measures nothing, and beats only a model that the cues show to be worse than the guess."""
ENOUGH_CUES = 20
"""Answers about explicitly cued lines from which a model is measured by them."""


def asked_about(chapters: Sequence[Chapter], lines: Mapping[int, Sequence[Line]]) -> list[Chapter]:
    """Return the chapters that have quotations."""
    return [chapter for chapter in chapters if lines.get(chapter.index)]


def attribute(
    asked: Asked,
    chapters: Sequence[Chapter],
    lines: Sequence[Line],
    cast: Sequence[CastMember],
    coverage: Coverage,
    used: list[Reply],
) -> list[Line]:
    """Return all lines with what rules and model decide about them."""
    by_chapter: dict[int, list[Line]] = defaultdict(list)
    for line in lines:
        by_chapter[line.chapter].append(line)
    names = Names(cast, found_names(chapters, cast))
    about = asked_about(chapters, by_chapter)
    answers = collect(asked, speakers_task(cast), about, by_chapter, coverage, used)
    decided = {c.index: decide_speakers(c, by_chapter[c.index], names) for c in about}
    said = {index: _said(parts, len(by_chapter[index]), coverage) for index, parts in answers.items()}
    trust, threshold = _trust(decided, said, names), asked.params.speakers.min_certainty
    if trust < threshold:
        coverage.dropped["not believed: the model contradicts too many explicit cues"] += len(said)
    result: list[Line] = []
    for chapter in about:
        lines_here = decided[chapter.index]
        if parts := answers.get(chapter.index):
            lines_here = _reconciled(chapter, lines_here, parts, said[chapter.index], names, trust, coverage)
        result += [certain(line, threshold) for line in lines_here]
    coverage.rows = len(result)
    return result


def _trust(
    decided: Mapping[int, Sequence[Line]], said: Mapping[int, Sequence[NumberedAnswer | None]], names: Names
) -> float:
    """Return how far the model is believed: no further than it agrees with cues that name the speaker."""
    pairs = [(line, one) for index in said for line, one in zip(decided[index], said[index], strict=True) if one]
    named = [(line.speaker, one.speaker) for line, one in pairs if line.certainty >= CUE_CERTAINTY]
    agreed = [line == (names.resolve(by_model) or by_model) for line, by_model in named if not _is_nobody(by_model)]
    return min(MODEL_CERTAINTY, sum(agreed) / len(agreed)) if len(agreed) >= ENOUGH_CUES else MODEL_CERTAINTY


def _reconciled(
    chapter: Chapter,
    lines: Sequence[Line],
    parts: Sequence[Part],
    said: Sequence[NumberedAnswer | None],
    names: Names,
    trust: float,
    coverage: Coverage,
) -> list[Line]:
    scenes = _scenes(said) or [line.scene for line in lines]
    sources = [part for part in parts for _ in part.passage.numbers]
    result = []
    for line, one, scene, source in zip(lines, said, scenes, sources, strict=True):
        person = partial(_person, names=names, text=source.passage.text, coverage=coverage)
        new = _merged(line, one, person, trust, coverage).model_copy(update={"scene": scene})
        result.append(new if new == line else _sourced(new, chapter, source))
    return result


def _said(parts: Sequence[Part], count: int, coverage: Coverage) -> list[NumberedAnswer | None]:
    """Return what is said of each line; a passage's reply speaks of that passage's quotations alone."""
    said: list[NumberedAnswer | None] = [None] * count
    scenes_before = 0
    for part in parts:
        found: dict[int, NumberedAnswer] = part.outcome.value or {}
        numbers = part.passage.numbers
        if invented := len(found.keys() - set(numbers)):
            coverage.dropped["answer for a number that is not in the chapter"] += invented
        for number in found.keys() & set(numbers):
            one = found[number]
            said[number - 1] = NumberedAnswer(one.speaker, one.addressee, one.scene and one.scene + scenes_before)
        scenes_before = max((one.scene for one in said if one and one.scene), default=scenes_before)
    return said


def _merged(
    line: Line,
    said: NumberedAnswer | None,
    person: Callable[[str], str | None],
    trust: float,
    coverage: Coverage,
) -> Line:
    if said is None:
        coverage.dropped["quotation left unanswered"] += 1
        return line
    speaker, addressee = person(said.speaker), person(said.addressee)
    if line.certainty >= (CUE_CERTAINTY if trust >= MODEL_CERTAINTY else trust):
        if line.certainty >= CUE_CERTAINTY and speaker and speaker != line.speaker:
            coverage.dropped["model contradicts an explicit cue; the cue stands"] += 1
        return line.model_copy(
            update={"addressee": line.addressee or (addressee if addressee != line.speaker else None)}
        )
    if speaker is None or line.kind not in ("speech", "thought", "letter", "verse"):
        return line
    to = addressee if addressee != speaker else None
    return line.model_copy(update={"speaker": speaker, "addressee": to, "certainty": trust, "decided_by": "model"})


def _is_nobody(name: str) -> bool:
    return name in NOBODY or not count_letters(name)


def _person(name: str, names: Names, text: str, coverage: Coverage) -> str | None:
    """Resolve an alias to its canonical name; a stranger keeps the name that the chapter gives."""
    if _is_nobody(name):
        return None
    if known := names.resolve(name):
        return known
    if name == CROWD or (len(name) <= LONGEST_NAME and name in text):
        return name
    coverage.dropped["name that is not in the chapter"] += 1
    return None


def _sourced(line: Line, chapter: Chapter, part: Part) -> Line:
    """Name the reply that decided something about a line."""
    source = provenance(chapter, SPEAKERS, [part], line.provenance.spans)
    evidence = f"reply {str(source.reply_id)[:12]}" if line.decided_by == "model" else line.evidence
    return line.model_copy(update={"provenance": source, "evidence": evidence})


def _scenes(said: Sequence[NumberedAnswer | None]) -> list[int] | None:
    """Return the model's scenes if it places every quotation, in reading order."""
    scenes = [answer.scene for answer in said if answer and answer.scene]
    return scenes if len(scenes) == len(said) and scenes == sorted(scenes) else None


def certain(line: Line, threshold: float) -> Line:
    """Leave a line below the threshold unknown, with its guess's evidence and certainty."""
    if line.speaker is None or line.certainty >= threshold:
        return line
    return line.model_copy(update={"speaker": None, "addressee": None, "decided_by": None})
