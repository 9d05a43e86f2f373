"""The annotation under `data/recorded/` → raw replies for the prompts as they are now.

A person edits YAML: one file a chapter (`chapters/*.yaml`: heading, speakers, summaries, questions) and
`preference.yaml`. Each answer is checked against the prompt that it answers; a prompt whose wording has
changed since is listed, so that a person can look whether the answer still fits.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from huaben.errors import InputError
from huaben.extract import attribution, preference, qa, summary
from huaben.extract.asking import Asked
from huaben.llm.client import Unit
from huaben.llm.replies import load_recorded
from huaben.params import CastMember, load_yaml
from huaben.records import Chapter, Line

AUTHORS = "the huaben authors, CC0"
MODEL = "huaben-authors"


@dataclass
class Rendered:
    """The rows of the replies file, and what a person should look at."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    """Prompts whose wording changed since their answer was last rendered."""


def render(
    asked: Asked,
    folder: Path,
    chapters: Sequence[Chapter],
    lines: Mapping[int, Sequence[Line]],
    cast: Sequence[CastMember],
    prompts: Sequence[str],
    previous: Path,
) -> Rendered:
    """Return every annotated answer as a raw reply; a fault in the annotation is an InputError with its place."""
    annotation = _read_chapters(folder / "chapters")
    known = {c.heading for c in chapters}
    if strangers := sorted(annotation.keys() - known):
        raise InputError(f"{folder}: no chapter has the heading {strangers[0]!r}")
    answers = [
        *_chapter_answers(asked, annotation, chapters, lines, cast),
        *_preference_answers(asked, folder, prompts),
    ]
    old = {key for key in load_recorded([previous])}
    result = Rendered([_row(unit, content) for unit, content in answers])
    if old:
        result.changed = [f"{u.request.prompt_id}: {u.name}" for u, _ in answers if u.request.key not in old]
    return result


def _read_chapters(folder: Path) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    for path in sorted(folder.glob("*.yaml")):
        content = load_yaml(path)
        if not isinstance(content, dict) or not isinstance(content.get("heading"), str):
            raise InputError(f"{path}: `heading` is missing")
        found[content["heading"]] = {**content, "path": str(path)}
    return found


def _chapter_answers(
    asked: Asked,
    annotation: Mapping[str, Mapping[str, Any]],
    chapters: Sequence[Chapter],
    lines: Mapping[int, Sequence[Line]],
    cast: Sequence[CastMember],
) -> Iterator[tuple[Unit, str]]:
    asked_for = {
        "speakers": attribution.units(asked, chapters, lines, cast),
        "summary_v1": summary.units(asked, "v1", chapters, lines),
        "summary_v2": summary.units(asked, "v2", chapters, lines),
        "qa_v2": qa.units(asked, chapters, lines),
    }
    for task, about in asked_for.items():
        for chapter, unit in about:
            if answer := annotation.get(chapter.heading):
                yield unit, _reply_text(task, answer, lines.get(chapter.index, ()))


def _reply_text(task: str, answer: Mapping[str, Any], lines: Sequence[Line]) -> str:
    """Return the reply a model would give: the annotated values, in the wrapping that `wrapped` gives them."""
    try:
        if task == "speakers":
            text = "\n".join(_speaker_lines(answer, lines))
        elif task == "summary_v1":
            text = _json({"summary": answer["summary_v1"], "qa": answer["qa_v1"]})
        else:
            text = _json(answer[task])
    except KeyError as error:
        raise InputError(f"{answer['path']}: {error} is missing") from error
    return str((answer.get("wrapped") or {}).get(task, "$reply")).replace("$reply", text)


def _speaker_lines(answer: Mapping[str, Any], lines: Sequence[Line]) -> Iterator[str]:
    """Check each `number|first words|speaker|addressee|scene` against the chapter's own numbering."""
    for entry in answer["speakers"]:
        number, words, speaker, addressee, scene = (str(entry).split("|") + [""] * 5)[:5]
        if not number.isdecimal() or not 1 <= int(number) <= len(lines):
            raise InputError(f"{answer['path']}: {entry!r}: the chapter has the quotations 1 to {len(lines)}")
        if not lines[int(number) - 1].text.startswith(words):
            now = lines[int(number) - 1].text[:12]
            raise InputError(f"{answer['path']}: {entry!r}: quotation {number} now begins {now!r}")
        yield f"{number}|{speaker}|{addressee}|{scene}"


def _preference_answers(asked: Asked, folder: Path, prompts: Sequence[str]) -> Iterator[tuple[Unit, str]]:
    path = folder / "preference.yaml"
    answers = {row["prompt"]: row for row in load_yaml(path)}
    for prompt, (chosen, rejected) in zip(prompts, preference.units(asked, prompts), strict=True):
        row = answers.get(prompt)
        if row is None:
            raise InputError(f"{path}: no answers to the prompt {prompt!r}")
        yield chosen, str(row["chosen"])
        yield rejected, str(row["rejected"])


def _row(unit: Unit, content: str) -> dict[str, Any]:
    body = {
        "object": "chat.completion",
        "model": MODEL,
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": content}}],
        "usage": None,
    }
    return {
        "key": unit.request.key,
        "prompt": unit.request.prompt_id,
        "unit": unit.name,
        "reply": body,
        "written_by": AUTHORS,
    }


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
