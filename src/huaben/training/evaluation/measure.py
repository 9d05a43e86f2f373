"""One trained model asked everything: a value an item for each figure, and its replies."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from huaben.params import Params
from huaben.training.evaluation import dullness, exam, preferring
from huaben.training.evaluation.articles import Opening
from huaben.training.evaluation.examine import answer_marks, exam_marks
from huaben.training.evaluation.material import Material
from huaben.training.evaluation.scoring import Scorer, load_scorer
from huaben.training.evaluation.statistics import Marks
from huaben.training.learning import rows, trainers
from huaben.training.learning.systemmessage import persona_of


@dataclass(frozen=True)
class Measured:
    """What a model got: the marks of each figure, and its replies to the prompts asked."""

    marks: dict[str, Marks]
    replies: list[str]


def measure(folder: Path, material: Material, params: Params) -> Measured:
    """Ask the model of a folder everything. Equal folders and material give equal values."""
    trainers.prepare_process(offline=True)
    character = load_scorer(folder, params.train.max_length, persona_of(params))
    replies = _replies(character, material, params)
    marks = _preference(character, material)
    scorer = replace(character, persona="")  # who is asked about the novel is nobody in it
    marks |= exam_marks("knowledge_accuracy", scorer, material.knowledge)
    marks |= exam_marks("knowledge_control", scorer, material.control)
    marks |= answer_marks(scorer, material.facts, params) | _general(scorer, material)
    return Measured(marks | text_marks(replies, material), replies)


def text_marks(replies: Sequence[str], material: Material) -> dict[str, Marks]:
    """Return what is read off replies: dullness, and `style_score`, 1 for one that sounds like the character."""
    if not replies:
        return {}
    found = {name: Marks(tuple(values)) for name, values in dullness.figures(replies).items()}
    if material.classifier:
        found["style_score"] = Marks(tuple(float(material.classifier.is_character(reply)) for reply in replies))
    return found


def _replies(scorer: Scorer, material: Material, params: Params) -> list[str]:
    wanted = params.evaluate
    prompts = [scorer.recent(rows.as_messages(pair.prompt)) for pair in material.asked]
    return scorer.replies(prompts, wanted.max_new_tokens, wanted.temperature, wanted.seed)


def _preference(scorer: Scorer, material: Material) -> dict[str, Marks]:
    if not material.pairs:
        return {}
    prompts = [scorer.recent(rows.as_messages(pair.prompt)) for pair in material.pairs]
    sides = [
        [pair.chosen[0].content for pair in material.pairs],
        [pair.rejected[0].content for pair in material.pairs],
    ]
    chosen, rejected = (scorer.chats(list(zip(prompts, side, strict=True))) for side in sides)
    return preferring.marks(material.pairs, chosen, rejected)


def _general(scorer: Scorer, material: Material) -> dict[str, Marks]:
    """Return `perplexity_general`, a token, and `general_accuracy`: how articles go on, each article one item."""
    found: dict[str, Marks] = {}
    if material.general:
        sums = [(-total, max(count, 1)) for total, count in scorer.texts(material.general)]
        weights = tuple(float(count) for _, count in sums)
        found["perplexity_general"] = Marks(tuple(nats / count for nats, count in sums), weights, is_log=True)
    if material.openings:
        found["general_accuracy"] = _openings(scorer, material.openings)
    return found


def _openings(scorer: Scorer, openings: Sequence[Opening]) -> Marks:
    """Return the mean mark of each article, by the log p that a beginning adds to its ending (see examine.py)."""
    asked = [(opening.beginning, choice) for opening in openings for choice in (opening.ending, *opening.wrong)]
    endings = sorted({ending for _, ending in asked})
    unasked = zip(endings, scorer.continuations([("\n", ending) for ending in endings]), strict=True)
    alone = {ending: total for ending, (total, _) in unasked}
    sums = zip(asked, scorer.continuations(asked), strict=True)
    scores = iter([total - alone[ending] for (_, ending), (total, _) in sums])
    by_article: dict[int, list[float]] = {}
    for opening in openings:
        got = exam.mark([next(scores) for _ in (opening.ending, *opening.wrong)])
        by_article.setdefault(opening.article, []).append(got)
    return Marks(tuple(sum(got) / len(got) for got in by_article.values()))
