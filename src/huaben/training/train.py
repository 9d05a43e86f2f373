"""Stage `train`: base, then SFT for knowledge and voice, then DPO for style (`huaben train`).

In: the final datasets and the general text. Out: `base/`, `sft/` and `dpo/`, each a whole model in
safetensors with its tokenizer, for `AutoModelForCausalLM.from_pretrained`. Base `tiny` is made here
(tiny.py) and trained in full; any other base is trained by LoRA, and the adapters are merged.

A finished phase stands under `work/<hash of the inputs>/`, so that a killed run goes on after it.
"""

import hashlib
import json
import logging
import os
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from huaben.errors import HuabenError, InputError
from huaben.files import read_json, write_json
from huaben.params import Params, Train
from huaben.training import rows, tiny, trainers

PHASES = ("base", "sft", "dpo")
READ = ("dialogue", "pretrain", "preference", "qa_v1", "qa_v2", "summary_qa_v1", "summary_qa_v2")
Metrics = dict[str, float]
Phase = tuple[Any, Any, Metrics, trainers.Curve]
"""What a phase makes: model, tokenizer, numbers, and how these came about."""
Say = Callable[[str], None]


@dataclass(frozen=True)
class Job:
    """One run: its inputs, and the folder of its finished phases."""

    datasets: Path
    general: Path | None
    folder: Path
    train: Train
    say: Say


@dataclass(frozen=True)
class Trained:
    """What is said of a training: flat metrics (losses, reward accuracy, rows by dataset), curves by phase."""

    metrics: Metrics
    curves: dict[str, trainers.Curve]


def train(
    datasets: Path, general: Path | None, out: Path, work: Path, params: Params, say: Say | None = None
) -> Trained:
    """Train the models into `out`; return the metrics and the curves.

    `say` gets one line a phase (default: this module's logger). Without a preference pair there is
    no `dpo`. Raises HuabenError when there is nothing to train on, InputError for a bad base or row.
    """
    offline = params.train.base == "tiny" or Path(params.train.base).is_dir()
    trainers.prepare_process(offline)
    folder = work / fingerprint(datasets, general, params.train)
    job = Job(datasets, general, folder, params.train, say or logging.getLogger(__name__).info)
    metrics: Metrics = {}
    curves = {}
    for name, phase in (("base", _base), ("sft", _sft), ("dpo", _dpo)):
        found, curves[name] = _finished(job, name, phase)
        metrics |= {f"{name}_{key}": value for key, value in found.items()}
    _hand_over(folder, out)
    return Trained(dict(sorted(metrics.items())), curves)


