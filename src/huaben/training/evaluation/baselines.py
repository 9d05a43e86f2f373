"""What it takes to beat: chance, judges that read nothing but length or shared words, the texts of the pairs."""

from huaben.text import count_letters
from huaben.training.evaluation import exam, preferring
from huaben.training.evaluation.examine import letters, similarity
from huaben.training.evaluation.material import Material
from huaben.training.evaluation.measure import text_marks
from huaben.training.evaluation.statistics import Bootstrap, Marks, Numbers, balancing, ranking

LONG = 20
"""Letters from which a line is as long as a reply."""


def baselines(material: Material, bootstrap: Bootstrap) -> dict[str, Numbers]:
    """Return the baselines by name, each with the figures that it has."""
    by_name: dict[str, dict[str, Marks]] = {"overlap": _overlap(material)}
    if material.pairs:
        by_name["length"] = preferring.accuracies(material.pairs, preferring.longer(material.pairs))
        by_name["chosen"] = text_marks([pair.chosen[0].content for pair in material.asked], material)
        by_name["rejected"] = text_marks([pair.rejected[0].content for pair in material.asked], material)
    if material.facts:
        by_name["another_answer"] = _another_answer(material)
    found = {
        name: {key: value for metric, got in marks.items() for key, value in bootstrap.pool(metric, [got]).items()}
        for name, marks in by_name.items()
        if marks
    }
    return {"random": _random(), **found}


def classifier(material: Material, character: str, bootstrap: Bootstrap) -> Numbers:
    """Return how the classifier does on real held-out lines of all speakers.

    `accuracy` (compare `majority`, who always says the commoner side), `accuracy_balanced` (both sides
    alike: chance is 0.5), `accuracy_long` of lines as long as replies, and `ranking`, the area under the ROC.
    """
    if not material.classifier or not material.lines:
        return {}
    scores = [material.classifier.score(line.text) for line in material.lines]
    is_hero = [line.speaker == character for line in material.lines]
    right = tuple(float((score > 0) == hero) for score, hero in zip(scores, is_hero, strict=True))
    numbers = bootstrap.pool("accuracy", [Marks(right)])
    if weights := balancing(is_hero):
        numbers |= bootstrap.pool("accuracy_balanced", [Marks(right, weights)])
        sides = ([s for s, hero in zip(scores, is_hero, strict=True) if hero is side] for side in (True, False))
        numbers["ranking"] = round(ranking(*sides), 4)
    long = tuple(r for r, line in zip(right, material.lines, strict=True) if count_letters(line.text) >= LONG)
    numbers |= bootstrap.pool("accuracy_long", [Marks(long)]) if long else {}
    return numbers | {"majority": round(max(is_hero.count(True), is_hero.count(False)) / len(is_hero), 4)}


def _random() -> Numbers:
    chance = 1 / exam.CHOICES
    halves = ("preference_accuracy", "preference_accuracy_balanced", "preference_accuracy_sum")
    quarters = ("knowledge_accuracy", "knowledge_control", "general_accuracy")
    return dict.fromkeys(halves, 0.5) | dict.fromkeys(quarters, chance) | {"knowledge_over_control": 0.0}


def _overlap(material: Material) -> dict[str, Marks]:
    """Return the exam's marks of who picks the answer that repeats the question."""
    both = (("knowledge_accuracy", material.knowledge), ("knowledge_control", material.control))
    return {name: Marks(tuple(exam.by_overlap(item) for item in items)) for name, items in both if items}


def _another_answer(material: Material) -> dict[str, Marks]:
    """Return what the answers to other facts would be worth: the mean over all others."""
    exact, near = [], []
    for fact in material.facts:
        others = [other.answer for other in material.facts if other.answer != fact.answer] or [""]
        exact.append(sum(letters(fact.core) in letters(other) for other in others) / len(others))
        near.append(sum(similarity(other, fact.answer) for other in others) / len(others) / 100)
    return {"answers_exact": Marks(tuple(exact)), "answers_fuzzy": Marks(tuple(near))}
