"""Reviews: what is kept of a person's word on a row, and what is refused."""

import pytest

from huaben.errors import InputError
from huaben.files import write_text
from huaben.refine.reviews import Review, forget_review, load_reviews, read_reviews, save_review

A, B = "0123456789abcdef", "fedcba9876543210"


def review(record_id=A, dataset="dialogue", verdict="bad", note=""):
    return Review(dataset=dataset, record_id=record_id, verdict=verdict, note=note)


def test_no_file_and_an_empty_file_hold_no_reviews(tmp_path):
    assert read_reviews(tmp_path / "reviews.jsonl", "dialogue") == {}
    write_text(tmp_path / "reviews.jsonl", "")
    assert read_reviews(tmp_path / "reviews.jsonl", "dialogue") == {}


def test_only_the_bad_rows_of_the_dataset_are_returned_with_their_notes(tmp_path):
    path = tmp_path / "reviews.jsonl"
    for one in (review(A, note="wrong speaker"), review(B, verdict="good"), review(B, "dialogue_raw")):
        save_review(path, one)
    assert read_reviews(path, "dialogue") == {A: "wrong speaker"}
    assert read_reviews(path, "dialogue_raw") == {B: ""}
    assert read_reviews(path, "lines") == {}


def test_the_file_is_sorted_and_a_second_word_on_a_row_takes_the_place_of_the_first(tmp_path):
    path = tmp_path / "reviews.jsonl"
    for one in (
        review(B),
        review(A, "summary_v1"),
        review(A, note="一句话"),
        review(B, verdict="good", note="no, fine"),
    ):
        save_review(path, one)
    assert path.read_text(encoding="utf-8") == (
        f'{{"dataset":"dialogue","record_id":"{A}","verdict":"bad","note":"一句话"}}\n'
        f'{{"dataset":"dialogue","record_id":"{B}","verdict":"good","note":"no, fine"}}\n'
        f'{{"dataset":"summary_v1","record_id":"{A}","verdict":"bad","note":""}}\n'
    )


def test_a_review_can_be_taken_back(tmp_path):
    path = tmp_path / "reviews.jsonl"
    save_review(path, review(A))
    save_review(path, review(A, "lines"))
    forget_review(path, ("dialogue", A))
    forget_review(path, ("dialogue", B))
    assert [one.key for one in load_reviews(path)] == [("lines", A)]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (f'{{"dataset":"dialogue","record_id":"{A}","verdict":"awful","note":""}}', "verdict: Input should be"),
        (f'{{"dataset":"poems","record_id":"{A}","verdict":"bad","note":""}}', "dataset: Value error, a dataset is"),
        ('{"dataset":"dialogue","record_id":"17","verdict":"bad","note":""}', "record_id: String should match"),
        (f'{{"dataset":"dialogue","record_id":"{A}","verdict":"bad","by":"me"}}', "by: Extra inputs"),
        ("<<<<<<< HEAD", "not JSON"),
    ],
)
def test_a_row_that_is_no_review_is_named_with_its_line(tmp_path, line, why):
    path = tmp_path / "reviews.jsonl"
    save_review(path, review(B))
    write_text(path, path.read_text(encoding="utf-8") + line + "\n")
    with pytest.raises(InputError, match=f"reviews.jsonl, line 2: .*{why}"):
        read_reviews(path, "dialogue")


def test_two_reviews_of_one_row_are_refused(tmp_path):
    line = f'{{"dataset":"dialogue","record_id":"{A}","verdict":"bad","note":""}}\n'
    write_text(tmp_path / "reviews.jsonl", line * 2)
    with pytest.raises(InputError, match=f"line 2: a second review of dialogue {A}; keep one"):
        read_reviews(tmp_path / "reviews.jsonl", "dialogue")
