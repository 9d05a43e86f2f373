"""datasketch: `MinHashLSH` over 128 permutations of grams of two characters; what it finds is taken as found."""

import scipy.sparse.csgraph  # noqa: F401
from datasketch import MinHash, MinHashLSH
from deduping import JACCARD, grams, keep_one_each, measure


def run(texts: list[str]) -> tuple[list[int], object]:
    """Ask for each text which of those before it are like it."""
    lsh = MinHashLSH(threshold=JACCARD, num_perm=128)
    hashes = MinHash.bulk([[gram.encode() for gram in grams(text)] for text in texts], num_perm=128)
    first, second = [], []
    for row, minhash in enumerate(hashes):
        for other in lsh.query(minhash):
            first.append(other)
            second.append(row)
        lsh.insert(row, minhash, check_duplication=False)
    return keep_one_each(len(texts), first, second), (first, second)


if __name__ == "__main__":
    measure(run)
