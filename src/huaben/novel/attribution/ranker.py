"""The learned part: small gradient boosted trees over named features, evaluated by numpy alone.

Input: rows of named numbers. Output: a score a row. `bench/train_speakers.py` makes the model file: trees of at
most eight leaves, so that the leaves a row can still reach are the bits of one byte (Lucchese et al.,
"QuickScorer: A Fast Algorithm to Rank Documents with Additive Ensembles of Regression Trees", SIGIR 2015).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from huaben.novel.attribution.decoding import Weights

MODEL = Path(__file__).parent / "model" / "speakers.npz"
CHUNK = 1024
"""Rows at a time: their comparisons with all trees stay within the processor's caches and a few megabytes."""
LEAVES = 8
CUED, UNCUED = 2.0, 4.0
"""Odds of an error in another text, against those in folds of the novel that the model was trained on: for lines
whose own cue backs the speaker, and for those that only turns and mentions decide, where one error turns a whole
exchange. Round figures: folds by one author cannot tell."""
DECIDED = 0.85
"""The certainty from which a line counts as decided; `speakers.min_certainty` of params.yaml. Fixed on folds of the
training data, which share no sentence: the highest step of 0.05 at which two thirds of their lines are decided
(69 %, of which 98.5 % are right). `bench/train_speakers.py` prints it."""
LOWEST_BIT = np.array([(byte & -byte).bit_length() - 1 if byte else 0 for byte in range(256)])
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Trees:
    """An ensemble: node arrays are `[tree, node]`, leaves `[tree, leaf]`.

    A row goes left at a node where its feature is at most the threshold, or missing and `missing_left`; going
    right rules out the leaves whose bits are not in `mask`.
    """

    names: tuple[str, ...]
    feature: npt.NDArray[np.int16]
    threshold: Floats
    missing_left: npt.NDArray[np.bool_]
    mask: npt.NDArray[np.uint8]
    leaves: Floats

    def score(self, rows: Sequence[dict[str, float]]) -> npt.NDArray[np.float64]:
        """Return the sum of all trees for each row."""
        matrix = np.array([[row[name] for name in self.names] for row in rows], dtype=np.float32)
        parts = [self._score(matrix[i : i + CHUNK]) for i in range(0, len(matrix), CHUNK)]
        return np.concatenate(parts) if parts else np.zeros(0)

    def _score(self, matrix: Floats) -> npt.NDArray[np.float64]:
        trees, nodes = self.feature.shape
        values = matrix[:, self.feature.ravel()]
        left = (values <= self.threshold.ravel()) | (np.isnan(values) & self.missing_left.ravel())
        masks = np.where(left, np.uint8(255), self.mask.ravel()).reshape(len(matrix), trees, nodes)
        leaf = LOWEST_BIT[np.bitwise_and.reduce(masks, axis=2)]
        return np.asarray(self.leaves[np.arange(trees), leaf].sum(axis=1, dtype=np.float64))


@dataclass(frozen=True)
class Model:
    """The ranker of candidates, the model of pairs, how they are joined, and what a probability is worth."""

    candidates: Trees
    pairs: Trees
    weights: Weights
    probability: npt.NDArray[np.float64]
    certainty: npt.NDArray[np.float64]
    """Knots of the calibration: a joint probability, and the share of such lines that were right (isotonic
    regression; Zadrozny and Elkan, KDD 2002)."""

    def calibrated(self, probability: float, is_cued: bool) -> float:
        """Return how often a speaker of this joint probability is right, in a novel like none of the training's."""
        error = 1 - float(np.interp(probability, self.probability, self.certainty))
        odds = CUED if is_cued else UNCUED
        return 1 - odds * error / (1 + (odds - 1) * error)


@cache
def load_model(path: Path = MODEL) -> Model:
    """Read the model file; it holds numbers and feature names only."""
    with np.load(path, allow_pickle=False) as held:
        return Model(
            _trees(held, "candidates"),
            _trees(held, "pairs"),
            Weights(*map(float, held["weights"])),
            held["probability"],
            held["certainty"],
        )


def _trees(held: "np.lib.npyio.NpzFile", label: str) -> Trees:
    names = tuple(str(name) for name in held[f"{label}.names"])
    parts = (held[f"{label}.{part}"] for part in ("feature", "threshold", "missing_left", "mask", "leaves"))
    return Trees(names, *parts)