def fingerprint(datasets: Path, general: Path | None, train: Train) -> str:
    """Return 16 hex digits for everything that decides the models: inputs, parameters, code, libraries."""
    files = [datasets / f"{name}.jsonl" for name in READ] + ([general] if general else [])
    parts = [hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else "" for path in files]
    parts += [path.read_text(encoding="utf-8") for path in sorted(Path(__file__).parent.glob("*.py"))]
    parts += [version(name) for name in ("torch", "transformers", "tokenizers", "trl", "peft")]
    base = sorted(Path(train.base).glob("*")) if Path(train.base).is_dir() else []
    parts += [f"{path.name} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in base]
    return hashlib.sha256(json.dumps([*parts, train.model_dump()]).encode()).hexdigest()[:16]


def _finished(job: Job, name: str, phase: Callable[[Job], Phase | None]) -> tuple[Metrics, trainers.Curve]:
    """Return the metrics and the curve of a phase, after running it if its folder is not there yet."""
    place, numbers = job.folder / name, job.folder / f"{name}.json"
    if numbers.exists():
        job.say(f"train: {name}: already done in an earlier run")
    else:
        result = phase(job)
        metrics: Metrics = {"rows": 0.0}
        curve: trainers.Curve = []
        if result:
            model, tokenizer, metrics, curve = result
            _save(model, tokenizer, place)
        write_json(numbers, {"metrics": metrics, "curve": curve})  # last: it says that the phase is whole
        job.say(f"train: {name}: " + ", ".join(f"{key} {value:g}" for key, value in metrics.items()))
    found = read_json(numbers)
    return found["metrics"], found["curve"]


def _save(model: Any, tokenizer: Any, place: Path) -> None:
    draft = place.with_name(f".{place.name}.tmp")
    for old in (draft, place):
        shutil.rmtree(old, ignore_errors=True)
    model.save_pretrained(draft)
    tokenizer.save_pretrained(draft)
    os.replace(draft, place)


def _hand_over(folder: Path, out: Path) -> None:
    """Copy the models to `out`, then remove the folder: a kill in between costs a copy, never a phase."""
    out.mkdir(parents=True, exist_ok=True)
    for name in PHASES:
        shutil.rmtree(out / name, ignore_errors=True)
        if (folder / name).exists():
            shutil.copytree(folder / name, out / name)
    spent = folder.with_name(f".{folder.name}.spent")
    shutil.rmtree(spent, ignore_errors=True)
    os.replace(folder, spent)  # at once: half a folder would pass for a run whose phases are done
    shutil.rmtree(spent)


def _load(folder: Path | str) -> tuple[Any, Any]:
    """Return model and tokenizer of a folder or hub id."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    dtype = torch.bfloat16 if torch.cuda.is_available() else torch.float32
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder)
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype)
    except (OSError, ValueError) as error:
        raise InputError(f"train.base: no model can be loaded from {str(folder)!r}: {error}") from error
    if not tokenizer.chat_template:
        raise InputError(f"train.base: {str(folder)!r} has no chat template; take an instruct or chat model")
    return model, tokenizer


def _base(job: Job) -> Phase:
    if job.train.base != "tiny":
        model, tokenizer = _load(job.train.base)
        return model, tokenizer, {"parameters": float(model.num_parameters())}, []
    articles, _ = rows.read_general(job.general)
    pieces = [piece.text for piece in rows.read_records(job.datasets, "pretrain", "train")]
    if not pieces:
        raise HuabenError("train: no row of the dataset `pretrain` is in the train split; nothing to train a base on")
    return _pretrain(job, tiny.documents(pieces, articles))


def _pretrain(job: Job, texts: list[str]) -> Phase:
    from transformers import set_seed

    set_seed(job.train.seed)
    tokenizer = tiny.make_tokenizer(texts, job.train)
    model = tiny.make_model(tokenizer, job.train)
    course = trainers.Course(job.train.pretrain_epochs, job.train.pretrain_lr, lora=False)
    examples = tiny.blocks(texts, tokenizer, job.train.max_length)
    model, metrics, curve = trainers.run_sft(model, tokenizer, examples, job.train, course, job.folder / "scratch")
    tokens = sum(len(example["input_ids"]) for example in examples)
    sizes = {"tokens": float(tokens), "parameters": float(model.num_parameters())}
    return model, tokenizer, {**metrics, **sizes}, curve


def _sft(job: Job) -> Phase:
    model, tokenizer = _load(job.folder / "base")
    by_dataset = rows.sft_rows(job.datasets, _fits(tokenizer, job.train.max_length))
    examples = [row for examples in by_dataset.values() for row in examples]
    if not examples:
        raise HuabenError("train: neither `dialogue` nor a QA dataset has a row in the train split")
    course = _course(job, tokenizer, job.train.sft_epochs, job.train.sft_lr)
    model, metrics, curve = trainers.run_sft(model, tokenizer, examples, job.train, course, job.folder / "scratch")
    counts = {f"rows_{name}": float(len(examples)) for name, examples in by_dataset.items()}
    cut = sum(_is_cut(row, tokenizer, job.train.max_length) for row in examples)
    return model, tokenizer, {**metrics, "rows": float(len(examples)), "rows_cut": float(cut), **counts}, curve


def _dpo(job: Job) -> Phase | None:
    pairs = rows.read_records(job.datasets, "preference", "train")
    if not pairs:
        return None
    model, tokenizer = _load(job.folder / "sft")
    examples = rows.preference_rows(pairs, _fits(tokenizer, job.train.max_length))
    course = _course(job, tokenizer, job.train.dpo_epochs, job.train.dpo_lr)
    model, metrics, curve = trainers.run_dpo(model, tokenizer, examples, job.train, course, job.folder / "scratch")
    return model, tokenizer, {**metrics, "rows": float(len(examples))}, curve


def _course(job: Job, tokenizer: Any, epochs: float, lr: float) -> trainers.Course:
    blocks = [block["input_ids"] for block in tiny.blocks(_plain_texts(job), tokenizer, job.train.max_length)]
    random.Random(job.train.seed).shuffle(blocks)
    return trainers.Course(epochs, lr, lora=job.train.base != "tiny", rehearsal=blocks)


def _plain_texts(job: Job) -> list[str]:
    """Return the novel's train pieces and the train half of the general text."""
    pieces = [piece.text for piece in rows.read_records(job.datasets, "pretrain", "train")]
    return pieces + rows.read_general(job.general)[0]


def _is_cut(row: dict[str, rows.Messages], tokenizer: Any, length: int) -> bool:
    """Say whether the trainer cuts the end of a row that is longer than the model's window."""
    ids = tokenizer.apply_chat_template([*row["prompt"], *row["completion"]], return_dict=True)["input_ids"]
    return len(ids) > length


def _fits(tokenizer: Any, length: int) -> rows.Fits:
    """Leave half of the length to the completion."""

    def fits(messages: rows.Messages) -> bool:
        ids = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=True)["input_ids"]
        return len(ids) <= length // 2

    return fits
