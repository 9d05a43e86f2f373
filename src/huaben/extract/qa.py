"""Chapters → questions and answers whose evidence is found, word for word, in the chapter.

A row whose evidence is not there, that lacks a field, that speaks of "this chapter", or whose question was
copied from it (a novel may hold rows of its own) is dropped with its reason; it is not mended. A row whose other
wordings are of no use stays without them.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from huaben.coverage import Coverage
from huaben.extract.asking import Asked, collect, provenance
from huaben.extract.summary import asked_about
from huaben.extract.tasks import qa_task
from huaben.extract.wordings import Given, ask_wordings, fault
from huaben.llm.answers import Reply
from huaben.llm.prompts import NUMBER
from huaben.records import QA, Chapter, Line, Provenance, Span, make_id
from huaben.text import count_letters

SHORTEST_EVIDENCE = 4
"""Letters; a name or a comma stands in every chapter and proves nothing. The prompt asks for six."""


def ask_v2(
    asked: Asked,
    chapters: Sequence[Chapter],
    lines: Mapping[int, Sequence[Line]],
    coverage: Coverage,
    used: list[Reply],
    dropped: list[dict[str, Any]],
) -> list[QA]:
    """Return the rows of version 2."""
    about = asked_about(chapters)
    answers = collect(asked, qa_task(), about, lines, coverage, used)
    given = ask_wordings(asked, answers, coverage, used) if asked.params.qa.wordings else None
    rows: list[QA] = []
    for chapter in about:
        for place, part in enumerate(answers.get(chapter.index, ())):
            further = [given[chapter.index][place]] if given is not None else []
            source = provenance(chapter, "qa.v2", [part, *further])
            texts = further[0].outcome.value or {} if further else None
            rows += _rows("qa_v2", chapter, source, part.outcome.value, asked, dropped, texts)
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


def _rows(
    dataset: str,
    chapter: Chapter,
    source: Provenance,
    items: Sequence[tuple[str, Any]],
    asked: Asked,
    dropped: list[dict[str, Any]],
    given: Mapping[int, Given] | None = None,
) -> Iterator[QA]:
    """Yield the rows of a reply; `given` are the wordings by a question's place in it, where they were asked for."""

    def drop(reason: str | None, record: Any) -> None:
        dropped.append({"dataset": dataset, "chapter": chapter.index, "reason": reason, "by": None, "record": record})

    for number, (angle, item) in enumerate(items, 1):
        reason, span = _refused(item, chapter.text, asked.params.qa.refused_phrases)
        if reason or span is None:
            drop(reason, item)
            continue
        texts = given[number].texts if given and number in given else None
        flaw = fault(texts, item["question"], item["answer"], chapter.text, asked)
        if given is not None and flaw:
            drop(f"wordings: {flaw}", {"question": item["question"], "wordings": texts})
        yield QA(
            record_id=make_id(dataset, chapter.chapter_id, angle, item["question"], item["answer"], item["evidence"]),
            split=chapter.split,
            angle=angle,
            question=item["question"].strip(),
            answer=item["answer"].strip(),
            evidence=item["evidence"],
            wordings=() if flaw else tuple(text.strip() for text in texts or ()),
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
    if item["question"].strip() in text:
        return "question stands in the chapter, word for word", None
    if count_letters(item["evidence"]) < SHORTEST_EVIDENCE:
        return f"evidence of fewer than {SHORTEST_EVIDENCE} letters", None
    span = locate(item["evidence"], text)
    return (None, span) if span else ("evidence is not in the chapter", None)
