"""The exam taken: by likelihood, and in the model's own words."""

from collections.abc import Sequence
from itertools import combinations

from huaben.params import Params
from huaben.training.evaluation import exam
from huaben.training.evaluation.scoring import Scorer
from huaben.training.evaluation.statistics import Marks

AGREE = 70
"""rapidfuzz ratio from which two answers say the same in much the same words."""


def similarity(one: str, other: str) -> float:
    """Return how much of two texts' letters and digits is the same, 0 to 100 (rapidfuzz ratio)."""
    from rapidfuzz import fuzz

    return float(fuzz.ratio(letters(one), letters(other)))


def exam_marks(name: str, scorer: Scorer, items: Sequence[exam.Item]) -> dict[str, Marks]:
    """Return the marks of the exam: `<name>`, by wording `_question` and `_cloze`, and `<name>_plain`.

    A choice's score is the log p that the wording adds to it: log p after the wording less log p of the
    answer (or of what fills the blank) after a message that asks nothing (domain conditional PMI: Holtzman
    et al., 2021, EMNLP), so that an answer that is likely anyway does not win. `_plain` is log p for each
    character, without that.
    """
    if not items:
        return {}
    askings = [asking for item in items for asking in item.askings]
    chats = [(exam.as_prompt(asking.wording), choice) for asking in askings for choice in asking.choices]
    totals = [total for total, _ in scorer.chats(chats)]
    parts = [part for asking in askings for part in asking.parts]
    alone = _unasked(scorer, sorted(set(parts)))
    gains = _marks(askings, [total - alone[part] for total, part in zip(totals, parts, strict=True)])
    plain = _marks(askings, [total / len(choice) for total, (_, choice) in zip(totals, chats, strict=True)])
    found = {name: _averaged(items, gains), f"{name}_plain": _averaged(items, plain)}
    for form, is_cloze in (("question", False), ("cloze", True)):
        of_form = [got for got, asking in zip(gains, askings, strict=True) if asking.is_cloze == is_cloze]
        found |= {f"{name}_{form}": Marks(tuple(of_form))} if of_form else {}
    return found


def _unasked(scorer: Scorer, texts: Sequence[str]) -> dict[str, float]:
    sums = scorer.chats([(exam.as_prompt(exam.NOTHING_ASKED), text) for text in texts])
    return {text: total for text, (total, _) in zip(texts, sums, strict=True)}


def _marks(askings: Sequence[exam.Asking], scores: Sequence[float]) -> list[float]:
    """Return the mark of each asking, from the scores of all choices in their order."""
    left = iter(scores)
    return [exam.mark([next(left) for _ in asking.choices]) for asking in askings]


def _averaged(items: Sequence[exam.Item], marks: Sequence[float]) -> Marks:
    """Return the mean mark of each item over its wordings."""
    left = iter(marks)
    return Marks(tuple(sum(next(left) for _ in item.askings) / len(item.askings) for item in items))


def answer_marks(scorer: Scorer, facts: Sequence[exam.Item], params: Params) -> dict[str, Marks]:
    """Return how near the model's own answers come, and whether they agree with each other.

    `answers_exact`: the letters of the answer's core stand in the reply as they are; `answers_fuzzy`:
    `similarity` to the answer, 0 to 1; both means over the held-out wordings (compare
    `baselines.another_answer`).
    `consistency`: share of agreeing pairs among the answers to all wordings of a fact;
    `consistency_chance`: among the answers to different facts, which a model that always says the same
    has as high.
    """
    if not facts:
        return {}
    asked = [(place, wording) for place, fact in enumerate(facts) for wording in _all_wordings(fact)]
    prompts = [exam.as_prompt(wording) for _, wording in asked]
    said = scorer.replies(prompts, params.evaluate.max_new_tokens, 0.0, params.evaluate.seed)
    by_fact: list[dict[str, str]] = [{} for _ in facts]
    for (place, wording), reply in zip(asked, said, strict=True):
        by_fact[place][wording] = reply
    return _rightness(facts, by_fact) | _consistency(by_fact)


def _all_wordings(fact: exam.Item) -> Sequence[str]:
    return list(dict.fromkeys([*fact.wordings, *(asking.wording for asking in fact.askings)]))


def _rightness(facts: Sequence[exam.Item], by_fact: Sequence[dict[str, str]]) -> dict[str, Marks]:
    exact, near = [], []
    for fact, said in zip(facts, by_fact, strict=True):
        replies = [said[asking.wording] for asking in fact.askings]
        exact.append(sum(letters(fact.core) in letters(reply) for reply in replies) / len(replies))
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


def letters(text: str) -> str:
    """Return the letters and digits of a text."""
    return "".join(character for character in text if character.isalnum())
