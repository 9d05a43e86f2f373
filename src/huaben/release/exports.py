"""The dataset family's own JSON files, under the names its users know, and LLaMA-Factory's list of them.

They hold the train split only: who trains on these files must not train on what the test asks.
A file without rows is not written, since LLaMA-Factory fails on an empty one.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from huaben.errors import HuabenError
from huaben.files import replacing, write_json, write_text
from huaben.params import Params
from huaben.release import formats
from huaben.release.checksums import write_checksums
from huaben.release.markdown import render
from huaben.shapes import Row, alternates

Shape = Literal["sharegpt", "sharegpt_qa", "alpaca", "preference", "summary", "pretrain"]


@dataclass(frozen=True)
class Export:
    """One file of the family: its name, the dataset it shows, and in which shape."""

    file: str
    dataset: str
    shape: Shape
    trainable: bool
    """Whether LLaMA-Factory can train on it, and is told of it."""
    meaning: str


EXPORTS = (
    Export("{character}-sharegpt-origin", "dialogue_raw", "sharegpt", False, "the conversations as found"),
    Export("{character}-sharegpt", "dialogue", "sharegpt", True, "the conversations, cleaned"),
    Export("{novel}-summary", "summary_v1", "summary", False, "a summary of each chapter"),
    Export("{novel}-summary-v2", "summary_v2", "summary", False, "a summary of each chapter, several aspects"),
    Export("{novel}-sharegpt-summary", "summary_qa_v1", "sharegpt_qa", True, "what happens in a chapter"),
    Export("{novel}-sharegpt-summary-v2", "summary_qa_v2", "sharegpt_qa", True, "what happens in a chapter"),
    Export("{novel}-sharegpt-qa", "qa_v1", "sharegpt_qa", True, "questions about the novel"),
    Export("{novel}-sharegpt-qa-v2", "qa_v2", "sharegpt_qa", True, "questions about the novel, from four angles"),
    Export("{character}-alpaca-dpo", "preference", "preference", True, "in character against plain"),
    Export("{novel}-alpaca-summary-v2", "summary_qa_v2", "alpaca", True, "as sharegpt-summary-v2, in Alpaca's form"),
    Export("{novel}-alpaca-qa-v2", "qa_v2", "alpaca", True, "as sharegpt-qa-v2, in Alpaca's form"),
    Export("{novel}-pretrain", "pretrain", "pretrain", True, "plain text"),
)

# Where `columns` or `tags` is given, whatever it leaves out becomes None, not its default
# (`set_attr` in LLaMA-Factory's `parser.py`): a pair without "prompt" would train on empty prompts.
_SHAREGPT = {
    "formatting": "sharegpt",
    "columns": {"messages": "conversations"},
    "tags": {
        "role_tag": "from",
        "content_tag": "value",
        "user_tag": "human",
        "assistant_tag": "gpt",
        "observation_tag": "observation",
        "function_tag": "function_call",
        "system_tag": "system",
    },
}
_PROMPT = {"prompt": "instruction", "query": "input"}
LLAMA_FACTORY: dict[str, dict[str, Any]] = {
    "sharegpt": _SHAREGPT,
    "sharegpt_qa": _SHAREGPT,
    "alpaca": {"formatting": "alpaca", "columns": {**_PROMPT, "response": "output"}},
    "preference": {
        "formatting": "alpaca",
        "ranking": True,
        "columns": {**_PROMPT, "chosen": "chosen", "rejected": "rejected"},
    },
    "pretrain": {"formatting": "alpaca", "columns": {"prompt": "text"}},
}
"""What LLaMA-Factory's `dataset_info.json` says of a file, by its shape."""


def write_exports(folder: Path, records: Mapping[str, Sequence[Any]], params: Params) -> dict[str, int]:
    """Write the files of every dataset in `records` to `folder`; return each file's number of rows."""
    written: dict[str, int] = {}
    entries: dict[str, Any] = {}
    listing = []
    for export in (export for export in EXPORTS if export.dataset in records):
        stem = export.file.format(character=params.character.slug, novel=params.novel.slug)
        rows = export_rows(export, records[export.dataset], params)
        listing.append({"name": f"{stem}.json", "rows": len(rows), "export": export})
        if rows:
            written[f"{stem}.json"] = _write_rows(folder / f"{stem}.json", rows)
        if rows and export.trainable:
            entries[stem] = {"file_name": f"{stem}.json", **LLAMA_FACTORY[export.shape]}
    write_json(folder / "dataset_info.json", entries)
    write_text(folder / "README.md", render("exports.md.j2", {"files": listing, "params": params}))
    write_checksums(folder)
    return written


def export_rows(export: Export, records: Sequence[Any], params: Params) -> list[Row]:
    """Return a file's rows, of the train split; conversations are those of the configured character."""
    train = [record for record in records if record.split == "train"]
    match export.shape:
        case "sharegpt":
            return _conversations(export, train, params)
        case "sharegpt_qa":
            return [formats.sharegpt_qa(record) for record in train]
        case "alpaca":
            return [formats.alpaca(record) for record in train]
        case "preference":
            return [formats.alpaca_preference(record, params.character.persona) for record in train]
        case "summary":
            return [formats.chapter_summary(record) for record in train]
        case "pretrain":
            return [formats.pretrain(record) for record in train]


def _conversations(export: Export, records: Sequence[Any], params: Params) -> list[Row]:
    mark = {"zh": "：", "en": ": "}[params.novel.language] if params.publish.speaker_names else None
    rows = []
    for record in (record for record in records if record.character == params.character.name):
        rows.append(formats.sharegpt(record, mark))
        if export.trainable and not alternates(rows[-1]):
            raise HuabenError(f"{export.dataset}: record {record.record_id} does not alternate human and gpt")
    return rows


def _write_rows(path: Path, rows: Sequence[Row]) -> int:
    """Write a JSON list with one row a line."""
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    with replacing(path) as file:
        file.write(f"[\n{lines}\n]\n")
    return len(rows)
