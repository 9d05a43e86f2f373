"""Stage `evaluate`: what the data did to the model, side by side (`huaben evaluate`).

In: the folders of `train`, the final datasets, the general text. Out: numbers for
`reports/evaluation.json` and a few conversations. Nothing asked here was trained on (material.py), what
cannot be measured is listed under `left_out` with the reason, and every figure has an interval over
items and seeds (statistics.py) and a baseline that knows nothing beside it.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from huaben.params import Params
from huaben.training.evaluation import baselines
from huaben.training.evaluation.judged import JUDGED, Judge, Judged, compare
from huaben.training.evaluation.material import HeldOut, Material, gather
from huaben.training.evaluation.measure import Measured, measure
from huaben.training.evaluation.statistics import Bootstrap, Marks, Numbers
from huaben.training.learning import rows
from huaben.training.learning.seeds import prepare_worker
from huaben.training.train import PHASES


def evaluate(
    models: Path,
    datasets: Path,
    general: Path | None,
    params: Params,
    split: HeldOut = "test",
    judge: Judge | None = None,
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the numbers and the sample conversations (`prompt`, `chosen`, and a reply of each model's first seed).

    Every model has flat numbers `<metric>`, `<metric>_low`, `<metric>_high`, `<metric>_n`, and with several
    seeds `<metric>_seeds`; what a metric means is said where it is made: preferring.py, measure.py, dullness.py.
    `perplexity_ratio` is a model's perplexity over the base's on the same articles; `knowledge_over_control` is how
    far `knowledge_accuracy` lies above `knowledge_control`: what the form of the exam gives away is in both.
    `seeds` is how many there are. Tune on `validation`, and look at `test` once.
    `judge` compares replies (judged.py); without one nothing is judged.
    """
    material = gather(datasets, general, params, split)
    folders = {name: found for name in PHASES if (found := _folders(models, name))}
    material.left_out.update({f"models.{m}": "the stage train made no such model" for m in PHASES if m not in folders})
    measured = _measure_all(folders, material, params)
    bootstrap = Bootstrap(params.evaluate.bootstrap, params.evaluate.seed)
    result = {
        "models": {name: _pooled(found, measured.get("base"), bootstrap) for name, found in measured.items()},
        "seeds": max(map(len, folders.values()), default=0),
        "baselines": baselines.baselines(material, bootstrap),
        "style_classifier": baselines.classifier(material, params.character.name, bootstrap),
        "left_out": dict(sorted(material.left_out.items())),
    }
    if judge:
        replies = {name: found[0].replies for name, found in measured.items()}
        _add(result, compare(material.asked, replies, judge, bootstrap))
    return result, _samples(material, measured, params.report.samples)


def _add(result: dict[str, Any], judged: Judged) -> None:
    """Put what the judge says where a reader looks for it."""
    result["left_out"] = dict(sorted({**result["left_out"], **judged.left_out}.items()))
    if judged.numbers:
        result["models"][JUDGED] |= judged.numbers
        result["baselines"]["length"] |= judged.length
        result["baselines"]["random"] |= judged.random


def _folders(models: Path, name: str) -> list[Path]:
    """Return the folders of a model: the first seed's, and then the other seeds' by number."""
    others = [place for place in models.glob(f"seeds/*/{name}") if place.is_dir()]
    others.sort(key=lambda place: (len(place.parent.name), place.parent.name))
    return [place for place in (models / name, *others) if place.is_dir()]


def _measure_all(folders: dict[str, list[Path]], material: Material, params: Params) -> dict[str, list[Measured]]:
    """Measure every folder: several seeds of the small base in processes side by side, else one after the other."""
    places = [place for found in folders.values() for place in found]
    cores = len(os.sched_getaffinity(0))
    if params.train.base == "tiny" and len(places) > len(PHASES) and cores > 1:
        with ProcessPoolExecutor(min(cores, len(places)), get_context("spawn"), prepare_worker, (True,)) as pool:
            results = iter(list(pool.map(measure, places, repeat(material), repeat(params))))
    else:
        results = map(partial(measure, material=material, params=params), places)
    return {name: [next(results) for _ in found] for name, found in folders.items()}


def _pooled(found: Sequence[Measured], base: Sequence[Measured] | None, bootstrap: Bootstrap) -> Numbers:
    by_seed = [dict(one.marks) for one in found]
    if base and base is not found and "perplexity_general" in base[0].marks:
        for marks in by_seed:
            marks["perplexity_ratio"] = _against(marks["perplexity_general"], base[0].marks["perplexity_general"])
    numbers: Numbers = {}
    for name in sorted(by_seed[0]):
        numbers |= bootstrap.pool(name, [marks[name] for marks in by_seed])
    exam = ("knowledge_accuracy", "knowledge_control")
    if all(name in by_seed[0] for name in exam):
        known, control = ([marks[name] for marks in by_seed] for name in exam)
        numbers |= bootstrap.difference("knowledge_over_control", known, control)
    return numbers


def _against(marks: Marks, base: Marks) -> Marks:
    """Return the marks of a ratio on the same items: differences of logarithms."""
    differences = tuple(value - other for value, other in zip(marks.values, base.values, strict=True))
    return Marks(differences, marks.weights, is_log=True)


def _samples(material: Material, measured: dict[str, list[Measured]], count: int) -> list[dict[str, Any]]:
    return [
        {
            "record_id": pair.record_id,
            "prompt": rows.as_messages(pair.prompt),
            "chosen": pair.chosen[0].content,
            **{name: found[0].replies[place] for name, found in measured.items()},
        }
        for place, pair in enumerate(material.asked[:count])
    ]
