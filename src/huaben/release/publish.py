"""Stage `publish`: the rows that passed every gate, as a release (`huaben publish`).

In: `data/dedupe/<dataset>.jsonl` and the gate report. Out: `dataset/` (Parquet by config and split,
card, `persona.md`, checksums) and `exports/`. Both are replaced whole, or not at all.
"""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from huaben.errors import HuabenError, InputError
from huaben.files import read_jsonl, write_json, write_text
from huaben.params import Params
from huaben.records import DATASETS
from huaben.release.card import SPLITS, Config, parquet_path, render_card
from huaben.release.checksums import file_digest, write_checksums
from huaben.release.croissant import write_croissant
from huaben.release.exports import write_exports
from huaben.release.folders import replacing_folder
from huaben.release.persona.page import PERSONA, render_persona
from huaben.release.roundtrip import round_trip
from huaben.release.tables import write_parquet
from huaben.release.withhold import is_free, withheld

WITHHELD = "withheld.json"
"""What an owner of the book needs beside the rows to put its text back: the parameters and reports of the release."""


def publish(
    datasets: Path,
    gates: Mapping[str, Any],
    params: Params,
    out: Path,
    exports: Path,
    facts: Mapping[str, Any],
    differing: Sequence[str] = (),
) -> dict[str, Any]:
    """Release the datasets of `params.made()` to `out` and `exports`; return what was written.

    `gates` is the gate report and `differing` the names of inputs that changed since it was made;
    `facts` has the reports `cost` and `coverage` by stage, for the card. Returns `rows` by dataset
    and split, `exports` (rows by file), `skipped` datasets and `sha256` of the checksum list. Raises
    HuabenError, naming the reasons, when a gate failed, is missing, or did not see these inputs, and
    when the release does not load as the rows it was made of.
    """
    refuse(gates, params.made(), differing)
    records = {name: read_records(datasets, name) for name in params.made()}
    return write_release(records, gates, params, out, exports, facts)


def write_release(
    records: Mapping[str, Sequence[Any]],
    gates: Mapping[str, Any],
    params: Params,
    out: Path,
    exports: Path,
    facts: Mapping[str, Any],
) -> dict[str, Any]:
    """Write records as a release; with `publish.text: withhold`, without the novel's own text."""
    shown, persona = records, render_persona(records, params)
    if params.publish.text == "withhold":
        shown = {name: [withheld(record) for record in rows] for name, rows in records.items()}
        records = {name: [record for record in rows if is_free(record)] for name, rows in records.items()}
    with replacing_folder(exports) as exports_folder, replacing_folder(out) as folder:
        configs = [_write_config(folder, name, shown[name]) for name in shown]
        write_croissant(folder, configs, params)
        write_text(folder / "README.md", render_card(configs, gates, params, facts))
        write_text(folder / PERSONA, persona)
        faults = round_trip(folder, {config.name: config.splits for config in configs})
        if faults:
            raise HuabenError("publish: the release does not load as its rows: " + "; ".join(faults))
        if params.publish.text == "withhold":
            write_json(
                folder / WITHHELD,
                {"params": params.model_dump(mode="json", by_alias=True), "gates": gates, "facts": facts},
            )
        files = write_exports(exports_folder, records, params)
        digest = write_checksums(folder)
    rows = {config.name: {split: len(rows) for split, rows in config.splits.items()} for config in configs}
    return {"rows": rows, "exports": files, "skipped": params.skipped(), "sha256": digest}


def refuse(gates: Mapping[str, Any], made: Sequence[str], differing: Sequence[str]) -> None:
    """Raise HuabenError unless every gate passed, saw every dataset, and saw it as it is now."""
    checks = gates.get("gates") or {}
    # a failed warning does not stop a release
    stopping = {name: gate for name, gate in checks.items() if gate.get("severity") != "warning"}
    failed = sorted(name for name, gate in stopping.items() if gate.get("passed") is not True)
    if failed or gates.get("passed") is not True:
        raise HuabenError(f"publish: refused, gates failed: {', '.join(failed) or 'the report names none'}")
    unseen = sorted(set(made) - {str(gate.get("dataset")) for gate in checks.values()})
    if unseen:
        raise HuabenError(f"publish: refused, no gate looked at: {', '.join(unseen)}; run `huaben validate`")
    if differing:
        names = ", ".join(differing)
        raise HuabenError(f"publish: refused, changed since the gates saw them: {names}; run `huaben validate`")


def read_records(datasets: Path, name: str) -> list[Any]:
    """Return a dataset's records, ordered by id; none, a broken one or a repeated id is an error."""
    path = datasets / f"{name}.jsonl"
    records: dict[str, Any] = {}
    for row in read_jsonl(path):
        try:
            record: Any = DATASETS[name].model_validate(row)
        except ValidationError as error:
            raise InputError(f"{path}: row {row.get('record_id')!r}: {error}") from error
        if records.setdefault(record.record_id, record) is not record:
            raise InputError(f"{path}: record_id {record.record_id} occurs twice")
    if not records:
        raise HuabenError(f"publish: {path} has no rows")
    return [records[record_id] for record_id in sorted(records)]


def _write_config(folder: Path, name: str, records: Sequence[Any]) -> Config:
    """Write one Parquet file for each split that has rows."""
    rows = [record.row() for record in records]
    splits = {split: [row for row in rows if row["split"] == split] for split in SPLITS}
    splits = {split: rows for split, rows in splits.items() if rows}
    paths = {split: folder / parquet_path(name, split) for split in splits}
    memory = {split: write_parquet(path, name, splits[split]) for split, path in paths.items()}
    listing = "".join(f"{file_digest(path)}  {split}\n" for split, path in paths.items())
    size = sum(path.stat().st_size for path in paths.values())
    return Config(name, splits, memory, hashlib.sha256(listing.encode()).hexdigest(), size)
