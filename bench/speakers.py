"""Who speaks: accuracy by category, coverage against precision, and speed.

    python bench/speakers.py [--shared ../shared] [--plot FILE.svg] [--without wp2021 gold second_author speed]

Four measurements, each beside its peer in the same run: forced choice on the dev split of wp2021, read as
`huaben lines FILE --cast CAST.yaml` reads a file (peer: the name mentioned nearest before the quotation); the
gold lines of the embedded novel; the labelled lines of two old novels (`bench/labelled.py`; same peer as the first);
chapters, lines and speakers of 施公案 and 雍正剑侠图 in seconds and memory (peers: a plain regular expression, jieba
and lac, see `peers/reading.py`). What is not there is skipped. Ends with one line of JSON.
"""

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from huaben.files import read_jsonl
from huaben.novel.attribution.ranker import DECIDED
from huaben.novel.attribution.score import score_rules
from huaben.novel.people.names import Names
from huaben.novel.reading.chapters import read_chapters
from huaben.novel.stages import guess_speakers
from huaben.params import ANY_NOVEL, CastMember, load_cast, load_params
from huaben.records import Chapter, Line
from labelled import second_author
from peers.reading import speed
from wp2021 import Window, read_cast, read_windows

ROOT = Path(__file__).parents[1]
CURVES = {"wp2021_dev": "wp2021 dev", "gold": "the embedded novel"}
THRESHOLDS = sorted({*(step / 20 for step in range(20)), 0.8, DECIDED, 0.97, 0.99})
Answer = tuple[float, bool]
"""Certainty of the guess, and whether it is right."""


def answer(window: Window, cast: Sequence[CastMember], folder: Path) -> tuple[Answer, bool]:
    """Return how the program answers a window that lies in a file, and whether the nearest name is right."""
    file = folder / "window.txt"
    file.write_text(window.text + "\n", encoding="utf-8")
    chapters, _ = read_chapters([file], file.stem, ANY_NOVEL)
    line = target(window, chapters, guess_speakers(chapters, cast))
    before = Names(cast).find(window.text[: window.target[0]])
    nearest = bool(before) and before[-1].name == window.speaker
    return (line.certainty if line else 0.0, line is not None and line.speaker == window.speaker), nearest


def target(window: Window, chapters: Sequence[Chapter], lines: Sequence[Line]) -> Line | None:
    """Return the first outer quotation in the window's 11th sentence."""
    sentence = window.text[slice(*window.target)]
    for chapter in chapters:
        start = chapter.text.find(sentence)
        if start >= 0:
            inside = (line for line in lines if line.chapter == chapter.index and line.depth == 0)
            return next((line for line in inside if start <= line.start < start + len(sentence)), None)
    return None


def wp2021(folder: Path) -> dict[str, Any]:
    """Measure on the dev split."""
    cast, windows = read_cast(folder / "name_list.txt"), read_windows(folder / "dev_unsplit.txt")
    with tempfile.TemporaryDirectory() as scratch:
        found = [answer(window, cast, Path(scratch)) for window in windows]
    answers = [one for one, _ in found]
    categories = ("explicit", "implicit", "latent")
    by = {c: [a for a, w in zip(answers, windows, strict=True) if w.category == c] for c in categories}
    return {
        "overall": right(answers),
        **{category: right(group) for category, group in by.items()},
        "n": len(answers),
        "at_precision_95": covered(answers, 0.95),
        "decided": decided(answers, DECIDED),
        "nearest_name": round(float(np.mean([nearest for _, nearest in found])), 4),
        "curve": curve(answers),
    }


def right(answers: Sequence[Answer]) -> float:
    return round(float(np.mean([ok for _, ok in answers])), 4) if answers else 0.0


def decided(answers: Sequence[Answer], threshold: float) -> dict[str, float]:
    """Return which share is at least so certain, and the precision of that."""
    certain = [one for one in answers if one[0] >= threshold]
    return {"certainty": threshold, "share": round(len(certain) / len(answers), 4), "precision": right(certain)}


def covered(answers: Sequence[Answer], precision: float) -> float:
    """Return the largest share of the answers, surest first, with that precision."""
    rights = [ok for _, ok in sorted(answers, key=lambda one: -one[0])]
    reached = np.flatnonzero(np.cumsum(rights) / np.arange(1, len(rights) + 1) >= precision)
    return round((int(reached[-1]) + 1) / len(rights), 4) if len(reached) else 0.0


def curve(answers: Sequence[Answer]) -> list[dict[str, float]]:
    return [decided(answers, threshold) for threshold in THRESHOLDS]


def gold() -> dict[str, Any]:
    """Measure on the embedded novel."""
    params, rows = load_params(ROOT / "params.yaml"), list(read_jsonl(ROOT / "tests" / "gold" / "lines.jsonl"))
    chapters, _ = read_chapters(sorted((ROOT / "data" / "raw").glob("*.txt")), params.novel.slug, params.chapters)
    lines = guess_speakers(chapters, load_cast(ROOT / "cast.yaml"))
    score = score_rules(lines, rows, params.speakers.min_certainty)
    wanted = {(row["chapter"], row["start"], row["end"]): row["speaker"] for row in rows if row["speaker"]}
    found = [(line, wanted.get((line.chapter, line.start, line.end))) for line in lines]
    return {**score, "curve": curve([(line.certainty, line.speaker == who) for line, who in found if who])}


def plot(figures: dict[str, Any], file: Path) -> None:
    """Draw coverage against precision; equal figures are equal bytes."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "speakers", "svg.fonttype": "none", "font.size": 9})
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(5.2, 3.2), layout="constrained")
    for (key, label), marker in zip(CURVES.items(), "os", strict=True):
        points = [p for p in figures.get(key, {}).get("curve", []) if p["share"]]
        shares, rights = ([100 * p[name] for p in points] for name in ("share", "precision"))
        axes.plot(shares, rights, marker + "-", label=label)
        at = [i for i, p in enumerate(points) if p["certainty"] == DECIDED]
        axes.plot([shares[i] for i in at], [rights[i] for i in at], "ko", markersize=11, fillstyle="none")
    axes.plot([], [], "ko", markersize=11, fillstyle="none", label=f"certainty {DECIDED}")
    axes.set_xlabel("lines decided, %")
    axes.set_ylabel("of these right, %")
    axes.grid(alpha=0.3)
    axes.legend(loc="lower left")
    figure.savefig(file, metadata={"Date": None, "Creator": None})


def main() -> None:
    """Measure what is there, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    parser.add_argument("--plot", type=Path)
    parser.add_argument(
        "--without", nargs="*", default=[], help="measurements to leave out: wp2021 gold second_author speed"
    )
    options = parser.parse_args()
    benchmark, corpora = options.shared / "benchmarks" / "wp2021", options.shared / "corpora"
    figures: dict[str, Any] = {}
    if "wp2021" not in options.without and benchmark.exists():
        figures["wp2021_dev"] = wp2021(benchmark)
    if "gold" not in options.without:
        figures["gold"] = gold()
    if "second_author" not in options.without and corpora.exists():
        figures["second_author"] = second_author(corpora)
    if "speed" not in options.without and corpora.exists():
        figures["speed"] = speed(corpora)
    if options.plot:
        plot(figures, options.plot)
    for label, figure in figures.items():
        print(label, json.dumps(figure, ensure_ascii=False, indent=1))
    print(json.dumps(figures, ensure_ascii=False))


if __name__ == "__main__":
    main()
