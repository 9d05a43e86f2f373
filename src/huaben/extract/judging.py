"""Which of two replies is the better one of the character, asked of a language model in both orders.

Such judges favour a place, most of them the first (Zheng et al., 2023, "Judging LLM-as-a-Judge with MT-Bench
and Chatbot Arena", section 3.3); so each pair is asked twice with positions swapped, and a win is one only
where both orders agree on it (section 3.4). Persona, conversation and replies are data: each stands between
delimiters made from its own hash.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from huaben.coverage import Coverage
from huaben.extract.asking import Asked, answer_all, asking, count
from huaben.extract.prompted import inquire
from huaben.llm.answers import InvalidReply, Reply
from huaben.llm.prompts import fence
from huaben.llm.question import Inquiry, Outcome, Question
from huaben.llm.structured import parse_object
from huaben.records import Message

JUDGE = "judge.v1"
FIRST, SECOND = "甲", "乙"
"""What the prompt calls the reply that is shown first, and the other."""
NO_PROVIDER = "no provider"
RIVALS, USUAL_PROMPT = 2, "问" * 22
"""How many models `dpo` is compared with, and what stands for a prompt in an estimate."""


@dataclass(frozen=True)
class Contest:
    """Two replies to the same conversation."""

    prompt: tuple[Message, ...]
    one: str
    other: str


class Verdict(NamedTuple):
    """Whether the judge took `one` of a contest: where it was shown first, and where it was shown second."""

    shown_first: bool
    shown_second: bool


def judge_all(asked: Asked, contests: Sequence[Contest], coverage: Coverage, used: list[Reply]) -> list[Verdict | str]:
    """Return the verdict on each contest, or the reason why there is none. A unit is one contest, both its orders."""
    asks = [inquire(question) for contest in contests for question in questions(asked, contest)]
    outcomes = answer_all(asked, asks, len(contests), coverage)
    if not outcomes:
        return [NO_PROVIDER for _ in contests]
    return [_verdict(both, coverage, used) for both in zip(outcomes[::2], outcomes[1::2], strict=True)]


def questions(asked: Asked, contest: Contest) -> tuple[Question, Question]:
    """Return the two questions about a contest: `one` shown first, and `one` shown second."""
    straight, swapped = (contest.one, contest.other), (contest.other, contest.one)
    return _question(asked, contest, *straight), _question(asked, contest, *swapped)


def imagined(asked: Asked) -> Iterator[Inquiry[Outcome]]:
    """Yield as many questions as there can be, about stand-ins: before `evaluate` nobody knows the replies."""
    wanted = asked.params.evaluate
    longest = wanted.max_new_tokens
    for number in range(RIVALS * wanted.prompts):
        prompt = Message(role="user", content=f"{number}{USUAL_PROMPT}")
        contest = Contest((prompt,), "答" * longest, "应" * longest)
        yield from map(inquire, questions(asked, contest))


def _question(asked: Asked, contest: Contest, first: str, second: str) -> Question:
    who = {"user": "对方", "assistant": "人物", "system": "说明"}
    said = "\n".join(f"{who[message.role]}：{message.content}" for message in contest.prompt)
    texts = {"persona": asked.params.character.persona, "conversation": said, "first": first, "second": second}
    variables = {name: fence(text) for name, text in texts.items()}
    request = asked.prompts.request(JUDGE, asked.params.llm, variables)
    return asking(asked, contest.prompt[-1].content, request, parse_verdict)


def parse_verdict(content: str) -> tuple[str, str | None]:
    """Return which reply was taken, by its place, and what was repaired. Raises InvalidReply for anything else."""
    value, repaired = parse_object(content)
    better = value.get("better")
    if len(value) != 1 or better not in (FIRST, SECOND):
        raise InvalidReply(f"`better` alone, {FIRST} or {SECOND}, is expected")
    return better, repaired


def _verdict(both: tuple[Outcome, Outcome], coverage: Coverage, used: list[Reply]) -> Verdict | str:
    """Return the verdict of two answers; of two reasons why there is none, the one that a later run could mend."""
    if count(both, coverage, used):
        return Verdict(both[0].value == FIRST, both[1].value == SECOND)
    failed = sorted((outcome for outcome in both if outcome.reason), key=lambda outcome: outcome.is_for_good)
    return str(failed[0].reason)
