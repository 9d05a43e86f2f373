"""What a request will probably cost: tokens by a rough count, hits by the provider's cache rule.

`units` is DeepSeek's rule (its guide kv_cache): a request leaves two prefixes behind, up to the end of its
input and of its output, and what two requests share becomes one as well; a later request hits the longest
of them that it begins with. `blocks` hits every prefix that was sent before (OpenAI, vLLM, llama.cpp).
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from huaben.llm.prompts import Request
from huaben.llm.question import Question
from huaben.llm.tokens import rough_tokens

CACHE_BLOCK = 64
"""Tokens; the smallest step of a block cache."""


@dataclass(frozen=True)
class Calibration:
    """What past replies teach: real tokens for an estimated one, and for a line of each prompt's reply."""

    scale: float = 1.0
    reply_tokens: Mapping[str, float] = field(default_factory=dict)


@dataclass
class Expectation:
    """The expected tokens of questions, in the order in which they are sent."""

    rule: str
    """`units`, `blocks` or `none`: what the provider's cache holds."""
    calibration: Calibration = Calibration()
    count: Callable[[str], float] = rough_tokens
    _sent: Counter[str] = field(default_factory=Counter)
    _units: set[str] = field(default_factory=set)

    def of(self, question: Question) -> dict[str, float]:
        """Return the tokens of a request that is about to be sent: hit, miss, output."""
        messages = question.request.messages
        sizes = self._sizes(question.request)
        prefixes = _prefixes(messages)
        held = [self._holds(prefix) for prefix in prefixes]
        hit = sum(sizes[: max((i for i, is_held in enumerate(held, 1) if is_held), default=0)])
        hit = {"units": hit, "blocks": hit // CACHE_BLOCK * CACHE_BLOCK, "none": 0.0}[self.rule]
        self._sent.update(prefixes)
        self._units.add(prefixes[-1])
        each = self.calibration.reply_tokens.get(question.request.prompt_id, question.reply_tokens)
        return {"hit": hit, "miss": sum(sizes) - hit, "output": question.size * each}

    def _sizes(self, request: Request) -> list[float]:
        """Return the tokens of each message. A passage is counted by itself: all of its tasks have it."""
        said = [text for turn in request.earlier for text in (turn.task, turn.reply)] + [request.task]
        sizes = [self.count(text) for text in (request.system, *said)]
        if request.passage:
            sizes[1] += self.count(request.passage) + self.count("\n\n")
        return [size * self.calibration.scale for size in sizes]

    def answered(self, question: Question, reply: str) -> None:
        """Note the end of a request's output, from which a conversation goes on."""
        self._units.add(_prefixes([*question.request.messages, {"role": "assistant", "content": reply}])[-1])

    def _holds(self, prefix: str) -> bool:
        if self.rule == "units":
            return prefix in self._units or self._sent[prefix] > 1
        return self._sent[prefix] > 0


def _prefixes(messages: list[dict[str, str]]) -> list[str]:
    """Return a name for each beginning of a conversation."""
    running, names = hashlib.sha256(), []
    for message in messages:
        running.update(f"\0{message['role']}\0{message['content']}".encode("utf-8", "surrogatepass"))
        names.append(running.hexdigest())
    return names
