"""What counts as a letter, what is damage, what is residue."""

import sys
import unicodedata

import pytest

from huaben.text import count_letters, find_damage, find_residue, printable


@pytest.mark.parametrize(
    ("text", "letters"),
    [
        ("", 0),
        ("      ", 0),
        ("……", 0),
        ("——！？“”", 0),
        ("我没敲", 3),
        ("我，没敲！", 3),
        ("三点17分", 5),
        ("①Ⅻ½", 3),
        ("abc déf", 6),
        ("👍👍👍👍👍👍", 0),
        ("👨‍👩‍👧", 0),
        ("\u3000\u200b\ufeff", 0),
        ("𠮷野家", 3),
    ],
)
def test_letters_and_digits_count_and_nothing_else(text, letters):
    assert count_letters(text) == letters


def test_letters_and_digits_are_the_categories_l_and_n_in_all_of_unicode():
    assert all(
        (unicodedata.category(c)[0] in "LN") == bool(count_letters(c)) for c in map(chr, range(sys.maxunicode + 1))
    )


def test_what_a_terminal_would_obey_is_written_out():
    assert printable("钟\x1b[2J\u202e停\ud800\n了") == "钟\\u001b[2J\\u202e停\\ud800⏎了"


@pytest.mark.parametrize(
    ("text", "damage"),
    [
        ("钟\ufffd停了", "replacement_character"),
        ("锟斤拷锟斤拷", "mojibake"),
        ("烫烫烫烫", "mojibake"),
        ("he said â€œyesâ€", "mojibake"),
        ("钟\ue000停了", "private_use"),
        ("钟\x00停了", "control_character"),
        ("钟\x85停了", "control_character"),
        ("好烫烫的碗\n还热着\t呢", None),
        ("naïve café", None),
    ],
)
def test_traces_of_a_wrong_decoding_are_named(text, damage):
    assert find_damage(text) == damage


@pytest.mark.parametrize(
    ("text", "residue"),
    [
        ("```json\n{}\n```", "code_fence"),
        ("<think>想一想</think>好", "think_tag"),
        ("好<|im_end|>", "chat_token"),
        ("好<br/>的", "html_tag"),
        ('<a href="x">好</a>', "html_tag"),
        ("好&nbsp;的", "html_entity"),
        ('{"plot": "x"}', "json"),
        (' [ "x" ]', "json"),
        ("作为一个AI语言模型，我不能", "refusal"),
        ("As an AI language model I", "refusal"),
        ("他说：3 < 5，5 > 3。", None),
        ("他问AI作为工具好不好。", None),
        ("[三点十七分] 钟停了", None),
    ],
)
def test_what_a_model_or_a_page_leaves_is_named(text, residue):
    assert find_residue(text) == residue


def test_a_long_text_without_an_end_to_its_tag_takes_no_time():
    assert find_residue("<a " * 100_000 + "钟") is None
