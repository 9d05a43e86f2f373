"""Who speaks: accuracy by category, coverage against precision, and speed.

    python bench/speakers.py [--shared ../shared] [--plot FILE.png] [--without wp2021 gold second_author speed]

Four measurements, each beside its peer in the same run: forced choice on the dev split of wp2021, read as
`huaben lines FILE --cast CAST.yaml` reads a file (peer: the name mentioned nearest before the quotation); the
gold lines of the embedded novel; the labelled lines of two old novels (`bench/labelled.py`; same peer as the first);
characters per second on 施公案 and 雍正剑侠图 (peer: one regular expression that finds “……” and the two letters before
a speech verb). What is not there is skipped. Ends with one line of JSON.
"""

import argparse
import json
import re
import resource
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from huaben.files import read_jsonl
from huaben.novel.chapters import read_chapters
from huaben.novel.lines import find_lines
from huaben.novel.names import Names, found_names
from huaben.novel.score import score_rules
from huaben.novel.speakers import decide_speakers
from huaben.novel.stages import guess_speakers
from huaben.params import ANY_NOVEL, CastMember, load_cast, load_params
from huaben.records import Chapter, Line
from labelled import second_author
from wp2021 import Window, read_cast, read_windows

ROOT = Path(__file__).parents[1]
THRESHOLD = 0.8
"""Certainty from which a line counts as decided: `speakers.min_certainty`, fixed before anything was measured."""
PLAIN = re.compile(r"“([^”]*)”(?:([\u4e00-\u9fff]{2})[说问道])?")
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
        "decided": decided(answers, THRESHOLD),
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
    return [decided(answers, threshold) for threshold in (0.0, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.97, 0.99)]


def gold() -> dict[str, Any]:
    """Measure on the embedded novel."""
    params, rows = load_params(ROOT / "params.yaml"), list(read_jsonl(ROOT / "tests" / "gold" / "lines.jsonl"))
    chapters, _ = read_chapters(sorted((ROOT / "data" / "raw").glob("*.txt")), params.novel.slug, params.chapters)
    lines = guess_speakers(chapters, load_cast(ROOT / "cast.yaml"))
    score = score_rules(lines, rows, params.speakers.min_certainty)
    wanted = {(row["chapter"], row["start"], row["end"]): row["speaker"] for row in rows if row["speaker"]}
    found = [(line, wanted.get((line.chapter, line.start, line.end))) for line in lines]
    return {**score, "curve": curve([(line.certainty, line.speaker == who) for line, who in found if who])}


def speed(corpora: Path) -> dict[str, Any]:
    """Time the speakers of 0.3 million characters and of all 2.34, lines already found."""
    chapters, _ = read_chapters([corpora / "施公案.txt", corpora / "雍正剑侠图.txt"], "speed", ANY_NOVEL)
    parts = [timed(chapters[: len(chapters) // 8]), timed(chapters)]
    text = "".join(chapter.text for chapter in chapters)
    start = time.perf_counter()
    quotations = sum(1 for _ in PLAIN.finditer(text))
    plain = time.perf_counter() - start
    return {
        "runs": parts,
        "plain_regular_expression": {"quotations": quotations, "characters_per_s": round(len(text) / plain)},
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def timed(chapters: Sequence[Chapter]) -> dict[str, float]:
    lines = [find_lines(chapter) for chapter in chapters]
    start, cpu = time.perf_counter(), time.process_time()
    names = Names(found_names(chapters, []))
    for chapter, found in zip(chapters, lines, strict=True):
        decide_speakers(chapter, found, names)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    characters = sum(len(chapter.text) for chapter in chapters)
    return {
        "characters": characters,
        "lines": sum(map(len, lines)),
        "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu, 1),
        "characters_per_s": round(characters / seconds),
    }


def plot(figures: dict[str, Any], file: Path) -> None:
    """Draw coverage against precision."""
    import matplotlib.pyplot as plt

    for label in ("wp2021_dev", "gold"):
        points = [p for p in figures.get(label, {}).get("curve", []) if p["share"]]
        plt.plot([p["share"] for p in points], [p["precision"] for p in points], marker="o", label=label)
    plt.xlabel("share of the lines that is decided")
    plt.ylabel("precision")
    plt.legend()
    plt.savefig(file)


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
