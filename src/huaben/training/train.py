"""Stage `train`: a base, then for each seed SFT for knowledge and voice, then DPO for style (`huaben train`).

In: the final datasets and the general text. Out: `base/`, and of the first seed `sft/`, `dpo/` and
`dpo_only/` (DPO straight from the base), of the others the same under `seeds/<seed>/`: each a whole
model in safetensors with its tokenizer, for `AutoModelForCausalLM.from_pretrained`.

What is finished stands under `work/<hash of the inputs>/`, so that a killed run goes on after it.
"""

import hashlib
import json
import logging
import os
import shutil
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from huaben.params import Params, Train
from huaben.training.learning import phases, processes, trainers
from huaben.training.learning.phases import OF_A_SEED, Finished, Job, Metrics, Say
from huaben.training.learning.seeds import train_seeds
from huaben.training.learning.systemmessage import persona_of

PHASES = ("base", *OF_A_SEED)
READ = ("dialogue", "pretrain", "preference", "qa_v1", "qa_v2", "summary_qa_v1", "summary_qa_v2")


@dataclass(frozen=True)
class Trained:
    """What is said of a training: flat metrics (losses, reward accuracy, rows), means over seeds; curves of one."""

    metrics: Metrics
    curves: dict[str, trainers.Curve]


def train(
    datasets: Path, general: Path | None, out: Path, work: Path, params: Params, say: Say | None = None
) -> Trained:
    """Train the models into `out`; return the metrics, and the curves of the first seed by phase.

    `say` gets one line a phase (default: this module's logger). Without a preference pair there is
    no `dpo`. Raises HuabenError when there is nothing to train on, InputError for a bad base, row or persona.
    """
    persona = persona_of(params)
    offline = params.train.base == "tiny" or Path(params.train.base).is_dir()
    trainers.prepare_process(offline)
    processes.join()
    say = (say or logging.getLogger(__name__).info) if processes.is_main() else _keep_silent
    folder = work / fingerprint(datasets, general, params.train, persona)
    kept = (folder / "base", work / "references", work / "live", params.train)
    jobs = [
        Job(datasets, general, seed_folder(folder, params.train, seed), *kept, seed, persona)
        for seed in params.train.seeds
    ]
    found = [{"base": phases.base(jobs[0], say)}, *train_seeds(jobs, say, offline)]
    processes.leave()  # copying large models may take longer than they would wait
    if processes.is_main():
        _hand_over(folder, out)
    first = found[0] | found[1]
    return Trained(_averaged(found), {name: first[name].curve for name in PHASES})


def seed_folder(models: Path, train: Train, seed: int) -> Path:
    """Return where the models of a seed lie: of the first one beside the base."""
    return models if seed == train.seeds[0] else models / "seeds" / str(seed)


def fingerprint(datasets: Path, general: Path | None, train: Train, persona: str = "") -> str:
    """Return 16 hex digits for everything that decides the models: inputs, parameters, code, libraries."""
    files = [datasets / f"{name}.jsonl" for name in READ] + ([general] if general else [])
    parts = [hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else "" for path in files]
    code = [Path(__file__), *sorted(Path(__file__).with_name("learning").glob("*.py"))]
    parts += [path.read_text(encoding="utf-8") for path in code]
    parts += [version(name) for name in ("torch", "transformers", "tokenizers", "trl", "peft")]
    base = sorted(Path(train.base).glob("*")) if Path(train.base).is_dir() else []
    parts += [f"{path.name} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in base]
    parts += [str(processes.count())]
    return hashlib.sha256(json.dumps([*parts, train.model_dump(), persona]).encode()).hexdigest()[:16]


def _keep_silent(line: str) -> None:
    """Say nothing: the first process does."""


def _averaged(found: list[dict[str, Finished]]) -> Metrics:
    """Return `<phase>_<key>`, each the mean over the seeds."""
    values: dict[str, list[float]] = {}
    for by_phase in found:
        for name, finished in by_phase.items():
            for key, value in finished.metrics.items():
                values.setdefault(f"{name}_{key}", []).append(value)
    means = {name: round(sum(of_seeds) / len(of_seeds), 6) for name, of_seeds in sorted(values.items())}
    return {**means, "seeds": float(len(found) - 1)}


def _hand_over(folder: Path, out: Path) -> None:
    """Copy the models to `out`, then remove the folder: a kill in between costs a copy, never a phase."""
    out.mkdir(parents=True, exist_ok=True)
    working = shutil.ignore_patterns(*(f"{name}.*" for name in PHASES))  # numbers and checkpoints
    for name in (*PHASES, "seeds"):
        shutil.rmtree(out / name, ignore_errors=True)
        if (folder / name).exists():
            shutil.copytree(folder / name, out / name, ignore=working)
    spent = folder.with_name(f".{folder.name}.spent")
    shutil.rmtree(spent, ignore_errors=True)
    os.replace(folder, spent)  # at once: half a folder would pass for a run whose phases are done
    shutil.rmtree(spent)
