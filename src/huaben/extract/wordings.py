"""Questions → other ways to ask each, and a statement with a blank: what a model learns by, and is examined with.

The task is a further turn after the reply with the questions, so it holds nothing of another chapter. It asks about
all questions of that reply, by their place in it, also about those that a rule refuses: a better rule re-asks nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from huaben.coverage import Coverage
from huaben.extract.asking import Asked, Part, answer_all, count, inquire, question
from huaben.extract.tasks import Parsed, Task, qa_task
from huaben.llm.answers import InvalidReply, Reply
from huaben.llm.prompts import NUMBER, Turn
from huaben.llm.question import Inquiry, Outcome, Question
from huaben.llm.structured import parse_object
from huaben.records import Chapter, Line
from huaben.text import BLANK, count_letters, find_damage, find_residue, has_one_blank

WORDINGS = "wordings.v1"
TOO_ALIKE = 90
"""`fuzz.ratio` from which two wordings are one, as `dedupe.thresholds` has it of texts: 0.9."""
USUAL_QUESTIONS, USUAL_QUESTION = 16, "问" * 22
"""How many the prompt of `qa.v2` asks for, and what stands for each in an estimate, before there is a reply."""


@dataclass(frozen=True)
class Given:
    """What a reply gives for one question; anything, until `fault` has looked at it."""

    texts: Any


def follow_up(asked: Asked, part: Part) -> Question | None:
    """Return the question that goes on from a reply with questions; None where there is nothing to go on from.

    An imagined reply (an estimate's) has no questions yet: then as many are asked about as there usually are.
    """
    reply, earlier = part.outcome.reply, part.question
    if reply is None or earlier is None or part.outcome.value == []:
        return None
    texts = _numbered(part.outcome.value)
    if not texts:
        return None
    turns = (*earlier.request.earlier, Turn(earlier.request.task, reply.content or ""))
    return question(asked, _task(texts, asked.params.qa.wordings), part.passage, turns)


def _task(questions: Mapping[int, str], wanted: int) -> Task:
    variables = {
        "questions": "\n".join(f"{number}. {text}" for number, text in questions.items()),
        "count": str(wanted),
        "ways": str(wanted - 1),
    }
    return Task(WORDINGS, _parse, lambda passage: variables, lambda passage: len(questions) * wanted)


def inquire_with_wordings(asked: Asked, chapter: Chapter, lines: Sequence[Line]) -> Inquiry[list[Part]]:
    """Ask questions about a chapter, and, where the parameters want them, other wordings of each."""
    parts = yield from inquire(asked, qa_task(), chapter, lines)
    if asked.params.qa.wordings:
        for part in parts:
            yield from _follow(asked, part)
    return parts


def ask_wordings(
    asked: Asked, parts: Mapping[int, Sequence[Part]], coverage: Coverage, used: list[Reply]
) -> dict[int, list[Part]]:
    """Return for each part of a chapter what became of its wordings: `Given`s by a question's place in its reply.

    A chapter is a unit of its own, beside that of its questions; one that failed has no wordings, and keeps its rows.
    """
    flat = [(index, part) for index, some in parts.items() for part in some]
    outcomes = answer_all(asked, [_follow(asked, part) for _, part in flat], len(parts), coverage)
    found: dict[int, list[Part]] = {index: [] for index in parts}
    for (index, part), outcome in zip(flat, outcomes, strict=True):
        found[index].append(Part(part.passage, outcome))
    for some in found.values():
        count([part.outcome for part in some], coverage, used)
    return found


def fault(texts: Any, about: str, answer: str, chapter: str, asked: Asked) -> str | None:
    """Return why the wordings of a question (`about`) are of no use; None: they are."""
    wanted, phrases = asked.params.qa.wordings, asked.params.qa.refused_phrases
    if texts is None:
        return "none is given"
    if not isinstance(texts, list) or len(texts) != wanted or not all(isinstance(text, str) for text in texts):
        return f"not {wanted} texts"
    if not all(count_letters(text) for text in texts):
        return "one says nothing"
    if not has_one_blank(texts[-1]) or any(BLANK[0] in text for text in texts[:-1]):
        return "not one blank, in the last"
    if any(find_damage(text) or find_residue(text) for text in texts):
        return "one is damaged"
    if phrase := next((phrase for phrase in phrases for text in texts if phrase in text), None):
        return f"speaks of {phrase}"
    if any(NUMBER.search(text) for text in texts):
        return "cites a quotation by its number"
    if any(text.strip() in chapter for text in texts):
        return "one stands in the chapter, word for word"
    if (told := answer.strip("。！？ ")) and any(told in text for text in texts):
        return "one gives the answer away"
    return "two are nearly alike" if has_twins([about, *texts]) else None


def has_twins(texts: Sequence[str]) -> bool:
    """Tell whether two texts are equal or nearly equal."""
    from rapidfuzz import fuzz

    return any(fuzz.ratio(a.strip(), b.strip()) >= TOO_ALIKE for a, b in combinations(texts, 2))


def _follow(asked: Asked, part: Part) -> Inquiry[Outcome]:
    further = follow_up(asked, part)
    return (yield further) if further else Outcome(None)


def _numbered(items: Any) -> dict[int, str]:
    """Return the questions of a reply, each on one line, by their place; those that are none are left out."""
    if items is None:
        return dict.fromkeys(range(1, USUAL_QUESTIONS + 1), USUAL_QUESTION)
    texts = {n: item.get("question") for n, (_, item) in enumerate(items, 1) if isinstance(item, dict)}
    return {n: " ".join(text.split()) for n, text in texts.items() if isinstance(text, str) and text.strip()}


def _parse(content: str) -> Parsed:
    """Read `{"wordings": [{"number": …, "texts": […]}]}`; a question that is answered twice is not answered."""
    value, repaired = parse_object(content)
    rows = value.get("wordings")
    if not isinstance(rows, list):
        raise InvalidReply("`wordings` is no list")
    given: dict[int, Given] = {}
    for row in rows:
        number = row.get("number") if isinstance(row, dict) else None
        if isinstance(number, int) and not isinstance(number, bool):
            given[number] = Given(row.get("texts") if number not in given else None)
    if not given:
        raise InvalidReply("no wordings with the number of a question")
    return given, repaired
