"""What a causal language model says: log-probabilities of completions and of plain text, and replies.

Any model and tokenizer that `AutoModelForCausalLM` loads and that has a chat template.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huaben.training.evaluation.forks import Fork, Row, Sum, forks, score
from huaben.training.learning.rows import Messages, opened, recent
from huaben.training.learning.systemmessage import check_persona

LOGITS = 2**25
"""Numbers that a batch's logits may hold: 128 MiB in float32."""
REPLIES = 64
"""Replies made at once."""


@dataclass(frozen=True)
class Scorer:
    """A model in evaluation mode with its tokenizer."""

    model: Any
    tokenizer: Any
    max_length: int
    persona: str = ""
    """The system message before every chat; empty: none."""

    def chats(self, chats: Sequence[tuple[Messages, str]]) -> list[Sum]:
        """Return for each (prompt, reply) the log p of the reply's tokens and the end of its turn."""
        return self._sums([self._chat(prompt, reply) for prompt, reply in chats])

    def continuations(self, texts: Sequence[tuple[str, str]]) -> list[Sum]:
        """Return for each (beginning, rest) of plain text the log p of the rest."""
        rows = []
        for beginning, rest in texts:
            before = self.tokenizer(beginning)["input_ids"]
            rows.append(([*before, *self.tokenizer(rest)["input_ids"]], len(before)))
        return self._sums(rows)

    def texts(self, texts: Sequence[str]) -> list[Sum]:
        """Return for each text the log p of its tokens but the first.

        A text longer than the model's window is read in windows, each without the one before.
        """
        rows = [(place, window) for place, text in enumerate(texts) for window in self._windows(text)]
        sums = [(0.0, 0) for _ in texts]
        for (place, _), (total, count) in zip(rows, self._sums([window for _, window in rows]), strict=True):
            sums[place] = (sums[place][0] + total, sums[place][1] + count)
        return sums

    def recent(self, prompt: Messages) -> Messages:
        """Return the end of a conversation that leaves half of the window to the reply, as training does."""

        def fits(messages: Messages) -> bool:
            template = self.tokenizer.apply_chat_template
            chat = opened(messages, self.persona)
            return len(template(chat, return_dict=True)["input_ids"]) <= self.max_length // 2

        return recent(prompt, fits)

    def replies(self, prompts: Sequence[Messages], max_new_tokens: int, temperature: float, seed: int) -> list[str]:
        """Answer each prompt; temperature 0 is greedy, any other samples, with the seed."""
        import torch

        torch.manual_seed(seed)
        order = sorted(range(len(prompts)), key=lambda place: (sum(len(m["content"]) for m in prompts[place]), place))
        texts: dict[int, str] = {}
        for start in range(0, len(order), REPLIES):
            places = order[start : start + REPLIES]
            made = self._replies([prompts[place] for place in places], max_new_tokens, temperature)
            texts.update(zip(places, made, strict=True))
        return [texts[place].strip() for place in range(len(prompts))]

    def _replies(self, prompts: list[Messages], max_new_tokens: int, temperature: float) -> list[str]:
        import torch

        sampling = {"temperature": temperature, "top_p": 0.9, "top_k": 0} if temperature else {}
        chats = [opened(prompt, self.persona) for prompt in prompts]
        inputs = self.tokenizer.apply_chat_template(
            chats, add_generation_prompt=True, padding=True, return_tensors="pt", return_dict=True
        ).to(self.model.device)
        with torch.inference_mode():
            output = self.model.generate(
                **inputs, max_new_tokens=max_new_tokens, do_sample=temperature > 0, **sampling
            )
        fresh = output[:, inputs["input_ids"].shape[1] :]
        return [str(text) for text in self.tokenizer.batch_decode(fresh, skip_special_tokens=True)]

    def _chat(self, prompt: Messages, reply: str) -> Row:
        template, asked = self.tokenizer.apply_chat_template, opened(prompt, self.persona)
        before = template(asked, add_generation_prompt=True, return_dict=True)["input_ids"]
        whole = template([*asked, {"role": "assistant", "content": reply}], return_dict=True)["input_ids"]
        joint = next((i for i, (a, b) in enumerate(zip(before, whole, strict=False)) if a != b), len(before))
        return whole, joint

    def _windows(self, text: str) -> Iterator[Row]:
        ids = self.tokenizer(text)["input_ids"]
        for start in range(0, len(ids), self.max_length):
            yield ids[start : start + self.max_length], 0

    def _sums(self, rows: Sequence[Row]) -> list[Sum]:
        """Return the sums in the order of the rows; neighbours of one beginning are read as one."""
        found: dict[int, list[Sum]] = {}
        joint = forks([row for row in rows if row[0]], self.max_length)
        order = sorted(range(len(joint)), key=lambda place: (len(joint[place]), place))
        for places in self._batches(joint, order):
            sums = iter(score(self.model, [joint[place] for place in places]))
            for place in places:
                found[place] = [next(sums) for _ in joint[place].continuations]
        left = (one for place in range(len(joint)) for one in found[place])
        return [next(left) if ids else (0.0, 0) for ids, _ in rows]

    def _batches(self, joint: Sequence[Fork], order: Sequence[int]) -> Iterator[list[int]]:
        """Group places in batches as large as their logits allow; the longest fork comes last in each."""
        most = LOGITS // self.model.config.vocab_size
        batch: list[int] = []
        for place in order:
            if batch and (len(batch) + 1) * len(joint[place]) > most:
                yield batch
                batch = []
            batch.append(place)
        if batch:
            yield batch


def load_scorer(folder: Path, max_length: int, persona: str = "") -> Scorer:
    """Load a model folder for scoring, on the GPU when there is one.

    Raises InputError for a persona that its chats cannot begin with.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left")  # for generation; scoring pads by itself
    check_persona(persona, tokenizer, max_length)
    gpu = torch.cuda.is_available()
    model = AutoModelForCausalLM.from_pretrained(folder, dtype="auto")
    return Scorer(model.to("cuda" if gpu else "cpu").eval(), tokenizer, max_length, persona)
