"""LLaMA-Factory, Axolotl and ms-swift read every row of every export, and read what it says.

Each is in an environment of its own, made by `make test-consumers`; without it the tests are skipped. A row that a
consumer drops, cuts or words differently fails here: rows in = rows out, and the decoded text is the text.
"""

import json
import os
import subprocess
from pathlib import Path

import pytest

from consuming import END, SOURCES, export, make_tokenizer, rendered, replies, talks_of

HERE = Path(__file__).parent
CONSUMERS = ("llamafactory", "axolotl", "swift")


def is_read_by(consumer, name):
    """Whether a file is made for a consumer."""
    if consumer == "llamafactory":
        return "/" not in name
    return name.startswith("messages/") or name == f"preference/{consumer}.jsonl" or name.endswith("-pretrain.json")


def consume(consumer, exports, names, folder):
    """Run a consumer over files of exports; return its version and the rows that it made of each."""
    python = HERE / ".venvs" / consumer / "bin" / "python"
    if not python.is_file():
        pytest.skip(f"no environment of {consumer}: make test-consumers")
    command = [
        python,
        HERE / f"{consumer}_rows.py",
        exports,
        make_tokenizer(folder / "tokenizer"),
        folder / "rows.json",
    ]
    caches = {name: str(folder / "cache") for name in ("HF_HOME", "MODELSCOPE_CACHE", "TRITON_CACHE_DIR", "HOME")}
    settings = {"HF_HUB_OFFLINE": "1", "USE_HF": "1", "AXOLOTL_DO_NOT_TRACK": "1", "CUDA_VISIBLE_DEVICES": ""}
    environment = {**os.environ, **caches, **settings}
    environment.pop("PYTHONPATH", None)
    done = subprocess.run([*command, *names], env=environment, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads((folder / "rows.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module", params=SOURCES)
def exported(request, tmp_path_factory):
    """A folder of exports, and the rows of its files."""
    folder = tmp_path_factory.mktemp("consumed") / "exports"
    files = export(request.param, folder)
    if files is None:
        pytest.skip("no data: make repro")
    return folder, files


@pytest.mark.slow
@pytest.mark.parametrize("consumer", CONSUMERS)
def test_a_consumer_reads_every_row_of_every_file_as_it_is_worded(consumer, exported, tmp_path):
    exports, files = exported
    if consumer == "llamafactory":
        told = json.loads((exports / "dataset_info.json").read_text(encoding="utf-8"))
        expected, names = {name: files[entry["file_name"]] for name, entry in told.items()}, []
    else:
        expected = {name: rows for name, rows in files.items() if is_read_by(consumer, name)}
        names = list(expected)
    read = consume(consumer, exports, names, tmp_path)
    assert {name: len(rows) for name, rows in read["files"].items()} == {n: len(rows) for n, rows in expected.items()}
    for name, rows in expected.items():
        wanted = [as_read(row) for row in rows]
        assert said(read["files"][name], list(wanted[0])) == said(wanted, list(wanted[0])), name


def as_read(row):
    """Return what a consumer should make of a row: all that it reads, and of a talk what the loss sees."""
    if "text" in row:
        return {"text": row["text"]}
    talks = talks_of(row)
    sides = [""] if len(talks) == 1 else ["chosen_", "rejected_"]
    return {
        **{f"{side}text": rendered(talk) for side, talk in zip(sides, talks, strict=True)},
        **{f"{side}trained": replies(talk[-1:] if side else talk) for side, talk in zip(sides, talks, strict=True)},
    }


def said(rows, sides):
    """Return the rows' texts in a fixed order, without what is no text: the marks of an end, a line feed after them.

    Consumers shuffle; and each has its own mind about whether the loss sees the line feed after an end.
    """
    marks = {f"{END}\n": END, "<|endoftext|>": ""}
    return sorted(tuple(plain(row[side], marks) for side in sides) for row in rows)


def plain(text, marks):
    for mark, kept in marks.items():
        text = text.replace(mark, kept)
    return text.removesuffix(END)
