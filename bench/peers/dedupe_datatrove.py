"""datatrove: its four MinHash steps (18 bands of 7, grams of two), with a tokenizer that splits at blanks."""

import json
from pathlib import Path

import datatrove.pipeline.dedup.minhash as minhash
import pyarrow.parquet as pq
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter
from datatrove.utils.hashing import HashConfig
from deduping import measure

BANDS = 18
WORKERS = 2


class Blanks:
    """A tokenizer: the texts have a blank between their characters."""

    def word_tokenize(self, text: str) -> list[str]:
        """Return the words between blanks."""
        return text.split()


minhash.load_word_tokenizer = lambda language: Blanks()
CONFIG = minhash.MinhashConfig(hash_config=HashConfig(precision=64), num_buckets=BANDS, hashes_per_bucket=7, n_grams=2)


def prepare(folder: Path) -> Path:
    """Write the texts as the JSON lines that datatrove reads, in two files."""
    table = pq.read_table(folder / "texts.parquet", columns=["id", "spaced"])
    (folder / "in").mkdir()
    for worker in range(WORKERS):
        part = table.take(list(range(worker, len(table), WORKERS))).to_pylist()
        lines = [json.dumps({"id": str(row["id"]), "text": row["spaced"]}) for row in part]
        (folder / "in" / f"{worker}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def run(folder: Path) -> tuple[list[int], None]:
    """Make signatures, sort them into buckets, cluster, and drop."""
    at = {name: str(folder / name) for name in ("in", "signatures", "buckets", "drop", "out")}
    source = JsonlReader(at["in"])
    _step(folder, "1", [source, minhash.MinhashDedupSignature(output_folder=at["signatures"], config=CONFIG)], WORKERS)
    buckets = minhash.MinhashDedupBuckets(input_folder=at["signatures"], output_folder=at["buckets"], config=CONFIG)
    _step(folder, "2", [buckets], BANDS)
    _step(
        folder,
        "3",
        [minhash.MinhashDedupCluster(input_folder=at["buckets"], output_folder=at["drop"], config=CONFIG)],
        1,
    )
    _step(
        folder,
        "4",
        [source, minhash.MinhashDedupFilter(input_folder=at["drop"]), JsonlWriter(at["out"], compression=None)],
        WORKERS,
    )
    files = sorted((folder / "out").glob("*.jsonl"))
    return [int(json.loads(line)["id"]) for file in files for line in file.read_text().splitlines()], None


def _step(folder: Path, name: str, pipeline: list[object], tasks: int) -> None:
    logs = str(folder / f"log{name}")
    LocalPipelineExecutor(
        pipeline, tasks=tasks, workers=min(tasks, WORKERS), logging_dir=logs, start_method="fork"
    ).run()


if __name__ == "__main__":
    measure(run, prepare)
