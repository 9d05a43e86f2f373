"""rensa: `RMinHashDeduplicator`, 128 permutations in 32 bands, over grams of two characters."""

import rensa
from deduping import JACCARD, grams, measure


def run(texts: list[str]) -> tuple[list[int], None]:
    """Keep what the deduplicator keeps, as it is handed the texts in order."""
    deduplicator = rensa.RMinHashDeduplicator(JACCARD, 128, True, 32, 42)
    kept = deduplicator.add_pairs((str(row), grams(text)) for row, text in enumerate(texts))
    return [row for row, is_kept in enumerate(kept) if is_kept], None


if __name__ == "__main__":
    measure(run)
