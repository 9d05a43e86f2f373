"""Stage `evaluate`: what the data did to the model, side by side (`huaben evaluate`).

In: the folders of `train`, the final datasets, the general text. Out: numbers for
`reports/evaluation.json` and a few conversations. Nothing asked here was trained on: pairs of the
test split, exam questions in other wordings than training's, lines and articles held out. What
cannot be measured is listed under `left_out` with the reason.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from huaben.params import Params
from huaben.records import QA, Preference, Split
from huaben.text import count_letters
from huaben.training import exam, rows, style, trainers
from huaben.training.scoring import Scorer, load_scorer, perplexity
from huaben.training.statistics import Numbers, distinct_pairs, estimate, shared
from huaben.training.train import PHASES

Estimate = Callable[..., Numbers]


@dataclass
class Material:
    """All that is asked of every model, read once; an empty list or None: `left_out` says why."""

    pairs: list[Preference]
    asked: list[Preference]
    """The pairs whose prompts are answered."""
    knowledge: list[exam.Item]
    control: list[exam.Item]
    general: list[str]
    classifier: style.StyleClassifier | None
    left_out: dict[str, str] = field(default_factory=dict)


def evaluate(
    models: Path, datasets: Path, general: Path | None, params: Params
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the numbers and the sample conversations (`prompt`, `chosen`, and a reply of each model).

    Every model has flat numbers `<metric>`, `<metric>_low`, `<metric>_high` (95 % bootstrap over the
    items) and `<metric>_n`:

    - `preference_accuracy`: share of held-out pairs whose chosen reply has the higher log p, summed
      over its tokens and the end of turn, not normalised by length (compare `baselines.length`);
      also by way of making; a tie counts half. `preference_margin`: mean of that difference, in nats;
    - `style_score`: share of replies to held-out prompts that the classifier takes for the character;
    - `knowledge_accuracy`: four-way closed-book exam about train chapters, by log p for each
      character of the answer; `knowledge_control`: the same about held-out chapters, where the
      book can only be guessed;
    - `perplexity_general`: per token, on the held-out half of the general text;
    - `short_replies`: share under six letters or digits; `distinct_2`: see `distinct_pairs`;
      `shared_replies`: share of replies that another prompt got too.
    """
    trainers.prepare_process(offline=True)
    material = _material(datasets, general, params)
    average = partial(estimate, resamples=params.evaluate.bootstrap, seed=params.evaluate.seed)
    numbers: dict[str, Numbers] = {}
    replies: dict[str, list[str]] = {}
    for name in PHASES:
        if (models / name).is_dir():
            scorer = load_scorer(models / name, params.train.batch, params.train.max_length)
            replies[name] = _replies(scorer, material, params)
            numbers[name] = _model_numbers(scorer, material, replies[name], average)
        else:
            material.left_out[f"models.{name}"] = "the stage train made no such model"
    result = {
        "models": numbers,
        "baselines": _baselines(material, average),
        "style_classifier": _classifier_numbers(material, datasets, params, average),
        "left_out": dict(sorted(material.left_out.items())),
    }
    return result, _samples(material, replies, params.report.samples)


def _material(datasets: Path, general: Path | None, params: Params) -> Material:
    pairs = rows.read_records(datasets, "preference", "test")
    rng = random.Random(params.evaluate.seed)
    asked = rng.sample(pairs, min(params.evaluate.prompts, len(pairs)))
    train_lines = style.usable(rows.read_records(datasets, "lines", "train"))
    material = Material(
        pairs=pairs,
        asked=asked,
        knowledge=_exam(datasets, ("train",)),
        control=_exam(datasets, ("validation", "test")),
        general=rows.read_general(general)[1],
        classifier=style.fit(train_lines, params.character.name) if _both(train_lines, params) else None,
    )
    for metric, reason in _reasons(material):
        material.left_out[metric] = reason
    return material


def _both(lines: Sequence[Any], params: Params) -> bool:
    return len({line.speaker == params.character.name for line in lines}) == 2


def _exam(datasets: Path, splits: Sequence[Split]) -> list[exam.Item]:
    """Make the exam from `qa_v1`, as long as training read another dataset."""
    if rows.knowledge_dataset(datasets) == "qa_v1":
        return []
    trained: list[QA] = [qa for name in rows.trained_qa(datasets) for qa in rows.read_records(datasets, name, "train")]
    questions = [qa for split in splits for qa in rows.read_records(datasets, "qa_v1", split)]
    return exam.make_items(exam.unseen(questions, [qa.question for qa in trained]))


def _reasons(material: Material) -> Iterator[tuple[str, str]]:
    no_exam = "no question of qa_v1 that training did not see (with v2 switched off, v1 is trained on)"
    if not material.pairs:
        yield "preference_accuracy", "no preference pair in the test split"
    if not material.asked or material.classifier is None:
        yield "style_score", "no held-out prompt, or no lines of both the character and others to learn from"
    if not material.knowledge:
        yield "knowledge_accuracy", no_exam
    if not material.control:
        yield "knowledge_control", no_exam
    if not material.general:
        yield "perplexity_general", "no held-out article of general text"


