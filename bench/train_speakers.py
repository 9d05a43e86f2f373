"""Train the speaker ranker: `src/huaben/novel/attribution/model/speakers.npz` from the train split of wp2021.

    pip install lightgbm
    python bench/train_speakers.py [--data ../shared/benchmarks/wp2021] [--out FILE] [--only-folds]

Prints accuracy by category over five folds that share no sentence, each scored by a model of the others, exactly
as at run time; calibrates on those; then trains on all of train. Reads nothing of dev. Ends with one line of
JSON. The model file holds trees over named features: no word, name or text of the novel is in it.
"""

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from huaben.novel.attribution.cuerules import Decision, read_rules
from huaben.novel.attribution.decoding import Weights
from huaben.novel.attribution.doubts import is_cued
from huaben.novel.attribution.exchanges import Turn, decode_turns, read_turns
from huaben.novel.attribution.pairs import pair_row
from huaben.novel.attribution.ranker import LEAVES, MODEL, Model, Trees
from huaben.novel.attribution.segments import Segment
from huaben.novel.attribution.speakers import certainty_of
from huaben.novel.attribution.subjects import read_scene
from huaben.novel.people.names import Names
from huaben.novel.quotations.lines import find_lines
from huaben.records import Chapter
from wp2021 import TARGET, Window, folds_of, read_cast, read_windows

ROOT = Path(__file__).parents[1]
WEIGHTS = Weights(own=1.0, next=0.5)
TREES = {"num_leaves": LEAVES, "learning_rate": 0.05, "min_child_samples": 30, "feature_fraction": 0.3}
COMMON: dict[str, Any] = {
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 5,
    "verbose": -1,
    "num_threads": 1,
    "deterministic": True,
}
ROUNDS, PAIR_ROUNDS, SEEDS = 400, 150, (1, 2, 3, 4)
DECIDED_SHARE = 2 / 3
"""How much of the folds' lines the threshold (`ranker.DECIDED`) leaves decided: a tenth more than the 60 % wanted of
another text, where fewer are as certain."""
CONTEXT_WEIGHT = 0.5
"""What a labelled quotation counts that is not its window's target: its surroundings are cut off on one side."""


@dataclass(frozen=True)
class Read:
    """A window as the program reads it; `target` and the keys of `gold` are segments."""

    window: Window
    segments: list[Segment]
    ruled: dict[int, Decision]
    target: int | None
    gold: dict[int, str]
    turns: list[Turn]


def read(window: Window, labels: Mapping[tuple[str, ...], str], names: Names) -> Read:
    """Read a window, with the speakers of the other quotations in it that are targets of other windows."""
    text = window.text
    chapter = Chapter.model_construct(novel="wp2021", chapter_id="-", index=1, split="train", text=text)
    lines = find_lines(chapter)
    segments = read_scene(text, lines, names)
    ruled = {i: rule for i, rule in enumerate(read_rules(text, lines, names)) if rule}
    first: dict[int, int] = {}
    for i, segment in enumerate(segments):
        if segment.is_quotation:
            first.setdefault(text.count("\n", 0, segment.start), i)
    s = window.sentences
    around = {k: tuple(s[k - 1 : k + 2]) for k in range(1, len(s) - 1)}
    gold = {first[k]: labels[three] for k, three in around.items() if k in first and three in labels}
    return Read(window, segments, ruled, first.get(TARGET), gold, read_turns(segments, ruled, names))


def read_all(windows: Sequence[Window], names: Names) -> list[Read]:
    """Read all windows of a split."""
    labels = {w.sentences[TARGET - 1 : TARGET + 2]: w.speaker for w in windows}
    return [read(window, labels, names) for window in windows]


class Answer(NamedTuple):
    """What a model of the other folds says about a window's target."""

    probability: float
    is_right: bool
    category: str
    is_cued: bool
    most: float
    """The most that such a guess may be worth (`speakers.certainty_of`)."""


@dataclass
class Table:
    """Training rows with their window, group, weight and answer."""

    rows: list[dict[str, float]]
    windows: list[int]
    groups: list[int]
    weights: list[float]
    answers: list[bool]

    def chosen(self, windows: set[int]) -> tuple[Any, list[str], Any, Any, Any]:
        """Return the rows of some windows as numbers, the names of the columns, groups, weights and answers."""
        names = list(self.rows[0])
        keep = [i for i, w in enumerate(self.windows) if w in windows]
        matrix = np.array([[self.rows[i][n] for n in names] for i in keep], dtype=np.float32)
        columns = (np.array(column, dtype=float)[keep] for column in (self.groups, self.weights, self.answers))
        return matrix, names, *columns


