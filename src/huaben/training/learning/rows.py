"""What training and evaluation read: rows of one split, and the two halves of the general text.

In: a folder of `<dataset>.jsonl` files (final rows) and one text file of articles. Out: rows in
TRL's format for DPO, prompt/chosen/rejected, each a list of `{"role", "content"}` messages
(trl/docs/source/dataset_formats.md); the rows of SFT are made in mixture.py.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from huaben.errors import InputError
from huaben.files import read_jsonl
from huaben.records import DATASETS, Message, Preference, Record, Split

Messages = list[dict[str, str]]
Fits = Callable[[Messages], bool]
"""Whether messages, rendered as a chat, leave room for a completion."""


def read_records(datasets: Path, name: str, split: Split | None = None) -> list[Any]:
    """Return the records of `<name>.jsonl` in `split` (None: all) in file order; one not made has none."""
    path = datasets / f"{name}.jsonl"
    if not path.exists():
        return []
    shape = DATASETS[name]
    return [_record(shape, row, path) for row in read_jsonl(path) if split in (None, row.get("split"))]


def _record(shape: type[Record], row: dict[str, Any], path: Path) -> Record:
    try:
        return shape.model_validate(row)
    except ValueError as error:
        raise InputError(f"{path}: row {row.get('record_id')!r} is no {shape.__name__}: {error}") from error


def read_general(general: Path | None) -> tuple[list[str], list[str]]:
    """Return the articles of the general text: those to train on and those held out as the measure of forgetting.

    Articles are separated by blank lines and counted from 0: even ones train, odd ones are held out.
    """
    if general is None:
        return [], []
    try:
        text = general.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{general}: cannot be read: {error}") from error
    articles = [article.strip() for article in re.split(r"\n\s*\n", text) if article.strip()]
    return articles[::2], articles[1::2]


def knowledge_dataset(datasets: Path) -> str | None:
    """Return the QA dataset that training reads: `qa_v2`; `qa_v1` only without it, as it is the exam otherwise."""
    return next((name for name in ("qa_v2", "qa_v1") if read_records(datasets, name, "train")), None)


def trained_qa(datasets: Path) -> list[str]:
    """Return the datasets of questions and answers that training reads."""
    return [name for name in (knowledge_dataset(datasets), "summary_qa_v1", "summary_qa_v2") if name]


def preference_rows(pairs: Iterable[Preference], fits: Fits, persona: str = "") -> list[dict[str, Messages]]:
    """Return prompt/chosen/rejected rows of preference pairs; each prompt begins with the persona, if there is one."""
    return [
        {
            "prompt": opened(recent(as_messages(pair.prompt), fits), persona),
            "chosen": as_messages(pair.chosen),
            "rejected": as_messages(pair.rejected),
        }
        for pair in pairs
    ]


def as_messages(messages: Iterable[Message]) -> Messages:
    """Return what a chat template needs of messages.

    Contents are stripped: a newline at the joint of prompt and completion would melt into the template's
    and move the border between them.
    """
    return [{"role": message.role, "content": message.content.strip()} for message in messages]


def opened(messages: Messages, persona: str) -> Messages:
    """Return messages after a system message of the persona; an empty one: the messages alone."""
    return [{"role": "system", "content": persona}, *messages] if persona else messages


def recent(messages: Sequence[dict[str, str]], fits: Fits) -> Messages:
    """Return the longest end of a conversation that opens with the user and fits; at least its last message."""
    openings = [place for place, message in enumerate(messages) if message["role"] == "user"]
    for place in openings:
        if fits(list(messages[place:])):
            return list(messages[place:])
    return list(messages[openings[-1] :])
