"""Two epochs of DPO: the stage's trainer beside TRL's own with its defaults, on the same pairs and model.

    python bench/training.py [--model models/sft] [--pairs 200] [--rounds 3]

Each round trains both from the same weights, one after the other, in turn which is first. TRL 1.16's defaults:
the reference model reads every batch again, activations are computed twice, batches in random order. What a CPU
demands is given to both (no bf16). Seconds are CPU seconds of the one process, from building the trainer to the
last step, so ours hold the pass of the reference; `again` is a run that finds its log-probabilities on the disk.
The loss is compared on identical batches, after training, and the accuracy on held-out pairs. Without `--model`
a tiny model with random weights is made from recipes/tiny.yaml. Ends with one line of JSON.
"""

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

from huaben.params import Train
from huaben.records import Preference
from huaben.training.evaluation import preferring
from huaben.training.evaluation.scoring import load_scorer
from huaben.training.learning import mixture, models, rows, tiny, trainers
from huaben.training.learning.hastened import dpo_trainer

ROOT = Path(__file__).parents[1]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--data", type=Path, default=ROOT / "data" / "dedupe")
    parser.add_argument("--pairs", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batch", type=int, default=8)
    return parser.parse_args()


def make_model(folder: Path, train: Train, texts: list[str]) -> Path:
    from transformers import set_seed

    set_seed(7)
    assert train.tiny
    tokenizer = tiny.make_tokenizer(texts, train.tiny)
    models.save(tiny.make_model(tokenizer, train.tiny, train.max_length), tokenizer, folder / "random")
    return folder / "random"


def ours(model: Path, examples: list[Any], train: Train, folder: Path) -> Any:
    """Return the stage's trainer as it stands before its first step."""
    from datasets import Dataset
    from trl import DPOConfig

    policy, tokenizer = models.load(model)
    course = trainers.Course(2.0, train.dpo_lr, train.batch, 7, folder / "checkpoints")
    settings = {**trainers._settings(train, course), "save_strategy": "no", "logging_steps": 10}
    return dpo_trainer(folder / "references")(
        model=policy,
        args=DPOConfig(**settings, beta=train.dpo_beta, precompute_ref_log_probs=True),
        train_dataset=Dataset.from_list(examples),
        processing_class=tokenizer,
    )


def defaults(model: Path, examples: list[Any], train: Train, folder: Path) -> Any:
    """Return TRL's trainer with its defaults; only what decides the result is as ours."""
    import torch
    from datasets import Dataset
    from trl import DPOConfig, DPOTrainer

    policy, tokenizer = models.load(model)
    args = DPOConfig(
        output_dir=str(folder / "trl"),
        num_train_epochs=2,
        learning_rate=train.dpo_lr,
        lr_scheduler_type="cosine",
        warmup_steps=0.05,
        per_device_train_batch_size=train.batch,
        max_length=train.max_length,
        beta=train.dpo_beta,
        seed=7,
        use_cpu=not torch.cuda.is_available(),
        bf16=torch.cuda.is_available(),
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
    )
    return DPOTrainer(model=policy, args=args, train_dataset=Dataset.from_list(examples), processing_class=tokenizer)


def timed(build: Any, *given: Any) -> tuple[Any, dict[str, float]]:
    """Build a trainer and train; return it, and the seconds."""
    from transformers import PrinterCallback

    cpu, wall = time.process_time(), time.perf_counter()
    trainer = build(*given)
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    return trainer, {"cpu_s": time.process_time() - cpu, "wall_s": time.perf_counter() - wall}


def largest_difference(theirs: Any, fresh: Any, batch: int) -> float:
    """Return by how much the losses differ on identical batches, both with the weights that `theirs` has trained."""
    import torch

    fresh.model.load_state_dict(theirs.model.state_dict())
    found = []
    for start in range(0, len(fresh.train_dataset) - batch + 1, batch):
        collated = fresh.data_collator([fresh.train_dataset[place] for place in range(start, start + batch)])
        inputs = fresh._prepare_inputs(collated)
        with torch.no_grad():
            found.append(
                abs(float(theirs.compute_loss(theirs.model, inputs) - fresh.compute_loss(fresh.model, inputs)))
            )
    return max(found)


def accuracy(trainer: Any, held_out: list[Preference], folder: Path, train: Train) -> float:
    """Return the share of held-out pairs whose chosen reply is the likelier one."""
    models.save(trainer.model, trainer.processing_class, folder / "trained")
    scorer = load_scorer(folder / "trained", train.max_length)
    prompts = [rows.as_messages(pair.prompt) for pair in held_out]
    sides = [[pair.chosen[0].content for pair in held_out], [pair.rejected[0].content for pair in held_out]]
    chosen, rejected = (scorer.chats(list(zip(prompts, side, strict=True))) for side in sides)
    return statistics.fmean(preferring.marks(held_out, chosen, rejected)["preference_accuracy"].values)


def main() -> None:
    given = arguments()
    trainers.prepare_process(offline=True)
    recipe = yaml.safe_load((ROOT / "recipes" / "tiny.yaml").read_text(encoding="utf-8"))
    train = Train.model_validate({**recipe, "seeds": [7], "batch": given.batch})
    pairs = rows.read_records(given.data, "preference", "train")[: given.pairs]
    held_out = [p for split in ("validation", "test") for p in rows.read_records(given.data, "preference", split)]
    found: dict[str, list[dict[str, float]]] = {"ours": [], "trl": [], "again": []}
    with tempfile.TemporaryDirectory() as scratch:
        texts = [side.content for pair in pairs for side in (*pair.prompt, *pair.chosen, *pair.rejected)]
        model = given.model or make_model(Path(scratch), train, texts)
        _, tokenizer = models.load(model)
        examples = rows.preference_rows(pairs, mixture.fits(tokenizer, train.max_length))
        for number in range(given.rounds):
            folder = Path(scratch) / str(number)
            kept = {}
            order = [("ours", ours), ("trl", defaults)]
            for name, build in [*(order if number % 2 else order[::-1]), ("again", ours)]:
                kept[name], seconds = timed(build, model, examples, train, folder)
                found[name].append({**seconds, "accuracy": accuracy(kept[name], held_out, folder, train)})
                print(
                    f"round {number + 1}, {name}: {seconds['cpu_s']:.1f} CPU s, {seconds['wall_s']:.1f} s", flush=True
                )
        difference = largest_difference(kept["trl"], ours(model, examples, train, folder), train.batch)
    print(json.dumps(summary(found, difference, len(pairs), len(held_out))))


def summary(found: dict[str, list[dict[str, float]]], difference: float, pairs: int, held_out: int) -> dict[str, Any]:
    def middle(name: str, key: str) -> float:
        return statistics.median(one[key] for one in found[name])

    ratios = {
        f"{name}_{key}": round(
            statistics.median(t[key] / o[key] for t, o in zip(found["trl"], found[name], strict=True)), 2
        )
        for name in ("ours", "again")
        for key in ("cpu_s", "wall_s")
    }
    shown = {name: {key: round(middle(name, key), 3) for key in found[name][0]} for name in found}
    return {
        "pairs": pairs,
        "held_out": held_out,
        **shown,
        "times_faster": ratios,
        "largest_loss_difference": difference,
    }


if __name__ == "__main__":
    main()
