"""The way `contrast`: the hero's real line against what a sober character says to similar words; needs no model.

Input columns: the hero's conversations as found. Which reply is set against which line: matching.py.
"""

from collections.abc import Iterator, Sequence

from huaben.coverage import Coverage
from huaben.extract.exchanges import Exchange, exchanges
from huaben.extract.matching import matched
from huaben.params import Params
from huaben.records import Conversation, Message, Preference, make_id
from huaben.text import count_letters


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
        for exchange, reply in zip(chosen, replies, strict=True):
            if reply is None:
                coverage.add("empty", "no sober reply of a fitting length to similar words")
                continue
            coverage.add("ok")
            yield _pair(exchange, reply, params)


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
