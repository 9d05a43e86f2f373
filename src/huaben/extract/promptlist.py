"""Where the prompts of the way `prompts` come from: a text file, JSONL, or what `datasets` can load.

`preference.prompts` is the path of a text file (a prompt a line), of a `.jsonl` file, or of a folder that
`datasets.load_dataset` reads; or `hub:owner/name`, with `@revision` so that it stays what it is.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from huaben.errors import HuabenError, InputError
from huaben.files import read_jsonl

HUB = "hub:"
NAMED = "It is named in params.yaml: preference.prompts"


def read_prompts(source: str) -> list[str]:
    """Return the prompts of a source; blank ones and repeats are passed over.

    A row of JSONL or of a dataset has `prompt` (a text, or messages) or `messages`; of messages, the first that a
    user says is the prompt.
    """
    prompts = list(dict.fromkeys(text.strip() for text in _texts(source) if text.strip()))
    if not prompts:
        raise InputError(f"{source}: no prompts; one a line is expected, or rows with `prompt` or `messages`. {NAMED}")
    return prompts


def _texts(source: str) -> Iterator[str]:
    path = Path(source)
    if source.startswith(HUB) or path.is_dir():
        yield from _of_rows(_loaded(source), source)
    elif path.suffix.lower() == ".jsonl":
        yield from _of_rows(_rows(path), source)
    else:
        yield from _lines(path)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read: {error}. {NAMED}") from error


def _rows(path: Path) -> Iterator[Any]:
    try:
        yield from read_jsonl(path)
    except HuabenError as error:
        raise InputError(f"{error}. {NAMED}") from error


def _of_rows(rows: Iterable[Any], source: str) -> Iterator[str]:
    for number, row in enumerate(rows, 1):
        text = _prompt(row)
        if text is None:
            raise InputError(
                f"{source}: row {number}: no `prompt` (a text or messages) and no `messages` in which a user speaks"
            )
        yield text


def _prompt(row: Any) -> str | None:
    """Return the prompt of a row, or None where it has none."""
    if not isinstance(row, Mapping):
        return None
    value = row.get("prompt", row.get("messages"))
    if isinstance(value, str):
        return value
    said = value if isinstance(value, list) else []
    users = [m.get("content") for m in said if isinstance(m, Mapping) and m.get("role") == "user"]
    return users[0] if users and isinstance(users[0], str) else None


def _loaded(source: str) -> Iterable[Any]:
    """Return the rows of a folder or of a dataset of the hub: its split `train`, or the only one it has."""
    from datasets import load_dataset

    name, _, revision = source.removeprefix(HUB).partition("@") if source.startswith(HUB) else (source, "", "")
    try:
        splits = load_dataset(name, revision=revision or None)
    except Exception as error:  # `datasets` raises many kinds; each means that it cannot load this
        reason = str(error).split("\n")[0]
        raise InputError(f"{source}: `datasets` cannot load it: {type(error).__name__}: {reason}. {NAMED}") from error
    if "train" not in splits and len(splits) != 1:
        raise InputError(f"{source}: it has the splits {', '.join(sorted(splits))}, and none is `train`. {NAMED}")
    rows: Iterable[Any] = splits["train"] if "train" in splits else next(iter(splits.values()))
    return rows
