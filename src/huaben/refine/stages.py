"""Stages `clean` and `dedupe`: every dataset's records in, kept and dropped out; nothing vanishes."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from huaben.coverage import Coverage
from huaben.files import read_jsonl, write_jsonl, write_metrics, write_text
from huaben.params import Params
from huaben.records import DATASETS, QA
from huaben.refine.clean import Sifted, clean
from huaben.refine.dedupe import companions, deduplicate
from huaben.refine.exam import trained_of, without_leaks
from huaben.refine.reviews import read_reviews
from huaben.text import printable

SAMPLES = 5
LONGEST_SAMPLE = 200
LEAKED = "wordings taken off, as the exam's are nearly trained on"


def run_clean(sources: Mapping[str, Path], out: Path, coverage: Path, params: Params, reviews: Path) -> Coverage:
    """Clean the datasets that this run makes, each from its source file; one at a time is in memory.

    `reviews` names the records that people marked bad; no file is no reviews.
    """
    joiner = params.novel.joiner
    told: dict[str, str] = {}

    def sifted() -> Iterator[tuple[str, Sifted]]:
        for name in params.made():
            reviewed = read_reviews(reviews, name)
            result = clean(name, _load(name, sources[name]), params.clean, joiner, reviewed)
            told[name] = _reasons(name, result)
            yield name, result

    counts = _write("clean", sifted(), out, coverage, params)
    write_text(out / "reasons.md", "".join(["# What `clean` dropped, and why\n", *told.values()]))
    return counts


def _reasons(dataset: str, result: Sifted) -> str:
    """Return what was dropped and mended, with samples; not among the metrics, as it holds the novel's text."""
    if not result.dropped and not result.repaired:
        return ""
    lines = ["", f"## {dataset}", "", f"{len(result.kept):,} kept, {len(result.dropped):,} dropped."]
    if result.repaired:
        lines.append(f"Mended: {', '.join(f'{cut} {n:,}' for cut, n in sorted(result.repaired.items()))}.")
    by_reason: dict[str, list[dict[str, Any]]] = {}
    for row in sorted(result.dropped, key=lambda row: (row["reason"], str(row["record"]["record_id"]))):
        by_reason.setdefault(row["reason"], []).append(row["record"])
    for reason, records in by_reason.items():
        lines += ["", f"### {reason}: {len(records):,}", ""]
        lines += [f"    {record['record_id']} {printable(_shown(record))}" for record in records[:SAMPLES]]
    return "\n".join(lines) + "\n"


def _shown(record: Mapping[str, Any]) -> str:
    """Return the beginning of what a reader would judge a dropped record by."""
    said = [
        message["content"] for key in ("messages", "prompt", "chosen", "rejected") for message in record.get(key, ())
    ]
    said += [str(record[key]) for key in ("question", "answer", "summary", "text") if key in record]
    return " / ".join(said)[:LONGEST_SAMPLE]


def run_dedupe(source: Path, out: Path, coverage: Path, params: Params) -> Coverage:
    """Deduplicate the datasets that have a threshold; the others pass through.

    `qa_v2` is the last of the datasets of questions: by then it is known what the others let a model train on.
    """
    trained: list[str] = []

    def sifted() -> Iterator[tuple[str, Sifted]]:
        for name in params.made():
            records = list(_load(name, source / f"{name}.jsonl"))
            result = deduplicate(name, records, params.dedupe, _held_out(name, source, params))
            if name == "qa_v2":
                result.kept, result.repaired[LEAKED] = without_leaks(result.kept, trained)
            elif DATASETS[name] is QA:
                trained.extend(trained_of(result.kept))
            yield name, result

    return _write("dedupe", sifted(), out, coverage, params)


def _held_out(dataset: str, source: Path, params: Params) -> dict[str, list[Any]]:
    """Return the held-out records that stay of the datasets that are trained together with this one."""
    if dataset not in params.dedupe.thresholds:
        return {}
    found = {}
    for name in set(companions(dataset)) & set(params.made()):
        records = [record for record in _load(name, source / f"{name}.jsonl") if record.split != "train"]
        found[name] = deduplicate(name, records, params.dedupe).kept
    return found


def _load(dataset: str, path: Path) -> Iterator[Any]:
    return (DATASETS[dataset].model_validate(row) for row in read_jsonl(path))


def _write(stage: str, sifted: Iterable[tuple[str, Sifted]], out: Path, coverage: Path, params: Params) -> Coverage:
    counts = Coverage(stage)
    datasets = {}
    for name, result in sifted:
        rows = sorted((record.row() for record in result.kept), key=lambda row: str(row["record_id"]))
        dropped = sorted(result.dropped, key=lambda row: str(row["record"]["record_id"]))
        kept = write_jsonl(out / f"{name}.jsonl", rows)
        write_jsonl(out / "dropped" / f"{name}.jsonl", dropped)
        datasets[name] = {"input": kept + len(dropped), "kept": kept, "dropped": len(dropped)}
        counts.add("ok" if kept else "empty", None if kept else f"{name}: nothing left")
        counts.rows += kept
        for row in dropped:
            counts.dropped[f"{name}: {row['reason']}"] += 1
        for cut, times in (+result.repaired).items():
            counts.repaired[f"{name}: {cut}"] += times
    for _ in params.skipped():
        counts.add("skipped", "no provider")
    write_metrics(coverage, {**counts.as_metrics(), "datasets": datasets})
    return counts
