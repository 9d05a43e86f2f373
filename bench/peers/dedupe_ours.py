"""huaben's `find_similar`: all pairs at or above the threshold, and all reorderings, exactly."""

import sys

import scipy.sparse.csgraph  # noqa: F401
from deduping import THRESHOLD, keep_one_each, measure
from rapidfuzz import process  # noqa: F401

from huaben.refine.duplicates import find_duplicates, find_similar


def run(texts: list[str]) -> tuple[list[int], None]:
    """Keep the first text of each cluster of equal, similar and reordered ones."""
    import numpy as np

    similar = find_similar(texts, THRESHOLD)
    first = np.unique(similar.number, return_index=True)[1]
    a, b = (
        np.concatenate([getattr(similar.duplicates, side), getattr(similar.reorderings, side)]) for side in ("i", "j")
    )
    return first[keep_one_each(len(first), a, b)].tolist(), None


def run_duplicates(texts: list[str]) -> tuple[list[int], object]:
    """Keep the first text of each cluster of similar ones."""
    pairs = find_duplicates(texts, THRESHOLD)
    return keep_one_each(len(texts), pairs.i, pairs.j), (pairs.i, pairs.j)


if __name__ == "__main__":
    measure(run_duplicates if sys.argv[2:] == ["duplicates"] else run)
