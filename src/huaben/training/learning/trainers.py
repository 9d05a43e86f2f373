"""The only place that builds TRL trainers: settings, one run, what it logged.

TRL renames its options between releases (it is pinned in pyproject.toml); nothing else names them
but the methods that `hastened.py` overrides.
"""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from huaben.errors import InputError
from huaben.files import read_json
from huaben.params import Train
from huaben.training.learning import live, processes
from huaben.training.learning.hastened import Example, dpo_trainer, sft_trainer

Curve = list[dict[str, float]]
"""What was measured while training, in order: `step` (the last of those averaged over), `loss` and so on."""
POINTS = 40
"""Of a curve: enough to see its shape in a report, few enough for git."""
CHECKPOINTS = 10
"""Of a phase: a kill costs a tenth of it."""


@dataclass(frozen=True)
class Course:
    """What sets one phase of training apart from another."""

    epochs: float
    lr: float
    batch: int
    seed: int
    scratch: Path
    """Where checkpoints stand; a phase that finds some goes on from the last whole one."""
    rehearsal: Sequence[Example] = ()
    """Rows read again beside every batch."""
    live: Path | None = None
    """Where its steps are shown while it runs."""


def prepare_process(offline: bool) -> None:
    """Keep trainers silent, offline and single-threaded. Call before anything imports torch or huggingface_hub.

    One thread: OpenMP's threads spin while they wait, which costs 4 to 11 times the time as soon as
    anything else runs on the machine; it also keeps the order of sums, and so the weights, fixed.
    """
    import os

    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    os.environ["TQDM_DISABLE"] = "1"  # TRL's bar of the reference pass reads nothing else
    if offline:
        os.environ["HF_HUB_OFFLINE"] = "1"
    import datasets
    import torch
    import transformers

    datasets.disable_progress_bars()
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()  # it remarks on the file system's clock at each checkpoint
    torch.set_num_threads(1)


@contextmanager
def _without_others_warnings() -> Iterator[None]:
    """Hide that TRL 1.16 and PEFT 0.21 read an attribute which transformers 5.23 has renamed."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated", FutureWarning)
        yield


@_without_others_warnings()
def run_sft(
    model: Any, tokenizer: Any, rows: Sequence[Example], train: Train, course: Course
) -> tuple[Any, dict[str, float], Curve]:
    """Fine-tune on rows of token ids and labels.

    Returns the model, `loss` (mean of the last epoch) and `steps`, and the curve of the loss.
    """
    from datasets import Dataset
    from trl import SFTConfig

    trainer = sft_trainer()(
        model=model,
        args=SFTConfig(**_settings(train, course)),
        train_dataset=Dataset.from_list(list(rows)),
        processing_class=tokenizer,
        peft_config=_lora(train),
    )
    return _run(trainer, course, {"loss": "loss"})


@_without_others_warnings()
def run_dpo(
    model: Any, tokenizer: Any, rows: Sequence[dict[str, Any]], train: Train, course: Course, references: Path
) -> tuple[Any, dict[str, float], Curve]:
    """Optimise preferences (Rafailov et al., 2023) against the model as it came in.

    The reference's log-probabilities are computed once and kept under `references`. Returns the model,
    `loss`, `steps`, and `accuracy` and `margin` of the implicit rewards, means of the last epoch; and
    the curves of these three.
    """
    from datasets import Dataset
    from trl import DPOConfig

    trainer = dpo_trainer(references, course.rehearsal, train.rehearsal)(
        model=model,
        args=DPOConfig(**_settings(train, course), beta=train.dpo_beta, precompute_ref_log_probs=True),
        train_dataset=Dataset.from_list(list(rows)),
        processing_class=tokenizer,
        peft_config=_lora(train),
    )
    return _run(trainer, course, {"loss": "loss", "accuracy": "rewards/accuracies", "margin": "rewards/margins"})


def _settings(train: Train, course: Course) -> dict[str, Any]:
    import torch

    gpu = torch.cuda.is_available()
    return {
        "output_dir": str(course.scratch),
        "num_train_epochs": course.epochs,
        "learning_rate": course.lr,
        "per_device_train_batch_size": processes.share(course.batch),
        "max_length": train.max_length,
        "lr_scheduler_type": "cosine",
        "warmup_steps": 0.05,
        "seed": course.seed,
        "data_seed": course.seed,
        "use_cpu": not gpu,
        "bf16": gpu,
        "dataloader_pin_memory": gpu,
        "activation_checkpointing": train.recompute,
        "ddp_find_unused_parameters": False,  # each step uses all; looking for others costs a pass over the graph
        "logging_strategy": "steps",
        "logging_steps": 1,
        "save_strategy": "steps",
        "save_steps": 1 / CHECKPOINTS,
        "save_total_limit": 1,
        "report_to": [],
        "log_level_replica": "error",  # all but the first process keep silent
        "disable_tqdm": True,
    }


def _lora(train: Train) -> Any:
    if not train.lora:
        return None
    from peft import LoraConfig

    return LoraConfig(r=16, lora_alpha=32, lora_dropout=0.0, target_modules="all-linear", task_type="CAUSAL_LM")


def _run(trainer: Any, course: Course, wanted: dict[str, str]) -> tuple[Any, dict[str, float], Curve]:
    from transformers import PrinterCallback

    trainer.remove_callback(PrinterCallback)  # it prints every log
    for callback in live.callbacks(course.live, wanted) if course.live else ():
        trainer.add_callback(callback)
    trainer.train(resume_from_checkpoint=last_checkpoint(course.scratch))
    logs = [log for log in trainer.state.log_history if "loss" in log]
    metrics = _means([log for log in logs if log["epoch"] > logs[-1]["epoch"] - 1], wanted)
    model = trainer.model
    if hasattr(model, "merge_and_unload"):
        model = model.merge_and_unload()
    return model, {**metrics, "steps": float(trainer.state.global_step)}, make_curve(logs, wanted)


def last_checkpoint(scratch: Path) -> str | None:
    """Return the newest checkpoint that is whole: the trainer's state is the last of it to be written."""
    for folder in sorted(scratch.glob("checkpoint-*"), key=lambda folder: -int(folder.name.split("-")[1])):
        try:
            read_json(folder / "trainer_state.json")
        except InputError:
            continue
        return str(folder)
    return None


def make_curve(logs: Sequence[dict[str, Any]], wanted: dict[str, str]) -> Curve:
    """Average the logs of single steps in at most POINTS groups; no two differ in length by more than one step."""
    count = min(POINTS, len(logs))
    edges = [len(logs) * group // count for group in range(count + 1)] if count else []
    groups = [logs[start:end] for start, end in pairwise(edges)]
    return [{"step": float(group[-1]["step"]), **_means(group, wanted)} for group in groups]


def _means(logs: Sequence[dict[str, Any]], wanted: dict[str, str]) -> dict[str, float]:
    return {name: round(sum(float(log[key]) for log in logs) / len(logs), 6) for name, key in wanted.items()}
