"""Stages `speakers`, `dialogue`, `summary`, `qa`, `preference`: files in, files out.

Each writes its coverage, and the asking ones their cost, also when it fails.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from huaben.coverage import Coverage
from huaben.errors import InputError
from huaben.extract import attribution, preference, qa, summary
from huaben.extract.asking import Asked, advice, costs
from huaben.extract.dialogue import conversations
from huaben.files import read_jsonl, write_json, write_jsonl, write_metrics
from huaben.llm.answers import Reply
from huaben.novel.stages import load_chapters, load_lines
from huaben.params import CastMember, Params
from huaben.records import Conversation, Record

NO_ROWS = {
    "speakers": "The novel has no quotation that was found; see `huaben lines FILE`",
    "dialogue": "No line of dialogue.characters was decided: are their names and aliases in cast.yaml as the novel "
    "writes them? Without a model (llm.provider: none) only cues that name the speaker decide",
    "preference": "Lower preference.min_similarity, add to cast.yaml who else speaks, or leave the stage out with "
    "preference.ways: []",
}
"""What to do about a stage that made nothing."""


def write_records(path: Path, records: Iterable[Record]) -> int:
    """Write records sorted by id, so that equal records give equal bytes."""
    rows = sorted((record.row() for record in records), key=lambda row: str(row["record_id"]))
    return write_jsonl(path, rows)


@contextmanager
def _accounted(stage: str, reports: Path, asked: Asked) -> Iterator[tuple[Coverage, list[Reply]]]:
    """Give an asking stage its counts and the list of replies it uses; write both at its end, whatever the end."""
    coverage, used = Coverage(stage), list[Reply]()
    try:
        yield coverage, used
    finally:
        write_metrics(reports / "coverage" / f"{stage}.json", coverage.as_metrics())
        write_metrics(reports / "cost" / f"{stage}.json", costs(asked, used))
    coverage.check(asked.params.validate_.max_failures.get(stage, 0.0), advice(asked.params, coverage))
    coverage.require_rows(NO_ROWS.get(stage, "`huaben replies export` shows what the model answered to prompts/"))


def run_speakers(
    chapters: Path, lines: Path, out: Path, reports: Path, cast: Sequence[CastMember], asked: Asked
) -> Coverage:
    """Write the lines with their speakers to `out`, in reading order."""
    by_chapter = load_lines(lines)
    flat = [line for index in sorted(by_chapter) for line in by_chapter[index]]
    with _accounted("speakers", reports, asked) as (coverage, used):
        decided = attribution.attribute(asked, load_chapters(chapters), flat, cast, coverage, used)
        write_jsonl(out, (line.row() for line in decided))
    return coverage


def run_dialogue(chapters: Path, lines: Path, out: Path, reports: Path, params: Params) -> Coverage:
    """Write the characters' conversations as found."""
    coverage = Coverage("dialogue")
    by_chapter = load_lines(lines)
    flat = [line for index in sorted(by_chapter) for line in by_chapter[index]]
    known = load_chapters(chapters)
    found = list(conversations(known, flat, params.dialogue))
    spoken_in = {record.provenance.chapter for record in found}
    for chapter in known:
        heard = chapter.index in spoken_in
        coverage.add("ok" if heard else "empty", None if heard else "no line of the characters is decided")
    coverage.rows = write_records(out, found)
    write_metrics(reports / "coverage" / "dialogue.json", coverage.as_metrics())
    coverage.require_rows(NO_ROWS["dialogue"])
    return coverage


def run_summary(chapters: Path, lines: Path, out: Path, reports: Path, asked: Asked) -> Coverage:
    """Write `summary_<v>.jsonl`, `summary_qa_<v>.jsonl` and version 1's `answers_v1.jsonl` for stage `qa`."""
    known, by_chapter, params = load_chapters(chapters), load_lines(lines), asked.params.summary
    write_json(out / "versions.json", list(params.versions))
    with _accounted("summary", reports, asked) as (coverage, used):
        for version in params.versions:
            found, answers = summary.summarise(asked, version, known, by_chapter, coverage, used)
            if version == "v1":
                write_jsonl(out / "answers_v1.jsonl", answers)
            if asked.params.llm.provider != "none":
                coverage.rows += write_records(out / f"summary_{version}.jsonl", found)
                about = summary.ask_about(found, version, params.questions, params.seed)
                coverage.rows += write_records(out / f"summary_qa_{version}.jsonl", about)
    return coverage


def run_qa(chapters: Path, lines: Path, answers: Path, out: Path, reports: Path, asked: Asked) -> Coverage:
    """Write `qa_<v>.jsonl`, and the refused rows to `dropped.jsonl`."""
    known, versions, dropped = load_chapters(chapters), asked.params.qa.versions, list[dict[str, Any]]()
    asks = asked.params.llm.provider != "none"
    with _accounted("qa", reports, asked) as (coverage, used):
        if "v1" in versions:
            rows = qa.read_v1(asked, known, _answers(answers), coverage, dropped)
            coverage.rows += write_records(out / "qa_v1.jsonl", rows) if asks else 0
        if "v2" in versions:
            rows = qa.ask_v2(asked, known, load_lines(lines), coverage, used, dropped)
            coverage.rows += write_records(out / "qa_v2.jsonl", rows) if asks else 0
        coverage.dropped.update(row["reason"] for row in dropped)
        write_jsonl(out / "dropped.jsonl", dropped)
    return coverage


def _answers(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        raise InputError(
            "params.yaml: qa.versions has v1, whose questions summary v1 brings: add it to summary.versions"
        )
    return list(read_jsonl(path))


def read_conversations(path: Path) -> list[Conversation]:
    """Read the characters' conversations as found."""
    return [Conversation.model_validate(row) for row in read_jsonl(path)]


def run_preference(dialogue: Path, out: Path, reports: Path, asked: Asked) -> Coverage:
    """Write the preference pairs of the configured ways, and those whose sides make no pair to `dropped.jsonl`."""
    ways, dropped = asked.params.preference.ways, list[dict[str, Any]]()
    with _accounted("preference", reports, asked) as (coverage, used):
        found = read_conversations(dialogue) if {"grounded", "contrast"} & set(ways) else []
        coverage.rows = write_records(out, preference.make_pairs(asked, found, coverage, used, dropped))
        coverage.dropped.update(row["reason"] for row in dropped)
        write_jsonl(out.with_name("dropped.jsonl"), dropped)
    return coverage
