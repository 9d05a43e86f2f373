"""A chapter → the passages it is asked about: cut between paragraphs, the quotations' numbers kept."""

import re
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from huaben.extract.passages import Passage, passages
from huaben.novel.quotations.lines import find_lines

TEXT = """沈更生说：“钟又停了，停在三点十七分。”
梁明夷问道：“你昨晚敲钟了吗？”
“我没敲，是‘水’敲的。”沈更生回答。
门外有人喊：“开饭了！”"""


def cut(make_chapter, text, longest):
    chapter = make_chapter(text)
    return list(passages(chapter, find_lines(chapter), longest))


def whole(make_chapter, text):
    return cut(make_chapter, text, 10**9)[0]


def test_a_chapter_that_is_short_enough_is_one_passage(make_chapter):
    (passage,) = cut(make_chapter, TEXT, len(TEXT))
    assert (passage.start, passage.end, passage.name) == (0, len(TEXT), "第1章 停钟")


def test_every_quotation_is_numbered_before_its_mark(make_chapter):
    assert whole(make_chapter, TEXT).numbered == (
        "沈更生说：〔1〕“钟又停了，停在三点十七分。”\n梁明夷问道：〔2〕“你昨晚敲钟了吗？”\n"
        "〔3〕“我没敲，是〔4〕‘水’敲的。”沈更生回答。\n门外有人喊：〔5〕“开饭了！”"
    )


def test_a_longer_chapter_is_cut_between_paragraphs_and_keeps_its_numbers(make_chapter):
    first, second = cut(make_chapter, TEXT, len(TEXT) - 1)
    assert second.text == "“我没敲，是‘水’敲的。”沈更生回答。\n门外有人喊：“开饭了！”"
    assert (list(first.numbers), list(second.numbers)) == ([1, 2], [3, 4, 5])
    assert second.numbered.startswith("〔3〕“我没敲，是〔4〕‘水’")
    assert first.text + second.text == TEXT


def test_the_cut_is_made_nearest_to_the_middle(make_chapter):
    text = "\n".join(["一" * 10, "二" * 10, "三" * 60, "四" * 10])
    assert [p.text.strip()[0] for p in cut(make_chapter, text, 90)] == ["一", "三"]
    text = "\n".join(["一" * 60, "二" * 10, "三" * 10])
    assert [p.text.strip()[0] for p in cut(make_chapter, text, 80)] == ["一", "二"]


def test_a_passage_names_its_chapter_and_its_place(make_chapter):
    first, second = cut(make_chapter, TEXT, len(TEXT) - 1)
    assert [first.name, second.name] == ["第1章 停钟 [0:38]", "第1章 停钟 [38:70]"]
    nameless = make_chapter(TEXT).model_copy(update={"heading": "", "title": "全文"})
    assert Passage(nameless, (), 0, len(TEXT)).name == "全文"


@pytest.mark.parametrize("text", ["钟停了。" * 200, "钟停了。\n", "\n\n钟停了。", "", "\n", "钟停了。" * 50 + "\n \n"])
def test_one_paragraph_has_no_halves(make_chapter, text):
    chapter = make_chapter(text)
    assert Passage(chapter, (), 0, len(text)).halves() == ()
    assert len(cut(make_chapter, text, 3)) == 1


def test_a_paragraph_that_is_too_long_stands_alone(make_chapter):
    text = "短。\n" + "长" * 500 + "\n短。"
    assert [p.text.strip() for p in cut(make_chapter, text, 100)] == ["短。", "长" * 500, "短。"]


def test_what_looks_like_a_number_in_the_novel_is_no_number(make_chapter):
    numbered = whole(make_chapter, "〔1〕他说：“〔99〕钟停了。”〔１２〕").numbered
    assert numbered == "［1］他说：〔1〕“［99］钟停了。”［１２］"
    assert re.findall(r"〔\d+〕", numbered) == ["〔1〕"]


def test_speech_without_marks_is_numbered_before_its_colon(make_chapter):
    assert whole(make_chapter, "更生曰：钟停矣。明夷曰：未也。").numbered == "更生曰〔1〕：钟停矣。明夷曰〔2〕：未也。"


PARAGRAPHS = st.text(alphabet="钟水灯“”‘’「」〔1〕 ", max_size=30) | st.just("\n" * 50)
TEXTS = st.lists(PARAGRAPHS, max_size=20).map("\n".join)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # make_chapter is one plain function
@given(text=TEXTS, longest=st.integers(1, 120))
@example(text="‘\n1’", longest=1)
@example(text="子曰：学而时习之。\n曾子曰：吾日三省吾身。", longest=9)
def test_passages_lose_nothing_and_number_every_quotation_once(make_chapter, text, longest):
    found = cut(make_chapter, text, longest)
    assert "".join(p.text for p in found) == text
    assert [n for p in found for n in p.numbers] == list(range(1, len(found[0].lines) + 1))
    assert all(p.end == q.start and p.text.endswith("\n") for p, q in pairwise(found))
    if text.strip():
        assert all(p.text.strip() for p in found)
    for p in found:
        assert [int(n) for n in re.findall(r"〔(\d+)〕", p.numbered)] == list(p.numbers)
        assert re.sub(r"〔\d+〕", "", p.numbered) == re.sub(r"〔(\d+)〕", r"［\1］", p.text)
        for n in p.numbers:
            assert p.start <= p.lines[n - 1].start <= p.lines[n - 1].end <= p.end
        is_one_paragraph = "\n" not in p.text.strip()
        assert p.end - p.start <= longest or is_one_paragraph
        assert bool(p.halves()) != is_one_paragraph


def test_two_megabytes_in_small_passages_lose_no_quotation(make_chapter):
    rows = [
        f"沈更生说：“第{i}只钟停了。”\n他把灯一盏一盏地关上，{'只剩下那只钟还亮着，' * 7}第{i}盏。"
        for i in range(7000)
    ]
    chapter = make_chapter("\n".join(rows))
    assert len(chapter.text.encode()) > 2_000_000
    lines = find_lines(chapter)
    found = list(passages(chapter, lines, 500))
    assert sum(p.numbered.count("〔") for p in found) == len(lines) == 7000
    assert all(p.end - p.start <= 500 for p in found)