def candidate_table(reads: Sequence[Read]) -> Table:
    """Return the candidates of labelled quotations."""
    table = Table([], [], [], [], [])
    group = 0
    for w, one in enumerate(reads):
        for turn in one.turns:
            gold = one.gold.get(turn.at)
            if gold in turn.people:
                group += 1
                weight = 1.0 if turn.at == one.target else CONTEXT_WEIGHT
                for name, row in zip(turn.people, turn.rows, strict=True):
                    _add(table, row, w, group, weight, name == gold)
    return table


def pair_table(reads: Sequence[Read]) -> Table:
    """Return the pairs of neighbouring quotations whose speakers are both known."""
    table = Table([], [], [], [], [])
    for w, one in enumerate(reads):
        for a, b in pairwise(one.turns):
            if a.at in one.gold and b.at in one.gold:
                _add(table, pair_row(one.segments, a.at, b.at), w, 0, 1.0, one.gold[a.at] == one.gold[b.at])
    return table


def _add(table: Table, row: dict[str, float], window: int, group: int, weight: float, answer: bool) -> None:
    table.rows.append(row)
    table.windows.append(window)
    table.groups.append(group)
    table.weights.append(weight)
    table.answers.append(answer)


def softmax_objective(groups: Any, answers: Any, weights: Any) -> Callable[[Any, Any], tuple[Any, Any]]:
    """Return gradient and hessian of the log-likelihood of the right candidate among each quotation's."""
    starts = np.flatnonzero(np.r_[True, groups[1:] != groups[:-1]])
    place = np.cumsum(np.r_[0, groups[1:] != groups[:-1]])

    def objective(scores: Any, _: Any) -> tuple[Any, Any]:
        odds = np.exp(scores - np.maximum.reduceat(scores, starts)[place])
        p = odds / np.add.reduceat(odds, starts)[place]
        return (p - answers) * weights, np.maximum(p * (1 - p), 1e-3) * weights

    return objective


def fit_ranker(table: Table, windows: set[int]) -> Trees:
    """Train a ranker of candidates on some windows."""
    import lightgbm as lgb

    matrix, names, groups, weights, answers = table.chosen(windows)
    objective = softmax_objective(groups, answers, weights)
    dumps = []
    for seed in SEEDS:
        params = {**COMMON, **TREES, "objective": objective, "seed": seed}
        dumps.append(lgb.train(params, lgb.Dataset(matrix, answers), ROUNDS).dump_model())
    return to_trees(dumps, names)


def fit_pairs(table: Table, windows: set[int]) -> Trees:
    """Train the model of pairs on some windows."""
    import lightgbm as lgb

    matrix, names, _, _, answers = table.chosen(windows)
    params = {**COMMON, **TREES, "objective": "binary", "seed": 1}
    return to_trees([lgb.train(params, lgb.Dataset(matrix, answers), PAIR_ROUNDS).dump_model()], names)


def fit(tables: tuple[Table, Table], windows: set[int]) -> Model:
    """Train both models on some windows."""
    trees, pairs = fit_ranker(tables[0], windows), fit_pairs(tables[1], windows)
    identity = np.array([0.0, 1.0])
    return Model(trees, pairs, WEIGHTS, identity, identity)


def to_trees(dumps: Sequence[Any], names: Sequence[str]) -> Trees:
    """Turn LightGBM's trees into arrays; the trees of several ensembles are averaged."""
    roots = [tree["tree_structure"] for dump in dumps for tree in dump["tree_info"]]
    shape = (len(roots), LEAVES - 1)
    feature, threshold = np.zeros(shape, np.int16), np.full(shape, np.inf, np.float32)
    missing, mask = np.ones(shape, np.bool_), np.full(shape, 255, np.uint8)
    leaves = np.zeros((len(roots), LEAVES), np.float32)
    for t, root in enumerate(roots):
        nodes: list[tuple[Any, int]] = []
        values = _walk(root, nodes, [])
        leaves[t, : len(values)] = np.array(values) / len(dumps)
        for n, (node, ruled_out) in enumerate(nodes):
            feature[t, n] = node["split_feature"]
            threshold[t, n] = min(node["threshold"], float(np.finfo(np.float32).max) / 2)
            missing[t, n] = node["default_left"]
            mask[t, n] = 255 & ~ruled_out
    return Trees(tuple(names), feature, threshold, missing, mask, leaves)


def _walk(node: Any, nodes: list[tuple[Any, int]], leaves: list[float]) -> list[float]:
    """Collect nodes, each with the bits of the leaves on its left, and leaves from left to right."""
    if "leaf_value" in node:
        leaves.append(node["leaf_value"])
        return leaves
    first = len(leaves)
    _walk(node["left_child"], nodes, leaves)
    nodes.append((node, sum(1 << k for k in range(first, len(leaves)))))
    return _walk(node["right_child"], nodes, leaves)


