"""DPO by LoRA at the size of Qwen2.5-7B: pairs and tokens a second, memory, share of the roofline; beside TRL's own.

    python bench/gpu/speed.py                       # on one GPU of 80 GB
    python bench/gpu/speed.py --size tiny --pairs 16  # the same on a CPU, to see that it runs

The weights are random and made on the device, so nothing is downloaded. A pair has 512 tokens in TRL's two rows: a
prompt of 156 twice, and 200 of two replies, their lengths drawn around that by a seed. Two epochs of each trainer in
this one run; TRL 1.16 with its defaults (activation checkpointing, a reference pass every step, random order), then
the stage's. Not counted: loading, tokenizing. Counted: the pass of the reference.

The roofline is of the work in two rows: 4 FLOP a weight and token (LoRA: forward, and backward to the activations), 2
more for the reference once in two epochs, over the peak of the device; 798 TFLOP/s is what dense bf16 products reach
on an H100. Ends with one line of JSON.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

SIZES: dict[str, dict[str, int]] = {
    "qwen2.5-7b": {
        "vocab_size": 152_064, "hidden_size": 3584, "intermediate_size": 18_944, "num_hidden_layers": 28,
        "num_attention_heads": 28, "num_key_value_heads": 4,
    },
    "tiny": {
        "vocab_size": 1000, "hidden_size": 64, "intermediate_size": 192, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2,
    },
}  # fmt: skip
PROMPT, REPLY = 156, 100
LETTERS = "天地玄黄宇宙洪荒日月盈昃辰宿列张寒来暑往秋收冬藏"


def make_pairs(count: int) -> list[dict[str, Any]]:
    """Return pairs of letters, one token each; lengths vary by a half around their mean."""
    chance = random.Random(7)

    def said(role: str, mean: int) -> list[dict[str, str]]:
        return [
            {"role": role, "content": "".join(chance.choices(LETTERS, k=chance.randint(mean // 2, mean * 3 // 2)))}
        ]

    return [
        {"prompt": said("user", PROMPT), "chosen": said("assistant", REPLY), "rejected": said("assistant", REPLY)}
        for _ in range(count)
    ]


def make_model(size: str) -> Any:
    """Return a model with random weights, on the GPU if there is one."""
    import torch
    from transformers import AutoModelForCausalLM, Qwen2Config

    gpu = torch.cuda.is_available()
    torch.manual_seed(7)
    config = Qwen2Config(**SIZES[size], max_position_embeddings=1024, tie_word_embeddings=False)
    with torch.device("cuda" if gpu else "cpu"):
        return AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16 if gpu else torch.float32)


def build(name: str, size: str, pairs: list[dict[str, Any]], batch: int, folder: Path) -> Any:
    """Return a trainer as it stands before its first step; of ours without the pass of the reference."""
    import torch
    from datasets import Dataset
    from peft import LoraConfig
    from trl import DPOConfig, DPOTrainer

    from huaben.params import Tiny
    from huaben.training.learning import tiny
    from huaben.training.learning.hastened import dpo_trainer

    gpu = torch.cuda.is_available()
    wanted = Tiny(vocabulary=400, hidden=1, layers=1, heads=1, epochs=1.0, lr=1.0, batch=1)
    common = {
        "output_dir": str(folder), "num_train_epochs": 2, "per_device_train_batch_size": batch, "learning_rate": 5e-5,
        "max_length": 1024, "seed": 7, "use_cpu": not gpu, "bf16": gpu, "save_strategy": "no", "report_to": [],
        "disable_tqdm": True,
    }  # fmt: skip
    own = {"activation_checkpointing": False, "precompute_ref_log_probs": True} if name == "ours" else {}
    return (dpo_trainer(folder / "references") if name == "ours" else DPOTrainer)(
        model=make_model(size),
        args=DPOConfig(**common, **own),
        train_dataset=Dataset.from_list(pairs),
        processing_class=tiny.make_tokenizer([LETTERS], wanted),
        peft_config=LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM"),
    )


def measure(name: str, given: argparse.Namespace, folder: Path) -> dict[str, float]:
    """Train and return what it took; ours from before its trainer is built, since that reads the reference."""
    import torch
    from transformers import PrinterCallback

    gpu = torch.cuda.is_available()
    if gpu:
        torch.cuda.reset_peak_memory_stats()
    pairs = make_pairs(given.pairs)
    began = time.perf_counter()
    trainer = build(name, given.size, pairs, given.batch, folder)
    built = time.perf_counter() - began
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    seconds = time.perf_counter() - began - (0.0 if name == "ours" else built)
    columns = [trainer.train_dataset[key] for key in ("prompt_ids", "chosen_ids", "rejected_ids")]
    prompt, chosen, rejected = (sum(map(len, column)) for column in columns)
    tokens, replies = 2 * prompt + chosen + rejected, chosen + rejected
    linear, head = weights(trainer.model)
    flop = 2 * 4 * (linear * tokens + head * replies) + 2 * (linear * tokens + head * replies)
    return {
        "seconds": round(seconds, 2),
        "pairs_per_s": round(2 * len(pairs) / seconds, 2),
        "tokens_per_s": round(2 * tokens / seconds),
        "tokens_per_pair": round(tokens / len(pairs), 1),
        "peak_gib": round(torch.cuda.max_memory_allocated() / 2**30, 2) if gpu else 0.0,
        "roofline_share": round(flop / seconds / (given.peak_tflops * 1e12), 4),
    }


def weights(model: Any) -> tuple[int, int]:
    """Return how many weights of linear layers each token passes, and how many those of the head have."""
    sizes = {name: weight.numel() for name, weight in model.named_parameters() if weight.dim() == 2}
    frozen = {name: size for name, size in sizes.items() if "lora_" not in name}
    head = sum(size for name, size in frozen.items() if "lm_head" in name)
    return sum(size for name, size in frozen.items() if "embed" not in name) - head, head


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=list(SIZES), default="qwen2.5-7b")
    parser.add_argument("--pairs", type=int, default=512)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--peak-tflops", type=float, default=798.0)
    parser.add_argument("--only", choices=["trl", "ours"], help=argparse.SUPPRESS)
    given = parser.parse_args()
    from huaben.training.learning import trainers

    if given.only:
        trainers.prepare_process(offline=True)
        with tempfile.TemporaryDirectory() as scratch:
            print(json.dumps(measure(given.only, given, Path(scratch))))
        return
    import subprocess  # each trainer has a process and the device's memory to itself

    found = {}
    for name in ("trl", "ours"):
        command = [sys.executable, __file__, *sys.argv[1:], "--only", name]
        out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        found[name] = json.loads(out.splitlines()[-1])
        print(name, found[name], flush=True)
    ratio = found["ours"]["pairs_per_s"] / found["trl"]["pairs_per_s"]
    print(json.dumps({"size": given.size, "pairs": given.pairs, **found, "times_faster": round(ratio, 2)}))


if __name__ == "__main__":
    main()
