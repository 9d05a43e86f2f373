"""Prompts and lines → preference pairs: one side in character, the other plain.

`prompts`: a list of prompts that are not from the novel; both sides are written by the model.
`contrast`: the hero's real line against what a sober character says to the most similar words; no model.
"""

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

from huaben.coverage import Coverage
from huaben.errors import InputError
from huaben.extract.asking import Answer, Asked, collect
from huaben.llm.client import Unit
from huaben.llm.replies import Reply
from huaben.params import Params, PreferenceParams
from huaben.records import Conversation, Message, Preference, Provenance, Split, make_id

Exchange = tuple[Conversation, Message, Message]
"""What somebody says, and what another person replies to it, in a conversation."""


def read_prompts(path: Path) -> list[str]:
    """Read a file of prompts, one a line; blank lines and repeats are passed over."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read: {error}. It is named in params.yaml: preference.prompts") from error
    prompts = list(dict.fromkeys(line.strip() for line in lines if line.strip()))
    if not prompts:
        raise InputError(f"{path}: no prompts; one a line is expected")
    return prompts


def units(asked: Asked, prompts: Sequence[str]) -> list[tuple[Unit, Unit]]:
    """Return the two questions of each prompt: the chosen and the rejected side."""
    llm, persona = asked.params.llm, asked.params.character.persona
    return [
        (
            Unit(p, asked.prompts.request("chosen.v1", llm, {"persona": persona, "prompt": p})),
            Unit(p, asked.prompts.request("rejected.v1", llm, {"prompt": p})),
        )
        for p in prompts
    ]


def from_prompts(asked: Asked, prompts: Sequence[str], coverage: Coverage, used: list[Reply]) -> list[Preference]:
    """Return the pairs of which both sides were answered. A unit is one side of one prompt."""
    pairs = units(asked, prompts)
    flat = [unit for pair in pairs for unit in pair]
    answers = collect(asked, flat, str.strip, coverage, used)
    found = []
    for chosen, rejected in pairs:
        good, plain = answers.get(chosen.request.key), answers.get(rejected.request.key)
        if good and plain:
            found.append(_pair(chosen.name, good, plain, asked.params))
    return found


def _pair(prompt: str, chosen: Answer, rejected: Answer, params: Params) -> Preference:
    return Preference(
        record_id=make_id("preference", "prompts", prompt, chosen.reply.key, rejected.reply.key),
        split=_split(prompt, params.preference),
        way="prompts",
        prompt=(Message(role="user", content=prompt, origin="prompt"),),
        chosen=(Message(role="assistant", content=chosen.value, speaker=params.character.name, origin="reply"),),
        rejected=(Message(role="assistant", content=rejected.value, origin="reply"),),
        provenance=Provenance(
            novel=params.novel.slug,
            chapter=0,
            chapter_id="",
            prompt=f"{chosen.prompt_id}+{rejected.prompt_id}",
            model=chosen.reply.model,
            reply_id=chosen.reply.key,
            written_by=chosen.reply.written_by,
        ),
    )


def _split(prompt: str, params: PreferenceParams) -> Split:
    """Split by the prompt alone, so that both sides and every repeat of it fall together."""
    return "test" if random.Random(f"{params.seed}:{prompt}").random() < params.test_share else "train"


def by_contrast(conversations: Sequence[Conversation], params: Params, coverage: Coverage) -> Iterator[Preference]:
    """Yield one pair for each reply of the hero to which a sober reply to similar words is found.

    Similar means rapidfuzz `fuzz.ratio` between the two prompts; both are of the same split, so that no
    test text is trained on. A sober reply is used once.
    """
    hero = params.character.name
    exchanges = [e for c in conversations if c.character == hero for e in _exchanges(c)]
    for split in ("train", "validation", "test"):
        chosen = [e for e in exchanges if e[0].split == split and e[2].speaker == hero]
        sober = [e for e in exchanges if e[0].split == split and _is_sober(e[2], hero, params.preference.sober)]
        yield from _matched(chosen, sober, params, coverage)


def _exchanges(conversation: Conversation) -> Iterator[Exchange]:
    """Yield each message with the message it answers, when another person says it."""
    for said, reply in zip(conversation.messages, conversation.messages[1:], strict=False):
        if said.speaker != reply.speaker:
            yield conversation, said, reply


def _is_sober(message: Message, hero: str, sober: Sequence[str]) -> bool:
    return message.speaker != hero and (not sober or message.speaker in sober)


def _matched(
    chosen: Sequence[Exchange], sober: Sequence[Exchange], params: Params, coverage: Coverage
) -> Iterator[Preference]:
    from rapidfuzz import fuzz, process

    free = {i: said.content for i, (_, said, _) in enumerate(sober)}
    for conversation, said, reply in chosen:
        match = process.extractOne(
            said.content, free, scorer=fuzz.ratio, score_cutoff=100 * params.preference.min_similarity
        )
        if match is None:
            coverage.add("empty", "no similar words are answered by a sober character")
            continue
        _, _, index = match
        del free[index]
        coverage.add("ok")
        yield _contrast(conversation, said, reply, sober[index][2], params)


def _contrast(conversation: Conversation, said: Message, reply: Message, sober: Message, params: Params) -> Preference:
    spans = said.spans + reply.spans
    user = said.model_copy(update={"role": "user"})
    return Preference(
        record_id=make_id("preference", "contrast", conversation.provenance.chapter_id, spans, sober.content),
        split=conversation.split,
        way="contrast",
        prompt=(user,),
        chosen=(reply,),
        rejected=(sober.model_copy(update={"role": "assistant", "spans": ()}),),
        provenance=conversation.provenance.model_copy(update={"novel": params.novel.slug, "spans": spans}),
    )
