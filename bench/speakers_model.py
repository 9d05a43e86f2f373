"""Who speaks, with a language model: the rules alone, the model alone, and both as `huaben speakers` joins them.

    python bench/speakers_model.py MODEL.gguf [--instances 60] [--store FILE]
    python bench/speakers_model.py --base-url http://127.0.0.1:8080/v1 --model NAME [--preset vllm]

A sample of wp2021 dev, drawn with a fixed seed from each category by its share. Every window is a chapter of one
novel and goes the live path: the question of `prompts/speakers.v1.yaml`, the asking engine, the reply store, then
the reconciliation of stage `speakers`. Three forced choices on the same instances, and what the stage decides at
its threshold. A GGUF file is served by llama.cpp (package xllamacpp) with one thread; another server's key is read
from HUABEN_BENCH_KEY. `--store` keeps the replies, so that a second run at the same address asks nothing again.
Ends with one line of JSON. It looks at dev through the model and tunes nothing.
"""

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huaben.coverage import Coverage
from huaben.extract.asking import Asked, Part, collect
from huaben.extract.attribution import attribute
from huaben.extract.tasks import speakers_task
from huaben.llm.prompts import Prompts
from huaben.llm.tally import Tally
from huaben.novel.people.names import Names
from huaben.novel.quotations.lines import find_lines
from huaben.novel.reading.chapters import read_chapters
from huaben.params import ANY_NOVEL, CastMember, Params, load_params
from huaben.records import Chapter, Line
from speakers import target
from wp2021 import Window, read_cast, read_windows

ROOT = Path(__file__).parents[1]
SEED = 7
KEY_ENV = "HUABEN_BENCH_KEY"
LONGEST_REPLY = 240
"""Tokens: some twenty lines of an answer, more than a window has; what is longer repeats itself."""


@dataclass(frozen=True)
class Sample:
    """Windows, each as a chapter with its lines; the line that is asked for, where it was found."""

    windows: Sequence[Window]
    chapters: Sequence[Chapter]
    lines: Mapping[int, Sequence[Line]]
    targets: Sequence[int | None]
    """Index of the line among its chapter's."""


def drawn(windows: Sequence[Window], count: int) -> list[Window]:
    """Draw from each category by its share (largest remainders); keep the order of the split."""
    places = {c: [i for i, w in enumerate(windows) if w.category == c] for c in sorted({w.category for w in windows})}
    shares = {c: count * len(held) / len(windows) for c, held in places.items()}
    sizes = {c: int(share) for c, share in shares.items()}
    for c in sorted(shares, key=lambda c: sizes[c] - shares[c])[: count - sum(sizes.values())]:
        sizes[c] += 1
    rng = random.Random(SEED)
    return [windows[i] for i in sorted(i for c, held in places.items() for i in rng.sample(held, sizes[c]))]


def read(windows: Sequence[Window]) -> Sample:
    """Read each window as a file of its own, and number them as the chapters of one novel."""
    chapters: list[Chapter] = []
    lines: dict[int, Sequence[Line]] = {}
    targets: list[int | None] = []
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "window.txt"
        for index, window in enumerate(windows, 1):
            file.write_text(window.text + "\n", encoding="utf-8")
            (found,), _ = read_chapters([file], "wp2021", ANY_NOVEL)
            chapter = found.model_copy(update={"index": index, "chapter_id": f"wp2021-{index:03d}"})
            chapters.append(chapter)
            lines[index] = find_lines(chapter)
            line = target(window, [chapter], lines[index])
            targets.append(lines[index].index(line) if line else None)
    return Sample(windows, chapters, lines, targets)


def settings(options: argparse.Namespace, base_url: str, model: str, min_certainty: float) -> Params:
    """Return the repository's parameters, pointed at a server; the speakers task opens the conversation."""
    params = load_params(ROOT / "params.yaml")
    llm = {"provider": "openai", "model": model, "base_url": base_url, "api_key_env": KEY_ENV}
    llm |= {"preset": options.preset, "concurrency": options.concurrency, "max_tokens": LONGEST_REPLY}
    llm |= {"timeout_s": 3600.0, "temperature": 0.0}
    return params.model_copy(
        update={
            "llm": params.llm.model_copy(update=llm),
            "summary": params.summary.model_copy(update={"versions": []}),
            "qa": params.qa.model_copy(update={"versions": []}),
            "speakers": params.speakers.model_copy(update={"min_certainty": min_certainty}),
        }
    )


def decided(sample: Sample, cast: Sequence[CastMember], params: Params) -> tuple[list[Line | None], Coverage]:
    """Return the target lines as stage `speakers` decides them."""
    coverage, asked = Coverage("speakers"), Asked(params, Prompts(ROOT / "prompts"), (), Tally())
    flat = [line for index in sorted(sample.lines) for line in sample.lines[index]]
    by_chapter: dict[int, list[Line]] = {index: [] for index in sample.lines}
    for line in attribute(asked, sample.chapters, flat, cast, coverage, []):
        by_chapter[line.chapter].append(line)
    places = zip(sample.chapters, sample.targets, strict=True)
    return [None if at is None else by_chapter[chapter.index][at] for chapter, at in places], coverage


