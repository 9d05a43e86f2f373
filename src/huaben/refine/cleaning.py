"""A dataset file, cleaned: rows kept as they stand or mended, rows dropped with reason and line, a report.

The file is a stream of batches, cleaned by as many processes as there are cores; no more than a few batches
are in memory. The folder appears whole, or not at all, and is never written over.
"""

import json
import os
import shutil
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import TextIO

from huaben.errors import InputError
from huaben.refine.foreign import NOT_UTF8, ForeignFile, RawRow, open_foreign
from huaben.refine.reasons import Report, as_markdown
from huaben.refine.rows import Cleaned, clean_rows
from huaben.text import printable

BATCH_ROWS = 2_000
BATCH_CHARACTERS = 2_000_000
"""A batch ends at whichever comes first, so that long rows fill no memory."""
SMALL = 4 * 2**20
"""Bytes; a smaller file is cleaned before a second process has started."""
LONGEST_DETAIL = 300
Batch = list[RawRow]


def clean_file(
    path: Path,
    out: Path,
    min_letters: int = 1,
    progress: Callable[[int, int], None] | None = None,
    processes: int | None = None,
) -> Report:
    """Clean a file of any form that `shapes.py` knows into the new folder `out`; return what became of its rows.

    `out` gets the kept rows under the file's own name, `dropped.jsonl` and `report.md`. `progress` is told the
    bytes and rows done so far. Raises InputError where `out` exists or the file is no dataset.
    """
    file = open_foreign(path)
    if processes is None:
        processes = 1 if path.stat().st_size < SMALL else len(os.sched_getaffinity(0))
    report = Report(path.name, file.layout)
    with _new_folder(out) as folder:
        with _writing(folder / path.name) as kept, _writing(folder / "dropped.jsonl") as dropped:
            kept.write("[\n" if file.layout == "list" else "")
            for batch, outcomes in _cleaned(file, min_letters, processes):
                _write_batch(batch, outcomes, file, report, kept, dropped)
                if progress:
                    progress(report.size, report.rows)
            kept.write("\n]\n" if file.layout == "list" else "")
        if report.kept + sum(report.reasons.values()) != report.rows:
            raise AssertionError(
                f"{path}: {report.rows} rows in, {report.kept} kept, {report.reasons.total()} dropped"
            )
        with _writing(folder / "report.md") as file_of_report:
            file_of_report.write(as_markdown(report))
    return report


def _cleaned(file: ForeignFile, min_letters: int, processes: int) -> Iterator[tuple[Batch, list[Cleaned]]]:
    """Yield each batch with what became of its rows, in the order of the file."""
    batches = _batches(file.rows)
    if processes == 1:
        yield from ((batch, clean_rows(batch, min_letters)) for batch in batches)
        return
    waiting: deque[tuple[Batch, Future[list[Cleaned]]]] = deque()
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for batch in batches:
            waiting.append((batch, pool.submit(clean_rows, batch, min_letters)))
            if len(waiting) > 2 * processes:
                done, future = waiting.popleft()
                yield done, future.result()
        yield from ((done, future.result()) for done, future in waiting)


def _batches(rows: Iterable[RawRow]) -> Iterator[Batch]:
    batch: Batch = []
    size = 0
    for row in rows:
        batch.append(row)
        size += len(row.text)
        if len(batch) == BATCH_ROWS or size > BATCH_CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _write_batch(
    batch: Batch, outcomes: Sequence[Cleaned], file: ForeignFile, report: Report, kept: TextIO, dropped: TextIO
) -> None:
    between = ",\n" if file.layout == "list" else "\n"
    texts = []
    for row, outcome in zip(batch, outcomes, strict=True):
        report.add(outcome, printable(outcome.detail[:LONGEST_DETAIL]))
        if outcome.reason:
            dropped.write(_dropped_line(row, outcome) + "\n")
        else:
            texts.append(row.text if outcome.text is None else outcome.text)
    report.size += sum(len(row.text.encode("utf-8", "surrogateescape")) + 1 for row in batch)
    if texts:
        is_first = report.kept == len(texts)
        kept.write(("" if is_first or file.layout == "lines" else between) + between.join(texts))
        kept.write("\n" if file.layout == "lines" else "")


def _dropped_line(row: RawRow, outcome: Cleaned) -> str:
    """Return a dropped row with its reason: the row itself, or the text that is none."""
    head = {"line": outcome.line, "reason": outcome.reason, "detail": printable(outcome.detail[:LONGEST_DETAIL])}
    if outcome.form and not NOT_UTF8.search(row.text):
        # as it stood there; a line end in it stands between values, where a blank does as well
        return json.dumps(head, ensure_ascii=False)[:-1] + ', "row": ' + " ".join(row.text.splitlines()) + "}"
    return json.dumps(
        {**head, "text": row.text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")}
    )


@contextmanager
def _writing(path: Path) -> Iterator[TextIO]:
    with path.open("x", encoding="utf-8", newline="\n") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _new_folder(out: Path) -> Iterator[Path]:
    """Yield an empty folder that becomes `out` when the block ends without error."""
    if out.exists():
        raise InputError(f"{out}: is there already, and nothing is written over; name another folder with --output")
    new = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    try:
        new.mkdir(parents=True)
        yield new
        new.rename(out)
    except OSError as error:
        raise InputError(f"{out}: cannot be written: {error.strerror}") from error
    finally:
        shutil.rmtree(new, ignore_errors=True)
