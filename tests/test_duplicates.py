"""Near duplicates and reorderings, exactly: every pair that brute force finds, and no other."""

import random
from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rapidfuzz import fuzz, process

from huaben.errors import HuabenError
from huaben.refine.bounds import DICE, LONG, Grams
from huaben.refine.duplicates import find_duplicates, find_reorderings, find_similar
from huaben.refine.join import candidates
from huaben.refine.signatures import read_texts

THRESHOLDS = (0.8, 0.85, 0.9, 0.95)
ANY_THRESHOLD = (*THRESHOLDS, 0.0, 0.3, 0.5, 2 / 3, 0.7, 0.75, 0.99, 1.0, 1.1)


def brute(texts, threshold):
    """Compare every pair, one by one."""
    scored = (
        (i, j, fuzz.ratio(texts[i], texts[j]) / 100)
        for i, j in combinations(range(len(texts)), 2)
        if texts[i] and texts[j]
    )
    return [(i, j, similarity) for i, j, similarity in scored if similarity >= threshold]


def brute_matrix(texts, threshold):
    """Compare every pair of non-empty texts, all at once."""
    scores = process.cdist(texts, texts, scorer=fuzz.ratio, dtype=np.float64) / 100
    i, j = np.nonzero(np.triu(scores >= threshold, 1))
    return [(a, b, scores[a, b]) for a, b in zip(i.tolist(), j.tolist(), strict=True)]


def grams(text, size):
    return Counter(text[k : k + size] for k in range(len(text) - size + 1))


def is_reordering(a, b, threshold):
    """The definition, word by word."""
    if not a or not b or fuzz.ratio(a, b) / 100 >= threshold:
        return False
    if fuzz.ratio("".join(sorted(a)), "".join(sorted(b))) / 100 < threshold:
        return False
    size = 3 if max(len(a), len(b)) >= 40 else 2
    in_a, in_b = grams(a, size), grams(b, size)
    total = in_a.total() + in_b.total()
    return total > 0 and 2 * (in_a & in_b).total() / total >= 0.7 - 1e-12


def brute_reorderings(texts, threshold):
    pairs = combinations(range(len(texts)), 2)
    return [(i, j) for i, j in pairs if is_reordering(texts[i], texts[j], threshold)]


def as_list(pairs):
    return [(int(i), int(j), float(s)) for i, j, s in zip(*pairs, strict=True)]


def found(texts, threshold):
    return as_list(find_duplicates(texts, threshold))


def n_looked_at(texts, threshold):
    """How often a pair of distinct texts comes before rapidfuzz."""
    return sum(len(a) for a, _ in candidates(read_texts(sorted(set(texts)), threshold), reorderings=True))


