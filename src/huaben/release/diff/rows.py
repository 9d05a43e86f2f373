"""The rows of a version, kept and dropped, from the files of its stages or of its release."""

from dataclasses import dataclass
from pathlib import Path

from huaben.errors import InputError
from huaben.files import DECODER, Row
from huaben.records import make_id
from huaben.release.diff.locked import ROWS
from huaben.release.diff.sources import Source

KEPT, DEDUPE, CLEAN, REFUSED = "data/dedupe", "data/dedupe/dropped", "data/clean/dropped", "data/qa/dropped.jsonl"


@dataclass(frozen=True)
class Item:
    """A row, and the reason why it was dropped, such as `clean: no answer`; None: it was kept."""

    row: Row
    reason: str | None = None


def read_rows(source: Source, name: str) -> dict[str, list[Item]] | None:
    """Return every dataset's rows, kept and dropped; None where a file of them is not to be had."""
    found: dict[str, list[Item]] = {}
    names = [path for folder in ROWS for path in source.names(folder)]
    contents = {path: source.read(path) for path in names if _is_of_interest(path)}
    if not any(path.startswith(KEPT) for path in contents) or None in contents.values():
        return None
    for path, content in sorted(contents.items()):
        rows = list(_parsed(content or b"", f"{name}: {path}"))
        if path == REFUSED:
            for row in rows:
                found.setdefault(str(row.get("dataset")), []).append(_refused(row))
        else:
            folder, dataset = path.removesuffix(".jsonl").rsplit("/", 1)
            found.setdefault(dataset, []).extend(_item(row, folder, f"{name}: {path}") for row in rows)
    return found


def _is_of_interest(path: str) -> bool:
    folder, file = path.rsplit("/", 1)
    return path == REFUSED or (folder in (KEPT, DEDUPE, CLEAN) and file.endswith(".jsonl"))


def _item(row: Row, folder: str, where: str) -> Item:
    stage = {DEDUPE: "dedupe", CLEAN: "clean"}.get(folder)
    record = row if stage is None else row.get("record")
    if not (isinstance(record, dict) and isinstance(record.get("record_id"), str) and "provenance" in record):
        raise InputError(
            f"{where}: a row has no record_id or no provenance: it is of an older layout, and nothing tells which row "
            "of the other side it is; compare with a later revision"
        )
    return Item(record, stage and f"{stage}: {row.get('reason')}")


def _refused(row: Row) -> Item:
    """Make a row of what `qa` refused before it was one."""
    record = row.get("record")
    content = record if isinstance(record, dict) else {"answer": str(record)}
    identity = make_id("refused", row.get("dataset"), row.get("chapter"), content)
    origin: Row = {"chapter": row.get("chapter"), "chapter_id": "", "spans": []}
    return Item({**content, "record_id": identity, "provenance": origin}, f"qa: {row.get('reason')}")


def _parsed(content: bytes, where: str) -> list[Row]:
    try:
        rows = [DECODER.decode(line) for line in content.decode("utf-8").split("\n") if line]
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where}: not JSON, a row a line: {error}") from error
    if not all(isinstance(row, dict) for row in rows):
        raise InputError(f"{where}: a row is no JSON object")
    return rows


def read_release(folder: Path) -> dict[str, list[Item]]:
    """Return the rows of a release's Parquet files: those kept, by dataset."""
    import pyarrow.parquet as pq

    rows: dict[str, list[Item]] = {}
    for path in sorted(folder.glob("*/*.parquet")):
        try:
            found = pq.read_table(path).to_pylist()
        except (OSError, ValueError) as error:
            raise InputError(f"{path}: cannot be read as Parquet: {error}") from error
        rows.setdefault(path.parent.name, []).extend(_item(row, KEPT, str(path)) for row in found)
    return rows
