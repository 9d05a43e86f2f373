"""What Axolotl makes of files of exports: run by the Python of its own environment.

    .venvs/axolotl/bin/python axolotl_rows.py EXPORTS TOKENIZER OUTPUT FILE...

Every FILE of EXPORTS goes through its loader and its prompt strategy for the file, as a config of a user names them.
OUTPUT is JSON: the version, and for each file its rows, `text` (all that is read) and `trained` (what the loss sees);
a pair has both for each side.
"""

import json
import sys
from pathlib import Path

import axolotl
from axolotl.utils.data.rl import prepare_preference_datasets
from axolotl.utils.data.sft import prepare_datasets
from axolotl.utils.dict import DictDefault
from transformers import AutoTokenizer


def config(exports, name, tokenizer_folder, prepared):
    """Return what a user writes, and the defaults that reading a whole config would fill in."""
    kind = "completion" if name.endswith("-pretrain.json") else "chat_template"
    dataset = {"path": str(exports / name), "ds_type": "json", "type": kind}
    if name.startswith("preference/"):
        dataset |= {"split": "train", "type": "chat_template.default"}
    return DictDefault(
        {
            **dict.fromkeys(("base_model", "base_model_config", "tokenizer_config"), str(tokenizer_folder)),
            "datasets": [dataset],
            "rl": "dpo" if name.startswith("preference/") else None,
            "chat_template": "tokenizer_default",
            "sequence_len": 1_000_000,
            "dataset_prepared_path": str(prepared),
            "dataset_num_proc": 1,
            "dataset_keep_in_memory": True,
            "micro_batch_size": 1,
            "gradient_accumulation_steps": 1,
            "batch_size": 1,
            "num_epochs": 1,
            "seed": 7,
            "val_set_size": 0.0,
            "train_on_inputs": False,
        }
    )


def texts(row, tokenizer):
    """Return a row's texts; pairs are texts already, and `-100` marks what the loss does not see."""
    if "chosen" in row:
        return {
            f"{side}_{part}": (row["prompt"] if part == "text" else "") + row[side]
            for side in ("chosen", "rejected")
            for part in ("text", "trained")
        }
    trained = [label for label in row["labels"] if label != -100]
    return {"text": tokenizer.decode(row["input_ids"]), "trained": tokenizer.decode(trained)}


def main():
    exports, tokenizer_folder, output = map(Path, sys.argv[1:4])
    tokenizer = AutoTokenizer.from_pretrained(tokenizer_folder)
    files = {}
    for name in sys.argv[4:]:
        wanted = config(exports, name, tokenizer_folder, output.parent / "prepared")
        prepare = prepare_preference_datasets if wanted.rl else prepare_datasets
        files[name] = [texts(row, tokenizer) for row in prepare(wanted, tokenizer)[0]]
    result = {"version": axolotl.__version__, "files": files}
    output.write_text(json.dumps(result, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":  # a reader may start processes, which import this file
    main()