def answered(sample: Sample, cast: Sequence[CastMember], params: Params) -> list[str | None]:
    """Return whom the model names as the speaker of each target; the replies are in the store by now."""
    asked = Asked(params, Prompts(ROOT / "prompts"), (), Tally())
    parts = collect(asked, speakers_task(cast), sample.chapters, sample.lines, Coverage("speakers"), [])
    names = Names(cast)
    places = zip(sample.chapters, sample.targets, strict=True)
    return [None if at is None else said(parts.get(chapter.index, []), at + 1, names) for chapter, at in places]


def said(parts: Sequence[Part], number: int, names: Names) -> str | None:
    for part in parts:
        if number in part.passage.numbers and (one := (part.outcome.value or {}).get(number)):
            return names.resolve(one.speaker) or one.speaker
    return None


def accuracy(windows: Sequence[Window], speakers: Sequence[str | None]) -> dict[str, float]:
    """Return the share that is right, of all and by category."""
    rights = [(w.category, w.speaker == speaker) for w, speaker in zip(windows, speakers, strict=True)]
    groups = {"overall": [ok for _, ok in rights]}
    for category in ("explicit", "implicit", "latent"):
        groups[category] = [ok for c, ok in rights if c == category]
    return {name: round(sum(oks) / len(oks), 4) for name, oks in groups.items() if oks}


def speakers_of(lines: Sequence[Line | None]) -> list[str | None]:
    return [line.speaker if line else None for line in lines]


def compare(sample: Sample, cast: Sequence[CastMember], params: Callable[[float], Params]) -> dict[str, Any]:
    """Ask, and return the figures of rules, model and both."""
    started = time.monotonic()
    both, coverage = decided(sample, cast, params(0.0))
    seconds = time.monotonic() - started
    silent = params(0.0)
    silent = silent.model_copy(update={"llm": silent.llm.model_copy(update={"provider": "none"})})
    rules, _ = decided(sample, cast, silent)
    model = answered(sample, cast, params(0.0))
    threshold = load_params(ROOT / "params.yaml").speakers.min_certainty
    certain, _ = decided(sample, cast, params(threshold))
    kept = [(w, line) for w, line in zip(sample.windows, certain, strict=True) if line and line.speaker]
    return {
        "n": len(sample.windows),
        "categories": dict(Counter(w.category for w in sample.windows)),
        "rules": accuracy(sample.windows, speakers_of(rules)),
        "model": accuracy(sample.windows, model),
        "model_unanswered": sum(name is None for name in model),
        "both": accuracy(sample.windows, speakers_of(both)),
        "surer_of_both": accuracy(sample.windows, list(surer(rules, both))),
        "trust": max((line.certainty for line in both if line and line.decided_by == "model"), default=None),
        "decided": {
            "certainty": threshold,
            "share": round(len(kept) / len(certain), 4),
            "precision": round(sum(w.speaker == line.speaker for w, line in kept) / max(1, len(kept)), 4),
        },
        "coverage": {key: value for key, value in coverage.as_metrics().items() if value},
        "seconds": round(seconds),
    }


def surer(rules: Sequence[Line | None], both: Sequence[Line | None]) -> Iterator[str | None]:
    """Yield the speaker of whichever claims more certainty: the guess of the rules, or what became of it."""
    for rule, joined in zip(rules, both, strict=True):
        best = rule if rule and joined and rule.certainty > joined.certainty else joined
        yield best.speaker if best else None


@contextmanager
def server(options: argparse.Namespace) -> Iterator[tuple[str, str]]:
    """Give the address and the model's name: of the given server, or of one started for the GGUF file."""
    if options.base_url:
        yield options.base_url, options.model
        return
    sys.path.append(str(ROOT / "tests"))
    from llamacpp import serving

    os.environ.setdefault(KEY_ENV, "sk-local-0123456789")
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(options.gguf, os.environ[KEY_ENV], Path(folder) / "server.log") as url,
    ):
        yield url, options.gguf.stem


def main() -> None:
    """Measure what is there, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gguf", type=Path, nargs="?", help="a model file, served by llama.cpp")
    parser.add_argument("--base-url", help="an OpenAI-compatible server that runs already")
    parser.add_argument("--model", default="local", help="the model's name at that server")
    parser.add_argument("--preset", default="llamacpp", help="the server's manner (`llm.preset`)")
    parser.add_argument("--concurrency", type=int, default=1, help="requests in flight")
    parser.add_argument("--instances", type=int, default=60)
    parser.add_argument("--store", type=Path, help="where the replies are kept (default: nowhere)")
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    options = parser.parse_args()
    folder = options.shared / "benchmarks" / "wp2021"
    if not (options.base_url or options.gguf):
        print(json.dumps({"skipped": "no model: name a GGUF file, or a server with --base-url"}))
        return
    if not folder.exists():
        print(json.dumps({"skipped": f"{folder} is not there"}))
        return
    cast, windows = read_cast(folder / "name_list.txt"), read_windows(folder / "dev_unsplit.txt")
    sample = read(drawn(windows, options.instances))
    scratch = nullcontext(options.store.parent) if options.store else tempfile.TemporaryDirectory()
    with scratch as place, server(options) as (url, model):
        os.environ["HUABEN_STORE"] = str(options.store or Path(place) / "store.sqlite")
        figures = compare(sample, cast, lambda certainty: settings(options, url, model, certainty))
    figures = {"served": model, **figures}
    print(json.dumps(figures, ensure_ascii=False, indent=1))
    print(json.dumps(figures, ensure_ascii=False))


if __name__ == "__main__":
    main()
