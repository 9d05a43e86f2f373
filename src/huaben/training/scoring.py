"""What a causal language model says: log-probabilities of completions and of plain text, and replies.

Any model and tokenizer that `AutoModelForCausalLM` loads and that has a chat template.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huaben.training.rows import Messages, opened, recent
from huaben.training.systemmessage import check_persona

LOGITS = 2**25
"""Numbers that a batch's logits may hold: 128 MiB in float32."""
REPLIES = 64
"""Replies made at once."""

Row = tuple[list[int], int]
"""Token ids, and the place from which on they are scored."""
Sum = tuple[float, int]
"""Log p in nats, and of how many tokens."""


@dataclass(frozen=True)
class Scorer:
    """A model in evaluation mode with its tokenizer."""

    model: Any
    tokenizer: Any
    max_length: int
    persona: str = ""
    """The system message before every chat that is asked; empty: none."""

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
        """Return the sums in the order of the rows; rows of like length share a batch."""
        found: dict[int, Sum] = {}
        order = sorted(range(len(rows)), key=lambda place: (len(rows[place][0]), place))
        for places in self._batches(rows, order):
            found.update(zip(places, self._batch([rows[place] for place in places]), strict=True))
        return [found[place] for place in range(len(rows))]

    def _batches(self, rows: Sequence[Row], order: Sequence[int]) -> Iterator[list[int]]:
        """Group places in batches as large as their logits allow; the longest row comes last in each."""
        most = LOGITS // self.model.config.vocab_size
        batch: list[int] = []
        for place in order:
            if batch and (len(batch) + 1) * len(rows[place][0]) > most:
                yield batch
                batch = []
            batch.append(place)
        if batch:
            yield batch

    def _batch(self, rows: Sequence[Row]) -> list[Sum]:
        """Score rows padded on the left: their ends stand in line, so logits are made of these alone."""
        import torch

        width, pad = max(len(ids) for ids, _ in rows), self.tokenizer.pad_token_id or 0
        device = self.model.device
        ids = torch.tensor([[pad] * (width - len(ids)) + ids for ids, _ in rows], device=device)
        mask = torch.tensor([[0] * (width - len(ids)) + [1] * len(ids) for ids, _ in rows], device=device)
        scored = [max(len(ids) - max(start, 1), 0) for ids, start in rows]  # nothing comes before the first token
        last = max(*scored, 1)
        with torch.inference_mode():
            positions = (mask.cumsum(1) - 1).clamp(min=0)
            logits = self.model(
                input_ids=ids, attention_mask=mask, position_ids=positions, logits_to_keep=last + 1
            ).logits[:, :-1]
            losses = torch.nn.functional.cross_entropy(
                logits.float().transpose(1, 2), ids[:, width - logits.shape[1] :], reduction="none"
            ).double()
        return [(-float(loss[len(loss) - count :].sum()), count) for loss, count in zip(losses, scored, strict=True)]


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
