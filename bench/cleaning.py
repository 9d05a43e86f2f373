"""Cleaning and validating a million short rows: rows per second and memory, beside datatrove's filters.

    python bench/cleaning.py [--rows 1000000]

Rows are ShareGPT exchanges of clauses of the embedded novel, replies of 28 characters on average, every
fiftieth with a defect. Measured: the filters alone (texts in memory, two processes); `clean_file`, which is
`huaben clean --input` from file to files; a contract (pandera) and a suite (Great Expectations) over a frame of
as many rows. The peer is datatrove 0.10.1 with Gopher's and C4's filters on a part of the same replies; the
ratio is of CPU seconds a row, one process each. Ends with one line of JSON.
"""

import argparse
import json
import multiprocessing
import random
import re
import resource
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from huaben.gates.frame import make_frame
from huaben.gates.schema import check_rows, load_contract
from huaben.gates.suite import check_dataset, load_suite
from huaben.records import QA, Provenance
from huaben.refine.cleaning import clean_file
from huaben.refine.filters import Exchange, reply_fault
from huaben.refine.repair import mend
from peers.running import BENCH, python_of

ROOT = BENCH.parent
DEFECTS = (
    "作为一个人工智能，我不能回答。",
    "{}<|im_start|>user",
    "<think>想一想</think>{}",
    '{{"reply": "{}"}}',
    "{}\ufffd",
    "……",
)
PEER_ROWS = 20_000
PROCESSES = 2


def exchanges(rows: int) -> Iterator[tuple[str, str]]:
    """Yield prompts and replies; the same in every run."""
    text = (ROOT / "data" / "raw" / "lianggengtian.txt").read_text(encoding="utf-8")
    clauses = [clause for clause in re.split(r"[，。！？：；“”‘’\n]+", text) if 3 <= len(clause) <= 16]
    chance = random.Random(7)

    def said(length: int) -> str:
        parts: list[str] = []
        while sum(map(len, parts)) < length:
            parts.append(chance.choice(clauses))
        return "，".join(parts) + "。"

    for i in range(rows):
        asked, reply = said(chance.randint(2, 14))[:-1] + "？", said(chance.randint(8, 36))
        yield asked, chance.choice(DEFECTS).format(reply) if i % 50 == 0 else reply


def write_rows(path: Path, pairs: list[tuple[str, str]]) -> None:
    with path.open("w", encoding="utf-8") as file:
        for asked, reply in pairs:
            talk = [{"from": "human", "value": asked}, {"from": "gpt", "value": reply}]
            file.write(json.dumps({"conversations": talk}, ensure_ascii=False) + "\n")


def count_kept(pairs: list[tuple[str, str]]) -> int:
    """Mend every reply and ask every filter; return how many are kept."""
    return sum(reply_fault(mend(reply, asked)[0], Exchange(asked, asked)) is None for asked, reply in pairs)


def timed(rows: int, began: float) -> dict[str, float]:
    seconds = time.perf_counter() - began
    return {"wall": round(seconds, 2), "rows_per_s": round(rows / seconds)}


def measure_filters(pairs: list[tuple[str, str]]) -> dict[str, float]:
    """Run the filters alone over all replies, in chunks, in two processes that are already there."""
    chunks = [pairs[i : i + 10_000] for i in range(0, len(pairs), 10_000)]
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        pool.map(count_kept, [pairs[:10]] * PROCESSES)
        began = time.perf_counter()
        kept = sum(pool.imap(count_kept, chunks))
        return {**timed(len(pairs), began), "kept": kept}


def measure_file(path: Path, rows: int, out: Path) -> dict[str, Any]:
    """Run `clean_file` in a process of its own, so that the memory is its own."""
    command = [python_of(""), Path(__file__), "--clean", path, out]
    began = time.perf_counter()
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    figures = {**timed(rows, began), **json.loads(done.stdout)}
    return {**figures, "rows_per_cpu_s": round(rows / (figures["cpu_parent"] + figures["cpu_children"]))}


