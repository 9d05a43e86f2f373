"""Who answers whom: the exchanges of conversations, and what two sides of a preference pair must be like.

Input columns: speaker, role and content of a conversation's messages. Output: exchanges, and why two sides make
no pair.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from huaben.params import PreferenceParams
from huaben.records import Conversation, Message


@dataclass(frozen=True)
class Exchange:
    """What somebody says, and what another person replies to it, in a conversation."""

    conversation: Conversation
    said: Message
    reply: Message


def exchanges(conversation: Conversation, messages: Sequence[Message]) -> Iterator[Exchange]:
    """Yield each message with the message that it is answered by, when another person says that."""
    for said, reply in pairwise(messages):
        if said.speaker != reply.speaker:
            yield Exchange(conversation, said, reply)


def joined(messages: Sequence[Message], joiner: str) -> list[Message]:
    """Join the messages that one side says one after the other, as cleaning does; the pieces keep their spans.

    `joiner` stands between the pieces ("" in Chinese, a space in English). Two persons of one side are nobody by name.
    """
    sides: list[Message] = []
    for message in messages:
        message = message.model_copy(update={"content": message.content.strip()})
        if not sides or sides[-1].role != message.role:
            sides.append(message)
            continue
        last = sides[-1]
        content = joiner.join(part for part in (last.content, message.content) if part)
        speaker = last.speaker if last.speaker == message.speaker else None
        fields = {"content": content, "spans": last.spans + message.spans, "speaker": speaker}
        sides[-1] = last.model_copy(update=fields)
    return sides


def length_ratio(one: int, other: int) -> float:
    """Return how many times the longer of two lengths in characters is the shorter one; at least 1."""
    return max(one, other) / max(min(one, other), 1)


def unfit(chosen: str, rejected: str, params: PreferenceParams) -> str | None:
    """Return why two sides make no pair, or None to keep them.

    Nearly equal sides (rapidfuzz `fuzz.ratio`) teach nothing; where one is far longer, length is what is learnt
    (Park et al. 2024, Disentangling Length from Quality in DPO).
    """
    from rapidfuzz import fuzz

    if fuzz.ratio(chosen, rejected) >= 100 * params.max_similarity:
        return "the sides are nearly the same"
    if length_ratio(len(chosen), len(rejected)) > params.max_length_ratio:
        return f"one side is over {params.max_length_ratio:g} times as long as the other"
    return None
