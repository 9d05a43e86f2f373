"""Near duplicates of short Chinese texts: `find_similar` against brute force and six deduplication tools, in one run.

    python bench/duplicates.py [--rows 20000 100000 1000000] [--methods ours rensa ...] [--rounds 1]

Texts of clauses from real novels (`../shared/corpora`; without them there is nothing to measure), one in ten a
planted copy (`bench/planted.py`). Every method gets the same texts in NFKC, small letters, letters and digits
alone; tools that split at blanks get them with blanks between the characters. Each runs in a process, and each peer
in an environment, of its own; the rounds of all methods are interleaved.

recall: planted copies that were removed; precision: removed rows that were planted copies; pairs: share of the pairs
with `fuzz.ratio` >= 85 that were found. `wall`, `cpu` in seconds (children included), `MB`: most memory held, the
input included. Brute force is run up to 20,000 rows; above, on as many rows against all as took it the time it
had there, and extrapolated by pairs. Machines are noisy: read the ratios. Ends with one line of JSON.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from peers.running import python_of
from planted import Planted, normalise, plant, read_clauses

PEERS = Path(__file__).parent / "peers"
METHODS = {
    "ours": ("", "ours"),
    "ours, duplicates": ("", "ours", "duplicates"),
    "cdist": ("", "cdist"),
    "rensa": ("rensa", "rensa"),
    "daft": ("daft", "daft"),
    "datasketch": ("datasketch", "datasketch"),
    "text-dedup": ("text_dedup", "text_dedup"),
    "datatrove": ("datatrove", "datatrove"),
}
"""Environment (empty: the project's own), script and last argument of each method."""
AT_SCALE = ("ours", "ours, duplicates", "cdist", "rensa", "daft")
"""What runs above `SCALE` rows unless methods are named: the others take many minutes there."""
SCALE = 200_000
WHOLE = 20_000
"""Rows up to which brute force compares all pairs; above, so many pairs as these are."""
COMPLETE = 0.92
"""Recall of the planted copies from which a method counts as complete."""


def write_input(folder: Path, planted: Planted, texts: list[str]) -> None:
    """Write what the methods read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    spaced = [" ".join(text) for text in texts]
    pq.write_table(pa.table({"id": range(len(texts)), "text": texts, "spaced": spaced}), folder / "texts.parquet")


def run_method(method: str, folder: Path, n_rows: int) -> dict[str, Any]:
    """Run a method on the texts of a folder; return its figures, or `fault`: why there are none."""
    peer, script, *way = METHODS[method]
    share = 1.0
    if method == "cdist" and n_rows > WHOLE:
        rows = max(1, WHOLE * WHOLE // 2 // n_rows)
        way, share = [str(rows)], rows * (n_rows - rows / 2) / (n_rows * (n_rows - 1) / 2)
    with tempfile.TemporaryDirectory(dir=folder) as own:
        (Path(own) / "texts.parquet").symlink_to(folder / "texts.parquet")
        command = [str(python_of(peer)), str(PEERS / f"dedupe_{script}.py"), own, *way]
        ended = subprocess.run(command, capture_output=True, text=True)
        if ended.returncode:
            print(ended.stderr[-3000:], file=sys.stderr)
            return {"fault": f"exit code {ended.returncode}"}
        figures = json.loads(ended.stdout.strip().splitlines()[-1])
        outcome = {name: np.load(path) for name in ("kept", "pairs") if (path := Path(own) / f"{name}.npy").exists()}
    if share < 1:
        return {"wall_s": figures["wall_s"] / share, "cpu_s": figures["cpu_s"] / share, "share_run": share}
    return {**figures, **outcome}


def judge(kept: Any, planted: Planted) -> dict[str, float]:
    """Return recall and precision of the removed rows."""
    copies, left = Counter(planted.gold), Counter(planted.gold[row] for row in kept)
    removed = len(planted.gold) - len(kept)
    rightly = sum(n - max(left[gold], 1) for gold, n in copies.items())
    return {"recall": rightly / (len(planted.gold) - len(copies)), "precision": rightly / max(removed, 1)}


def missing(pairs: Any, exact: Any) -> dict[str, int]:
    """Return how many of the exact pairs are not among the pairs, and how many pairs are not exact."""
    found, wanted = ({(min(a, b), max(a, b)) for a, b in zip(*p.tolist(), strict=True)} for p in (pairs, exact))
    return {"exact": len(wanted), "missing": len(wanted - found), "extra": len(found - wanted)}


def compare(n_rows: int, methods: list[str], rounds: int, clauses: list[str]) -> dict[str, Any]:
    """Measure the methods on `n_rows` texts, in turn, round by round."""
    planted = plant(n_rows, clauses)
    texts = normalise(planted.texts)
    measured: dict[str, list[dict[str, Any]]] = {method: [] for method in methods}
    with tempfile.TemporaryDirectory() as scratch:
        write_input(Path(scratch), planted, texts)
        for _ in range(rounds):
            for method in methods:
                measured[method].append(run_method(method, Path(scratch), n_rows))
                shown = {k: v for k, v in measured[method][-1].items() if k not in ("kept", "pairs")}
                print(f"{n_rows} {method}: {shown}, load {os.getloadavg()[0]:.1f}", file=sys.stderr, flush=True)
    return summed_up(measured, planted)


def summed_up(measured: dict[str, list[dict[str, Any]]], planted: Planted) -> dict[str, Any]:
    """Return for each method the medians of its rounds and what its answer is worth."""
    # where brute force was extrapolated, our own pairs: the same ones, as smaller sizes show
    reference = next((m for m in ("cdist", "ours, duplicates") if "pairs" in (measured.get(m) or [{}])[0]), "")
    figures = {}
    for method, rounds in measured.items():
        if "fault" in rounds[0]:
            figures[method] = rounds[0]
            continue
        numbers = [k for k, v in rounds[0].items() if isinstance(v, int | float)]
        figure: dict[str, Any] = {k: round(statistics.median(r[k] for r in rounds), 3) for k in numbers}
        if "kept" in rounds[0]:
            figure |= {k: round(v, 4) for k, v in judge(rounds[0]["kept"], planted).items()}
        if "pairs" in rounds[0] and method != reference:
            counts = missing(rounds[0]["pairs"], measured[reference][0]["pairs"])
            figure |= {**counts, "pair_recall": round(1 - counts["missing"] / max(counts["exact"], 1), 4)}
        figures[method] = figure
    return figures


def show(n_rows: int, figures: dict[str, Any]) -> None:
    """Print the table of one size, and each method's time and memory over ours."""
    table = Table("method", title=f"{n_rows:,} texts")
    for heading in ("wall", "x ours", "cpu", "x ours", "MB", "x ours", "recall", "precision", "pairs"):
        table.add_column(heading, justify="right")
    ours = figures.get("ours", {})
    for method, figure in figures.items():
        if "fault" in figure:
            table.add_row(method, figure["fault"])
            continue
        cells = []
        for name in ("wall_s", "cpu_s", "memory_mb"):
            value = figure.get(name)
            cells += [f"{value:.4g}" if value else "", f"{value / ours[name]:.2f}" if value and ours.get(name) else ""]
        cells += [f"{figure[name]:.4f}" if name in figure else "" for name in ("recall", "precision", "pair_recall")]
        table.add_row(method + (" (extrapolated)" if "share_run" in figure else ""), *cells)
    Console(width=120).print(table)
    counts = figures.get("ours, duplicates", {})
    if "missing" in counts:
        print(f"pairs: brute force {counts['exact']}, missing of ours {counts['missing']}, extra {counts['extra']}")
    complete = {
        k: f["wall_s"]
        for k, f in figures.items()
        if f.get("recall", 0) >= COMPLETE and "ours" not in k and k != "cdist"
    }
    if complete and ours:
        fastest = min(complete, key=lambda k: complete[k])
        print(f"fastest complete peer: {fastest}, {complete[fastest] / ours['wall_s']:.2f} times our wall time")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", nargs="+", type=int, default=[20_000, 100_000, 1_000_000], help="how many texts")
    parser.add_argument("--methods", nargs="+", choices=list(METHODS), help="these methods")
    parser.add_argument("--rounds", type=int, default=1, help="how often each is run; the median counts")
    chosen = parser.parse_args()
    clauses = read_clauses()
    if clauses is None:
        print("no ../shared/corpora with 2,000,000 characters: nothing measured", file=sys.stderr)
        print(json.dumps({"skipped": "no corpora"}))
        return
    results = {}
    for n_rows in chosen.rows:
        methods = chosen.methods or [m for m in METHODS if n_rows <= SCALE or m in AT_SCALE]
        for method in methods:
            python_of(METHODS[method][0])
        results[str(n_rows)] = compare(n_rows, methods, chosen.rounds, clauses)
        show(n_rows, results[str(n_rows)])
    print(json.dumps(results))


if __name__ == "__main__":
    main()