def clean_one(path: Path, out: Path) -> None:
    """Clean a file and print what it took; this is the process that `measure_file` starts."""
    report = clean_file(path, out)
    parent, child = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    # ru_maxrss of this process counts what it was forked from, VmHWM does not
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    own = int(re.search(r"VmHWM:\s+(\d+)", status)[1]) // 1024
    megabytes = {"mb_parent": own, "mb_child": child.ru_maxrss // 1024}
    cpu = {"cpu_parent": round(sum(parent[:2]), 2), "cpu_children": round(sum(child[:2]), 2)}
    print(json.dumps({"kept": report.kept, "mended": report.mended, **megabytes, **cpu}))


def measure_peer(replies: list[str], folder: Path) -> dict[str, float]:
    """Compare CPU seconds a row with the peer's, both in one process and one after the other."""
    texts = folder / "texts.jsonl"
    texts.write_text("".join(json.dumps(reply) + "\n" for reply in replies), encoding="utf-8")
    pairs = [("后来呢？", reply) for reply in replies]
    count_kept(pairs[:10])
    began = time.process_time()
    count_kept(pairs)
    ours = time.process_time() - began
    command = [python_of("gopher"), BENCH / "peers" / "gopher_filters.py", texts]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    theirs = json.loads(done.stdout.splitlines()[-1])["cpu"]
    n = len(replies)
    return {
        "ours_rows_per_cpu_s": round(n / ours),
        "peer_rows_per_cpu_s": round(n / theirs),
        "ratio": round(theirs / ours, 1),
    }


def measure_gates(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """Hold a frame of as many rows against the contract and the suite of `qa_v2`."""
    import pandas as pd

    place = Provenance(novel="bench", chapter=1, chapter_id="c1", spans=((0, 8),))
    some = [
        QA(record_id="0" * 16, split="train", angle="plot", question=a, answer=b, evidence=b[:8], provenance=place)
        for a, b in pairs[:5_000]
    ]
    frame = make_frame(some)
    frame = pd.concat([frame] * -(-len(pairs) // len(some)), ignore_index=True).iloc[: len(pairs)].copy()
    frame["record_id"] = [f"{i:016x}" for i in range(len(frame))]
    contract = load_contract(ROOT / "schemas" / "qa_v2.yaml", "qa_v2")
    suite = load_suite(ROOT / "schemas" / "suites" / "qa_v2.yaml", "qa_v2")
    parameters = {"chapters": 1, "characters": len(frame), "pieces": 1, "questions": 1, "languages": ["zh"]}
    began = time.perf_counter()
    rows = check_rows(contract, frame)
    pandera = timed(len(frame), began)
    began = time.perf_counter()
    whole = check_dataset(suite, frame, parameters)
    return {
        "pandera": {**pandera, "gates": len(rows)},
        "great_expectations": {**timed(len(frame), began), "gates": len(whole)},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--clean", type=Path, nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.clean:
        clean_one(*arguments.clean)
        return
    rows = arguments.rows
    pairs = list(exchanges(rows))
    mean = sum(len(reply) for _, reply in pairs) / rows
    figures: dict[str, Any] = {"rows": rows, "mean_characters": round(mean, 1)}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_rows(folder / "rows.jsonl", pairs)
        figures["filters"] = measure_filters(pairs)
        figures["clean_input"] = measure_file(folder / "rows.jsonl", rows, folder / "out")
        figures["gates"] = measure_gates(pairs)
        figures["peer"] = measure_peer([reply for _, reply in pairs[:PEER_ROWS]], folder)
    print(f"replies of {mean:.1f} characters on average, {rows:,} of them")
    print(f"{'filters':24} {figures['filters']['rows_per_s']:>10,} rows/s")
    print(f"{'huaben clean --input':24} {figures['clean_input']['rows_per_s']:>10,} rows/s")
    for name, found in figures["gates"].items():
        print(f"{name:24} {found['rows_per_s']:>10,} rows/s")
    peer = figures["peer"]
    ours, theirs = peer["ours_rows_per_cpu_s"], peer["peer_rows_per_cpu_s"]
    print(f"rows in a CPU second: ours {ours:,}, datatrove {theirs:,}: {peer['ratio']} times as many")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
