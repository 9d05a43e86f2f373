"""Nothing vanishes: the counts of the stages' coverage, held against the files.

`reports/coverage/{clean,dedupe}.json` name for each dataset its input, kept and dropped rows under `datasets`.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from huaben.errors import HuabenError
from huaben.files import Row, read_json, read_jsonl
from huaben.gates.gate import Finding, Gate, attempt, broken
from huaben.gates.inputs import STAGES, Places
from huaben.gates.tables import Novel, Table
from huaben.params import Params

CONSERVED = ("conservation", "same_records", "dropped_reasons")
OUTCOMES = ("ok", "empty", "skipped", "failed")


@dataclass(frozen=True)
class Flow:
    """One dataset between the stages: the ids that clean kept, and the rows that each stage dropped."""

    cleaned: list[str]
    dropped_by_clean: list[Row]
    dropped_by_dedupe: list[Row]


def check_coverage(coverage: Path, params: Params) -> list[Gate]:
    """Return the gates of the stages' unit counts: each adds up, and fails no more than it may."""
    allowed = params.validate_.max_failures
    gates = []
    for stage in STAGES:
        path = coverage / f"{stage}.json"
        idle = _is_idle(stage, params.made())
        gates.append(_gate(f"coverage_{stage}", partial(units_add_up, path, stage, idle)))
        gates.append(_gate(f"failed_share_{stage}", partial(few_failed, path, allowed.get(stage, 0.0))))
    if params.llm.provider != "none":
        gates.append(_gate("skipped_units", partial(nothing_skipped, coverage)))
    return gates


def check_conservation(table: Table, tables: Mapping[str, Table], places: Places) -> list[Gate]:
    """Return the gates of one dataset's way through `clean` and `dedupe`."""
    try:
        flow = _flow(table.dataset, places)
    except Exception as error:  # files that cannot be read have conserved nothing
        return [broken(table.dataset, "crossrecord", name, error) for name in CONSERVED]
    rules = (
        partial(counts_agree, table, flow, places.coverage),
        partial(dedupe_changes_nothing, table, flow),
        partial(reasons_are_given, table, flow, _held_out(table.dataset, tables)),
    )
    return [attempt(table.dataset, "crossrecord", name, rule) for name, rule in zip(CONSERVED, rules, strict=True)]


def check_leftovers(folder: Path, made: Sequence[str]) -> list[Gate]:
    """Return the gate of the files that lie there and that this run does not make."""
    return [_gate("leftovers", partial(nothing_is_left_over, folder, made))]


def check_chapters(novel: Novel, params: Params) -> list[Gate]:
    """Return the gate of the chapters: numbered without a gap, in the splits that the parameters name."""
    return [_gate("chapters", partial(chapters_follow_params, novel, params))]


def units_add_up(path: Path, stage: str, idle: bool) -> Finding:
    """Require one outcome for every unit of a stage; only a stage that is asked for nothing may have no unit."""
    counts = _counts(path)
    if not counts["units"] and not idle:
        raise HuabenError(f"{stage} had nothing to do")
    total = sum(counts[outcome] for outcome in OUTCOMES)
    return Finding(abs(counts["units"] - total), 1, counts["units"], total)


def few_failed(path: Path, limit: float) -> Finding:
    """Require that no more units failed for good than the parameters allow."""
    counts = _counts(path)
    share = counts["failed"] / max(counts["units"], 1)
    return Finding(counts["failed"] if share > limit else 0, 1, share, limit)


def nothing_skipped(coverage: Path) -> Finding:
    """Require that no unit was skipped: that is for want of a provider, and for nothing else."""
    return Finding(sum(_counts(coverage / f"{stage}.json")["skipped"] for stage in STAGES), len(STAGES))


def counts_agree(table: Table, flow: Flow, coverage: Path) -> Finding:
    """Require input = kept + dropped of both stages, and files that hold so many rows; bad: rows unaccounted for."""
    clean = _dataset_counts(coverage / "clean.json", table.dataset)
    dedupe = _dataset_counts(coverage / "dedupe.json", table.dataset)
    pairs = [
        (clean["input"], clean["kept"] + clean["dropped"]),
        (clean["kept"], len(flow.cleaned)),
        (clean["dropped"], len(flow.dropped_by_clean)),
        (dedupe["input"], len(flow.cleaned)),
        (dedupe["input"], dedupe["kept"] + dedupe["dropped"]),
        (dedupe["kept"], table.n_rows),
        (dedupe["dropped"], len(flow.dropped_by_dedupe)),
    ]
    return Finding(sum(abs(told - found) for told, found in pairs), clean["input"])


