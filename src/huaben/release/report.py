"""Stage `report`: one static page and its Markdown twin, from what the other stages measured (`huaben report`).

In: the files of `reports/`. Out: two texts. Nothing is measured here. The page loads nothing, runs no
script, and takes every text for untrusted: novels and models write what they like.
"""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup

from huaben.files import read_json
from huaben.params import Params
from huaben.release.charts import WIDTH, curves_of, metrics_of, number, stacked
from huaben.release.markdown import render
from huaben.release.metrics import in_order
from huaben.release.pages import PARTS, render_page, source_hash
from huaben.release.prices import total_cost
from huaben.release.results import results_of

STAGES = ("chapters", "lines", "speakers", "dialogue", "summary", "qa", "preference", "clean", "dedupe")
"""The stages that a row passes, in order."""
OUTCOMES = ("ok", "empty", "skipped", "failed")
MADE_BY = {
    "gates": "validate",
    "profile": "validate",
    "rules": "score",
    "train": "train",
    "curves": "train",
    "evaluation": "evaluate",
    "samples": "evaluate",
}
"""Each single report, and the stage that makes it."""


def render_report(reports: Path, params: Params) -> tuple[str, str]:
    """Return the report as HTML and as Markdown.

    A report that is not there, or says that it was skipped, becomes a sentence that says so. Raises
    InputError for a file that is there and cannot be read.
    """
    context = _context(reports, params)
    style = (PARTS / "report.css").read_text(encoding="utf-8")
    policy = f"default-src 'none'; style-src {source_hash(style)}; base-uri 'none'; form-action 'none'"
    page = render_page("report.html.j2", {**context, "style": Markup(style), "policy": policy})
    return page, render("report.md.j2", context)


def _context(reports: Path, params: Params) -> dict[str, Any]:
    found = {name: _read(reports / f"{name}.json") for name in MADE_BY}
    coverage, cost = (_by_stage(reports / kind) for kind in ("coverage", "cost"))
    evaluation = found["evaluation"] or {}
    return {
        "params": params,
        "number": number,
        "width": WIDTH,
        "missing": {name: _why_missing(name, found) for name in MADE_BY},
        "verdict": _verdict(found["gates"] or {}),
        "skipped": params.skipped(),
        "profile": found["profile"] or {},
        "funnel": [_funnel_step(stage, coverage[stage]) for stage in STAGES if stage in coverage],
        "sifted": _sifted(
            coverage.get("clean", {}).get("datasets", {}), coverage.get("dedupe", {}).get("datasets", {})
        ),
        "cost": {stage: cost[stage] for stage in (*STAGES, "evaluate") if cost.get(stage, {}).get("replies")},
        "cost_totals": total_cost(cost),
        "rules": found["rules"],
        "results": results_of(evaluation),
        "metrics": metrics_of(evaluation),
        "seeds": evaluation.get("seeds", 1),
        "classifier": evaluation.get("style_classifier", {}),
        "left_out": dict(sorted(evaluation.get("left_out", {}).items())),
        "curves_by_phase": {
            name: drawn for name, log in in_order(found["curves"] or {}).items() if (drawn := curves_of(log))
        },
        "training": dict(sorted((found["train"] or {}).items())),
        "samples": [_sample(sample) for sample in (found["samples"] or [])[: params.report.samples]],
    }


def _read(path: Path) -> Any:
    return read_json(path) if path.exists() else None


def _by_stage(folder: Path) -> dict[str, Any]:
    return {path.stem: read_json(path) for path in sorted(folder.glob("*.json"))}


def _why_missing(name: str, found: Mapping[str, Any]) -> str | None:
    """Return why there is nothing to show of a report, or None where there is something."""
    content, source = found[name], "evaluation" if name == "samples" else name
    if content is None:
        return f"stage {MADE_BY[name]} has not written {name}.json"
    if source in ("train", "evaluation") and "skipped" in (found[source] or {}):
        return str(found[source]["skipped"])
    return None if content else f"{name}.json is empty"


def _verdict(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return the gates as (name, gate) pairs: the failed ones, critical before warnings, and the passed ones."""
    gates = sorted(report.get("gates", {}).items(), key=lambda gate: (gate[1]["severity"] != "critical", gate[0]))
    failed = [gate for gate in gates if not gate[1]["passed"]]
    return {
        "passed": report.get("passed") is True,
        "all": gates,
        "failed": failed,
        "held": [gate for gate in gates if gate[1]["passed"]],
        "not_run": sorted(Counter(report.get("not_run", {}).values()).items()),
        "critical": [name for name, gate in failed if gate["severity"] == "critical"],
    }


def _funnel_step(stage: str, coverage: Mapping[str, Any]) -> dict[str, Any]:
    counts = [(outcome, coverage[outcome]) for outcome in OUTCOMES]
    return {
        "stage": stage,
        "units": coverage["units"],
        "counts": [(outcome, count) for outcome, count in counts if count],
        "parts": stacked(counts),
        "rows": coverage.get("rows"),
        "reasons": _most_frequent(coverage.get("reasons", {})),
        "dropped": _most_frequent(coverage.get("dropped", {})),
        "repaired": _most_frequent(coverage.get("repaired", {})),
        "datasets": coverage.get("datasets", {}),
    }


def _sifted(clean: Mapping[str, Any], dedupe: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what became of each dataset's rows from the source to the release: a bar's parts, and the numbers."""
    return [_sifted_dataset(name, clean.get(name), dedupe.get(name)) for name in sorted({*clean, *dedupe})]


def _sifted_dataset(name: str, clean: Mapping[str, int] | None, dedupe: Mapping[str, int] | None) -> dict[str, Any]:
    first, last = clean or dedupe or {}, dedupe or clean or {}
    dropped = [(stage, step["dropped"]) for stage, step in (("clean", clean), ("dedupe", dedupe)) if step]
    counts = [("kept", last["kept"]), *dropped]
    shown = [(stage, count) for stage, count in dropped if count]
    numbers = {"input": first["input"], "kept": last["kept"], "counts": counts, "dropped": shown}
    return {"name": name, "parts": stacked(counts), **numbers}


def _most_frequent(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _sample(sample: Mapping[str, Any]) -> dict[str, Any]:
    """Return a sample's prompt as (role, text) pairs, and its replies by who gave them."""
    prompt = sample["prompt"]
    turns = [("user", prompt)] if isinstance(prompt, str) else [(turn["role"], turn["content"]) for turn in prompt]
    replies = {name: text for name, text in sample.items() if name not in ("prompt", "record_id")}
    return {"prompt": turns, "replies": replies}
