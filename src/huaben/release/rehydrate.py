"""A release without the novel's text + the novel → the release with it, for those who own the book."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from huaben.errors import HuabenError, InputError
from huaben.files import read_json
from huaben.novel.quotations.lines import find_lines
from huaben.novel.reading.chapters import read_chapters
from huaben.params import Params
from huaben.records import DATASETS, Chapter
from huaben.release.card import SPLITS, parquet_path
from huaben.release.checksums import verify_release
from huaben.release.publish import WITHHELD, write_release
from huaben.release.withhold import Spans, digest, map_quoted


def rehydrate(folder: Path, novels: Sequence[Path], out: Path, exports: Path) -> dict[str, Any]:
    """Write to `out` and `exports` what `folder` would have been with the novel's text; return its counts.

    Raises InputError where the folder is no whole release without text, and HuabenError where the novel is
    not the edition that it was made of: then nothing is written.
    """
    if faults := verify_release(folder):
        raise InputError(f"{folder}: not a whole release: {'; '.join(faults[:5])}. Fetch it again")
    if not (folder / WITHHELD).is_file():
        raise InputError(f"{folder}: has no {WITHHELD}: this release has its text, or none was withheld")
    kept = read_json(folder / WITHHELD)
    params = _params(kept["params"], folder)
    chapters, _ = read_chapters(novels, params.novel.slug, params.chapters)
    book = Book(chapters, params.novel.joiner)
    records = {name: _restored(folder, name, book) for name in params.made()}
    params = params.model_copy(update={"publish": params.publish.model_copy(update={"text": "full"})})
    return write_release(records, kept["gates"], params, out, exports, kept["facts"])


class Book:
    """A novel that somebody owns: its chapters by id, and its quotations by hash."""

    def __init__(self, chapters: Iterable[Chapter], joiner: str) -> None:
        self.joiner = joiner
        self.texts = {chapter.chapter_id: chapter.text for chapter in chapters}
        self.quotations: dict[str, str] = {}
        for chapter in chapters:
            self.quotations |= {digest(line.text): line.text for line in find_lines(chapter)}

    def restore(self, record: Any) -> Any:
        """Return the record with the novel's texts; KeyError where the book has another text, or none."""
        text = self.texts.get(record.provenance.chapter_id, "")
        return map_quoted(record, lambda mark, spans: self._found(mark, text, spans))

    def _found(self, mark: str, text: str, spans: Spans) -> str:
        if not spans:
            return self.quotations[mark]
        found = self.joiner.join(text[start:end] for start, end in spans)
        if digest(found) != mark:
            raise KeyError(mark)
        return found


def _params(values: Any, folder: Path) -> Params:
    try:
        return Params.model_validate_json(json.dumps(values))
    except ValidationError as error:
        place = ".".join(map(str, error.errors()[0]["loc"]))
        raise InputError(
            f"{folder / WITHHELD}: made by another version of huaben: {place}. Install that one"
        ) from error


def _restored(folder: Path, name: str, book: Book) -> list[Any]:
    import pyarrow.parquet as pq

    files = [path for split in SPLITS if (path := folder / parquet_path(name, split)).is_file()]
    withheld = [DATASETS[name].model_validate(row) for path in files for row in pq.read_table(path).to_pylist()]
    restored, missing = [], 0
    for record in withheld:
        try:
            restored.append(book.restore(record))
        except KeyError:
            missing += 1
    if missing:
        raise HuabenError(
            f"{name}: the text of {missing} of {len(withheld)} rows is not in this novel: it is another edition, or "
            "not the whole book. The chapters' ids in `provenance` say which text each row was taken from"
        )
    return sorted(restored, key=lambda record: str(record.record_id))
