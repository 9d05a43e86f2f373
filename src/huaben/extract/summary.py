"""Chapters → summaries, and "what happens in this chapter" questions over them.

Version 1 asks for summary and questions in one call, whose questions stage `qa` reads; version 2 asks
for three sides of the chapter in a call of its own.
"""

import random
from collections.abc import Mapping, Sequence
from string import Template
from typing import Any

from huaben.coverage import Coverage
from huaben.extract.asking import Answer, Asked, collect, parse_json, provenance, questions, text_of
from huaben.llm.client import Unit
from huaben.llm.replies import Reply
from huaben.records import QA, Aspect, Chapter, Line, Summary, make_id

ASPECTS = {"v1": ("summary",), "v2": ("plot", "relations", "psychology")}


def units(
    asked: Asked, version: str, chapters: Sequence[Chapter], lines: Mapping[int, Sequence[Line]]
) -> list[tuple[Chapter, Unit]]:
    """Return each chapter that has text with the question about it."""
    return questions(asked, f"summary.{version}", [c for c in chapters if c.text], lines)


def summarise(
    asked: Asked,
    version: str,
    chapters: Sequence[Chapter],
    lines: Mapping[int, Sequence[Line]],
    coverage: Coverage,
    used: list[Reply],
) -> tuple[list[Summary], list[dict[str, Any]]]:
    """Return the summaries of one version, and (version 1) the questions in the same replies for stage `qa`."""
    about = units(asked, version, chapters, lines)
    answers = collect(asked, [u for _, u in about], lambda content: _parse(content, version), coverage, used)
    given = [(c, answers[u.request.key]) for c, u in about if u.request.key in answers]
    summaries = [_summary(chapter, answer, version) for chapter, answer in given]
    return summaries, [_questions(chapter, answer) for chapter, answer in given] if version == "v1" else []


def ask_about(summaries: Sequence[Summary], version: str, templates: Sequence[str], seed: int) -> list[QA]:
    """Return one question per summary, its wording drawn from the templates by seed and record id."""
    return [_question(summary, version, templates, seed) for summary in summaries]


def _parse(content: str, version: str) -> dict[str, Any]:
    value = parse_json(content)
    for aspect in ASPECTS[version]:
        text_of(value, aspect)
    return value


def _questions(chapter: Chapter, answer: Answer) -> dict[str, Any]:
    return {"qa": answer.value.get("qa"), "provenance": provenance(chapter, answer).model_dump(mode="json")}


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
