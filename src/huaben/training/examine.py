"""The exam taken: by likelihood, and in the model's own words."""

from collections.abc import Sequence
from itertools import combinations

from huaben.params import Params
from huaben.training import exam
from huaben.training.scoring import Scorer
from huaben.training.statistics import Marks

AGREE = 70
"""rapidfuzz ratio from which two answers say the same in much the same words."""


def similarity(one: str, other: str) -> float:
    """Return how much of two texts' letters and digits is the same, 0 to 100 (rapidfuzz ratio)."""
    from rapidfuzz import fuzz

    return float(fuzz.ratio(_letters(one), _letters(other)))


def exam_marks(name: str, scorer: Scorer, items: Sequence[exam.Item]) -> dict[str, Marks]:
    """Return the marks of the exam: `<name>`, by wording `_question` and `_cloze`, and `<name>_plain`.

    An answer's score is the log p that the question adds to it: log p after the question less log p after
    a message that asks nothing (domain conditional PMI: Holtzman et al., 2021, EMNLP), so that an answer
    that is likely anyway does not win. `_plain` is log p for each character, without that.
    """
    if not items:
        return {}
    asked = [(place, w, c) for place, item in enumerate(items) for w in item.asked for c in (item.answer, *item.wrong)]
    totals = [total for total, _ in scorer.chats([(exam.as_prompt(w), c) for _, w, c in asked])]
    choices = sorted({choice for *_, choice in asked})
    unasked = scorer.chats([(exam.as_prompt(exam.NOTHING_ASKED), choice) for choice in choices])
    alone = {choice: total for choice, (total, _) in zip(choices, unasked, strict=True)}
    gains = _by_wording(items, [total - alone[c] for total, (*_, c) in zip(totals, asked, strict=True)])
    plain = _by_wording(items, [total / len(c) for total, (*_, c) in zip(totals, asked, strict=True)])
    found = {name: _averaged(gains), f"{name}_plain": _averaged(plain)}
    for form, has_blank in (("question", False), ("cloze", True)):
        of_form = [got for marks in gains for wording, got in marks if (exam.BLANK in wording) == has_blank]
        found |= {f"{name}_{form}": Marks(tuple(of_form))} if of_form else {}
    return found


def _by_wording(items: Sequence[exam.Item], scores: Sequence[float]) -> list[list[tuple[str, float]]]:
    """Return for each item the mark of each of its wordings, from the scores in the order they were asked."""
    left = iter(scores)
    return [
        [(wording, exam.mark(next(left), [next(left) for _ in item.wrong])) for wording in item.asked]
        for item in items
    ]


def _averaged(by_wording: Sequence[Sequence[tuple[str, float]]]) -> Marks:
    return Marks(tuple(sum(got for _, got in marks) / len(marks) for marks in by_wording))


def answer_marks(scorer: Scorer, facts: Sequence[exam.Item], params: Params) -> dict[str, Marks]:
    """Return how near the model's own answers come, and whether they agree with each other.

    `answers_exact`: the answer's letters stand in the reply as they are; `answers_fuzzy`: `similarity` to
    the answer, 0 to 1 (compare `baselines.another_answer`); both means over the held-out wordings.
    `consistency`: share of agreeing pairs among the answers to all wordings of a fact;
    `consistency_chance`: among the answers to different facts, which a model that always says the same
    has as high.
    """
    if not facts:
        return {}
    asked = [(place, wording) for place, fact in enumerate(facts) for wording in dict.fromkeys(fact.wordings)]
    prompts = [exam.as_prompt(wording) for _, wording in asked]
    said = scorer.replies(prompts, params.evaluate.max_new_tokens, 0.0, params.evaluate.seed)
    by_fact: list[dict[str, str]] = [{} for _ in facts]
    for (place, wording), reply in zip(asked, said, strict=True):
        by_fact[place][wording] = reply
    return _rightness(facts, by_fact) | _consistency(by_fact)


def _rightness(facts: Sequence[exam.Item], by_fact: Sequence[dict[str, str]]) -> dict[str, Marks]:
    exact, near = [], []
    for fact, said in zip(facts, by_fact, strict=True):
        replies = [said[wording] for wording in fact.asked]
        exact.append(sum(_letters(fact.answer) in _letters(reply) for reply in replies) / len(replies))
        near.append(sum(similarity(reply, fact.answer) for reply in replies) / len(replies) / 100)
    return {"answers_exact": Marks(tuple(exact)), "answers_fuzzy": Marks(tuple(near))}


def _consistency(by_fact: Sequence[dict[str, str]]) -> dict[str, Marks]:
    several = [list(said.values()) for said in by_fact if len(said) > 1]
    if len(several) < 2:
        return {}
    within = [_agreeing(list(combinations(replies, 2))) for replies in several]
    firsts = [replies[0] for replies in several]
    across = [_agreeing([(one, firsts[i]) for i in range(len(firsts)) if i != p]) for p, one in enumerate(firsts)]
    return {"consistency": Marks(tuple(within)), "consistency_chance": Marks(tuple(across))}


def _agreeing(couples: Sequence[tuple[str, str]]) -> float:
    return sum(similarity(*couple) >= AGREE for couple in couples) / len(couples)


def _letters(text: str) -> str:
    return "".join(character for character in text if character.isalnum())