def dedupe_changes_nothing(table: Table, flow: Flow) -> Finding:
    """Require that what `dedupe` kept and dropped is, id by id, what `clean` kept."""
    before = Counter(flow.cleaned)
    after = Counter(table.ids) + Counter(map(_dropped_id, flow.dropped_by_dedupe))
    return Finding(((before - after) + (after - before)).total(), before.total())


def reasons_are_given(table: Table, flow: Flow, held_out: Set[str]) -> Finding:
    """Require a reason for every dropped row, and as its remover, if any, a record that stays.

    That is one of the dataset, or of a row of train, one of `held_out`: the held-out records of the other datasets.
    """
    rows = flow.dropped_by_clean + flow.dropped_by_dedupe
    own = {*table.ids, None}
    bad = sum(not _has_reason(row) or not _has_remover(row, own, held_out) for row in rows)
    return Finding(bad, len(rows) + table.n_rows)


def nothing_is_left_over(folder: Path, made: Sequence[str]) -> Finding:
    """Require that no file lies beside the datasets that this run does not make: the rows of an earlier one."""
    bad = [path.stem for path in sorted(folder.glob("*.jsonl")) if path.stem not in made]
    return Finding(len(bad), len(made), ", ".join(bad) or "none", "none")


def chapters_follow_params(novel: Novel, params: Params) -> Finding:
    """Require chapters that count from 1 without a gap, in the splits that the parameters name."""
    bad = sum(index not in novel.chapters for index in range(1, len(novel.chapters) + 1))
    for index, chapter in novel.chapters.items():
        in_test, in_validation = index in params.chapters.test, index in params.chapters.validation
        bad += chapter.split != ("test" if in_test else "validation" if in_validation else "train")
    return Finding(bad, len(novel.chapters))


def _gate(name: str, rule: Callable[[], Finding]) -> Gate:
    return attempt("all", "crossrecord", name, rule)


def _is_idle(stage: str, made: Sequence[str]) -> bool:
    """Tell whether a stage makes no dataset of this run, as it is not wanted or has no provider."""
    return stage in ("summary", "qa", "preference") and not any(name.startswith(stage) for name in made)


def _counts(path: Path) -> dict[str, int]:
    return _whole_numbers(read_json(path), ("units", *OUTCOMES), path)


def _dataset_counts(path: Path, dataset: str) -> dict[str, int]:
    content = read_json(path)
    datasets = content.get("datasets") if isinstance(content, dict) else None
    counts = datasets.get(dataset) if isinstance(datasets, dict) else None
    return _whole_numbers(counts, ("input", "kept", "dropped"), path)


def _whole_numbers(content: Any, keys: tuple[str, ...], path: Path) -> dict[str, int]:
    found: dict[str, Any] = {key: content.get(key) for key in keys} if isinstance(content, dict) else {}
    if not found or any(type(v) is not int or v < 0 for v in found.values()):
        raise HuabenError(f"{path.name} lacks the counts {', '.join(keys)}")
    return found


def _flow(dataset: str, places: Places) -> Flow:
    name = f"{dataset}.jsonl"
    cleaned = [str(row.get("record_id")) for row in read_jsonl(places.clean / name)]
    return Flow(cleaned, _dropped(places.dropped_by_clean / name), _dropped(places.dropped_by_dedupe / name))


def _dropped(path: Path) -> list[Row]:
    """Read dropped rows; a stage that dropped none may write no file."""
    return list(read_jsonl(path)) if path.exists() else []


def _dropped_id(row: Row) -> str:
    record = row.get("record")
    return str(record.get("record_id")) if isinstance(record, dict) else "no record"


def _held_out(dataset: str, tables: Mapping[str, Table]) -> set[str]:
    others = [table for name, table in tables.items() if name != dataset]
    return {item.record_id for table in others for item in table.items if item.split != "train"}


def _has_remover(row: Row, own: Set[str | None], held_out: Set[str]) -> bool:
    by, record = row.get("by"), row.get("record")
    of_train = isinstance(record, dict) and record.get("split") == "train"
    return by in own or (of_train and by in held_out)


def _has_reason(row: Row) -> bool:
    reason = row.get("reason")
    return isinstance(reason, str) and bool(reason.strip()) and isinstance(row.get("record"), dict)
