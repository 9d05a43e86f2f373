"""What a causal language model says: log-probabilities of completions, perplexity, replies.

Any model and tokenizer that `AutoModelForCausalLM` loads and that has a chat template.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huaben.training.rows import Messages

IGNORED = -100


@dataclass(frozen=True)
class Scorer:
    """A model in evaluation mode with its tokenizer."""

    model: Any
    tokenizer: Any
    batch: int
    max_length: int

    def chat_log_probs(self, chats: Sequence[tuple[Messages, str]]) -> list[float]:
        """Return for each (prompt, reply) the sum of log p of the reply's tokens and the end of its turn, in nats."""
        return [total for total, _ in self._log_probs([self._chat(prompt, reply) for prompt, reply in chats])]

    def text_log_probs(self, texts: Sequence[str]) -> list[tuple[float, int]]:
        """Return for each text the sum of log p of its tokens but the first, in nats, and how many they are.

        A text longer than the model's window is read in windows, each without the one before.
        """
        rows = [(place, window) for place, text in enumerate(texts) for window in self._windows(text)]
        sums = [(0.0, 0) for _ in texts]
        for (place, _), (total, count) in zip(rows, self._log_probs([window for _, window in rows]), strict=True):
            sums[place] = (sums[place][0] + total, sums[place][1] + count)
        return sums

    def replies(self, prompts: Sequence[Messages], max_new_tokens: int, temperature: float, seed: int) -> list[str]:
        """Answer each prompt; temperature 0 is greedy, any other samples, with the seed."""
        import torch

        torch.manual_seed(seed)
        sampling = {"temperature": temperature, "top_p": 0.9, "top_k": 0} if temperature else {}
        texts: list[str] = []
        for start in range(0, len(prompts), self.batch):
            inputs = self.tokenizer.apply_chat_template(
                list(prompts[start : start + self.batch]),
                add_generation_prompt=True,
                padding=True,
                return_tensors="pt",
                return_dict=True,
            ).to(self.model.device)
            with torch.inference_mode():
                output = self.model.generate(
                    **inputs, max_new_tokens=max_new_tokens, do_sample=temperature > 0, **sampling
                )
            fresh = output[:, inputs["input_ids"].shape[1] :]
            texts += self.tokenizer.batch_decode(fresh, skip_special_tokens=True)
        return [text.strip() for text in texts]

    def _chat(self, prompt: Messages, reply: str) -> tuple[list[int], list[int]]:
        """Return token ids, and labels that ignore the prompt."""
        template = self.tokenizer.apply_chat_template
        before = template(prompt, add_generation_prompt=True, return_dict=True)["input_ids"]
        whole = template([*prompt, {"role": "assistant", "content": reply}], return_dict=True)["input_ids"]
        joint = next((i for i, (a, b) in enumerate(zip(before, whole, strict=False)) if a != b), len(before))
        return whole, [IGNORED] * joint + whole[joint:]

    def _windows(self, text: str) -> Iterator[tuple[list[int], list[int]]]:
        ids = self.tokenizer(text)["input_ids"]
        for start in range(0, len(ids), self.max_length):
            window = ids[start : start + self.max_length]
            yield window, window

    def _log_probs(self, rows: Sequence[tuple[list[int], list[int]]]) -> list[tuple[float, int]]:
        """Return sum and count over the labelled tokens of each row; rows of like length share a batch."""
        found: dict[int, tuple[float, int]] = {}
        order = sorted(range(len(rows)), key=lambda place: (len(rows[place][0]), place))
        for start in range(0, len(order), self.batch):
            places = order[start : start + self.batch]
            found.update(zip(places, self._batch_log_probs([rows[place] for place in places]), strict=True))
        return [found[place] for place in range(len(rows))]

    def _batch_log_probs(self, rows: Sequence[tuple[list[int], list[int]]]) -> list[tuple[float, int]]:
        import torch

        width = max(len(ids) for ids, _ in rows)
        pad = self.tokenizer.pad_token_id or 0
        ids = torch.tensor([[*ids, *[pad] * (width - len(ids))] for ids, _ in rows]).to(self.model.device)
        labels = torch.tensor([[*labels, *[IGNORED] * (width - len(labels))] for _, labels in rows]).to(ids.device)
        mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row, _ in rows]).to(ids.device)
        with torch.inference_mode():
            logits = self.model(input_ids=ids, attention_mask=mask).logits[:, :-1].float()
        targets = labels[:, 1:]
        losses = torch.nn.functional.cross_entropy(
            logits.transpose(1, 2), targets, reduction="none", ignore_index=IGNORED
        )
        counts = (targets != IGNORED).sum(1).tolist()
        return [(-total, count) for total, count in zip(losses.double().sum(1).tolist(), counts, strict=True)]


def load_scorer(folder: Path, batch: int, max_length: int) -> Scorer:
    """Load a model folder for scoring, on the GPU when there is one."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    gpu = torch.cuda.is_available()
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16 if gpu else torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left")  # for generation; scoring pads by itself
    return Scorer(model.to("cuda" if gpu else "cpu").eval(), tokenizer, batch, max_length)


def perplexity(nats_per_token: float) -> float:
    """Return the perplexity of a mean log-probability per token."""
    return math.exp(-nats_per_token)
