"""What people said of single rows: `reviews.jsonl`, written by `huaben browse`, read by the stage `clean`.

One JSON object a line, sorted: `{dataset, record_id, verdict, note}`. A record is named with its dataset,
since a conversation keeps its id when it is cleaned. Content decides an id: a row that changes is a new
row, and an old review no longer speaks of it.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError, field_validator

from huaben.errors import InputError
from huaben.files import read_jsonl, write_jsonl
from huaben.records import DATASETS, Record

REASON = "reviewed as bad"
"""The reason of `clean` for a record that a person marked bad."""
LONGEST_NOTE = 2000
"""Characters; the page's field takes no more."""
Key = tuple[str, str]


class Review(Record):
    """One person's word on one record."""

    dataset: str
    record_id: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
    verdict: Literal["good", "bad"]
    note: Annotated[str, Field(max_length=LONGEST_NOTE)] = ""

    @field_validator("dataset")
    @classmethod
    def _is_known(cls, dataset: str) -> str:
        if dataset not in DATASETS:
            raise ValueError(f"a dataset is expected: {', '.join(DATASETS)}")
        return dataset

    @property
    def key(self) -> Key:
        """What the review is of: dataset and record id."""
        return self.dataset, self.record_id


def read_reviews(path: Path, dataset: str) -> dict[str, str]:
    """Return the note of each record of a dataset that was marked bad, by record id.

    No file: no reviews. Raises InputError for a row that is none, and for two reviews of one record.
    """
    return {
        review.record_id: review.note
        for review in load_reviews(path)
        if review.verdict == "bad" and review.dataset == dataset
    }


def load_reviews(path: Path) -> list[Review]:
    """Return all reviews by dataset and record id, the good ones too; errors as `read_reviews`."""
    found: dict[Key, Review] = {}
    for number, row in enumerate(read_jsonl(path) if path.exists() else (), 1):
        review = parse_review(row, f"{path}, line {number}")
        if review.key in found:
            raise InputError(f"{path}, line {number}: a second review of {' '.join(review.key)}; keep one of them")
        found[review.key] = review
    return [found[key] for key in sorted(found)]


def parse_review(row: object, where: str) -> Review:
    """Return a row as a review, or raise an InputError that says where and what is wrong with it."""
    try:
        return Review.model_validate(row)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "row"
        raise InputError(f"{where}: not a review: {place}: {first['msg']}") from error


def save_review(path: Path, review: Review) -> None:
    """Write a review into the file, in the place of an older one of the same record."""
    _write(path, [*(kept for kept in load_reviews(path) if kept.key != review.key), review])


def forget_review(path: Path, key: Key) -> None:
    """Take the review of a record out of the file, if there is one."""
    _write(path, [review for review in load_reviews(path) if review.key != key])


def _write(path: Path, reviews: list[Review]) -> None:
    write_jsonl(path, (review.row() for review in sorted(reviews, key=lambda review: review.key)))
