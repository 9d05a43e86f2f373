"""A complete reply → its one JSON object: strictly first, then what models put around it, then repaired and named."""

import pytest

from huaben.llm.answers import InvalidReply
from huaben.llm.structured import LONGEST, parse_object, without_wrapping


@pytest.mark.parametrize(
    ("content", "value"),
    [
        ('{"a": 1}', {"a": 1}),
        (' \n{"a": "```{}```"}\n', {"a": "```{}```"}),
        ("{}", {}),
        ('{"a": "<think>不是</think>"}', {"a": "<think>不是</think>"}),
    ],
)
def test_what_is_strict_json_is_not_touched(content, value):
    assert parse_object(content) == (value, None)


@pytest.mark.parametrize(
    ("content", "repair"),
    [
        ('```json\n{"a": 1}\n```', "fence around the reply"),
        (' ```\n{"a": 1}```\n', "fence around the reply"),
        ('```JSON\n{"a":\n 1}\n```', "fence around the reply"),
        ('<think>想</think>{"a": 1}', "reasoning before the reply"),
        ('<THINKING>\n想 {"a": 2}\n</THINKING>\n\n{"a": 1}', "reasoning before the reply"),
        ('想 {"a": 2}\n</think>\n{"a": 1}', "reasoning before the reply"),
        ('<think>想</think>\n```json\n{"a": 1}\n```', "reasoning before the reply; fence around the reply"),
        ('好的：{"a": 1}', "prose around the object"),
        ('{"a": 1}\n\n希望有用。', "prose around the object"),
        ('好的：\n```json\n{"a": 1}\n```\n以上。', "prose around the object"),
        ("{'a': 1}", "JSON with mistakes"),
        ('{"a": 1,}', "JSON with mistakes"),
        ('{"a": 1}}', "JSON with mistakes"),
        ("{a: 1}", "JSON with mistakes"),
        ('{"a": 1 /* 一 */}', "JSON with mistakes"),
        ("{“a”：1}", "JSON with mistakes"),
    ],
)
def test_a_fault_of_form_is_repaired_and_named(content, repair):
    assert parse_object(content) == ({"a": 1}, repair)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ('{"a": "他说"停"了"}', '他说"停"了'),
        ('{"a": "停\n了"}', "停\n了"),
        ('{"a": "停了', None),
        ('{"a": "停了"', None),
    ],
)
def test_words_are_never_lost_in_a_repair(content, text):
    if text is None:
        with pytest.raises(InvalidReply):
            parse_object(content)
    else:
        assert parse_object(content)[0] == {"a": text}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "not JSON"),
        ("好的。", "not JSON"),
        ("3", "not a JSON object"),
        ("null", "not a JSON object"),
        ('[{"a": 1}]', "not a JSON object"),
        ('```json\n[{"a": 1}]\n```', "not a JSON object"),
        ('看：[{"a": 1}, {"a": 2}]', "not JSON"),
        ('{"a": 1}{"a": 2}', "not JSON"),
        ('{"a": 1}\n{"a": 2}', "not JSON"),
        ('{"a": 1}\n或者：\n{"a": 2}', "not JSON"),
        ('{"a": 1}, or, "perhaps", {"a": 2}', "not JSON"),
        ("{'a': 1} 或者 {'a': 2}", "not JSON"),
        ('```\n{"a": 1}\n```\n```\n{"a": 2}\n```', "not JSON"),
        ('<think>也许 {"a": 1}', "reasoning without an end"),
        ('{"a": NaN}', "not JSON"),
        ('{"a": Infinity}', "not JSON"),
        ('{"a": 1e999}', "not JSON"),
        ('{"a": ' + "1" * 5000 + "}", "not JSON"),
        ('{"a": "\\ud800"}', "not JSON"),
        ('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", "not JSON"),
        ("{...}", "not JSON"),
        ("{", "not JSON"),
        ("}", "not JSON"),
        ("}{", "not JSON"),
    ],
)
def test_what_is_not_one_object_is_invalid(content, why):
    with pytest.raises(InvalidReply, match=f"^{why}$"):
        parse_object(content)


@pytest.mark.parametrize(
    "content",
    [
        "{" * LONGEST + "}",
        "{" + "}" * LONGEST,
        "{a:1}x" * (LONGEST // 6),
        '{"a": "' + '他说"好"。' * LONGEST + "}",
        "{" + "a " * (LONGEST // 2 - 2) + "}",
        "<think>" * LONGEST,
        "```\n" * LONGEST,
    ],
    ids=["open", "close", "objects", "long", "words", "reasoning", "fences"],
)
def test_no_reply_holds_a_run_up(content):
    with pytest.raises(InvalidReply):
        parse_object(content)


@pytest.mark.parametrize(
    ("content", "bare", "taken"),
    [
        ("1|甲|乙|1", "1|甲|乙|1", None),
        ("```\n1|甲|乙|1\n```", "1|甲|乙|1", "fence around the reply"),
        ("<think>想</think>\n1|甲|乙|1", "\n1|甲|乙|1", "reasoning before the reply"),
        ("```\n甲\n```\n乙\n```\n丙\n```", "```\n甲\n```\n乙\n```\n丙\n```", None),
        ("甲\n```\n乙\n```", "甲\n```\n乙\n```", None),
    ],
)
def test_only_what_stands_around_the_whole_reply_is_taken_off(content, bare, taken):
    assert without_wrapping(content) == (bare, taken)
