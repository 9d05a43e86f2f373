"""text-dedup: its MinHash command over characters with blanks between, in two processes; its start is counted."""

import os
import subprocess
import sys
from pathlib import Path

from deduping import JACCARD, measure


def run(folder: Path) -> tuple[list[int], None]:
    """Keep the rows of the dataset that the command writes."""
    options = {
        "path": "parquet", "data_files": folder / "texts.parquet", "split": "train", "column": "spaced",
        "output": folder / "kept", "cache_dir": folder / "cache", "ngram": 2, "min_length": 1, "num_perm": 128,
        "threshold": JACCARD, "hash_func": "xxh3", "num_proc": 2,
    }  # fmt: skip
    command = [sys.executable, "-m", "text_dedup.minhash"]
    command += [word for name, value in options.items() for word in (f"--{name}", str(value))]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(folder / "home")}
    subprocess.run(command, check=True, env=environment, cwd=folder, stdout=sys.stderr)
    from datasets import load_from_disk

    return load_from_disk(str(folder / "kept"))["id"], None


if __name__ == "__main__":
    measure(run, prepare=lambda folder: folder)
