"""What every method of `bench/duplicates.py` shares: its input, the measure of its time and memory, its answer.

A method is a script with a function `run(texts)` that returns the rows it keeps (indices) and the pairs it found
(two arrays; None: it does not tell). It is started as `python bench/peers/dedupe_<method>.py FOLDER`, where FOLDER has
`texts.parquet` (columns `id`, `text`, and `spaced`: the same with a blank between the characters, for tools that split
at blanks), and ends with one line of JSON. Imports are not counted, and reading the file is only for tools that do
it themselves.
"""

import json
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from usage import Peak, cpu_s

THRESHOLD = 0.85
JACCARD = 0.6
"""Of sets of two-character grams: what the similarity above comes to on such texts."""


def read_column(folder: Path, name: str = "text") -> list[str]:
    """Return a column as strings, without the reader's own buffers: these are no method's memory."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    batches = pq.ParquetFile(folder / "texts.parquet").iter_batches(columns=[name])
    texts = [text for batch in batches for text in batch.column(0).to_pylist()]
    pa.default_memory_pool().release_unused()
    return texts


def grams(text: str) -> list[str]:
    """Return the runs of two characters; a text of one is itself."""
    return [text[k : k + 2] for k in range(max(1, len(text) - 1))]


def keep_one_each(n_rows: int, a: Any, b: Any) -> list[int]:
    """Return the first row of each connected component."""
    import numpy as np
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    links = coo_array((np.ones(len(a), np.int8), (np.asarray(a), np.asarray(b))), shape=(n_rows, n_rows))
    _, first = np.unique(connected_components(links, directed=False)[1], return_index=True)
    return first.tolist()


def measure(
    run: Callable[[Any], tuple[Iterable[int] | None, Any]], prepare: Callable[[Path], Any] = read_column
) -> None:
    """Prepare the input, run the method, write what it kept and found into the folder, and print the figures."""
    import numpy as np

    folder = Path(sys.argv[1])
    prepared = prepare(folder)
    with Peak() as peak:
        cpu, wall = cpu_s(), time.perf_counter()
        kept, pairs = run(prepared)
        figures = {"wall_s": time.perf_counter() - wall, "cpu_s": cpu_s() - cpu}
    if kept is not None:
        np.save(folder / "kept.npy", np.asarray(list(kept), dtype=np.int64))
    if pairs is not None:
        np.save(folder / "pairs.npy", np.asarray(pairs, dtype=np.int64))
    print(f"\n{json.dumps({**figures, 'memory_mb': round(peak.most)})}", flush=True)
