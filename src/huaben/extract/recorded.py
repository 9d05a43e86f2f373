"""The annotation under `data/recorded/` → raw replies for the prompts as they are now.

A person edits YAML: one file a chapter (`chapters/*.yaml`: heading, speakers, summaries, questions),
`preference.yaml`, and `grounded.yaml` (plain rewrites of the hero's lines). Each answer is checked against the
prompt that it answers; a prompt whose wording has changed since is listed, so that a person can look whether
the answer still fits.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from huaben.errors import InputError
from huaben.extract import attribution, grounded, prompted, summary
from huaben.extract.asking import Asked, inquire
from huaben.extract.tasks import QA_FIELDS, SPEAKERS, speakers_task, summary_task
from huaben.extract.wordings import WORDINGS, inquire_with_wordings
from huaben.llm.answers import Reply
from huaben.llm.question import Outcome, Question, judge, pursue
from huaben.llm.replies import read_replies
from huaben.params import CastMember
from huaben.records import Chapter, Line
from huaben.yamlfile import load_yaml

AUTHORS = "the huaben authors, CC0"
MODEL = "huaben-authors"


@dataclass
class Rendered:
    """The rows of the replies file, and what a person should look at."""

    rows: list[dict[str, Any]]
    changed: list[str]
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
    rows: dict[str, dict[str, Any]] = {}

    def answer(question: Question, content: str) -> Outcome:
        row = _row(question, content)
        rows[row["key"]] = row
        return judge(question, Reply(row["key"], row["reply"], AUTHORS))

    _answer_chapters(asked, annotation, chapters, lines, cast, answer)
    for question, content in _preference_answers(asked, folder, prompts):
        answer(question, content)
    for question, content in _rewrites(asked, folder / "grounded.yaml", lines):
        answer(question, content)
    changed = _reworded(rows, read_replies(previous) if previous.exists() else [])
    return Rendered(list(rows.values()), changed)


def _reworded(rows: Mapping[str, Mapping[str, Any]], old: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return which prompts were answered before, but in other words."""
    answered = {(row["prompt"], row["unit"]) for row in old}
    keys = {row["key"] for row in old}
    fresh = [(row["prompt"], row["unit"]) for key, row in rows.items() if key not in keys]
    return [f"{prompt}: {unit}" for prompt, unit in fresh if (prompt, unit) in answered]


def _read_chapters(folder: Path) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    for path in sorted(folder.glob("*.yaml")):
        content = load_yaml(path)
        if not isinstance(content, dict) or not isinstance(content.get("heading"), str):
            raise InputError(f"{path}: `heading` is missing")
        found[content["heading"]] = {**content, "path": str(path)}
    return found


def _answer_chapters(
    asked: Asked,
    annotation: Mapping[str, Mapping[str, Any]],
    chapters: Sequence[Chapter],
    lines: Mapping[int, Sequence[Line]],
    cast: Sequence[CastMember],
    answer: Callable[[Question, str], Outcome],
) -> None:
    """Answer every task about every annotated chapter, the conversation's opening before what goes on from it."""
    with_text, with_lines = summary.asked_about(chapters), attribution.asked_about(chapters, lines)
    about = [(partial(inquire, asked, task), with_text) for task in (summary_task("v1"), summary_task("v2"))]
    about += [(partial(inquire_with_wordings, asked), with_text)]
    for inquiry, asked_for in [*about, (partial(inquire, asked, speakers_task(cast)), with_lines)]:
        for chapter in (c for c in asked_for if c.heading in annotation):
            here, known = lines.get(chapter.index, ()), annotation[chapter.heading]

            def annotated(
                question: Question, known: Mapping[str, Any] = known, here: Sequence[Line] = here
            ) -> Outcome:
                return answer(question, _reply_text(question, known, here))

            pursue(inquiry(chapter, here), annotated)


def _reply_text(question: Question, answer: Mapping[str, Any], lines: Sequence[Line]) -> str:
    """Return the reply a model would give: the annotated values, in the wrapping that `wrapped` gives them."""
    prompt_id = question.request.prompt_id
    task = "speakers" if prompt_id == SPEAKERS else prompt_id.replace(".", "_")
    try:
        if task == "speakers":
            text = "\n".join(_speaker_lines(answer, lines))
        elif task == "summary_v1":
            text = _json({"summary": answer["summary_v1"], "qa": _short(answer["qa_v1"])})
        elif task == "qa_v2":
            text = _json({angle: _short(items) for angle, items in answer[task].items()})
        elif prompt_id == WORDINGS:
            items = [item for some in answer["qa_v2"].values() for item in some]
            text = _json({"wordings": [{"number": n, "texts": i["wordings"]} for n, i in enumerate(items, 1)]})
        else:
            text = _json(answer[task])
    except KeyError as error:
        raise InputError(f"{answer['path']}: {error} is missing") from error
    return str((answer.get("wrapped") or {}).get(task, "$reply")).replace("$reply", text)


def _short(items: Any) -> Any:
    """Return items as the prompts ask for them, `[question, answer, evidence]`; others as they are."""
    if not isinstance(items, list):
        return items
    known = {*QA_FIELDS, "wordings"}
    return [[i[name] for name in QA_FIELDS] if isinstance(i, dict) and {*i, "wordings"} == known else i for i in items]


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


def _preference_answers(asked: Asked, folder: Path, prompts: Sequence[str]) -> Iterator[tuple[Question, str]]:
    path = folder / "preference.yaml"
    answers = {row["prompt"]: row for row in load_yaml(path)}
    for prompt, (chosen, rejected) in zip(prompts, prompted.questions(asked, prompts), strict=True):
        row = answers.get(prompt)
        if row is None:
            raise InputError(f"{path}: no answers to the prompt {prompt!r}")
        yield chosen, str(row["chosen"])
        yield rejected, str(row["rejected"])


def _rewrites(asked: Asked, path: Path, lines: Mapping[int, Sequence[Line]]) -> Iterator[tuple[Question, str]]:
    """Yield the plain rewrites of the hero's lines; each must begin with the words of a quotation of the novel."""
    known = {line.text.strip() for some in lines.values() for line in some}
    for row in load_yaml(path) if path.exists() else ():
        if not isinstance(row, dict) or set(row) != {"answers", "line", "plain"}:
            raise InputError(f"{path}: {row!r}: `answers`, `line` and `plain` are expected")
        if not any(row["line"].startswith(text) for text in known):
            raise InputError(f"{path}: the novel has no line {row['line']!r}")
        yield grounded.question(asked, row["answers"], row["line"]), str(row["plain"])


def _row(question: Question, content: str) -> dict[str, Any]:
    body = {
        "object": "chat.completion",
        "model": MODEL,
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": content}}],
        "usage": None,
    }
    return {
        "key": question.request.key,
        "prompt": question.request.prompt_id,
        "unit": question.name,
        "reply": body,
        "written_by": AUTHORS,
    }


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
