"""Rules of the questions: their other wordings, what the exam may ask, and whose summary an answer is."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from huaben.gates.gate import Finding
from huaben.gates.tables import Novel, Table
from huaben.records import QA, Summary
from huaben.refine.exam import exam_of, leaks, trained_of

QUESTIONS = ("qa_v1", "qa_v2", "summary_qa_v1", "summary_qa_v2")
"""What may be trained on together with the questions of the exam."""


def phrases_are_absent(table: Table, phrases: Sequence[str]) -> Finding:
    """Require that no question or answer speaks of the text as a text (在本章中): alone, nobody could answer it."""
    asked = ["\n".join((item.question, item.answer, *item.wordings)) for item in _questions(table)]
    return Finding(sum(any(phrase in text for phrase in phrases) for text in asked), len(asked))


def wordings_are_whole(table: Table, wanted: int) -> Finding:
    """Require of every question no other wording, or just as many as were asked for: the last two are the exam's."""
    items = _questions(table)
    return Finding(sum(len(item.wordings) not in (0, wanted) for item in items), len(items), limit=0)


def exam_is_untrained(table: Table, tables: Mapping[str, Table]) -> Finding:
    """Require that no wording of the exam is nearly one that is trained on, of any dataset of questions; bad: rows."""
    trained = [item for name in QUESTIONS if name in tables for item in _questions(tables[name])]
    items = _questions(table)
    found = leaks(exam_of(items), trained_of(trained))
    return Finding(len(found), len(items))


def answers_are_own(table: Table, summaries: Table, novel: Novel) -> Finding:
    """Require that no answer is the summary of another chapter and not of its own."""
    told: dict[str, set[int]] = defaultdict(set)
    for summary in summaries.items:
        if isinstance(summary, Summary) and summary.provenance.chapter in novel.chapters:
            told[summary.summary].add(summary.provenance.chapter)
    items = _questions(table)
    bad = sum(item.answer in told and item.provenance.chapter not in told[item.answer] for item in items)
    return Finding(bad, len(items))


def _questions(table: Table) -> list[QA]:
    return [item for item in table.items if isinstance(item, QA)]
