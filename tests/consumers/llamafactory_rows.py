"""What LLaMA-Factory makes of a folder of exports: run by the Python of its own environment.

    .venvs/llamafactory/bin/python llamafactory_rows.py EXPORTS TOKENIZER OUTPUT

Every entry of `dataset_info.json` goes through its argument parser, loader, converter, template `chatml` and
tokenizing. OUTPUT is JSON: the version, and for each entry the decoded rows, `text` (all that is read) and `trained`
(what the loss sees); a pair has both for each side.
"""

import importlib.machinery
import json
import sys
import types
from pathlib import Path

# its reader of sound wants torchaudio, whose wheels want CUDA; no row here has a sound
sound = types.ModuleType("torchaudio")
sound.__spec__ = importlib.machinery.ModuleSpec("torchaudio", None)
sys.modules["torchaudio"] = sound

import llamafactory  # noqa: E402
from llamafactory.data import get_dataset, get_template_and_fix_tokenizer  # noqa: E402
from llamafactory.hparams import get_train_args  # noqa: E402
from llamafactory.model import load_tokenizer  # noqa: E402

STAGES = {"pt": "pt", "sft": "sft", "dpo": "rm"}
"""What a user writes as `stage`, and what its loader calls it."""


def stage_of(entry):
    if entry.get("ranking"):
        return "dpo"
    return "pt" if entry["columns"] == {"prompt": "text"} else "sft"


def load(exports, name, stage, tokenizer_folder, output):
    """Return the tokenized train rows, and the tokenizer."""
    wanted = {
        "stage": stage,
        "do_train": True,
        "model_name_or_path": str(tokenizer_folder),
        "dataset_dir": str(exports),
        "dataset": name,
        "template": "chatml",
        "cutoff_len": 1_000_000,
        "packing": False,
        "output_dir": str(output),
        "report_to": "none",
        "bf16": False,
    }
    model_args, data_args, training_args, _, _ = get_train_args(wanted)
    tools = load_tokenizer(model_args)
    template = get_template_and_fix_tokenizer(tools["tokenizer"], data_args)
    loaded = get_dataset(template, model_args, data_args, training_args, stage=STAGES[stage], **tools)
    return loaded["train_dataset"], tools["tokenizer"]


def decoded(rows, tokenizer):
    """Return each row's texts; `-100` marks what the loss does not see."""
    for row in rows:
        texts = {}
        for column in (name for name in row if name.endswith("input_ids")):
            side = column.removesuffix("input_ids")
            labels = row.get(f"{side}labels", row[column])
            texts[f"{side}text"] = tokenizer.decode(row[column])
            texts[f"{side}trained"] = tokenizer.decode([label for label in labels if label != -100])
        yield texts


def main():
    exports, tokenizer_folder, output = map(Path, sys.argv[1:])
    info = json.loads((exports / "dataset_info.json").read_text(encoding="utf-8"))
    files = {}
    for name, entry in info.items():
        rows, tokenizer = load(exports, name, stage_of(entry), tokenizer_folder, output.parent / "trained")
        files[name] = list(decoded(rows, tokenizer))
    result = {"version": llamafactory.__version__, "files": files}
    output.write_text(json.dumps(result, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":  # a reader may start processes, which import this file
    main()
