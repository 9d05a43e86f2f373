"""The way `contrast`: the hero's real line against what a sober character says to similar words; needs no model.

Input columns: the hero's conversations as found. Which reply is set against which line: matching.py.
"""

from collections.abc import Iterator, Sequence

from huaben.coverage import Coverage
from huaben.extract.exchanges import Exchange, exchanges, length_ratio
from huaben.extract.matching import matched
from huaben.params import Params
from huaben.records import Conversation, Message, Preference, make_id
from huaben.text import count_letters

FEW = 3
"""So few pairs of a split may all lean to one side: they are no pattern to learn."""


def by_contrast(conversations: Sequence[Conversation], params: Params, coverage: Coverage) -> Iterator[Preference]:
    """Yield one pair for each line of the hero for which there is a sober reply to similar words.

    Both are of the same split, so that no test text is trained on. A sober reply is used once. A side needs
    `clean.min_characters` letters.
    """
    hero, rules = params.character.name, params.preference
    found = [e for c in conversations if c.character == hero for e in exchanges(c, c.messages)]
    found = [e for e in found if count_letters(e.reply.content) >= params.clean.min_characters]
    for split in ("train", "validation", "test"):
        here = [e for e in found if e.conversation.split == split]
        chosen = [e for e in here if e.reply.speaker == hero]
        sober = [e for e in here if _is_sober(e.reply, hero, rules.sober)]
        replies = matched(chosen, sober, rules.min_similarity, rules.max_length_ratio)
        surplus = leaning(
            [(len(e.reply.content), len(r.content)) if r else None for e, r in zip(chosen, replies, strict=True)]
        )
        for i, (exchange, reply) in enumerate(zip(chosen, replies, strict=True)):
            if reply is None:
                coverage.add("empty", "no sober reply of a fitting length to similar words")
            elif i in surplus:
                coverage.add("empty", "length alone would tell the sides apart")
            else:
                coverage.add("ok")
                yield _pair(exchange, reply, params)


def leaning(lengths: Sequence[tuple[int, int] | None]) -> set[int]:
    """Return the places of the pairs that go, so that the longer side is neither always the hero's nor never.

    Of the pairs (lengths of both sides; None: no pair) two thirds at most may lean to one side, and always `FEW`;
    the most unequal go.
    """
    known = [(i, pair) for i, pair in enumerate(lengths) if pair]
    longer = [i for i, (chosen, rejected) in known if chosen > rejected]
    shorter = [i for i, (chosen, rejected) in known if chosen < rejected]
    few, many = sorted((longer, shorter), key=len)
    most = 2 * len(few) + (len(known) - len(few) - len(many)) // 2
    ratios = {i: length_ratio(*pair) for i, pair in known}
    return set(sorted(many, key=lambda i: (ratios[i], i))[max(most, FEW) :])


def _is_sober(message: Message, hero: str, sober: Sequence[str]) -> bool:
    return message.speaker != hero and (not sober or message.speaker in sober)


def _pair(exchange: Exchange, sober: Message, params: Params) -> Preference:
    conversation, said, reply = exchange.conversation, exchange.said, exchange.reply
    spans = said.spans + reply.spans
    return Preference(
        record_id=make_id("preference", "contrast", conversation.provenance.chapter_id, spans, sober.content),
        split=conversation.split,
        way="contrast",
        prompt=(said.model_copy(update={"role": "user"}),),
        chosen=(reply,),
        rejected=(sober.model_copy(update={"role": "assistant", "spans": ()}),),
        provenance=conversation.provenance.model_copy(update={"novel": params.novel.slug, "spans": spans}),
    )