def answers_of(reads: Sequence[Read], model: Model) -> list[Answer]:
    """Return probability, whether it is right, and category of each window's target."""
    found = []
    for one in reads:
        decided = decode_turns(one.segments, one.turns, model)
        turn, probabilities = next(((t, p) for t, p in decided if t.at == one.target), (None, np.zeros(1)))
        best = int(probabilities.argmax())
        said = turn.people[best] if turn else None
        cued, most = False, 0.0
        if turn and said:
            cued, most = is_cued(one.segments, turn.at, said), certainty_of(one.segments, turn, said, 1.0, model)
        right = said == one.window.speaker
        found.append(Answer(float(probabilities[best]), right, one.window.category, cued, most))
    return found


def threshold_for(share: float, answers: Sequence[Answer], model: Model) -> dict[str, float]:
    """Return the highest certainty, in steps of 0.05, at which such a share is decided, and how it is right there."""
    worth = [(min(model.calibrated(a.probability, a.is_cued), a.most), a.is_right) for a in answers]
    found = {"certainty": 0.0, "share": 1.0, "precision": 0.0}
    for certainty in (step / 20 for step in range(20)):
        rights = [is_right for one, is_right in worth if one >= certainty]
        if len(rights) < share * len(worth):
            break
        found = {"certainty": certainty, "share": len(rights) / len(worth), "precision": sum(rights) / len(rights)}
    return {name: round(value, 4) for name, value in found.items()}


def calibrate(answers: Sequence[Answer]) -> tuple[Any, Any]:
    """Return the knots of an isotonic regression (pool adjacent violators) of right on probability."""
    blocks: list[list[float]] = []
    for p, right, *_ in sorted(answers):
        blocks.append([p, float(right), 1.0])
        while len(blocks) > 1 and blocks[-2][1] / blocks[-2][2] >= blocks[-1][1] / blocks[-1][2]:
            last = blocks.pop()
            blocks[-1] = [a + b for a, b in zip(blocks[-1], last, strict=True)]
    blocks = [block for block in blocks if block[2] >= 10]
    smoothed = [(right + 0.5) / (n + 1) for _, right, n in blocks]
    return np.array([p / n for p, _, n in blocks]), np.maximum.accumulate(smoothed)


def summary(answers: Sequence[Answer]) -> dict[str, Any]:
    """Return accuracy by category, and coverage at precision."""
    by: dict[str, list[bool]] = defaultdict(list)
    for _, right, category, *_ in answers:
        by["overall"].append(right)
        by[category].append(right)
    ordered = sorted(answers, reverse=True)
    share = np.cumsum([answer.is_right for answer in ordered]) / np.arange(1, len(ordered) + 1)
    figures: dict[str, Any] = {name: round(sum(rights) / len(rights), 4) for name, rights in by.items()}
    for wanted in (0.94, 0.97):
        reached = np.flatnonzero(share >= wanted)
        count = int(reached[-1]) + 1 if len(reached) else 0
        figures[f"covered_at_{wanted}"] = round(count / len(ordered), 4)
        figures[f"threshold_{wanted}"] = round(ordered[count - 1].probability, 4) if count else 1.0
    return figures


def save(model: Model, path: Path) -> None:
    """Write the model file; equal models are equal bytes."""
    held: dict[str, Any] = {"probability": model.probability, "certainty": model.certainty}
    held["weights"] = np.array([model.weights.own, model.weights.next])
    for label, trees in (("candidates", model.candidates), ("pairs", model.pairs)):
        held |= {f"{label}.{part}": value for part, value in vars(trees).items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, **held)


def main() -> int:
    """Cross-validate, calibrate, train, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "benchmarks" / "wp2021")
    parser.add_argument("--out", type=Path, default=MODEL)
    parser.add_argument("--only-folds", action="store_true", help="write no model")
    options = parser.parse_args()
    if not options.data.exists():
        print(json.dumps({"skipped": f"{options.data} is not there"}))
        return 0
    names = Names(read_cast(options.data / "name_list.txt"))
    windows = read_windows(options.data / "train_unsplit.txt")
    reads, folds = read_all(windows, names), folds_of(windows)
    tables, everything = (candidate_table(reads), pair_table(reads)), set(range(len(windows)))
    answers: list[Answer] = []
    for fold in sorted(set(folds)):
        part = [w for w, f in enumerate(folds) if f == fold]
        answers += answers_of([reads[w] for w in part], fit(tables, everything - set(part)))
        print(f"fold {fold}: {summary(answers)}", flush=True)
    probability, certainty = calibrate(answers)
    model = replace(fit(tables, everything), probability=probability, certainty=certainty)
    if not options.only_folds:
        save(model, options.out)
    threshold = threshold_for(DECIDED_SHARE, answers, model)
    print(json.dumps({"train_folds": summary(answers), "n": len(answers), "threshold": threshold}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
