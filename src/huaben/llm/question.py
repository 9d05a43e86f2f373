"""Questions, outcomes, and inquiries: what the room asks and what becomes of it.

An inquiry is a generator: it yields a question, is sent the outcome, and may yield another that depends on
it (the next turn of a conversation, the halves of a passage that was too long). What it returns is its
result. The same inquiries are answered from files, from an endpoint, and in thought by an estimate.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from huaben.llm.answers import InvalidReply, Reply, is_for_good, tries
from huaben.llm.prompts import Request

T = TypeVar("T")
SHORTEST_ECHO = 8
"""Characters from which a text that also stands in the prompt was copied from there."""


@dataclass(frozen=True)
class Question:
    """One question to the model: a name for people, the request, and what makes its reply a value."""

    name: str
    request: Request
    parse: Callable[[str], tuple[Any, str | None]]
    """Returns the value and what had to be repaired (None: nothing), or raises InvalidReply."""
    size: int = 1
    """How many lines the reply should have, where its length grows with them."""
    reply_tokens: float = 1.0
    """How long each of them usually is."""


@dataclass(frozen=True)
class Outcome:
    """What became of a question: a reply and its value, or the reason why there is none."""

    reply: Reply | None
    value: Any = None
    reason: str | None = None
    repaired: str | None = None

    @property
    def is_for_good(self) -> bool:
        """Whether asking the same again would bring the same."""
        return self.reason is not None and is_for_good(self.reason)


Inquiry = Generator[Question, Outcome, T]


def pursue(inquiry: Inquiry[T], answer: Callable[[Question], Outcome]) -> T:
    """Answer an inquiry's questions until it returns."""
    try:
        question = next(inquiry)
        while True:
            question = inquiry.send(answer(question))
    except StopIteration as end:
        result: T = end.value
        return result


def judge(question: Question, reply: Reply) -> Outcome:
    """Return the value of a reply, or why it has none."""
    if reply.fault:
        return Outcome(None, reason=reply.fault)
    try:
        value, repaired = question.parse(reply.content or "")
        if _repeats(value, question.request.task):
            raise InvalidReply("it repeats the prompt")
    except InvalidReply as fault:
        return Outcome(None, reason=f"invalid reply: {fault}")
    return Outcome(reply, value, repaired=repaired)


def _repeats(value: Any, task: str) -> bool:
    """Whether a text of the value stands in the task word for word, as when a model fills a form with its example."""
    if isinstance(value, str):
        return len(value.strip()) >= SHORTEST_ECHO and value.strip() in task
    if isinstance(value, dict | list | tuple):
        return any(_repeats(item, task) for item in (value.values() if isinstance(value, dict) else value))
    return False


def answered_from(question: Question, kept: Sequence[Reply], imported: Reply | None = None) -> Outcome | None:
    """Return the final outcome among one's own replies and a colleague's; None: the question is worth asking (again).

    A reply that was exported and imported again counts once.
    """
    is_new = imported is not None and all(imported.body != reply.body for reply in kept)
    outcomes = [judge(question, reply) for reply in ([*kept, imported] if imported and is_new else kept)]
    if good := next((outcome for outcome in outcomes if not outcome.reason), None):
        return good
    final = [outcome for outcome in outcomes if outcome.is_for_good]
    return next((outcome for outcome in final if len(final) >= tries(str(outcome.reason))), None)
