"""What the asking stages share: chapters as requests, replies as checked values, every unit accounted for."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huaben.coverage import Coverage
from huaben.llm.client import MISS, Unit, ask
from huaben.llm.cost import cost_of
from huaben.llm.prompts import Prompts, Request, number_quotations
from huaben.llm.replies import Reply
from huaben.params import Params
from huaben.records import Chapter, Line, Provenance, Span

FENCED = re.compile(r"\s*```[a-zA-Z]*\n(.*?)\n?```\s*", re.DOTALL)
RENDER_ADVICE = (
    "Recorded replies belong to exact prompts, and these have changed or were never answered. "
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


def collect(
    asked: Asked, units: Sequence[Unit], parse: Callable[[str], Any], coverage: Coverage, used: list[Reply]
) -> Iterator[Answer]:
    """Ask for every unit and yield the answers that parse; count all others with their reasons."""
    if asked.params.llm.provider == "none":
        for _ in units:
            coverage.add("skipped", "no provider")
        return
    answers = ask(units, asked.params.llm, asked.recorded, asked.say)
    for unit in units:
        key = unit.request.key
        reply = answers.replies.get(key)
        if reply is None:
            coverage.add("failed", answers.failures[key], permanent=key in answers.permanent)
            continue
        used.append(reply)
        try:
            value = parse(reply.content or "")
        except InvalidReply as reason:
            coverage.add("failed", f"invalid reply: {reason}")
            continue
        coverage.add("ok" if value else "empty", None if value else "nothing there")
        if FENCED.fullmatch(reply.content or ""):
            coverage.dropped["repaired: fence around the reply"] += 1
        yield Answer(unit.name, value, reply, unit.request.prompt_id)


def advice(params: Params, coverage: Coverage) -> str:
    """Return what to do about the units that are missing."""
    return RENDER_ADVICE if MISS in coverage.reasons else RESUME_ADVICE


def parse_json(content: str) -> dict[str, Any]:
    """Parse a reply that is one JSON object, alone or in one Markdown fence."""
    fenced = FENCED.fullmatch(content)
    try:
        value = json.loads(fenced[1] if fenced else content, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise InvalidReply("not JSON") from None
    if not isinstance(value, dict):
        raise InvalidReply("not a JSON object")
    return value


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


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
