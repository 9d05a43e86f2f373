"""What the asking stages share: chapters as requests, replies as checked values, every unit accounted for."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huaben.coverage import Coverage
from huaben.errors import HuabenError
from huaben.llm.client import Answers, Unit, ask
from huaben.llm.cost import cost_of
from huaben.llm.prompts import Prompts, Request, number_quotations
from huaben.llm.replies import Reply, strict_json
from huaben.params import Params
from huaben.records import Chapter, Line, Provenance, Span

FENCED = re.compile(r"\s*```[a-zA-Z]*\n(.*?)\n?```\s*", re.DOTALL)
"""A reply in one Markdown fence, the one fault that is repaired."""
RENDER_ADVICE = (
    "Recorded replies belong to exact prompts; these have changed, or were never answered in full. "
    "Run `huaben replies render` (after editing data/recorded/), import a colleague's with "
    "`huaben replies import FILE`, or set llm.provider to `openai` to ask a model."
)
RESUME_ADVICE = "What was answered is kept; run the same command again to ask only for the rest."


class InvalidReply(Exception):
    """A complete reply that does not hold what was asked for; the message is the reason."""


@dataclass(frozen=True)
class Asked:
    """The settings of a run, as the asking stages take them."""

    params: Params
    prompts: Prompts
    recorded: Sequence[Path]
    say: Callable[[str], None]


@dataclass(frozen=True)
class Answer:
    """A unit's reply that parsed, and the reply itself for provenance."""

    unit: str
    value: Any
    reply: Reply
    prompt_id: str


def chapter_request(
    asked: Asked, prompt_id: str, chapter: Chapter, lines: Sequence[Line], variables: Mapping[str, str]
) -> Request:
    """Render a task about a chapter whose quotations are all numbered, in the order of `lines`."""
    numbered = number_quotations(chapter.text, [max(0, line.start - 1) for line in lines])
    shared = f"小说：《{asked.params.novel.title}》\n"
    return asked.prompts.request(prompt_id, asked.params.llm, variables, numbered, shared)


def questions(
    asked: Asked,
    prompt_id: str,
    chapters: Sequence[Chapter],
    lines: Mapping[int, Sequence[Line]],
    variables: Mapping[str, str] | None = None,
) -> list[tuple[Chapter, Unit]]:
    """Return each chapter with the question about it."""
    return [
        (c, Unit(c.heading or c.title, chapter_request(asked, prompt_id, c, lines.get(c.index, ()), variables or {})))
        for c in chapters
    ]


def collect(
    asked: Asked, units: Sequence[Unit], parse: Callable[[str], Any], coverage: Coverage, used: list[Reply]
) -> dict[str, Answer]:
    """Ask for every unit; return the answers that parse, by request key, and count all units with their reasons."""
    if asked.params.llm.provider == "none":
        for _ in units:
            coverage.add("skipped", "no provider")
        return {}
    try:
        answers = ask(units, asked.params.llm, asked.recorded, asked.say)
    except HuabenError:
        for _ in units:
            coverage.add("failed", "the run was stopped", permanent=False)
        raise
    found = [_answer(unit, answers, parse, coverage, used) for unit in units]
    return {answer.reply.key: answer for answer in found if answer}


def _answer(
    unit: Unit, answers: Answers, parse: Callable[[str], Any], coverage: Coverage, used: list[Reply]
) -> Answer | None:
    key = unit.request.key
    reply = answers.replies.get(key)
    if reply is None:
        coverage.add("failed", answers.failures[key], permanent=key in answers.permanent)
        return None
    used.append(reply)
    content = reply.content or ""
    fenced = FENCED.fullmatch(content)
    try:
        value = parse(fenced[1] if fenced else content)
    except InvalidReply as reason:
        coverage.add("failed", f"invalid reply: {reason}")
        return None
    if fenced:
        coverage.dropped["repaired: fence around the reply"] += 1
    coverage.add("ok" if value else "empty", None if value else "nothing there")
    return Answer(unit.name, value, reply, unit.request.prompt_id) if value else None


def advice(params: Params) -> str:
    """Return what to do about the units that are missing."""
    return RENDER_ADVICE if params.llm.provider == "recorded" else RESUME_ADVICE


def parse_json(content: str) -> dict[str, Any]:
    """Parse a reply that is one JSON object."""
    try:
        value = strict_json(content)
    except ValueError:
        raise InvalidReply("not JSON") from None
    if not isinstance(value, dict):
        raise InvalidReply("not a JSON object")
    return value


def text_of(value: Mapping[str, Any], field: str) -> str:
    """Return a text field of a parsed reply; another type is an invalid reply."""
    text = value.get(field)
    if not isinstance(text, str):
        raise InvalidReply(f"`{field}` is not text")
    return text.strip()


def provenance(chapter: Chapter, answer: Answer, spans: tuple[Span, ...] = ()) -> Provenance:
    """Say where a record made from a reply came from."""
    return Provenance(
        novel=chapter.novel,
        chapter=chapter.index,
        chapter_id=chapter.chapter_id,
        spans=spans,
        prompt=answer.prompt_id,
        model=answer.reply.model,
        reply_id=answer.reply.key,
        written_by=answer.reply.written_by,
    )


def costs(asked: Asked, used: Sequence[Reply]) -> dict[str, Any]:
    """Return the cost metrics of the replies behind a stage's data, each counted once."""
    return cost_of({reply.key: reply for reply in used}.values(), asked.params.llm.price)
