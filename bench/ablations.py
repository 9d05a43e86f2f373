"""What pays: the tiny model trained on the data with one rule, one source or one kind of pair taken away.

    python bench/ablations.py                       # all, three seeds, and fills docs/results.md
    python bench/ablations.py --only raw --seeds 2 --no-docs

Needs what `dvc repro` has made: the models of the full data and their report stand as they are. Every variant
is asked exactly what these were asked, and starts from their base. A change is set against the noise of the
seeds (release/diff/noise.py). A line is printed as soon as a variant is done.
"""

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from huaben.cli import paths
from huaben.files import read_json, read_jsonl, write_json, write_jsonl
from huaben.params import Params, load_params
from huaben.refine.stages import run_clean, run_dedupe
from huaben.release.diff.noise import compare_figure
from huaben.training.evaluate import evaluate
from huaben.training.learning.systemmessage import persona_of
from huaben.training.train import fingerprint, seed_folder, train

DOCS = Path("docs/results.md")
BEGIN, END = "<!-- ablations -->", "<!-- /ablations -->"
FIGURES = {
    "knowledge_accuracy": "knowledge",
    "preference_accuracy": "preference",
    "style_score": "style",
    "dull_replies": "dull",
    "perplexity_ratio": "perplexity over the base's",
}
OF_PAIRS = ("grounded", "contrast", "prompts")
SOURCES = ("dialogue", "qa", "summary_qa", "pretrain", "general")
UNDONE = {"metrics": {"rows": 0.0}, "curve": []}


@dataclass(frozen=True)
class Variant:
    """A change of the data or of the mixture; `model`: which model is read (the last one that there is)."""

    about: str
    change: Callable[[Path, Params], None] = lambda folder, params: None
    mixture: dict[str, float] = field(default_factory=dict)
    model: str = "dpo"
    keeps_sft: bool = False
    """Only the pairs differ, so that SFT came out as with the full data."""


def raw_dialogue(folder: Path, _: Params) -> None:
    shutil.copy(folder / "dialogue_raw.jsonl", folder / "dialogue.jsonl")
    (folder / "preference.jsonl").unlink()


def any_length(folder: Path, params: Params) -> None:
    loose = params.model_copy(update={"clean": params.clean.model_copy(update={"min_characters": 1})})
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        run_clean(paths.SOURCES, work / "clean", work / "clean.json", loose, paths.REVIEWS)
        run_dedupe(work / "clean", work / "dedupe", work / "dedupe.json", loose)
        shutil.copytree(work / "dedupe", folder, dirs_exist_ok=True)


def with_duplicates(folder: Path, _: Params) -> None:
    shutil.copytree(paths.CLEAN, folder, dirs_exist_ok=True)


def one_wording(folder: Path, _: Params) -> None:
    rows = read_jsonl(folder / "qa_v2.jsonl")
    write_jsonl(folder / "qa_v2.jsonl", [{**row, "wordings": []} for row in rows])


def without(*names: str) -> Callable[[Path, Params], None]:
    return lambda folder, _: [(folder / f"{name}.jsonl").unlink(missing_ok=True) for name in names] and None


def only_way(way: str) -> Callable[[Path, Params], None]:
    def change(folder: Path, _: Params) -> None:
        rows = [row for row in read_jsonl(folder / "preference.jsonl") if row["way"] == way]
        write_jsonl(folder / "preference.jsonl", rows)

    return change


@dataclass(frozen=True)
class Full:
    """The models of the full data, and what was measured of them."""

    models: Path
    report: dict[str, Any]


VARIANTS = {
    "full": Variant("all of it: SFT, then DPO"),
    "dpo_only": Variant("DPO without SFT", model="dpo_only"),
    "raw": Variant(
        "raw dialogue only: SFT on `dialogue_raw`, no question, no pair",
        raw_dialogue,
        {"qa": 0.0, "summary_qa": 0.0, "pretrain": 0.0},
        model="sft",
    ),
    "any_length": Variant("without the six-letter rule", any_length),
    "duplicates": Variant("without `dedupe`", with_duplicates),
    "qa_v1": Variant("questions of v1 alone", without("qa_v2", "summary_qa_v2")),
    "qa_v2": Variant("questions of v2 alone", without("summary_qa_v1")),
    "one_wording": Variant("each question of v2 in one wording", one_wording),
    **{way: Variant(f"pairs of `{way}` alone", only_way(way), keeps_sft=True) for way in OF_PAIRS},
    **{f"no_{name}": Variant(f"`train.mixture.{name}: 0`", mixture={name: 0.0}) for name in SOURCES},
}


