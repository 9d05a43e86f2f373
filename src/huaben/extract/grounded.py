"""The way `grounded`: the hero's real line in its scene against a plain rewrite of the same content.

Input columns: the hero's conversations as found. The model writes the plain side (prompts/plain.v1.yaml); what it
must not win by is length, so it is asked for the length of the line.
"""

from collections.abc import Iterable, Sequence

from huaben.coverage import Coverage
from huaben.extract.asking import Asked, answer_all, asking, count
from huaben.extract.exchanges import Exchange, exchanges, joined
from huaben.extract.prompted import inquire, parse_text, reply_of
from huaben.llm.answers import Reply
from huaben.llm.question import Outcome, Question
from huaben.params import Params
from huaben.records import Conversation, Message, Preference, make_id
from huaben.text import count_letters

PLAIN = "plain.v1"
ROUND = 10
"""The length that is asked for is a multiple of so many characters."""
NAMED = 24
"""Characters of a line that name its unit."""


def lines_to_rewrite(conversations: Iterable[Conversation], params: Params) -> list[Exchange]:
    """Return the hero's lines that answer another person, each with what it answers, in reading order.

    What one side says in one go is joined, as in the cleaned dialogue. A line with fewer letters than
    `clean.min_characters` is none: it would teach dullness.
    """
    hero = params.character.name
    found = (
        exchange
        for conversation in conversations
        if conversation.character == hero
        for exchange in exchanges(conversation, joined(conversation.messages, params.novel.joiner))
    )
    answers = [
        e
        for e in found
        if e.reply.role == "assistant" and count_letters(e.reply.content) >= params.clean.min_characters
    ]
    return sorted((e for e in answers if count_letters(e.said.content)), key=_place)


def _place(exchange: Exchange) -> tuple[int, tuple[tuple[int, int], ...]]:
    return exchange.conversation.provenance.chapter, exchange.reply.spans


def question(asked: Asked, answers: str, line: str) -> Question:
    """Return the question for the plain rewrite of a line, which answers what somebody said."""
    length = max(ROUND, round(len(line) / ROUND) * ROUND)
    variables = {"answers": answers, "line": line, "length": str(length)}

    def parse(content: str) -> tuple[str, str | None]:
        text, repaired = parse_text(content)
        return "" if text in line else text, repaired  # a line that is plain as it stands: nothing is there, no fault

    return asking(asked, line[:NAMED], asked.prompts.request(PLAIN, asked.params.llm, variables), parse)


def questions(asked: Asked, lines: Sequence[Exchange]) -> dict[str, Question]:
    """Return the questions by the keys of their requests: what is said twice in the same words is asked once."""
    found = (question(asked, exchange.said.content, exchange.reply.content) for exchange in lines)
    return {question.request.key: question for question in found}


def from_lines(
    asked: Asked, conversations: Sequence[Conversation], coverage: Coverage, used: list[Reply]
) -> list[Preference]:
    """Return a pair for each line whose rewrite is there. A unit is one rewrite."""
    lines = lines_to_rewrite(conversations, asked.params)
    asks = questions(asked, lines)
    outcomes = answer_all(asked, [inquire(q) for q in asks.values()], len(asks), coverage)
    found = dict(zip(asks, outcomes, strict=bool(outcomes)))
    there = {key: outcome for key, outcome in found.items() if count([outcome], coverage, used)}
    keys = [question(asked, e.said.content, e.reply.content).request.key for e in lines]
    return [_pair(e, there[key], asked.params) for e, key in zip(lines, keys, strict=True) if key in there]


def _pair(exchange: Exchange, plain: Outcome, params: Params) -> Preference:
    source, reply = exchange.conversation.provenance, reply_of(plain)
    spans = exchange.said.spans + exchange.reply.spans
    return Preference(
        record_id=make_id("preference", "grounded", source.chapter_id, spans, reply.key),
        split=exchange.conversation.split,
        way="grounded",
        prompt=(exchange.said.model_copy(update={"role": "user"}),),
        chosen=(exchange.reply,),
        rejected=(Message(role="assistant", content=plain.value, origin="reply"),),
        provenance=source.model_copy(
            update={
                "novel": params.novel.slug,
                "spans": spans,
                "prompt": PLAIN,
                "model": reply.model,
                "reply_id": reply.key,
                "written_by": reply.written_by,
            }
        ),
    )
