"""TRL's trainers, made faster and resumable through what they let a subclass override; their losses stay theirs.

- batches of like length (`_get_train_sampler`, see bylength.py);
- DPO computes a pair's shared prompt once (pairs.py), and its reference's log-probabilities once for
  equal pairs and models, also in later runs (`_precompute_ref_logps`);
- rows are rehearsed beside each batch of DPO, the same ones after a resumption (`compute_loss`).
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from huaben.files import read_json, write_json
from huaben.training.learning import processes
from huaben.training.learning.bylength import ByLength
from huaben.training.learning.pairs import IGNORED, heading_plainly, next_log_probs, sharing_prompts

Example = dict[str, list[int]]
"""`input_ids`, and `labels` that ignore what is not to be learned."""
UNMEASURED = ("entropy", "logits/chosen", "logits/rejected", "mean_token_accuracy")
"""What TRL logs of every position, which nobody here reads."""


def sft_trainer() -> Any:
    """Return the class of SFT's trainer."""
    from trl import SFTTrainer

    class Hastened(SFTTrainer):  # type: ignore[misc]
        def _get_train_sampler(self, *_: Any) -> Any:
            return _sampler(self, [len(ids) for ids in self.train_dataset["input_ids"]])

        def create_model_card(self, *_: Any, **__: Any) -> None:
            """Write none beside checkpoints."""

        def compute_loss(self, model: Any, inputs: Any, *rest: Any, **named: Any) -> Any:
            loss = super().compute_loss(heading_plainly(model), inputs, *rest, **named)
            _forget_unmeasured(self)
            return loss

    return Hastened


def dpo_trainer(references: Path, rehearsal: Sequence[Example] = (), weight: float = 0.0) -> Any:
    """Return the class of DPO's trainer; `weight` times the loss of the next rows is added to each batch's.

    Against forgetting, as PPO-ptx mixes in pretraining gradients (Ouyang et al., 2022, section 3.5).
    """
    from trl import DPOTrainer

    class Hastened(DPOTrainer):  # type: ignore[misc]
        def _get_train_sampler(self, *_: Any) -> Any:
            return _sampler(self, _lengths(self.train_dataset))

        def create_model_card(self, *_: Any, **__: Any) -> None:
            """Write none beside checkpoints."""

        def _prepare_dataset(self, *arguments: Any) -> Any:
            dataset = super()._prepare_dataset(*arguments)
            lengths = _lengths(dataset)  # sorted, the reference's pass has batches of like length as well
            return dataset.select(sorted(range(len(dataset)), key=lambda place: lengths[place]))

        def _precompute_ref_logps(self, dataset: Any, *arguments: Any) -> Any:
            place = references / f"{_key(dataset, self.model)}.json"
            if not processes.agreed(place.exists()):
                shared = _shared(dataset, Path(self.args.output_dir) / "pairs")
                _keep(super()._precompute_ref_logps(shared, *arguments), place)
            for name, values in read_json(place).items():
                dataset = dataset.add_column(name, values)
            return dataset

        def compute_ref_log_probs(self, model: Any, inputs: Any) -> Any:
            return super().compute_ref_log_probs(sharing_prompts(model), inputs)

        def compute_loss(self, model: Any, inputs: Any, *rest: Any, **named: Any) -> Any:
            loss = super().compute_loss(sharing_prompts(model), inputs, *rest, **named)
            _forget_unmeasured(self)
            if rehearsal and weight:
                loss = loss + weight * _rehearsed(self, model, rehearsal)
            return loss

    return Hastened


def _sampler(trainer: Any, lengths: Sequence[int]) -> ByLength:
    arguments = trainer.args
    batch = arguments.train_batch_size * processes.count()  # they take turns with its shares
    return ByLength(lengths, batch, arguments.data_seed, lambda: int(trainer.state.epoch or 0))


def _shared(dataset: Any, place: Path) -> Any:
    """Return a dataset that lies in a folder of all processes, as TRL puts what it makes of it beside it."""
    if processes.count() == 1:
        return dataset
    from datasets import load_from_disk

    if processes.is_main():
        dataset.save_to_disk(place)
    processes.wait()
    return load_from_disk(place)


def _keep(made: Any, place: Path) -> None:
    if processes.is_main():
        write_json(place, {name: list(made[name]) for name in ("ref_chosen_logps", "ref_rejected_logps")})
    processes.wait()


def _lengths(dataset: Any) -> list[int]:
    columns = [dataset[name] for name in ("prompt_ids", "chosen_ids", "rejected_ids")]
    return [sum(map(len, row)) for row in zip(*columns, strict=True)]


def _forget_unmeasured(trainer: Any) -> None:
    for name in UNMEASURED:
        trainer._metrics["train"].pop(name, None)


def _key(dataset: Any, model: Any) -> str:
    """Return 16 hex digits for the token ids of the pairs and the weights of the reference.

    Processes that share the pairs pad them otherwise, which may change the last bits: they have keys of their own.
    """
    import torch

    digest = hashlib.sha256(b"" if processes.count() == 1 else str(processes.count()).encode())
    for name in ("prompt_ids", "chosen_ids", "rejected_ids"):
        digest.update(repr(list(dataset[name])).encode())
    for name, weights in sorted(model.state_dict().items()):
        if "lora_" not in name:  # adapters are off in the reference
            digest.update(name.encode())
            digest.update(weights.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
    return digest.hexdigest()[:16]


def _rehearsed(trainer: Any, model: Any, rows: Sequence[Example]) -> Any:
    """Return the loss of the rows whose turn it is: the step says which, so a resumed run reads the same ones."""
    import torch

    size = trainer.args.train_batch_size
    start = (trainer.state.global_step * processes.count() + processes.number()) * size
    batch = [rows[place % len(rows)] for place in range(start, start + size)]
    width = max(len(row["input_ids"]) for row in batch)

    def padded(name: str, filler: int) -> Any:
        return torch.tensor([[*row[name], *[filler] * (width - len(row[name]))] for row in batch], device=model.device)

    ids, labels = padded("input_ids", 0), padded("labels", IGNORED)
    return -next_log_probs(model, {"input_ids": ids}, labels).sum() / (labels[:, 1:] != IGNORED).sum()
