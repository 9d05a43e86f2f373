"""What ms-swift makes of files of exports: run by the Python of its own environment.

    .venvs/swift/bin/python swift_rows.py EXPORTS TOKENIZER OUTPUT FILE...

Every FILE of EXPORTS goes through its loader (which drops what it cannot read), its template `chatml` as it trains and
its tokenizing. OUTPUT is JSON: the version, and for each file the decoded rows, `text` (all that is read) and
`trained` (what the loss sees); a pair has both for each side.
"""

import json
import sys
from pathlib import Path

import swift
from swift.dataset import load_dataset
from swift.model import get_processor
from swift.template import get_template


def decoded(row, template):
    """Return a row's texts; `-100` marks what the loss does not see."""
    encoded, texts = template.encode(row), {}
    for column in (name for name in encoded if name.endswith("input_ids")):
        side = column.removesuffix("input_ids")
        labels = encoded[f"{side}labels"]
        texts[f"{side}text"] = template.tokenizer.decode(encoded[column])
        texts[f"{side}trained"] = template.tokenizer.decode([label for label in labels if label != -100])
    return texts


def main():
    exports, tokenizer_folder, output = map(Path, sys.argv[1:4])
    processor = get_processor(str(tokenizer_folder), model_type="qwen2")
    files = {}
    for name in sys.argv[4:]:
        rows, _ = load_dataset([str(exports / name)])
        is_plain = name.endswith("-pretrain.json")  # as `swift pt` reads it
        template = get_template(processor, template_type="chatml", use_chat_template=not is_plain)
        template.set_mode("rlhf" if name.startswith("preference/") else "train")
        files[name] = [decoded(row, template) for row in rows]
    output.write_text(json.dumps({"version": swift.__version__, "files": files}, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":  # a reader may start processes, which import this file
    main()
