"""Prompts and lines → preference pairs: one side in character, the other plain.

`prompts`: a list of prompts that are not from the novel; both sides are written by the model.
`contrast`: the hero's real line against what a sober character says to the most similar words; no model.
"""

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

from huaben.coverage import Coverage
from huaben.errors import InputError
from huaben.extract.asking import Asked, answer_all, asking, count
from huaben.llm.answers import Reply
from huaben.llm.question import Inquiry, Outcome, Question
from huaben.llm.structured import without_wrapping
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


def questions(asked: Asked, prompts: Sequence[str]) -> list[tuple[Question, Question]]:
    """Return the two questions of each prompt: the chosen and the rejected side."""
    llm, persona = asked.params.llm, asked.params.character.persona

    def side(prompt_id: str, **variables: str) -> Question:
        request = asked.prompts.request(prompt_id, llm, variables)
        return asking(asked, variables["prompt"], request, _parse)

    return [(side("chosen.v1", persona=persona, prompt=p), side("rejected.v1", prompt=p)) for p in prompts]


def inquire(question: Question) -> Inquiry[Outcome]:
    """Ask one question that depends on no other."""
    return (yield question)


def _parse(content: str) -> tuple[str, str | None]:
    text, repaired = without_wrapping(content)
    return text.strip(), repaired


def from_prompts(asked: Asked, prompts: Sequence[str], coverage: Coverage, used: list[Reply]) -> list[Preference]:
    """Return the pairs of which both sides were answered. A unit is one side of one prompt."""
    inquiries = [inquire(side) for pair in questions(asked, prompts) for side in pair]
    outcomes = answer_all(asked, inquiries, len(inquiries), coverage)
    is_there = [count([outcome], coverage, used) for outcome in outcomes]
    pairs = zip(prompts, outcomes[::2], outcomes[1::2], is_there[::2], is_there[1::2], strict=False)
    return [_pair(prompt, good, plain, asked.params) for prompt, good, plain, *both in pairs if all(both)]


def _pair(prompt: str, chosen: Outcome, rejected: Outcome, params: Params) -> Preference:
    good, plain = _reply(chosen), _reply(rejected)
    return Preference(
        record_id=make_id("preference", "prompts", prompt, good.key, plain.key),
        split=_split(prompt, params.preference),
        way="prompts",
        prompt=(Message(role="user", content=prompt, origin="prompt"),),
        chosen=(Message(role="assistant", content=chosen.value, speaker=params.character.name, origin="reply"),),
        rejected=(Message(role="assistant", content=rejected.value, origin="reply"),),
        provenance=Provenance(
            novel=params.novel.slug,
            chapter=0,
            chapter_id="",
            prompt="chosen.v1+rejected.v1",
            model=good.model,
            reply_id=f"{good.key}+{plain.key}",
            written_by=good.written_by,
        ),
    )


def _reply(outcome: Outcome) -> Reply:
    if outcome.reply is None:
        raise ValueError("a pair is made of two replies")
    return outcome.reply


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
