"""The train rows in the forms of trainers: the dataset family's own files, LLaMA-Factory's list of them, and others'.

They hold the train split only: who trains on these files must not train on what the test asks.
A file without rows is not written, since LLaMA-Factory fails on an empty one.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from huaben.errors import HuabenError
from huaben.files import replacing, write_json, write_jsonl, write_text
from huaben.params import Params
from huaben.records import Conversation
from huaben.release import formats
from huaben.release.checksums import write_checksums
from huaben.release.exportlist import FAMILY, FORMS, LLAMA_FACTORY, Export, Shape
from huaben.release.markdown import Raw, render
from huaben.shapes import Row, alternates

ROWS: dict[Shape, Callable[[Any], Row]] = {
    "sharegpt": formats.sharegpt,
    "sharegpt_qa": formats.sharegpt_qa,
    "alpaca": formats.alpaca,
    "chapter_summary": formats.chapter_summary,
    "pretrain": formats.pretrain,
    "messages": formats.messages,
    "messages_qa": formats.messages_qa,
    "prompt_completion": formats.prompt_completion,
    "trl_preference": formats.trl_preference,
    "axolotl_preference": formats.axolotl_preference,
    "swift_preference": formats.swift_preference,
    "openai_preference": formats.openai_preference,
}
"""Shapes that need nothing but the record."""


def write_exports(folder: Path, records: Mapping[str, Sequence[Any]], params: Params) -> dict[str, int]:
    """Write the files of every dataset in `records` to `folder`; return each file's number of rows."""
    voices = formats.voices_of(records.get("lines", ()))
    rows = {e: export_rows(e, records[e.dataset], params, voices) for e in (*FAMILY, *FORMS) if e.dataset in records}
    names = {export: export.file.format(character=params.character.slug, novel=params.novel.slug) for export in rows}
    for export, name in names.items():
        if rows[export]:
            _write_rows(folder / name, rows[export])
    told = [export for export in FAMILY if rows.get(export) and export.trainable]
    write_json(folder / "dataset_info.json", {Path(names[export]).stem: _entry(export, names) for export in told})
    write_text(folder / "README.md", _readme(rows, names, params))
    write_checksums(folder)
    return {name: len(rows[export]) for export, name in names.items() if rows[export]}


def export_rows(export: Export, records: Sequence[Any], params: Params, voices: formats.Voices) -> list[Row]:
    """Return a file's rows, of the train split; conversations are those of the configured character."""
    train = [record for record in records if record.split == "train"]
    if export.shape == "alpaca_preference":
        return [formats.alpaca_preference(record, params.character.persona) for record in train]
    if export.shape in ("sharegpt", "messages"):
        train = [part for record in train for part in _conversations(export, record, params, voices)]
    return [ROWS[export.shape](record) for record in train]


def _conversations(
    export: Export, record: Conversation, params: Params, voices: formats.Voices
) -> Iterator[Conversation]:
    """Yield a conversation as it is exported: in windows, with the speakers' names if so wanted."""
    if record.character != params.character.name:
        return
    if export.trainable and not alternates(formats.sharegpt(record)):
        raise HuabenError(f"{export.dataset}: record {record.record_id} does not alternate human and gpt")
    mark = {"zh": "：", "en": ": "}[params.novel.language]
    for window in formats.windows(record, params.publish.window_characters) if export.trainable else [record]:
        yield formats.with_names(window, mark, voices) if params.publish.speaker_names else window


def _entry(export: Export, names: Mapping[Export, str]) -> dict[str, Any]:
    return {"file_name": names[export], **LLAMA_FACTORY[export.shape]}


def _readme(rows: Mapping[Export, Sequence[Row]], names: Mapping[Export, str], params: Params) -> str:
    # a name is made of slugs and of words of ours: nothing in it is Markdown
    files = [{"name": Raw(name), "rows": len(rows[export]), "export": export} for export, name in names.items()]
    held = {
        "written": [file["name"] for file in files if file["rows"]],
        "datasets": [Raw(export.dataset) for export in rows if rows[export]],
    }
    return render("exports.md.j2", {"files": files, **held, "family": FAMILY, "params": params})


def _write_rows(path: Path, rows: Sequence[Row]) -> None:
    """Write JSONL, or a JSON list with one row a line."""
    if path.suffix == ".jsonl":
        write_jsonl(path, rows)
        return
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    with replacing(path) as file:
        file.write(f"[\n{lines}\n]\n")