def edited(text, chance):
    """Put in, leave out and exchange some characters, and turn the text round a place now and then."""
    characters = list(text)
    for _ in range(chance.randint(0, max(1, len(text) // 7))):
        place = chance.randrange(len(characters))
        characters[place : place + chance.randint(0, 1)] = chance.choice(["的", "了", "是", "", "我"])
        characters = characters or ["钟"]
    if chance.random() < 0.3:
        place = chance.randrange(len(characters))
        characters = characters[place:] + characters[:place]
    return "".join(characters)


ALPHABET = [chr(0x4E00 + 7 * k) for k in range(900)]
WEIGHTS = [1 / (k + 3) for k in range(len(ALPHABET))]


def like_chinese(number, seed, shortest=4, longest=70):
    """Texts of clauses from a small pool, so that unrelated ones share some, each with a few edited copies."""
    chance = random.Random(seed)
    clauses = ["".join(chance.choices(ALPHABET, WEIGHTS, k=chance.randint(2, 9))) for _ in range(400)]
    texts = []
    while len(texts) < number:
        text = "".join(chance.choices(clauses, k=12))[: chance.randint(shortest, longest)]
        texts += [text, *(edited(text, chance) for _ in range(chance.choice([0, 0, 1, 3])))]
    chance.shuffle(texts)
    return texts


ADVERSARIAL = ["a", "b", "aa", "ab", "ba", "aaa", "aab", "aba", "a" * 9, "a" * 10, "ab" * 5, "ba" * 5, "a" * 9 + "b"]
"""Short and repetitive strings, many of whose similarities are thresholds to the last bit."""
ADVERSARIAL += (
    ["好" * n for n in range(1, 61)] + ["好" * n + "坏" for n in range(30)] + ["好坏" * n for n in range(1, 40)]
)
ADVERSARIAL += ["a" * n + "b" * n for n in range(1, 41)] + [
    "a" * 19 + "b",
    "a" * 39 + "b",
    "甲乙丙丁" * 10,
    "乙丙丁甲" * 10,
]
ADVERSARIAL += [
    "",
    "",
    " ",
    "\n",
    "👍",
    "𠮷",
    "𠮷𠮷",
    "\ud800",
    "\ud800\udc00",
    "\U00010000",
    "\x00",
    "\x00\x00",
    "é",
    "é",
]
STRINGS = st.lists(
    st.one_of(
        st.text(alphabet="ab", max_size=12),
        st.text(alphabet="钟停水敲。 ", max_size=24),
        st.text(alphabet=st.characters(), max_size=8),
        st.builds(lambda unit, times: unit * times, st.text(min_size=1, max_size=3), st.integers(0, 30)),
    ),
    max_size=14,
)
LONGER = st.lists(st.text(alphabet="ab好", min_size=30, max_size=90), min_size=2, max_size=6)


FILLER = like_chinese(1500, 29)
"""Texts beside which it pays to look pairs up by their grams; alone, few texts are compared all with all."""


# duplicates


@pytest.mark.parametrize("threshold", ANY_THRESHOLD)
def test_short_and_repetitive_strings_give_what_brute_force_gives(threshold):
    assert found(ADVERSARIAL, threshold) == brute(ADVERSARIAL, threshold)


@pytest.mark.parametrize("threshold", THRESHOLDS)
def test_short_and_repetitive_strings_among_others_give_what_brute_force_gives(threshold):
    texts = [*(text for text in ADVERSARIAL if text), *FILLER]
    assert n_looked_at(texts, threshold) < len(texts) ** 2 / 20
    assert found(texts, threshold) == brute_matrix(texts, threshold)


@pytest.mark.parametrize("threshold", [0.7, 0.75, *THRESHOLDS, 0.99, 1.0])
def test_texts_like_chinese_give_what_brute_force_gives(threshold):
    texts = like_chinese(1600, 7)
    expected = brute_matrix(texts, threshold)
    assert len(expected) > 150
    assert found(texts, threshold) == expected


@pytest.mark.parametrize("threshold", THRESHOLDS)
@pytest.mark.parametrize("alphabet", ["钟停水敲", "钟停水敲更灯火城门河"])
def test_short_strings_of_few_characters_give_what_brute_force_gives(alphabet, threshold):
    chance = random.Random(3)
    texts = ["".join(chance.choices(alphabet, k=chance.randint(1, 14))) for _ in range(400)] + FILLER
    assert found(texts, threshold) == brute_matrix(texts, threshold)


@pytest.mark.parametrize("threshold", THRESHOLDS)
def test_pages_of_text_give_what_brute_force_gives(threshold):
    chance = random.Random(11)
    pages = ["".join(chance.choices(ALPHABET, WEIGHTS, k=chance.randint(100, 2000))) for _ in range(60)]
    pages += [edited(page, random.Random(k)) for k, page in enumerate(pages)]
    assert max(map(len, pages)) > 1500
    assert found(pages, threshold) == brute_matrix(pages, threshold) != []


@given(STRINGS, st.sampled_from(ANY_THRESHOLD))
@example(["", "", ""], 0.8)
@example(["aaaa", "aaaaab"], 0.8)
@example(["a" * 19, "a" * 21], 0.95)
@example(["\ud800", "\ud800"], 0.9)
def test_any_strings_give_what_brute_force_gives(texts, threshold):
    assert found(texts, threshold) == brute(texts, threshold)


@given(LONGER, st.sampled_from(THRESHOLDS))
def test_longer_strings_give_what_brute_force_gives(texts, threshold):
    texts = [*texts, texts[0][:-3], texts[1] + "好好", texts[0][::-1]]
    assert found(texts, threshold) == brute(texts, threshold)


def test_a_similarity_of_exactly_the_threshold_is_in():
    assert found(["aaaa", "aaaaab"], 0.8) == [(0, 1, 0.8)]
    assert found(["a" * 9, "a" * 11], 0.9) == [(0, 1, 0.9)]
    assert found(["a" * 19, "a" * 21], 0.95) == [(0, 1, 0.95)]
    assert found(["a" * 19, "a" * 21], np.nextafter(0.95, 1)) == []


def test_empty_strings_are_no_pairs_and_blanks_are_compared_as_given():
    assert found(["", "", "钟"], 0.8) == []
    assert found([" ", " ", "  "], 0.9) == [(0, 1, 1.0)]
    assert found(["钟停了。", "钟停了"], 1.0) == []


@pytest.mark.parametrize("texts", [[], ["钟"], [""], ["", "钟", ""]])
def test_without_two_texts_there_is_no_pair(texts):
    for pairs in (find_duplicates(texts, 0.8), find_reorderings(texts, 0.8)):
        assert [len(column) for column in pairs] == [0, 0, 0]
        assert (pairs.i.dtype, pairs.similarity.dtype) == (np.dtype(np.int64), np.dtype(np.float64))


def test_the_pairs_come_as_named_arrays_in_order():
    pairs = find_duplicates(["钟停了吗", "", "水敲的钟", "水敲的钟", "钟停了吗"], 0.9)
    assert (pairs.i.tolist(), pairs.j.tolist(), pairs.similarity.tolist()) == ([0, 2], [4, 3], [1.0, 1.0])


def test_copies_of_similar_texts_are_all_paired():
    texts = ["钟停了是水敲的你听", "", "钟停了是水敲的你听", "钟停了是水敲的你", "别的", "钟停了是水敲的你"]
    assert found(texts, 0.9) == brute(texts, 0.9)
    assert len(found(texts, 0.9)) == 6


def test_many_equal_texts_are_all_paired():
    pairs = find_duplicates(["钟停了"] * 1500, 0.9)
    assert len(pairs.i) == 1500 * 1499 // 2
    assert (pairs.i[-1], pairs.j[-1], pairs.similarity.min()) == (1498, 1499, 1.0)


def test_more_pairs_than_fit_into_memory_are_refused_before_they_are_made():
    with pytest.raises(HuabenError, match=r"pairs of duplicates would take .* GiB of memory: drop equal texts first"):
        find_duplicates(["钟"] * 4_000_000, 0.9)


def test_equal_texts_count_once_among_similar_ones():
    similar = find_similar(["钟停了是水敲的", "", *["钟停了是水敲"] * 3000], 0.9)
    assert similar.number.tolist()[:4] == [0, -1, 1, 1]
    assert as_list(similar.duplicates) == [(0, 1, fuzz.ratio("钟停了是水敲的", "钟停了是水敲") / 100)]


def test_a_text_of_a_million_characters_is_compared_like_any_other():
    chance = random.Random(5)
    long = "".join(chance.choices([chr(0x4E00 + k) for k in range(3000)], k=1_000_000))
    texts = [long, "钟停了", long[:-2] + "钟", long[:500_000], "钟停了！"]
    assert [(i, j) for i, j, _ in found(texts, 0.9)] == [(0, 2)]
    assert [(i, j) for i, j, _ in found(texts, 0.85)] == [(0, 2), (1, 4)]


def test_few_of_all_pairs_are_looked_at():
    texts = like_chinese(4000, 13, longest=40)
    assert n_looked_at(texts, 0.85) < len(texts) ** 2 / 2 / 100


@pytest.mark.parametrize("threshold", THRESHOLDS)
@pytest.mark.parametrize("size", [2, 3])
def test_no_length_has_a_prefix_that_is_too_short(threshold, size):
    """Of any two lengths, the prefixes are as long as sharing `least_common` grams of them demands."""
    asked = Grams(size, threshold, reorderings=True)
    if not asked.tell:
        pytest.skip("grams of this size are not used at this threshold")
    lengths = np.arange(1, 260)
    prefix = dict(zip(lengths.tolist(), asked.prefix(lengths).tolist(), strict=True))
    for long in range(asked.first_told(), 260):
        for short in range(1, long + 1):
            if 2 * short < threshold * (short + long) - 1e-9 or short < size:
                continue
            common = int(asked.least_common(np.array([short + long]))[0])
            assert common > 0
            assert prefix[long] >= long - size + 1 - common + 1
            assert prefix[short] >= short - size + 1 - common + 1


# reorderings


def test_clauses_in_another_order_are_a_reordering():
    texts = ["钟停了，水敲的钟你听见了吗，是我敲的！", "是我敲的！钟停了，水敲的钟你听见了吗，", "灯灭了，碗还热着。"]
    assert as_list(find_reorderings(texts, 0.9)) == [(0, 1, 1.0)]
    assert found(texts, 0.9) == []


def test_what_is_a_duplicate_as_it_stands_is_no_reordering():
    assert as_list(find_reorderings(["钟停了，水敲的。", "钟停了，水敲的。"], 0.9)) == []


def test_the_same_characters_in_another_order_alone_are_no_reordering():
    text = "钟停了是水敲的你听见了吗"
    assert as_list(find_reorderings([text, text[::-1], "甲", "甲", "甲乙", "乙甲"], 0.8)) == []


@pytest.mark.parametrize("threshold", [0.5, 0.7, *THRESHOLDS, 1.0])
def test_reorderings_are_what_the_definition_says(threshold):
    texts = like_chinese(500, 17)
    expected = brute_reorderings(texts, threshold)
    assert [(i, j) for i, j, _ in as_list(find_reorderings(texts, threshold))] == expected != []


@pytest.mark.parametrize("threshold", THRESHOLDS)
def test_short_and_repetitive_reorderings_are_what_the_definition_says(threshold):
    pairs = as_list(find_reorderings(ADVERSARIAL, threshold))
    assert [(i, j) for i, j, _ in pairs] == brute_reorderings(ADVERSARIAL, threshold)


@given(st.lists(st.text(alphabet="ab好", max_size=50), max_size=9), st.sampled_from(ANY_THRESHOLD))
def test_any_reorderings_are_what_the_definition_says(texts, threshold):
    turned = [*texts, *(text[len(text) // 3 :] + text[: len(text) // 3] for text in texts)]
    pairs = as_list(find_reorderings(turned, threshold))
    assert [(i, j) for i, j, _ in pairs] == (brute_reorderings(turned, threshold) if threshold <= 1 else [])


def test_the_definition_above_has_the_numbers_of_the_code():
    assert (DICE, LONG) == (0.7, 40)