def main() -> None:
    arguments = _arguments()
    params = load_params(paths.PARAMS)
    params = _with_train(params, seeds=params.train.seeds[: arguments.seeds])
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as temporary:
        full = Full(paths.MODELS, read_json(paths.REPORTS / "evaluation.json"))
        results = run(arguments.only, params, Path(temporary), paths.DEDUPE, paths.GENERAL, full)
    table = as_table(results)
    if not arguments.no_docs:
        DOCS.write_text(filled(DOCS.read_text(encoding="utf-8"), table), encoding="utf-8")
    print(json.dumps({"seeds": arguments.seeds, "seconds": round(time.monotonic() - began), "variants": results}))


def run(
    names: list[str], params: Params, work: Path, datasets: Path, general: Path, full: Full
) -> dict[str, dict[str, Any]]:
    """Return the figures of each variant's model, those of the full data first."""
    results: dict[str, dict[str, Any]] = {}
    for name in ["full", *(name for name in names if name != "full")]:
        variant = VARIANTS[name]
        report = full.report
        if name not in ("full", "dpo_only"):
            _train(variant, params, work, datasets, general, work / name, full.models)
            report, _ = evaluate(work / name, datasets, general, params)
            shutil.rmtree(work / name)
        figures = report["models"].get(variant.model)
        results[name] = {"about": variant.about, "seeds": report["seeds"], "figures": figures or {}}
        lines = as_table({"full": results["full"], name: results[name]}).splitlines()
        print("\n".join(lines[:3] if name == "full" else lines[-1:]), flush=True)
    return {name: results[name] for name in VARIANTS if name in results}


def as_table(results: dict[str, dict[str, Any]]) -> str:
    """Return the results as Markdown; a figure that differs from the full data's beyond the seeds' noise is bold."""
    lines = [f"| data | {' | '.join(FIGURES.values())} |", f"|---|{'---|' * len(FIGURES)}"]
    full = results["full"]
    for result in results.values():
        seeds = (full["seeds"], result["seeds"])
        cells = [_cell(full["figures"], result["figures"], metric, seeds) for metric in FIGURES]
        lines.append(f"| {result['about']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def filled(page: str, table: str) -> str:
    """Return the page with the table between its two marks. Raises ValueError for a page without them."""
    before, found, rest = page.partition(BEGIN)
    _, closed, after = rest.partition(END)
    if not found or not closed:
        raise ValueError(f"{DOCS}: no {BEGIN} and {END} to write between")
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def _cell(full: dict[str, Any], figures: dict[str, Any], metric: str, seeds: tuple[int, int]) -> str:
    if metric not in figures:
        return "–"
    value, low, high = (figures[f"{metric}{part}"] for part in ("", "_low", "_high"))
    is_noise = compare_figure(full, figures, metric, seeds)["is_noise"]
    shown = f"**{value:.3f}**" if is_noise is False else f"{value:.3f}"
    return f"{shown} [{low:.3f}, {high:.3f}]"


def _train(
    variant: Variant, params: Params, work: Path, datasets: Path, general: Path, models: Path, full: Path
) -> None:
    folder = work / "data"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(datasets, folder)
    variant.change(folder, params)
    mixture = params.train.mixture.model_copy(update=variant.mixture)
    changed = _with_train(params, mixture=mixture)
    run_folder = work / "runs" / fingerprint(folder, general, changed.train, persona_of(changed))
    _spare(run_folder, changed, full, variant.keeps_sft)
    train(folder, general, models, work / "runs", changed, lambda line: None)
    for unread in {"sft", "dpo"} - {variant.model}:
        for place in models.glob(f"**/{unread}"):
            shutil.rmtree(place)


def _spare(run_folder: Path, params: Params, full: Path, keeps_sft: bool) -> None:
    """Put what need not be trained again where a killed run would have left it: the base, maybe SFT."""
    shutil.copytree(full / "base", run_folder / "base")
    write_json(run_folder / "base.json", UNDONE)
    for seed in params.train.seeds:
        place = seed_folder(run_folder, params.train, seed)
        place.mkdir(parents=True, exist_ok=True)
        write_json(place / "dpo_only.json", UNDONE)
        if keeps_sft:
            shutil.copytree(seed_folder(full, params.train, seed) / "sft", place / "sft")
            write_json(place / "sft.json", UNDONE)


def _with_train(params: Params, **changes: Any) -> Params:
    return params.model_copy(update={"train": params.train.model_copy(update=changes)})


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=list(VARIANTS), default=list(VARIANTS))
    parser.add_argument("--no-docs", action="store_true", help="leave docs/results.md as it is")
    return parser.parse_args()


if __name__ == "__main__":
    main()
