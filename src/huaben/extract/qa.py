"""Chapters → questions and answers whose evidence is found, word for word, in the chapter.

A row whose evidence is not there, that lacks a field, or that speaks of "this chapter" is dropped with
its reason; it is not mended.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from huaben.coverage import Coverage
from huaben.extract.asking import Asked, InvalidReply, collect, parse_json, provenance, questions
from huaben.llm.client import Unit
from huaben.llm.prompts import NUMBER
from huaben.llm.replies import Reply
from huaben.records import QA, Chapter, Line, Provenance, Span, make_id

ANGLES = ("terms", "plot", "speech", "depth")


def units(
    asked: Asked, chapters: Sequence[Chapter], lines: Mapping[int, Sequence[Line]]
) -> list[tuple[Chapter, Unit]]:
    """Return each chapter that has text with the four-angle question about it."""
    return questions(asked, "qa.v2", [c for c in chapters if c.text], lines)


def ask_v2(
    asked: Asked,
    chapters: Sequence[Chapter],
    lines: Mapping[int, Sequence[Line]],
    coverage: Coverage,
    used: list[Reply],
    dropped: list[dict[str, Any]],
) -> list[QA]:
    """Return the rows of version 2."""
    about = units(asked, chapters, lines)
    answers = collect(asked, [unit for _, unit in about], _parse, coverage, used)
    rows: list[QA] = []
    for chapter, unit in about:
        if answer := answers.get(unit.request.key):
            rows += _rows("qa_v2", chapter, provenance(chapter, answer), answer.value, asked, dropped)
    return rows


def read_v1(
    asked: Asked,
    chapters: Sequence[Chapter],
    answers: Sequence[Mapping[str, Any]],
    coverage: Coverage,
    dropped: list[dict[str, Any]],
) -> list[QA]:
    """Return the rows of version 1, from the answers that stage `summary` paid for."""
    if asked.params.llm.provider == "none":
        coverage.add("skipped", "no provider")
    by_index = {chapter.index: chapter for chapter in chapters}
    rows: list[QA] = []
    for answer in answers:
        source = Provenance.model_validate(answer["provenance"])
        items = [("facts", item) for item in answer["qa"]] if isinstance(answer["qa"], list) else []
        coverage.add("ok" if items else "empty", None if items else "no questions in the reply")
        rows += _rows("qa_v1", by_index[source.chapter], source, items, asked, dropped)
    return rows


def locate(evidence: str, text: str) -> Span | None:
    """Return where the quoted words stand in the chapter, or None."""
    start = text.find(evidence)
    return (start, start + len(evidence)) if evidence.strip() and start >= 0 else None


def _parse(content: str) -> list[tuple[str, Any]]:
    """Return every item with its angle; what stands where a list should is an item, to be refused."""
    value = parse_json(content)
    if not any(isinstance(value.get(angle), list) for angle in ANGLES):
        raise InvalidReply("none of the four angles is there")
    given = {angle: value[angle] for angle in ANGLES if angle in value}
    return [(angle, item) for angle, v in given.items() for item in (v if isinstance(v, list) else [v])]


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
            record_id=make_id(dataset, chapter.chapter_id, angle, item["question"], item["answer"], item["evidence"]),
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
    if NUMBER.search(item["question"] + item["answer"]):
        return "cites a quotation by its number", None
    span = locate(item["evidence"], text)
    return (None, span) if span else ("evidence is not in the chapter", None)
