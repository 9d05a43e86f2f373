"""The phases of a training, each from the models of those before: `base`, `sft`, `dpo`, `dpo_only`.

A finished phase stands in the run's folder with its numbers beside it, and is not done again; an
unfinished one goes on from its last checkpoint.
"""

import random
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huaben.errors import HuabenError
from huaben.files import read_json, write_json
from huaben.params import Train
from huaben.training.learning import mixture, models, processes, rows, tiny, trainers
from huaben.training.learning.hastened import Example
from huaben.training.learning.systemmessage import check_persona

Metrics = dict[str, float]
Phase = tuple[Any, Any, Metrics, trainers.Curve]
"""What a phase makes: model, tokenizer, numbers, and how these came about."""
Say = Callable[[str], None]
OF_A_SEED = ("sft", "dpo", "dpo_only")


@dataclass(frozen=True)
class Job:
    """The run of one seed: its inputs, the folder of its finished phases, and the base of all seeds."""

    datasets: Path
    general: Path | None
    folder: Path
    base: Path
    references: Path
    """Where the references' log-probabilities are kept, for other runs as well."""
    live: Path
    """Where the steps of its phases are shown while they run."""
    train: Train
    seed: int
    persona: str
    """The system message before what the character says; empty: none."""


@dataclass(frozen=True)
class Finished:
    """What is known of a finished phase."""

    metrics: Metrics
    curve: trainers.Curve


def base(job: Job, say: Say) -> Finished:
    """Make the tiny base, or copy the given one; raise InputError when none can be loaded."""
    return _finished(job, "base", _base, say)


def of_seed(job: Job, say: Say) -> dict[str, Finished]:
    """Run all phases of a seed."""
    return {
        name: _finished(job, name, phase, say) for name, phase in zip(OF_A_SEED, (_sft, _dpo, _dpo_only), strict=True)
    }


def _finished(job: Job, name: str, phase: Callable[[Job], Phase | None], say: Say) -> Finished:
    """Return what is known of a phase, after running it if its numbers are not there yet."""
    numbers = job.folder / f"{name}.json"
    if processes.agreed(numbers.exists()):
        say(f"train: {name}, seed {job.seed}: already done in an earlier run")
    else:
        found = _run(job, name, phase)
        if processes.is_main():
            write_json(numbers, {"metrics": found.metrics, "curve": found.curve})  # last: the phase is whole
            told = ", ".join(f"{key} {value:g}" for key, value in found.metrics.items())
            say(f"train: {name}, seed {job.seed}: {told}")
            shutil.rmtree(_scratch(job, name), ignore_errors=True)
        processes.wait()
    return Finished(**read_json(numbers))


def _run(job: Job, name: str, phase: Callable[[Job], Phase | None]) -> Finished:
    from transformers import set_seed

    set_seed(job.seed)
    result = phase(job)
    if result is None:
        return Finished({"rows": 0.0}, [])
    model, tokenizer, metrics, curve = result
    if processes.is_main():
        models.save(model, tokenizer, job.folder / name)
    return Finished(metrics, curve)


def _scratch(job: Job, name: str) -> Path:
    return job.folder / f"{name}.checkpoints"


def _course(
    job: Job, name: str, epochs: float, lr: float, batch: int, rehearsal: Sequence[Example] = ()
) -> trainers.Course:
    place = job.live / f"{name}-{job.seed}"
    return trainers.Course(epochs, lr, batch, job.seed, _scratch(job, name), rehearsal, place)


def _base(job: Job) -> Phase:
    if job.train.tiny is None or job.train.base != "tiny":
        model, tokenizer = models.load(job.train.base, job.train.dtype)
        check_persona(job.persona, tokenizer, job.train.max_length)
        return model, tokenizer, {"parameters": float(model.num_parameters())}, []
    articles, _ = rows.read_general(job.general)
    if not articles:
        raise HuabenError("train: a tiny base is pretrained on general text; put some into data/general")
    pieces = [piece.text for piece in rows.read_records(job.datasets, "pretrain", "train")]
    texts, wanted = tiny.documents(articles), job.train.tiny
    tokenizer = tiny.make_tokenizer([*texts, *pieces], wanted)
    check_persona(job.persona, tokenizer, job.train.max_length)
    model = tiny.make_model(tokenizer, wanted, job.train.max_length)
    course = _course(job, "base", wanted.epochs, wanted.lr, wanted.batch)
    examples = mixture.blocks(texts, tokenizer, job.train.max_length)
    model, metrics, curve = trainers.run_sft(
        model, tokenizer, examples, job.train.model_copy(update={"lora": False}), course
    )
    tokens = sum(len(example["input_ids"]) for example in examples)
    sizes = {"tokens": float(tokens), "parameters": float(model.num_parameters())}
    return model, tokenizer, {**metrics, **sizes}, curve


def _sft(job: Job) -> Phase:
    model, tokenizer = models.load(job.base)
    by_source = _mixed(job, tokenizer)
    examples = [row for found in by_source.values() for row in found]
    if not any(found for name, found in by_source.items() if name != "general"):
        raise HuabenError("train: no source of train.mixture has a row in the train split")
    course = _course(job, "sft", job.train.sft_epochs, job.train.sft_lr, job.train.batch)
    model, metrics, curve = trainers.run_sft(model, tokenizer, examples, job.train, course)
    counts = {f"rows_{name}": float(len(found)) for name, found in by_source.items()}
    cut = sum(len(row["input_ids"]) > job.train.max_length for row in examples)
    return model, tokenizer, {**metrics, "rows": float(len(examples)), "rows_cut": float(cut), **counts}, curve


def _dpo(job: Job) -> Phase | None:
    return _preference(job, job.folder / "sft", "dpo", half_general)


def half_general(found: dict[str, list[Example]]) -> list[Example]:
    """Return the rows of all sources, and as many of the general text: it is rehearsed most, as no pair is like it."""
    others = [row for name, rows in found.items() if name != "general" for row in rows]
    general = found["general"]
    return [*others, *(general[place % len(general)] for place in range(len(others) if general else 0))]


def _dpo_only(job: Job) -> Phase | None:
    return _preference(job, job.base, "dpo_only", lambda found: found["general"])


def _preference(
    job: Job, start: Path, name: str, rehearsed: Callable[[dict[str, list[Example]]], list[Example]]
) -> Phase | None:
    pairs = rows.read_records(job.datasets, "preference", "train")
    if not pairs:
        return None
    model, tokenizer = models.load(start)
    fits = mixture.fits(tokenizer, job.train.max_length, job.persona)
    examples = rows.preference_rows(pairs, fits, job.persona)
    rehearsal = [row for row in rehearsed(_mixed(job, tokenizer)) if len(row["input_ids"]) <= job.train.max_length]
    random.Random(job.seed).shuffle(rehearsal)
    course = _course(job, name, job.train.dpo_epochs, job.train.dpo_lr, job.train.batch, rehearsal)
    model, metrics, curve = trainers.run_dpo(model, tokenizer, examples, job.train, course, job.references)
    return model, tokenizer, {**metrics, "rows": float(len(examples))}, curve


def _mixed(job: Job, tokenizer: Any) -> dict[str, list[Example]]:
    found = mixture.sources(job.datasets, job.general, tokenizer, job.train.max_length, job.persona)
    return mixture.mixed(found, job.train.mixture, job.seed)
