"""What SFT reads: rows of token ids by source, each as often as `train.mixture` says."""

import random
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from huaben.params import Mixture
from huaben.training.learning import rows
from huaben.training.learning.hastened import Example
from huaben.training.learning.pairs import IGNORED


def mixed(sources: dict[str, list[Example]], mixture: Mixture, seed: int) -> dict[str, list[Example]]:
    """Return each source's rows as often as its weight says; of a fraction, those drawn by the seed, in order."""
    return {name: _repeated(found, getattr(mixture, name), f"{seed} {name}") for name, found in sources.items()}


def _repeated(found: Sequence[Example], weight: float, seed: str) -> list[Example]:
    whole, part = int(weight), weight - int(weight)
    drawn = sorted(random.Random(seed).sample(range(len(found)), round(part * len(found))))
    return [*list(found) * whole, *(found[place] for place in drawn)]


def sources(
    datasets: Path, general: Path | None, tokenizer: Any, length: int, persona: str = ""
) -> dict[str, list[Example]]:
    """Return the rows of the train split by source; those longer than the window lose their end.

    `dialogue`: every reply after what fits of its conversation; `qa` and `summary_qa`: every wording of
    a question; `pretrain` and `general`: blocks of plain text. A persona is told before what the character says.
    """
    pieces = [piece.text for piece in rows.read_records(datasets, "pretrain", "train")]
    said = replies(datasets, fits(tokenizer, length, persona))
    chats = {
        "dialogue": [(rows.opened(prompt, persona), reply) for prompt, reply in said],
        "qa": [chat for name in _present(rows.knowledge_dataset(datasets)) for chat in _answers(datasets, name)],
        "summary_qa": [chat for name in ("summary_qa_v1", "summary_qa_v2") for chat in _answers(datasets, name)],
    }
    found = {
        name: [encode(prompt, reply, tokenizer) for prompt, reply in of_source] for name, of_source in chats.items()
    }
    plain = {"pretrain": pieces, "general": rows.read_general(general)[0]}
    return found | {name: blocks(texts, tokenizer, length) for name, texts in plain.items()}


def _present(name: str | None) -> list[str]:
    return [name] if name else []


def replies(datasets: Path, fit: rows.Fits) -> Iterator[tuple[rows.Messages, str]]:
    """Yield each reply of the dialogues with what fits of the talk before it; what answers nobody is passed over."""
    for conversation in rows.read_records(datasets, "dialogue", "train"):
        messages = rows.as_messages(conversation.messages)
        for place, message in enumerate(messages):
            if message["role"] == "assistant" and any(said["role"] == "user" for said in messages[:place]):
                yield rows.recent(messages[:place], fit), message["content"]


def _answers(datasets: Path, name: str) -> Iterator[tuple[rows.Messages, str]]:
    for qa in rows.read_records(datasets, name, "train"):
        for question in qa.trained:
            yield [{"role": "user", "content": question.strip()}], qa.answer.strip()


def encode(prompt: rows.Messages, reply: str, tokenizer: Any) -> Example:
    """Return a chat as token ids, with labels on the reply and its end alone."""
    template = tokenizer.apply_chat_template
    before = template(prompt, add_generation_prompt=True, return_dict=True)["input_ids"]
    whole = template([*prompt, {"role": "assistant", "content": reply}], return_dict=True)["input_ids"]
    joint = next((i for i, (a, b) in enumerate(zip(before, whole, strict=False)) if a != b), len(before))
    return {"input_ids": whole, "labels": [IGNORED] * joint + whole[joint:]}


def fits(tokenizer: Any, length: int, persona: str = "") -> rows.Fits:
    """Leave half of the length to the completion; a persona before the messages counts."""

    def fit(messages: rows.Messages) -> bool:
        chat = rows.opened(messages, persona)
        ids = tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_dict=True)["input_ids"]
        return len(ids) <= length // 2

    return fit


def blocks(texts: Iterable[str], tokenizer: Any, length: int) -> list[Example]:
    """Return plain text in rows of `length` token ids: the texts one after the other, each closed by an end."""
    end = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
    ids = [token for text in texts for token in [*tokenizer(text)["input_ids"], end]]
    pieces = [ids[start : start + length] for start in range(0, len(ids), length)]
    return [{"input_ids": piece, "labels": piece} for piece in pieces if len(piece) > 1]
