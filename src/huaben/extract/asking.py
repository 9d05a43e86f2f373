"""What the asking stages share: conversations about passages, checked replies, every unit accounted for."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from huaben.coverage import Coverage
from huaben.errors import HuabenError
from huaben.extract.passages import Passage, passages
from huaben.extract.tasks import Task, opening
from huaben.llm.answers import Reply
from huaben.llm.asking import ask
from huaben.llm.cost import cost_of
from huaben.llm.prompts import Prompts, Request, Turn
from huaben.llm.question import Inquiry, Outcome, Question, T
from huaben.llm.tally import Tally
from huaben.params import Params
from huaben.records import Chapter, Line, Provenance, Span

RENDER_ADVICE = (
    "Recorded replies belong to exact prompts; these have changed, or were never answered in full. "
    "Run `huaben replies render` (after editing data/recorded/), import a colleague's with "
    "`huaben replies import FILE`, or set llm.provider to `openai` to ask a model."
)
RESUME_ADVICE = "What was answered is kept; run the same command again to ask only for the rest."
CUT_ADVICE = (
    " finish_length: the reply was cut at llm.max_tokens, also for halves of the passage; raise it, or ask a model "
    "that does not repeat itself."
)
MOST_CUTS = 2
"""How often a passage is halved whose reply was cut. A model that repeats itself is cut at every length."""


@dataclass(frozen=True)
class Asked:
    """The settings of a run, as the asking stages take them."""

    params: Params
    prompts: Prompts
    recorded: Sequence[Path]
    tally: Tally = field(default_factory=Tally)


@dataclass(frozen=True)
class Part:
    """What became of a task about one passage."""

    passage: Passage
    outcome: Outcome
    question: Question | None = None
    """What was asked, for what goes on from its reply; None where it was not asked."""


def inquire(asked: Asked, task: Task, chapter: Chapter, lines: Sequence[Line]) -> Inquiry[list[Part]]:
    """Ask for a task about a whole chapter, passage by passage."""
    parts: list[Part] = []
    for passage in passages(chapter, lines, asked.params.llm.passage_characters):
        parts += yield from inquire_passage(asked, task, passage)
    return parts


def inquire_passage(asked: Asked, task: Task, passage: Passage, cuts: int = 0) -> Inquiry[list[Part]]:
    """Open the conversation or go on from its opening; halve a passage that is too much for one reply.

    `cuts` is how often the passage was halved because a reply was cut.
    """
    if not task.lines(passage):
        return []
    first = opening(asked.params)
    earlier: tuple[Turn, ...] = ()
    if first and first.prompt_id != task.prompt_id:
        opened = question(asked, first, passage)
        outcome = yield opened
        if outcome.reply:
            earlier = (Turn(opened.request.task, outcome.reply.content or ""),)
        elif not outcome.is_for_good:
            waits = f"waits for {first.prompt_id}, which opens the conversation: {outcome.reason}"
            return [Part(passage, Outcome(None, reason=waits))]
    put = question(asked, task, passage, earlier)
    outcome = yield put
    cuts += outcome.reason == "finish_length"
    is_too_much = outcome.reason == "too_long" or (outcome.reason == "finish_length" and cuts <= MOST_CUTS)
    halves = passage.halves() if is_too_much else ()
    if not halves:
        return [Part(passage, outcome, put)]
    first_half = yield from inquire_passage(asked, task, halves[0], cuts)
    if any(part.outcome.is_for_good for part in first_half):
        return first_half  # the chapter is lost, whatever its other half says
    return first_half + (yield from inquire_passage(asked, task, halves[1], cuts))


def question(asked: Asked, task: Task, passage: Passage, earlier: Sequence[Turn] = ()) -> Question:
    """Render a task about a passage."""
    llm, shared = asked.params.llm, f"小说：《{asked.params.novel.title}》\n"
    variables = task.variables(passage)
    request = asked.prompts.request(task.prompt_id, llm, variables, passage.numbered, shared, earlier)
    return asking(asked, passage.name, request, task.parse, task.lines(passage))


def asking(
    asked: Asked, name: str, request: Request, parse: Callable[[str], tuple[Any, str | None]], lines: int = 1
) -> Question:
    """Put a request into the form of a question."""
    return Question(name, request, parse, lines, asked.prompts.load(request.prompt_id).reply_tokens)


def collect(
    asked: Asked,
    task: Task,
    chapters: Sequence[Chapter],
    lines: Mapping[int, Sequence[Line]],
    coverage: Coverage,
    used: list[Reply],
) -> dict[int, list[Part]]:
    """Ask a task about every chapter; return the parts of those that are answered in full, by chapter.

    Every chapter is counted, with its reason. Passages are asked beside each other.
    """
    longest = asked.params.llm.passage_characters
    about = [(c.index, passage) for c in chapters for passage in passages(c, lines.get(c.index, ()), longest)]
    inquiries = [inquire_passage(asked, task, passage) for _, passage in about]
    found = answer_all(asked, inquiries, len(chapters), coverage)
    parts = defaultdict[int, list[Part]](list)
    for (index, _), some in zip(about, found, strict=bool(found)):
        parts[index] += some
    answered = [index for index, all_ in parts.items() if count([part.outcome for part in all_], coverage, used)]
    return {index: parts[index] for index in answered}


def answer_all(asked: Asked, inquiries: Sequence[Inquiry[T]], units: int, coverage: Coverage) -> list[T]:
    """Return the results of all inquiries about so many units; none without a provider, where they are skipped.

    A run that is stopped leaves every unit open.
    """
    if asked.params.llm.provider == "none":
        for _ in range(units):
            coverage.add("skipped", "no provider")
        return []
    try:
        return ask(inquiries, asked.params, asked.recorded, asked.tally)
    except (HuabenError, KeyboardInterrupt):
        for _ in range(units):
            coverage.add("failed", "the run was stopped", permanent=False)
        raise


def count(outcomes: Sequence[Outcome], coverage: Coverage, used: list[Reply]) -> bool:
    """Count a unit by the outcomes of its parts; return whether it is answered in full and not empty."""
    used += [outcome.reply for outcome in outcomes if outcome.reply]
    coverage.repaired.update(outcome.repaired for outcome in outcomes if outcome.repaired)
    failed = [outcome for outcome in outcomes if outcome.reason]
    if failed:
        worst = next((outcome for outcome in failed if not outcome.is_for_good), failed[0])
        coverage.add("failed", worst.reason, permanent=worst.is_for_good)
        return False
    is_there = any(outcome.value for outcome in outcomes)
    coverage.add("ok" if is_there else "empty", None if is_there else "nothing there")
    return is_there


def advice(params: Params, coverage: Coverage) -> str:
    """Return what to do about the units that are missing."""
    cut = CUT_ADVICE if "finish_length" in coverage.reasons else ""
    return (RENDER_ADVICE if params.llm.provider == "recorded" else RESUME_ADVICE) + cut


def provenance(chapter: Chapter, prompt_id: str, parts: Sequence[Part], spans: tuple[Span, ...] = ()) -> Provenance:
    """Say where a record made from the replies about a chapter's passages came from."""
    replies = [part.outcome.reply for part in parts if part.outcome.reply]
    return Provenance(
        novel=chapter.novel,
        chapter=chapter.index,
        chapter_id=chapter.chapter_id,
        spans=spans,
        prompt=prompt_id,
        model=replies[0].model,
        reply_id="+".join(reply.key for reply in replies),
        written_by=replies[0].written_by,
    )


def costs(asked: Asked, used: Sequence[Reply]) -> dict[str, Any]:
    """Return the cost metrics of the replies behind a stage's data, each counted once."""
    return cost_of({reply.key: reply for reply in used}.values(), asked.params.llm.price)
