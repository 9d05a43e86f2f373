"""Stages `speakers`, `dialogue`, `summary`, `qa`, `preference`: files in, files out.

Each writes its coverage, and the asking ones their cost, before it may fail.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from huaben.coverage import Coverage
from huaben.extract import attribution, preference, qa, summary
from huaben.extract.asking import Asked, advice, costs
from huaben.extract.dialogue import conversations
from huaben.files import read_jsonl, write_json, write_jsonl
from huaben.llm.replies import Reply
from huaben.novel.stages import load_chapters, load_lines
from huaben.params import CastMember, Params
from huaben.records import Conversation, Record


def write_records(path: Path, records: Iterable[Record]) -> int:
    """Write records sorted by id, so that equal records give equal bytes."""
    rows = sorted((record.row() for record in records), key=lambda row: str(row["record_id"]))
    return write_jsonl(path, rows)


def run_speakers(
    chapters: Path, lines: Path, out: Path, reports: Path, cast: Sequence[CastMember], asked: Asked
) -> Coverage:
    """Write the lines with their speakers to `out`, in reading order."""
    coverage, used = Coverage("speakers"), list[Reply]()
    by_chapter = load_lines(lines)
    flat = [line for index in sorted(by_chapter) for line in by_chapter[index]]
    decided = attribution.attribute(asked, load_chapters(chapters), flat, cast, coverage, used)
    write_jsonl(out, (line.row() for line in decided))
    return _finish(coverage, reports, asked, used)


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
    write_json(reports / "coverage" / "dialogue.json", coverage.as_metrics())
    return coverage


def run_summary(chapters: Path, lines: Path, out: Path, reports: Path, asked: Asked) -> Coverage:
    """Write `summary_<v>.jsonl`, `summary_qa_<v>.jsonl` and version 1's `answers_v1.jsonl` for stage `qa`."""
    coverage, used = Coverage("summary"), list[Reply]()
    known, by_chapter, params = load_chapters(chapters), load_lines(lines), asked.params.summary
    write_json(out / "versions.json", list(params.versions))
    for version in params.versions:
        found, answers = summary.summarise(asked, version, known, by_chapter, coverage, used)
        if version == "v1":
            write_jsonl(out / "answers_v1.jsonl", answers)
        if asked.params.llm.provider != "none":
            coverage.rows += write_records(out / f"summary_{version}.jsonl", found)
            questions = summary.ask_about(found, version, params.questions, params.seed)
            coverage.rows += write_records(out / f"summary_qa_{version}.jsonl", questions)
    return _finish(coverage, reports, asked, used)


def run_qa(chapters: Path, lines: Path, answers: Path, out: Path, reports: Path, asked: Asked) -> Coverage:
    """Write `qa_<v>.jsonl`, and the refused rows to `dropped.jsonl`."""
    coverage, used, dropped = Coverage("qa"), list[Reply](), list[dict[str, Any]]()
    known = load_chapters(chapters)
    asks = asked.params.llm.provider != "none"
    if "v1" in asked.params.qa.versions:
        rows = qa.read_v1(asked, known, list(read_jsonl(answers)) if answers.exists() else [], coverage, dropped)
        coverage.rows += write_records(out / "qa_v1.jsonl", rows) if asks else 0
    if "v2" in asked.params.qa.versions:
        rows = qa.ask_v2(asked, known, load_lines(lines), coverage, used, dropped)
        coverage.rows += write_records(out / "qa_v2.jsonl", rows) if asks else 0
    for row in dropped:
        coverage.dropped[row["reason"]] += 1
    write_jsonl(out / "dropped.jsonl", dropped)
    return _finish(coverage, reports, asked, used)


def run_preference(dialogue: Path, out: Path, reports: Path, asked: Asked) -> Coverage:
    """Write the preference pairs of the configured ways."""
    coverage, used = Coverage("preference"), list[Reply]()
    params = asked.params
    pairs = []
    if "prompts" in params.preference.ways and params.preference.prompts:
        prompts = preference.read_prompts(Path(params.preference.prompts))
        pairs += preference.from_prompts(asked, prompts, coverage, used)
    if "contrast" in params.preference.ways:
        found = [Conversation.model_validate(row) for row in read_jsonl(dialogue)]
        pairs += preference.by_contrast(found, params, coverage)
    coverage.rows = write_records(out, pairs)
    return _finish(coverage, reports, asked, used)


def _finish(coverage: Coverage, reports: Path, asked: Asked, used: Sequence[Reply]) -> Coverage:
    write_json(reports / "coverage" / f"{coverage.stage}.json", coverage.as_metrics())
    write_json(reports / "cost" / f"{coverage.stage}.json", costs(asked, used))
    allowed = asked.params.validate_.max_failures.get(coverage.stage, 0.0)
    coverage.check(allowed, advice(asked.params, coverage))
    return coverage
