"""What came back, sorted: a reply, or the reason why it is none."""

import pytest

from huaben.llm.answers import Reply, body_of, is_for_good, refusal_body, strict_json, tries, why_fatal

BODY = {"choices": [{"finish_reason": "stop", "message": {"content": "我没敲。"}}], "model": "m"}


def body(content="好。", finish="stop"):
    return {"choices": [{"finish_reason": finish, "message": {"content": content}}]}


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (BODY, None),
        (body("半句", "length"), "finish_length"),
        (body("", "content_filter"), "finish_content_filter"),
        (body(None, "insufficient_system_resource"), "finish_insufficient_system_resource"),
        (body("好。", "stop" * 30), "finish_" + "stop" * 10),
        (body("好。", None), "odd_shape"),
        (body("好。", ["stop"]), "odd_shape"),
        (body(""), "blank"),
        (body(" \n\u3000"), "blank"),
        (body(None), "blank"),
        (body(["好。"]), "odd_shape"),
        ({"choices": [{"finish_reason": "stop", "message": {"reasoning_content": "想想"}}]}, "blank"),
        ({"choices": [{"finish_reason": "stop", "message": None}]}, "blank"),
        ({"choices": [{"finish_reason": "stop", "message": "好。"}]}, "odd_shape"),
        ({"choices": [{"message": {"content": "好。"}}]}, "odd_shape"),
        ({"choices": [[]]}, "odd_shape"),
        ({"choices": []}, "odd_shape"),
        ({"choices": None}, "odd_shape"),
        ({"choices": {}}, "odd_shape"),
        ({"error": {"message": "busy"}}, "odd_shape"),
        ({"odd": "'<html>'"}, "odd_shape"),
        ({}, "odd_shape"),
        ({"http_status": 400, "said": "no"}, "http_400"),
        ({"http_status": 422}, "http_422"),
        ({"http_status": 400, "said": "maximum context length is 8192 tokens"}, "too_long"),
        ({"http_status": 400, "said": "the request exceeds the available context size"}, "too_long"),
        ({"http_status": 400, "said": "Prompt has too many tokens"}, "too_long"),
        ({"http_status": 400, "said": "Content Exists Risk"}, "http_400"),
    ],
)
def test_only_a_complete_text_has_no_fault(body, fault):
    reply = Reply("k", body)
    assert reply.fault == fault
    assert reply.content == ("我没敲。" if fault is None else None)


@pytest.mark.parametrize(("name", "model"), [("m", "m"), (None, None), (["m"], None)])
def test_the_model_of_a_reply_is_a_name_or_nothing(name, model):
    assert Reply("k", {"model": name}).model == model


@pytest.mark.parametrize(
    ("said", "created"),
    [
        (1_767_225_600, 1_767_225_600),
        (1_767_225_600_000, None),
        (10**30, None),
        (0, None),
        (-1, None),
        (True, None),
        (1.5, None),
        ("1767225600", None),
        (None, None),
    ],
)
def test_the_time_of_a_reply_is_a_second_since_1970_or_nothing(said, created):
    assert Reply("k", {"created": said}).created == created


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        ({"prompt_tokens": 9, "prompt_cache_hit_tokens": 4, "completion_tokens": 2}, (4, 5, 2)),
        ({"prompt_tokens": 100, "prompt_tokens_details": {"cached_tokens": 40}, "completion_tokens": 7}, (40, 60, 7)),
        ({"prompt_tokens": 5, "prompt_cache_hit_tokens": 9}, (5, 0, 0)),
        ({"prompt_tokens": 10**30, "completion_tokens": 3}, (0, 0, 3)),
        ({"prompt_tokens": -5, "completion_tokens": None}, (0, 0, 0)),
        ({"prompt_tokens": "12", "completion_tokens": 1.5}, (0, 0, 0)),
        ({"prompt_tokens": True}, (0, 0, 0)),
        ({"prompt_tokens_details": []}, (0, 0, 0)),
        ({}, (0, 0, 0)),
        ([], (0, 0, 0)),
        ("many", (0, 0, 0)),
        (None, (0, 0, 0)),
    ],
)
def test_tokens_are_counted_by_price_and_odd_counts_are_none(usage, tokens):
    assert tuple(Reply("k", {"usage": usage}).tokens.values()) == tokens


@pytest.mark.parametrize(
    "text",
    [
        "NaN",
        "[Infinity]",
        "1e999",
        '{"a": -Infinity}',
        '"\\ud800"',
        "[" * 100_000,
        "1" * 5000,
        "",
        "{'a': 1}",
        b"\xc4",
    ],
)
def test_what_cannot_be_written_again_is_no_json(text):
    with pytest.raises(ValueError):
        strict_json(text)


@pytest.mark.parametrize("content", [b"<html>", b"[]", b"null", b'"text"', b"", b"\xff\xfe", b"NaN"])
def test_of_a_body_that_is_no_object_its_beginning_is_kept(content):
    assert body_of(content) == {"odd": ascii(content[:200])}


def test_an_object_is_kept_as_it_is_and_a_refusal_in_part():
    assert body_of(b'{"a": [1, null]}') == {"a": [1, None]}
    assert refusal_body(400, "停".encode() * 10_000) == {"http_status": 400, "said": "停" * 500}
    assert refusal_body(400, b"\xff") == {"http_status": 400, "said": "\ufffd"}


@pytest.mark.parametrize(
    ("reason", "times", "for_good"),
    [
        *((f"http_{status}", 5, False) for status in (408, 409, 425, 429, 500, 502, 503, 529, 599)),
        *((reason, 5, False) for reason in ("timeout", "connection", "unreachable")),
        ("too_large", 2, False),
        *((reason, 3, False) for reason in ("blank", "odd_shape", "finish_tool_calls")),
        ("finish_insufficient_system_resource", 3, False),
        *((reason, 1, True) for reason in ("finish_length", "finish_content_filter", "too_long", "http_400")),
        *((f"http_{status}", 1, True) for status in (405, 413, 422, 451)),
        ("invalid reply: not JSON", 2, True),
        ("invalid reply: a reason\nof two lines, http_500", 2, True),
    ],
)
def test_every_reason_is_worth_so_many_requests_and_is_for_good_or_not(reason, times, for_good):
    assert (tries(reason), is_for_good(reason)) == (times, for_good)


@pytest.mark.parametrize(
    ("status", "said", "why"),
    [
        (401, "", "the key is not accepted"),
        (402, "", "the account has no balance left"),
        (403, "", "the key may not do this"),
        (404, "", "llm.base_url or llm.model is wrong"),
        *((status, "", "llm.base_url redirects") for status in (301, 302, 307, 308)),
        (400, '{"error":{"message":"Model Not Exist"}}', "llm.model is not known there"),
        (400, "The model `gpt-9` does not exist", "llm.model is not known there"),
        (400, 'model "x" not found, try pulling it first', "llm.model is not known there"),
        (400, "Unknown field; temperature is wrong", None),
        (400, "This model's maximum context length is 8192 tokens", None),
        (422, "Model Not Exist", None),
        *((status, "", None) for status in (200, 204, 400, 408, 413, 422, 429, 500, 503)),
    ],
)
def test_what_every_request_would_meet_is_fatal(status, said, why):
    found = why_fatal(status, said)
    assert found == why if why is None else found.startswith(why)
