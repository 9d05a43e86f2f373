"""What inquiries will cost before anything is sent: they are pursued in thought, each reply imagined.

The real prompts are rendered; what is already in the store is not asked. An imagined reply has the length
that replies to its prompt usually have, so that a conversation goes on from it as it will in truth.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from huaben.llm.answers import Reply
from huaben.llm.cost import money
from huaben.llm.expect import Calibration, Expectation
from huaben.llm.prompts import NUMBER, Request
from huaben.llm.question import Inquiry, Outcome, Question, pursue
from huaben.params import Price

Count = Callable[[str], float]


@dataclass(frozen=True)
class Expected:
    """One request that is still to be sent, and its expected tokens."""

    request: Request
    hit: float
    miss: float
    output: float


@dataclass
class Imagination:
    """Pursues inquiries in thought, in the order in which a run sends their requests."""

    rule: str
    calibration: Calibration
    count: Count
    kept: Callable[[Question], Outcome | None]
    """What the store or a colleague's file already answers."""
    lengths: dict[str, float] = field(default_factory=dict)
    _outcomes: dict[str, Outcome] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._expectation = Expectation(self.rule, self.calibration, self._tokens)

    def _tokens(self, text: str) -> float:
        return self.lengths[text] if text in self.lengths else self.count(text)

    def pursue(self, inquiries: Iterable[Inquiry[Any]]) -> list[Expected]:
        """Return the requests that the inquiries would send."""
        expected: list[Expected] = []

        def answer(question: Question) -> Outcome:
            key = question.request.key
            if key not in self._outcomes:
                self._outcomes[key] = self.kept(question) or self._imagined(question, expected)
            return self._outcomes[key]

        for inquiry in inquiries:
            pursue(inquiry, answer)
        return expected

    def _imagined(self, question: Question, expected: list[Expected]) -> Outcome:
        tokens = self._expectation.of(question)
        expected.append(Expected(question.request, tokens["hit"], tokens["miss"], tokens["output"]))
        text = f"(the reply to {question.request.key})"
        self.lengths[text] = tokens["output"] / self.calibration.scale
        self._expectation.answered(question, text)
        message = {"role": "assistant", "content": text}
        body = {"choices": [{"finish_reason": "stop", "message": message}]}
        return Outcome(Reply(question.request.key, body))


def layouts(expected: Sequence[Expected], price: Price, count: Count, retyped: float) -> dict[str, float]:
    """Return what the same requests cost in other layouts, off-peak, under the rule `units`.

    `retyped` is how many tokens the lines have that a model writes again where it is not asked by number.
    """
    about = [e for e in expected if e.request.passage]
    times = Counter(e.request.passage for e in about)
    size = {passage: count(passage) for passage in times}
    novel = sum(count(NUMBER.sub("", passage)) for passage in times)
    once, all_times = sum(size.values()), sum(size[p] * n for p, n in times.items())
    twice = sum(size[p] * min(n, 2) for p, n in times.items())
    tasks, systems = (sum(count(getattr(e.request, part)) for e in about) for part in ("task", "system"))
    written = sum(e.output for e in about)
    by_layout = {
        "instructions first, lines typed again": (systems + tasks, all_times, written + retyped),
        "instructions first": (systems + tasks, all_times, written),
        "chapter first, tasks side by side": (systems + all_times - twice, twice + tasks, written),
        "one call a chapter": (systems, once + tasks, written),
        "floor: the novel read once, only new text written": (0.0, novel, written),
    }
    rest = sum(_price(e.hit, e.miss, e.output, price) for e in expected if not e.request.passage)
    return {name: round(rest + _price(*tokens, price), 6) for name, tokens in by_layout.items()}


def _price(hit: float, miss: float, output: float, price: Price) -> float:
    return money({"hit": hit, "miss": miss, "output": output}, price)
