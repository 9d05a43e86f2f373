"""Chapters → summaries, and "what happens in this chapter" questions over them.

Version 1 asks for summary and questions in one call, whose questions stage `qa` reads; version 2 asks
for three sides of the chapter in a call of its own.
"""

import random
from collections.abc import Mapping, Sequence
from string import Template
from typing import Any

from huaben.coverage import Coverage
from huaben.extract.asking import Answer, Asked, chapter_request, collect, parse_json, provenance, text_of
from huaben.llm.client import Unit
from huaben.llm.replies import Reply
from huaben.records import QA, Aspect, Chapter, Line, Summary, make_id

ASPECTS = {"v1": ("summary",), "v2": ("plot", "relations", "psychology")}


def units(asked: Asked, version: str, chapters: Sequence[Chapter], lines: Mapping[int, Sequence[Line]]) -> list[Unit]:
    """Return the question of each chapter that has text."""
    return [
        Unit(c.heading or c.title, chapter_request(asked, f"summary.{version}", c, lines.get(c.index, ()), {}))
        for c in chapters
        if c.text
    ]


def summarise(
    asked: Asked,
    version: str,
    chapters: Sequence[Chapter],
    lines: Mapping[int, Sequence[Line]],
    coverage: Coverage,
    used: list[Reply],
) -> tuple[list[Summary], list[dict[str, Any]]]:
    """Return the summaries of one version, and (version 1) the parsed answers for stage `qa`."""
    questions = units(asked, version, chapters, lines)
    by_key = {unit.request.key: c for unit, c in zip(questions, (c for c in chapters if c.text), strict=True)}
    summaries, answers = [], []
    for answer in collect(asked, questions, lambda content: _parse(content, version), coverage, used):
        chapter = by_key[answer.reply.key]
        summaries.append(_summary(chapter, answer, version))
        if version == "v1":
            answers.append(
                {
                    "chapter": chapter.index,
                    "qa": answer.value.get("qa", []),
                    "prompt": answer.prompt_id,
                    "reply_id": answer.reply.key,
                    "model": answer.reply.model,
                    "written_by": answer.reply.written_by,
                }
            )
    return summaries, answers


def ask_about(summaries: Sequence[Summary], version: str, templates: Sequence[str], seed: int) -> list[QA]:
    """Return one question per summary, its wording drawn from the templates by seed and record id."""
    return [_question(summary, version, templates, seed) for summary in summaries]


def _parse(content: str, version: str) -> dict[str, Any]:
    value = parse_json(content)
    for aspect in ASPECTS[version]:
        text_of(value, aspect)
    return value


def _summary(chapter: Chapter, answer: Answer, version: str) -> Summary:
    aspects = tuple(Aspect(aspect=name, text=text_of(answer.value, name)) for name in ASPECTS[version])
    return Summary(
        record_id=make_id(f"summary_{version}", chapter.chapter_id, answer.reply.key),
        split=chapter.split,
        title=chapter.title,
        summary="\n".join(aspect.text for aspect in aspects),
        aspects=aspects,
        provenance=provenance(chapter, answer),
    )


def _question(summary: Summary, version: str, templates: Sequence[str], seed: int) -> QA:
    template = random.Random(f"{seed}:{summary.record_id}").choice(templates)
    return QA(
        record_id=make_id(f"summary_qa_{version}", summary.record_id, template),
        split=summary.split,
        angle="summary",
        question=Template(template).safe_substitute(title=summary.title),
        answer=summary.summary,
        evidence=None,
        provenance=summary.provenance,
    )
