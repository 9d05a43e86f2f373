"""rapidfuzz alone: `process.cdist` over all pairs, on both cores, in blocks; nothing is left out."""

import sys

import numpy as np
import scipy.sparse.csgraph  # noqa: F401
from deduping import THRESHOLD, keep_one_each, measure
from rapidfuzz import fuzz, process

ROWS = 1000


def run(texts: list[str]) -> tuple[list[int], object]:
    """Compare the rows, some at a time, with those that follow; with an argument, so many rows only."""
    n_rows = int(sys.argv[2]) if sys.argv[2:] else len(texts)
    first, second = [], []
    for start in range(0, n_rows, ROWS):
        scores = process.cdist(
            texts[start : min(start + ROWS, n_rows)],
            texts[start:],
            scorer=fuzz.ratio,
            score_cutoff=100 * THRESHOLD,
            dtype=np.uint8,
            workers=-1,
        )
        a, b = np.nonzero(scores)
        first.append(a[b > a] + start)
        second.append(b[b > a] + start)
    pairs = np.concatenate(first), np.concatenate(second)
    return keep_one_each(len(texts), *pairs), pairs


if __name__ == "__main__":
    measure(run)
