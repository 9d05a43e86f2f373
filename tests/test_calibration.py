"""What certainty is worth, against the gold lines of the embedded novel, which the ranker did not learn from."""

from itertools import pairwise
from pathlib import Path

import pytest

from huaben.files import read_jsonl
from huaben.novel.attribution.ranker import DECIDED
from huaben.novel.reading.chapters import read_chapters
from huaben.novel.stages import guess_speakers
from huaben.params import load_cast, load_params

ROOT = Path(__file__).parents[1]
GOLD = ROOT / "tests/gold/lines.jsonl"
BANDS = (0.0, 0.5, 0.7, DECIDED, 0.95, 1.0)


@pytest.fixture(scope="module")
def answers():
    """Return, for every gold line that somebody speaks, the certainty of the guess, and whether it is right."""
    params = load_params(ROOT / "params.yaml")
    novels = [ROOT / "data/raw/lianggengtian.txt"]
    chapters, _ = read_chapters(novels, params.novel.slug, params.chapters)
    lines = guess_speakers(chapters, load_cast(ROOT / "cast.yaml"))
    gold = {(row["chapter"], row["start"], row["end"]): row["speaker"] for row in read_jsonl(GOLD) if row["speaker"]}
    placed = [(line, gold.get((line.chapter, line.start, line.end))) for line in lines]
    return [(line.certainty, line.speaker == speaker) for line, speaker in placed if speaker]


@pytest.mark.parametrize(("low", "high"), list(pairwise(BANDS)))
def test_guesses_of_a_certainty_are_right_at_least_so_often(low, high, answers):
    band = [(certainty, is_right) for certainty, is_right in answers if low <= certainty < high]
    claimed, right = (sum(column) / len(band) for column in zip(*band, strict=True))
    assert len(band) >= 100
    assert right >= claimed - 0.03


def test_the_surer_guesses_are_right_more_often(answers):
    shares = []
    for low, high in pairwise(BANDS):
        rights = [is_right for certainty, is_right in answers if low <= certainty < high]
        shares.append(sum(rights) / len(rights))
    assert shares == sorted(shares)


def test_more_than_half_is_decided_and_of_that_97_in_100_is_right(answers):
    decided = [is_right for certainty, is_right in answers if certainty >= DECIDED]
    assert len(decided) / len(answers) > 0.55
    assert sum(decided) / len(decided) >= 0.97


def test_the_pipeline_decides_from_the_certainty_that_was_fixed():
    assert load_params(ROOT / "params.yaml").speakers.min_certainty == DECIDED
