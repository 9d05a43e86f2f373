"""Lines of a chapter + the model's numbered answer → speakers, addressees, scenes.

Rules decide where a cue names the speaker; the model answers by number for the whole chapter; where
both speak, the rule stands and a disagreement is counted. A number that is not in the chapter, a line
that is no answer and an unknown name put nothing into a dataset.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from huaben.coverage import Coverage
from huaben.extract.asking import Answer, Asked, InvalidReply, chapter_request, collect
from huaben.llm.client import Unit
from huaben.llm.replies import Reply
from huaben.novel.names import Names, found_names
from huaben.novel.speakers import decide_speakers
from huaben.params import CastMember
from huaben.records import Chapter, Line

PROMPT = "speakers.v1"
ANSWER = re.compile(r"\s*(\d{1,6})\s*\|([^|]*)\|([^|]*)\|\s*(\d{1,4})?\s*")
NOBODY = {"", "?", "？", "-", "无", "未知"}
MODEL_CERTAINTY = 0.85
"""Published zero-shot accuracy of general models on Chinese novels is 0.9 (SPC, Findings-EMNLP 2023); held lower."""


@dataclass(frozen=True)
class NumberedAnswer:
    """One line of the model's reply."""

    speaker: str
    addressee: str
    scene: int | None


def units(
    asked: Asked, chapters: Sequence[Chapter], lines: Mapping[int, Sequence[Line]], cast: Sequence[CastMember]
) -> list[Unit]:
    """Return the question of each chapter that has quotations. The cast stands as it was before the run."""
    people = "\n".join(f"{m.name}：{'、'.join(m.aliases)}" if m.aliases else m.name for m in cast) or "（无）"
    return [
        Unit(c.heading or c.title, chapter_request(asked, PROMPT, c, lines[c.index], {"cast": people}))
        for c in chapters
        if lines[c.index]
    ]


def parse(content: str) -> dict[int, NumberedAnswer]:
    """Read `number|speaker|addressee|scene` lines; other lines are passed over, none at all is invalid."""
    matches = [ANSWER.fullmatch(line) for line in content.strip().strip("`").splitlines()]
    found = {int(m[1]): NumberedAnswer(m[2].strip(), m[3].strip(), int(m[4]) if m[4] else None) for m in matches if m}
    if not found:
        raise InvalidReply("no line of the form number|speaker|addressee|scene")
    return found


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
    names = Names([*cast, *found_names(chapters, cast)])
    questions = units(asked, chapters, by_chapter, cast)
    answers = {a.reply.key: a for a in collect(asked, questions, parse, coverage, used)}
    keys = iter(questions)
    result: list[Line] = []
    for chapter in chapters:
        decided = decide_speakers(chapter, by_chapter[chapter.index], names)
        answer = answers.get(next(keys).request.key) if decided else None
        decided = _reconciled(decided, answer, names, coverage) if answer else decided
        result += [_certain(line, asked.params.speakers.min_certainty) for line in decided]
    coverage.rows = len(result)
    return result


def _reconciled(lines: Sequence[Line], answer: Answer, names: Names, coverage: Coverage) -> list[Line]:
    found: dict[int, NumberedAnswer] = answer.value
    if invented := len(found.keys() - set(range(1, len(lines) + 1))):
        coverage.dropped["answer for a number that is not in the chapter"] += invented
    scenes = [found[n].scene if n in found else None for n in range(1, len(lines) + 1)]
    use_scenes = all(scenes) and scenes == sorted(s for s in scenes if s)
    result = []
    for number, line in enumerate(lines, 1):
        merged = _merged(line, found.get(number), answer, names, coverage)
        result.append(merged.model_copy(update={"scene": scenes[number - 1]}) if use_scenes else merged)
    return result


def _merged(line: Line, said: NumberedAnswer | None, answer: Answer, names: Names, coverage: Coverage) -> Line:
    if said is None:
        coverage.dropped["quotation left unanswered"] += 1
        return line
    speaker = _person(said.speaker, names)
    addressee = _person(said.addressee, names)
    if line.certainty >= MODEL_CERTAINTY:
        if speaker and speaker != line.speaker:
            coverage.dropped["model contradicts an explicit cue; the cue stands"] += 1
        return line.model_copy(update={"addressee": line.addressee or addressee})
    if speaker is None or line.kind not in ("speech", "thought", "letter", "verse"):
        return line
    fields = {"speaker": speaker, "addressee": addressee, "certainty": MODEL_CERTAINTY, "decided_by": "model"}
    source = {
        "prompt": PROMPT,
        "model": answer.reply.model,
        "reply_id": answer.reply.key,
        "written_by": answer.reply.written_by,
    }
    evidence = f"reply {answer.reply.key[:12]}"
    return line.model_copy(
        update={**fields, "evidence": evidence, "provenance": line.provenance.model_copy(update=source)}
    )


def _person(name: str, names: Names) -> str | None:
    """Resolve an alias to its canonical name; a stranger keeps the name given, nobody is None."""
    if name in NOBODY or len(name) > 20:
        return None
    return names.resolve(name) or name


def _certain(line: Line, threshold: float) -> Line:
    """Leave a line below the threshold unknown, with its guess's evidence and certainty."""
    if line.speaker is None or line.certainty >= threshold:
        return line
    return line.model_copy(update={"speaker": None, "addressee": None, "decided_by": None})
