"""Chapters → questions and answers whose evidence is found, word for word, in the chapter.

A row whose evidence is not there, that lacks a field, or that speaks of "this chapter" is dropped with
its reason; it is not mended.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from huaben.coverage import Coverage
from huaben.extract.asking import Asked, InvalidReply, chapter_request, collect, parse_json, provenance
from huaben.llm.client import Unit
from huaben.llm.replies import Reply
from huaben.records import QA, Chapter, Line, Provenance, Span, make_id

ANGLES = ("terms", "plot", "speech", "depth")


def units(asked: Asked, chapters: Sequence[Chapter], lines: Mapping[int, Sequence[Line]]) -> list[Unit]:
    """Return the four-angle question of each chapter that has text."""
    return [
        Unit(c.heading or c.title, chapter_request(asked, "qa.v2", c, lines.get(c.index, ()), {}))
        for c in chapters
        if c.text
    ]


def ask_v2(
    asked: Asked,
    chapters: Sequence[Chapter],
    lines: Mapping[int, Sequence[Line]],
    coverage: Coverage,
    used: list[Reply],
    dropped: list[dict[str, Any]],
) -> list[QA]:
    """Return the rows of version 2."""
    questions = units(asked, chapters, lines)
    by_key = {unit.request.key: c for unit, c in zip(questions, (c for c in chapters if c.text), strict=True)}
    rows: list[QA] = []
    for answer in collect(asked, questions, _parse, coverage, used):
        chapter = by_key[answer.reply.key]
        source = provenance(chapter, answer)
        rows += _rows("qa_v2", chapter, source, _flat(answer.value), asked, dropped)
    return rows


def read_v1(
    asked: Asked,
    chapters: Sequence[Chapter],
    answers: Sequence[Mapping[str, Any]],
    coverage: Coverage,
    dropped: list[dict[str, Any]],
) -> list[QA]:
    """Return the rows of version 1, from the answers that stage `summary` paid for."""
    by_index = {chapter.index: chapter for chapter in chapters}
    rows: list[QA] = []
    for answer in answers:
        chapter = by_index[answer["chapter"]]
        items = answer["qa"]
        found = items if isinstance(items, list) else []
        coverage.add("ok" if found else "empty", None if found else "no questions in the reply")
        source = Provenance(
            novel=chapter.novel,
            chapter=chapter.index,
            chapter_id=chapter.chapter_id,
            prompt=answer["prompt"],
            model=answer["model"],
            reply_id=answer["reply_id"],
            written_by=answer["written_by"],
        )
        rows += _rows("qa_v1", chapter, source, [("facts", item) for item in found], asked, dropped)
    return rows


def locate(evidence: str, text: str) -> Span | None:
    """Return where the quoted words stand in the chapter, or None."""
    start = text.find(evidence)
    return (start, start + len(evidence)) if evidence.strip() and start >= 0 else None


def _parse(content: str) -> dict[str, Any]:
    value = parse_json(content)
    if not any(isinstance(value.get(angle), list) for angle in ANGLES):
        raise InvalidReply("none of the four angles is there")
    return value


def _flat(value: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [(angle, item) for angle in ANGLES if isinstance(value.get(angle), list) for item in value[angle]]


def _rows(
    dataset: str,
    chapter: Chapter,
    source: Provenance,
    items: Sequence[tuple[str, Any]],
    asked: Asked,
    dropped: list[dict[str, Any]],
) -> Iterator[QA]:
    for angle, item in items:
        reason, span = _refused(item, chapter.text, asked.params.qa.refused_phrases)
        if reason or span is None:
            dropped.append(
                {"dataset": dataset, "chapter": chapter.index, "reason": reason, "by": None, "record": item}
            )
            continue
        yield QA(
            record_id=make_id(dataset, chapter.chapter_id, angle, item["question"], item["answer"]),
            split=chapter.split,
            angle=angle,
            question=item["question"].strip(),
            answer=item["answer"].strip(),
            evidence=item["evidence"],
            provenance=source.model_copy(update={"spans": (span,)}),
        )


def _refused(item: Any, text: str, phrases: Sequence[str]) -> tuple[str | None, Span | None]:
    """Return why a row is refused (None: it is not) and where its evidence stands."""
    if not isinstance(item, dict) or not all(isinstance(item.get(k), str) for k in ("question", "answer", "evidence")):
        return "question, answer and evidence are not all text", None
    if not item["question"].strip():
        return "no question", None
    if phrase := next((p for p in phrases if p in item["question"] or p in item["answer"]), None):
        return f"speaks of {phrase}", None
    span = locate(item["evidence"], text)
    return (None, span) if span else ("evidence is not in the chapter", None)
