"""Daft: its native MinHash (32 bands of 4), candidates by group and join, each verified by rapidfuzz."""

from pathlib import Path
from typing import Any

import daft
import daft.functions as functions
import numpy as np
import pyarrow as pa
import scipy.sparse.csgraph  # noqa: F401
from daft import col
from deduping import THRESHOLD, keep_one_each, measure, read_column
from rapidfuzz import fuzz, process

BANDS, ROWS = 32, 4


def run(folder: Path) -> tuple[list[int], object]:
    """Link each row to the first one of every band that it shares, and keep the links that are similar."""
    a, b = candidates(bands(folder))
    texts = read_column(folder)
    cutoff = {"scorer": fuzz.ratio, "score_cutoff": 100 * THRESHOLD, "workers": -1}
    is_pair = process.cpdist([texts[k] for k in a], [texts[k] for k in b], **cutoff) > 0
    return keep_one_each(len(texts), a[is_pair], b[is_pair]), (a[is_pair], b[is_pair])


def bands(folder: Path) -> pa.Table:
    """Return one row for each text and band: the band's hash, and the text's id."""
    rows = daft.read_parquet(str(folder / "texts.parquet"))
    hashes = functions.minhash(col("spaced"), num_hashes=BANDS * ROWS, ngram_size=2, hash_function="xxhash")
    rows = rows.with_column("hashes", hashes.cast(daft.DataType.list(daft.DataType.uint32())))
    parts = [functions.hash(functions.slice(col("hashes"), b * ROWS, (b + 1) * ROWS)) for b in range(BANDS)]
    table = rows.select("id", functions.to_list(*parts).alias("bands")).to_arrow()
    keys = np.asarray(table["bands"].combine_chunks().flatten()).reshape(-1, BANDS) + np.arange(BANDS, dtype=np.uint64)
    return pa.table({"key": keys.ravel(), "id": np.repeat(table["id"].to_numpy(), BANDS)})


def candidates(keyed: pa.Table) -> tuple[Any, Any]:
    """Return each row's links to the first rows of its bands."""
    rows = daft.from_arrow(keyed)
    groups = rows.groupby("key").agg(col("id").min().alias("first"), col("id").count().alias("size"))
    links = rows.join(groups.where(col("size") > 1), on="key").where(col("id") != col("first"))
    table = links.select("first", "id").distinct().to_arrow()
    return table["first"].to_numpy(), table["id"].to_numpy()


if __name__ == "__main__":
    measure(run, prepare=lambda folder: folder)
