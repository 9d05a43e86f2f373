"""The whole pipeline by stage: wall and CPU seconds of each, from nothing, beside DVC's own share.

    python bench/pipeline.py [--without train evaluate]

Runs in a fresh clone of this repository. The peer is DVC itself: the same stages as empty commands (`true`),
so the ratio says what our work costs over what DVC costs anyway. Ends with one line of JSON.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]


def children_cpu() -> float:
    """Return CPU seconds of the finished child processes so far."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def timed(command: list[str], folder: Path) -> dict[str, float]:
    """Run a command and return its wall and CPU seconds."""
    cpu, wall = children_cpu(), time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return {"wall": round(time.perf_counter() - wall, 2), "cpu": round(children_cpu() - cpu, 2)}


def clone(folder: Path) -> Path:
    """Clone the committed state of this repository."""
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
    return folder


def empty_pipeline(folder: Path, names: list[str]) -> Path:
    """Make a DVC repository with the same number of stages that do nothing."""
    folder.mkdir()
    dvc = [sys.executable, "-m", "dvc"]
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
    subprocess.run([*dvc, "init", "--quiet"], cwd=folder, check=True)
    stages = {name: {"cmd": "true", "params": ["always"]} for name in names}
    (folder / "params.yaml").write_text("always: 1\n", encoding="utf-8")
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}), encoding="utf-8")
    return folder


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--without", nargs="*", default=[], help="stages to leave out, such as train evaluate")
    left_out = set(parser.parse_args().without)
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    pipeline = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))
    names = [name for name in pipeline["stages"] if name not in left_out]
    if left_out:
        names.remove("report")
    with tempfile.TemporaryDirectory() as scratch:
        repository = clone(Path(scratch) / "huaben")
        figures = {name: timed(["dvc", "repro", "--force", "--single-item", name], repository) for name in names}
        noop = timed(["dvc", "repro", "--dry", *names], repository)
        floor = timed(["dvc", "repro"], empty_pipeline(Path(scratch) / "empty", names))
    for name, figure in figures.items():
        print(f"{name:12} wall {figure['wall']:8.2f} s   cpu {figure['cpu']:8.2f} s")
    whole = round(sum(figure["wall"] for figure in figures.values()), 2)
    ratio = whole / floor["wall"]
    print(f"{'all':12} wall {whole:8.2f} s   DVC with empty stages {floor['wall']:.2f} s: {ratio:.1f} times")
    print(json.dumps({"stages": figures, "wall": whole, "empty_stages": floor, "nothing_to_do": noop}))


if __name__ == "__main__":
    main()
