"""The difference of two versions as Markdown for a pull request, from its JSON value alone.

Whoever wrote that value may be a stranger: the rows, names and numbers of a fork's run. So each text stands
in a code span or in `<pre>`, where GitHub makes no mention, link, reference, emoji or formula of it.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from huaben.release.diff.diffrows import edits_block, rows_block, texts_block
from huaben.release.markdown import Raw, code, render, visible
from huaben.release.metrics import METRICS

LIMIT = 60_000
"""GitHub refuses a comment of more than 65,536 characters; the rest is for what others add, such as
`dvc metrics diff`. Counted in UTF-16 units, of which no way of counting finds more."""
STEPS = (40, 20, 10, 5, 3, 1, 0)
"""How many of each list are shown: the first of these with which everything fits."""
DATASETS = 30
CELL = 80
"""Characters of a value in a table."""
NOTE = 600
PHRASES = {
    "added": "added",
    "removed": "removed",
    "changed": "changed",
    "dropped": "now dropped",
    "restored": "no longer dropped",
    "moved": "the same with another origin",
}
"""What can become of a row, in words."""


def as_markdown(result: Mapping[str, Any]) -> str:
    """Return the difference as Markdown of at most `LIMIT` characters; what is left out is said, and how much."""
    for most in STEPS:
        text = re.sub(r"\n{3,}", "\n\n", render("diff.md.j2", _context(result, most), shown=cell))
        if len(text.encode("utf-16-le", "surrogatepass")) // 2 <= LIMIT:
            return text
    raise ValueError("even without a row the difference is too long for a comment")


def verdict(result: Mapping[str, Any]) -> str:
    """Return in one line what happened to the rows."""
    datasets = result["datasets"]
    if datasets is None:
        return "not compared, as a side has none"
    counts = {name: sum(found["counts"][name] for found in datasets.values()) for name in (*PHRASES, "minor")}
    before, after = (sum(found["rows"][side]["all"] for found in datasets.values()) for side in ("base", "head"))
    minor = counts["minor"]
    aside = f" ({minor:,} of the changed only in how a speaker was decided)" if minor else ""
    return f"{before:,} before, {after:,} after: {phrases(counts) or 'no row is different'}{aside}"


def phrases(counts: Mapping[str, int]) -> str:
    """Return the counts of what became of rows in words."""
    return ", ".join(f"{counts[name]:,} {phrase}" for name, phrase in PHRASES.items() if counts[name])


def different(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return the datasets with a row or a column that is not as it was."""
    found = (result["datasets"] or {}).items()
    return {n: d for n, d in found if any(d["counts"][k] for k in PHRASES) or any(d["columns"].values())}


