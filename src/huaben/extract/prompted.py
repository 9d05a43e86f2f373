"""The way `prompts`: prompts that are not from the novel, answered in the role and plainly, both by the model."""

import random
from collections.abc import Sequence

from huaben.coverage import Coverage
from huaben.extract.asking import Asked, answer_all, asking, count
from huaben.llm.answers import Reply
from huaben.llm.question import Inquiry, Outcome, Question
from huaben.llm.structured import without_wrapping
from huaben.params import Params, PreferenceParams
from huaben.records import Message, Preference, Provenance, Split, make_id


def questions(asked: Asked, prompts: Sequence[str]) -> list[tuple[Question, Question]]:
    """Return the two questions of each prompt: the chosen and the rejected side."""
    llm, persona = asked.params.llm, asked.params.character.persona

    def side(prompt_id: str, **variables: str) -> Question:
        request = asked.prompts.request(prompt_id, llm, variables)
        return asking(asked, variables["prompt"], request, parse_text)

    return [(side("chosen.v1", persona=persona, prompt=p), side("rejected.v1", prompt=p)) for p in prompts]


def inquire(question: Question) -> Inquiry[Outcome]:
    """Ask one question that depends on no other."""
    return (yield question)


def parse_text(content: str) -> tuple[str, str | None]:
    """Return a reply that is only text, and what was cut around it."""
    text, repaired = without_wrapping(content)
    return text.strip(), repaired


def from_prompts(asked: Asked, prompts: Sequence[str], coverage: Coverage, used: list[Reply]) -> list[Preference]:
    """Return the pairs of which both sides were answered. A unit is one side of one prompt."""
    inquiries = [inquire(side) for pair in questions(asked, prompts) for side in pair]
    outcomes = answer_all(asked, inquiries, len(inquiries), coverage)
    is_there = [count([outcome], coverage, used) for outcome in outcomes]
    pairs = zip(prompts, outcomes[::2], outcomes[1::2], is_there[::2], is_there[1::2], strict=False)
    return [_pair(prompt, good, plain, asked.params) for prompt, good, plain, *both in pairs if all(both)]


def reply_of(outcome: Outcome) -> Reply:
    """Return the reply behind an answered question."""
    if outcome.reply is None:
        raise ValueError("a pair is made of replies that are there")
    return outcome.reply


def _pair(prompt: str, chosen: Outcome, rejected: Outcome, params: Params) -> Preference:
    good, plain = reply_of(chosen), reply_of(rejected)
    return Preference(
        record_id=make_id("preference", "prompts", prompt, good.key, plain.key),
        split=split_of(prompt, params.preference),
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


def split_of(prompt: str, params: PreferenceParams) -> Split:
    """Split by the prompt alone, so that both sides and every repeat of it fall together.

    The first share is test, the next validation: another share of validation moves no prompt into test or out of it.
    """
    place = random.Random(f"{params.seed}:{prompt}").random()
    if place < params.test_share:
        return "test"
    return "validation" if place < params.test_share + params.validation_share else "train"
