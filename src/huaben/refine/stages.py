"""Stages `clean` and `dedupe`: every dataset's records in, kept and dropped out; nothing vanishes."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from huaben.coverage import Coverage
from huaben.files import read_jsonl, write_jsonl, write_metrics, write_text
from huaben.params import Params
from huaben.records import DATASETS
from huaben.refine.clean import Sifted, clean
from huaben.refine.dedupe import deduplicate
from huaben.text import printable

SAMPLES = 5
LONGEST_SAMPLE = 200


def run_clean(sources: Mapping[str, Path], out: Path, coverage: Path, params: Params) -> Coverage:
    """Clean the datasets that this run makes, each from its source file."""
    joiner = "" if params.novel.language == "zh" else " "
    sifted = {name: clean(name, _load(name, sources[name]), params.clean, joiner) for name in params.made()}
    write_text(out / "reasons.md", _reasons(sifted))
    return _write("clean", sifted, out, coverage, params)


def _reasons(sifted: Mapping[str, Sifted]) -> str:
    """Return what was dropped and mended, with samples; not among the metrics, as it holds the novel's text."""
    lines = ["# What `clean` dropped, and why", ""]
    for name, result in sifted.items():
        counts = Counter(row["reason"] for row in result.dropped)
        if not counts and not result.repaired:
            continue
        lines += [f"## {name}", "", f"{len(result.kept):,} kept, {len(result.dropped):,} dropped."]
        lines += [f"Mended: {', '.join(f'{cut} {n:,}' for cut, n in sorted(result.repaired.items()))}."] * bool(
            result.repaired
        )
        for reason in sorted(counts):
            lines += ["", f"### {reason}: {counts[reason]:,}", ""]
            records = sorted(
                (r["record"] for r in result.dropped if r["reason"] == reason), key=lambda r: str(r["record_id"])
            )
            lines += [f"    {record['record_id']} {printable(_shown(record))}" for record in records[:SAMPLES]]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _shown(record: Mapping[str, Any]) -> str:
    """Return the beginning of what a reader would judge a dropped record by."""
    said = [
        message["content"] for key in ("messages", "prompt", "chosen", "rejected") for message in record.get(key, ())
    ]
    said += [str(record[key]) for key in ("question", "answer", "summary", "text") if key in record]
    return " / ".join(said)[:LONGEST_SAMPLE]


def run_dedupe(source: Path, out: Path, coverage: Path, params: Params) -> Coverage:
    """Deduplicate the datasets that have a threshold; the others pass through."""
    sifted = {}
    for name in params.made():
        records = _load(name, source / f"{name}.jsonl")
        threshold = params.dedupe.thresholds.get(name)
        sifted[name] = deduplicate(records, threshold) if threshold else Sifted(records)
    return _write("dedupe", sifted, out, coverage, params)


def _load(dataset: str, path: Path) -> list[Any]:
    return [DATASETS[dataset].model_validate(row) for row in read_jsonl(path)]


def _write(stage: str, sifted: Mapping[str, Sifted], out: Path, coverage: Path, params: Params) -> Coverage:
    counts = Coverage(stage)
    datasets = {}
    for name, result in sifted.items():
        rows = sorted((record.row() for record in result.kept), key=lambda row: str(row["record_id"]))
        dropped = sorted(result.dropped, key=lambda row: str(row["record"]["record_id"]))
        kept = write_jsonl(out / f"{name}.jsonl", rows)
        write_jsonl(out / "dropped" / f"{name}.jsonl", dropped)
        datasets[name] = {"input": kept + len(dropped), "kept": kept, "dropped": len(dropped)}
        counts.add("ok" if kept else "empty", None if kept else f"{name}: nothing left")
        counts.rows += kept
        for row in dropped:
            counts.dropped[f"{name}: {row['reason']}"] += 1
        for cut, times in result.repaired.items():
            counts.repaired[f"{name}: {cut}"] += times
    for _ in params.skipped():
        counts.add("skipped", "no provider")
    write_metrics(coverage, {**counts.as_metrics(), "datasets": datasets})
    return counts