def by_reasons(ways: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the ways of rows that begin or end at a reason to drop; the others are counted as added or removed."""
    return [way for way in ways if {way["before"], way["after"]} != {"kept", "not there"}]


def major_first(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return changed rows with those first whose text or speaker changed."""
    return sorted(rows, key=lambda row: bool(row["is_minor"]))


def most_changed(pairs: Mapping[str, Sequence[int]]) -> dict[str, Sequence[int]]:
    """Return the counts that differ, the greatest difference first."""
    found = [(name, pair) for name, pair in pairs.items() if pair[0] != pair[1]]
    return dict(sorted(found, key=lambda item: (-abs(item[1][1] - item[1][0]), item[0])))


def moved_figures(result: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the metrics whose value differs: those beyond noise first, then in the order of the report."""
    place = {metric: number for number, metric in enumerate(METRICS)}
    metrics = (result["evaluation"] or {}).get("metrics", [])
    return sorted(
        (row for row in metrics if row["before"][0] != row["after"][0]),
        key=lambda row: (row["is_noise"] is not False, place.get(row["metric"], len(place))),
    )


def measured(values: Sequence[Any], sign: str = "") -> str:
    """Return a figure with its interval, `0.5 [0.3, 0.7]`; `–` for none."""
    value, low, high = (f"{part:{sign}.4g}" if isinstance(part, int | float) else None for part in values)
    return "–" if value is None else f"{value} [{low}, {high}]" if low and high else value


def judged(row: Mapping[str, Any]) -> str:
    """Return in words whether a change is noise, and of what; and that other items were asked, if so."""
    words = {True: "within noise", False: "more than noise"}.get(row["is_noise"], "no interval")
    by = {"seeds": " of the seeds", "intervals": " (intervals)"}.get(str(row.get("judged")), "")
    before, after = row.get("items", (None, None))
    asked = "" if before == after or None in (before, after) else f"; {before:g} → {after:g} items"
    return f"{words}{by}{asked}"


def cell(value: Any) -> Raw:
    """Return a value as a code span that holds in a table as well; whole numbers as they are, `–` for none."""
    if value is None or value == "":
        return Raw("–")
    if type(value) is int:
        return Raw(str(value))
    return said(value, CELL)


def said(value: Any, most: int = NOTE) -> Raw:
    """Return a value as a code span, cut after `most` characters; `|` is named, as it would end a table's cell."""
    if isinstance(value, float):
        value = f"{value:.6g}"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = visible(text if len(text) <= most else text[:most] + "…").replace("|", "⟨U+007C⟩")
    return code(text)


def _context(result: Mapping[str, Any], most: int) -> dict[str, Any]:
    datasets = dict(list((result["datasets"] or {}).items())[:DATASETS])
    changed = different({"datasets": datasets})
    repeats = {name: found["in_train_and_held_out"] for name, found in datasets.items()}
    return {
        **result,
        "most": most,
        "is_cut": any(len(rows) > most for rows in _lists(changed)),
        "verdict": Raw(verdict(result)),
        "datasets": datasets,
        "params": {name: pair for name, pair in (result["params"] or {}).items() if name not in result["texts"]},
        "compared": result["datasets"] is not None,
        "different": changed,
        "speakers": {name: pairs for name, found in changed.items() if (pairs := most_changed(found["speakers"]))},
        "repeats": {name: pair for name, pair in repeats.items() if pair["base"] != pair["head"]},
        "leaks": [gate for gate in result["leakage"] if gate["observed"][0] != gate["observed"][1]],
        "moved": moved_figures(result),
        **_functions(most, changed),
    }


def _functions(most: int, changed: Mapping[str, Any]) -> dict[str, Any]:
    def rest(items: Any) -> int:
        return max(len(items) - most, 0)

    return {
        "first": lambda items: list(items.items() if isinstance(items, Mapping) else items)[:most],
        "rest": rest,
        "rest_of": lambda items: Raw(f"\n… and {rest(items)} more, in the JSON report" if rest(items) else ""),
        "shifted": lambda what: [(n, d[what]) for n, d in changed.items() if d[what]["base"] != d[what]["head"]],
        "phrases": lambda counts: Raw(phrases(counts)),
        "by_reasons": by_reasons,
        "examples": major_first,
        "raw": Raw,
        "said": said,
        "side": _side,
        "money": lambda total: Raw(f"{total['money']:.4f} {cell(total['currency'])} ({total['replies']:,} replies)"),
        "interval": _interval,
        "change": lambda values: _interval(values, "+") if values else Raw("–"),
        "judgement": _judgement,
        "rows_block": rows_block,
        "texts_block": texts_block,
        "edits_block": edits_block,
    }


def _lists(datasets: Mapping[str, Any]) -> list[Sequence[Any]]:
    return [
        found[name] for found in datasets.values() for name in ("added", "removed", "changed", "dropped", "restored")
    ]


def _side(version: Mapping[str, Any]) -> Raw:
    commit = f" ({cell(str(version['commit'])[:7])})" if version["commit"] else ""
    return Raw(f"{cell(version['name'])}{commit}")


def _interval(values: Sequence[Any], sign: str = "") -> Raw:
    return Raw(measured(values, sign).replace("[", r"\[").replace("]", r"\]"))


def _judgement(row: Mapping[str, Any]) -> str:
    return judged(row).replace("more than noise", "**more than noise**")
