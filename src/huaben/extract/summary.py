"""Chapters → summaries, and "what happens in this chapter" questions over them.

Version 1 asks for summary and questions in one call, whose questions stage `qa` reads; version 2 asks
for three sides of the chapter in a call of its own.
"""

import random
from collections.abc import Mapping, Sequence
from string import Template
from typing import Any

from huaben.coverage import Coverage
from huaben.extract.asking import Asked, Part, collect, provenance
from huaben.extract.tasks import ASPECTS, as_fields, summary_task
from huaben.llm.answers import Reply
from huaben.records import QA, Aspect, Chapter, Line, Summary, make_id

COPIED = "summary stands in the chapter, word for word"


def asked_about(chapters: Sequence[Chapter]) -> list[Chapter]:
    """Return the chapters that have text."""
    return [chapter for chapter in chapters if chapter.text.strip()]


def summarise(
    asked: Asked,
    version: str,
    chapters: Sequence[Chapter],
    lines: Mapping[int, Sequence[Line]],
    coverage: Coverage,
    used: list[Reply],
) -> tuple[list[Summary], list[dict[str, Any]]]:
    """Return the summaries of one version, and (version 1) the questions in the same replies for stage `qa`."""
    about = asked_about(chapters)
    answers = collect(asked, summary_task(version), about, lines, coverage, used)
    given = [(c, answers[c.index]) for c in about if c.index in answers]
    found = [_summary(chapter, parts, version) for chapter, parts in given]
    summaries = [s for s, (chapter, _) in zip(found, given, strict=True) if not _is_copied(s, chapter.text)]
    coverage.dropped.update([COPIED] * (len(found) - len(summaries)))
    return summaries, [_questions(chapter, parts) for chapter, parts in given] if version == "v1" else []


def ask_about(summaries: Sequence[Summary], version: str, templates: Sequence[str], seed: int) -> list[QA]:
    """Return one question per summary, its wording drawn from the templates by seed and record id."""
    return [_question(summary, version, templates, seed) for summary in summaries]


def _questions(chapter: Chapter, parts: Sequence[Part]) -> dict[str, Any]:
    """Return the items of all passages. What is no list of items is one item, to be refused."""
    given = [part.outcome.value.get("qa") or [] for part in parts]
    items = [item for value in given for item in (value if isinstance(value, list) else [value])]
    source = provenance(chapter, "summary.v1", parts)
    return {"qa": [as_fields(item) for item in items], "provenance": source.model_dump(mode="json")}


def _summary(chapter: Chapter, parts: Sequence[Part], version: str) -> Summary:
    """Join what is said of each side of a chapter's passages."""
    values = [part.outcome.value for part in parts if part.outcome.value]
    aspects = tuple(
        Aspect(aspect=name, text="\n".join(value[name].strip() for value in values)) for name in ASPECTS[version]
    )
    source = provenance(chapter, f"summary.{version}", parts)
    return Summary(
        record_id=make_id(f"summary_{version}", chapter.chapter_id, source.reply_id),
        split=chapter.split,
        title=chapter.title,
        summary="\n".join(aspect.text for aspect in aspects),
        aspects=aspects,
        provenance=source,
    )


def _is_copied(summary: Summary, text: str) -> bool:
    """Whether a model repeats what the novel holds in the place of a summary, as a chapter may tell it to."""
    return all(words in text for aspect in summary.aspects for words in aspect.text.split("\n"))


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