def _replies(scorer: Scorer, material: Material, params: Params) -> list[str]:
    wanted = params.evaluate
    prompts = [rows.as_messages(pair.prompt) for pair in material.asked]
    return scorer.replies(prompts, wanted.max_new_tokens, wanted.temperature, wanted.seed)


def _model_numbers(scorer: Scorer, material: Material, replies: list[str], average: Estimate) -> Numbers:
    numbers: Numbers = {}
    if material.pairs:
        numbers |= _preference(scorer, material.pairs, average)
    for name, items in (("knowledge_accuracy", material.knowledge), ("knowledge_control", material.control)):
        if items:
            numbers |= average(name, _answered(scorer, items))
    if material.general:
        sums = scorer.text_log_probs(material.general)
        totals, counts = [total for total, _ in sums], [float(count) for _, count in sums]
        numbers |= average("perplexity_general", totals, weights=counts, shape=perplexity)
    return numbers | _text_numbers(replies, material, average)


def _preference(scorer: Scorer, pairs: Sequence[Preference], average: Estimate) -> Numbers:
    prompts = [rows.as_messages(pair.prompt) for pair in pairs]
    chosen = scorer.chat_log_probs([(prompt, p.chosen[0].content) for prompt, p in zip(prompts, pairs, strict=True)])
    rejected = scorer.chat_log_probs(
        [(prompt, p.rejected[0].content) for prompt, p in zip(prompts, pairs, strict=True)]
    )
    margins = [c - r for c, r in zip(chosen, rejected, strict=True)]
    return average("preference_margin", margins) | _accuracy(margins, pairs, average)


def _accuracy(margins: Sequence[float], pairs: Sequence[Preference], average: Estimate) -> Numbers:
    """Return the share of margins above 0, a tie counting half: of all pairs, and by way."""
    wins = [(margin > 0) + 0.5 * (margin == 0) for margin in margins]
    numbers = average("preference_accuracy", wins)
    for way in sorted({pair.way for pair in pairs}):
        of_way = [win for win, pair in zip(wins, pairs, strict=True) if pair.way == way]
        numbers |= average(f"preference_accuracy_{way}", of_way)
    return numbers


def _answered(scorer: Scorer, items: Sequence[exam.Item]) -> list[float]:
    """Return the mark of each item, by log p for each character of an answer."""
    choices = [(item, choice) for item in items for choice in (item.answer, *item.wrong)]
    chats = [([{"role": "user", "content": item.question}], choice) for item, choice in choices]
    totals = scorer.chat_log_probs(chats)
    scores = iter([total / len(choice) for total, (_, choice) in zip(totals, choices, strict=True)])
    return [item.mark(next(scores), [next(scores) for _ in item.wrong]) for item in items]


def _text_numbers(replies: Sequence[str], material: Material, average: Estimate) -> Numbers:
    if not replies:
        return {}
    numbers = average("short_replies", [float(count_letters(reply) < style.MIN_LETTERS) for reply in replies])
    numbers |= average("distinct_2", [distinct_pairs(reply) for reply in replies])
    numbers |= average("shared_replies", shared(replies))
    if material.classifier:
        numbers |= average("style_score", [float(material.classifier.is_character(reply)) for reply in replies])
    return numbers


def _baselines(material: Material, average: Estimate) -> dict[str, Numbers]:
    """Return what it takes to beat: chance, the longer reply, and the texts of the pairs themselves."""
    chance = 1 / exam.CHOICES
    found = {"random": {"preference_accuracy": 0.5, "knowledge_accuracy": chance, "knowledge_control": chance}}
    if material.pairs:
        longer = [float(len(pair.chosen[0].content) - len(pair.rejected[0].content)) for pair in material.pairs]
        found["length"] = _accuracy(longer, material.pairs, average)
    if material.asked:
        found["chosen"] = _text_numbers([pair.chosen[0].content for pair in material.asked], material, average)
        found["rejected"] = _text_numbers([pair.rejected[0].content for pair in material.asked], material, average)
    return found


def _classifier_numbers(material: Material, datasets: Path, params: Params, average: Estimate) -> Numbers:
    """Return how often the classifier is right on real lines of held-out chapters, all speakers together."""
    held_out = [line for split in ("validation", "test") for line in rows.read_records(datasets, "lines", split)]
    lines = style.usable(held_out)
    if not material.classifier or not lines:
        material.left_out.setdefault("style_classifier", "no lines to learn from, or none held out to be tried on")
        return {}
    is_hero = [line.speaker == params.character.name for line in lines]
    right = [material.classifier.is_character(line.text) == hero for line, hero in zip(lines, is_hero, strict=True)]
    return average("accuracy", [float(r) for r in right])


def _samples(material: Material, replies: dict[str, list[str]], count: int) -> list[dict[str, Any]]:
    return [
        {
            "record_id": pair.record_id,
            "prompt": rows.as_messages(pair.prompt),
            "chosen": pair.chosen[0].content,
            **{name: texts[place] for name, texts in replies.items()},
        }
        for place, pair in enumerate(material.asked[:count])
    ]
