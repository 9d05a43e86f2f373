"""What an endpoint can answer instead of a reply, and what has to become of it: one table."""

import gzip
import json
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from conftest import CANARY, Http, completion

GOOD = '{"plot": "停了", "relations": "疏远", "psychology": "不安"}'
"""A complete reply to the task summary.v2."""


@dataclass(frozen=True)
class Fault:
    """An answer; the reason that it must end as, after so many requests, for good or not."""

    name: str
    answer: Any
    reason: str
    requests: int = 1
    is_for_good: bool = False
    timeout_s: float = 10.0


def json_of(value):
    return json.dumps(value, ensure_ascii=False).encode()


def choice(**parts):
    """Return the body of a completion whose one choice has these parts."""
    return Http(body=json_of({"model": "fake-1", "choices": [parts]}))


def said(message):
    return json_of({"error": {"message": message}})


ECHO = said(f"Incorrect API key provided: {CANARY}")
LONG_AGO, FAR_OFF = (format_datetime(datetime.now(UTC) + timedelta(days=days)) for days in (-1, 1))


def busy(**headers):
    return Http(429, ECHO, {name.replace("_", "-"): value for name, value in headers.items()})


PASSING = [
    *(Fault(f"HTTP {status}", Http(status, ECHO), f"http_{status}", 5) for status in (408, 409, 425, 429)),
    *(Fault(f"HTTP {status}", Http(status, b"<html>"), f"http_{status}", 5) for status in (500, 502, 503, 504, 529)),
    Fault("429, at once", busy(retry_after="0"), "http_429", 5),
    Fault("429, in a millisecond", busy(retry_after_ms="1", retry_after="300"), "http_429", 5),
    Fault("429, yesterday", busy(retry_after=LONG_AGO), "http_429", 5),
    *(Fault(f"429, {when}", busy(retry_after=when), "http_429", 5) for when in ("inf", "nan", "soon", "-5", "")),
    Fault(
        "429, beyond the calendar", busy(retry_after="Sun, 06 Nov 99999999999999999999 08:49:37 GMT"), "http_429", 5
    ),
    Fault("dropped before the answer", Http(drop=True), "connection", 5),
    Fault("dropped within the answer", Http(body=json_of(completion(GOOD)), cut=True), "connection", 5),
    Fault("no gzip", Http(body=b"plain", headers={"content-encoding": "gzip"}), "connection", 5),
    Fault("silence", Http(body=json_of(completion(GOOD)), delay_s=0.6), "timeout", 5, timeout_s=0.15),
    Fault("blank lines", Http(body=json_of(completion(GOOD)), blanks=40), "timeout", 5, timeout_s=0.15),
    Fault("50 MB", Http(body=b" " * 50_000_000), "too_large", 2),
    Fault(
        "what would unpack to too much",
        Http(body=gzip.compress(random.Random(7).randbytes(300_000)), headers={"content-encoding": "gzip"}),
        "too_large",
        2,
    ),
]
"""What another request may meet no more."""

SHAPELESS = [
    Fault("HTML", Http(body=b"<html>login</html>"), "odd_shape", 3),
    Fault("null", Http(body=b"null"), "odd_shape", 3),
    Fault("a list", Http(body=b"[]"), "odd_shape", 3),
    Fault("a string", Http(body=json_of(CANARY)), "odd_shape", 3),
    Fault("nothing", Http(body=b""), "odd_shape", 3),
    Fault("no content", Http(204), "odd_shape", 3),
    Fault("half a body", Http(body=b'{"choices": [{"finish_rea'), "odd_shape", 3),
    Fault("an error with 200", Http(body=ECHO), "odd_shape", 3),
    Fault("no choice", Http(body=json_of({"choices": []})), "odd_shape", 3),
    Fault("null for choices", Http(body=json_of({"choices": None})), "odd_shape", 3),
    Fault("choices that are text", Http(body=json_of({"choices": GOOD})), "odd_shape", 3),
    Fault(
        "content that is a list", choice(finish_reason="stop", message={"content": [{"text": GOOD}]}), "odd_shape", 3
    ),
    Fault("a message that is text", choice(finish_reason="stop", message=GOOD), "odd_shape", 3),
    Fault("no finish reason", choice(message={"content": GOOD}), "odd_shape", 3),
    Fault("null for the finish reason", choice(finish_reason=None, message={"content": GOOD}), "odd_shape", 3),
    Fault(
        "half a character",
        Http(body=b'{"choices": [{"finish_reason": "stop", "message": {"content": "\\ud800"}}]}'),
        "odd_shape",
        3,
    ),
    Fault("no number", Http(body=json_of(completion(GOOD))[:-1] + b', "usage": NaN}'), "odd_shape", 3),
    Fault(
        "too long a number",
        Http(body=json_of(completion(GOOD))[:-1] + b', "x": ' + b"1" * 5000 + b"}"),
        "odd_shape",
        3,
    ),
    Fault("GBK", Http(body=json_of(completion(GOOD)).decode().encode("gbk")), "odd_shape", 3),
    Fault("nested too deeply", Http(body=b'{"choices": ' + b"[" * 50_000 + b"]" * 50_000 + b"}"), "odd_shape", 3),
    Fault("null for the message", choice(finish_reason="stop", message=None), "blank", 3),
    Fault("null for the content", completion(None), "blank", 3),
    Fault("empty content", completion(""), "blank", 3),
    Fault("blank content", completion(" \n\u3000" * 500), "blank", 3),
    Fault("reasoning alone", choice(finish_reason="stop", message={"reasoning_content": GOOD}), "blank", 3),
    Fault("overload", completion(GOOD, "insufficient_system_resource"), "finish_insufficient_system_resource", 3),
    Fault("a tool", completion(GOOD, "tool_calls"), "finish_tool_calls", 3),
]
"""A body that is no complete text; another request may bring one."""

REFUSED = [
    Fault("cut at the limit", completion(GOOD, "length"), "finish_length", 1, True),
    Fault("filtered", completion("", "content_filter"), "finish_content_filter", 1, True),
    *(Fault(f"HTTP {status}", Http(status, ECHO), f"http_{status}", 1, True) for status in (400, 405, 422, 451)),
    Fault("a risk", Http(400, said("Content Exists Risk")), "http_400", 1, True),
    Fault("HTTP 413", Http(413, ECHO), "too_long", 1, True),
    Fault("too long", Http(400, said("This model's maximum context length is 8192 tokens.")), "too_long", 1, True),
]
"""What the same request would only meet again."""


def invalid(name, content, why="not JSON"):
    return Fault(name, completion(content), f"invalid reply: {why}", 2, True)


INVALID = [
    invalid("prose", "这一章讲钟停了。"),
    invalid("a refusal in JSON", '{"refusal": "我不能回答"}', "`plot` is not text"),
    invalid("a list of objects", f"[{GOOD}]", "not a JSON object"),
    invalid("a number", "3", "not a JSON object"),
    invalid("two objects", GOOD + GOOD),
    invalid("two objects, and prose between", f"{GOOD}\n或者：\n{GOOD}"),
    invalid("two fences", f"```json\n{GOOD}\n```\n```json\n{GOOD}\n```"),
    invalid("a wrong type", GOOD.replace('"停了"', "[1]"), "`plot` is not text"),
    invalid("null for a value", GOOD.replace('"停了"', "null"), "`plot` is not text"),
    invalid("a missing key", '{"plot": "停了", "psychology": "不安"}', "`relations` is not text"),
    invalid("no number for a value", GOOD.replace('"停了"', "NaN")),
    invalid("half a character for a value", GOOD.replace("停", "\\ud800")),
    invalid("deep nesting", '{"plot": ' + "[" * 3000 + "]" * 3000 + "}"),
    invalid("a huge number", GOOD.replace('"停了"', "1" * 5000)),
    invalid("a cut reply that says stop", GOOD[:20]),
    invalid("reasoning without an end", f"<think>也许答 {GOOD}", "reasoning without an end"),
    invalid("braces for ever", "{" * 20_000 + "}"),
]
"""Complete replies that do not hold what was asked for: asked for twice."""

FATAL = [
    Fault("401", Http(401, ECHO), "the key is not accepted"),
    Fault("402", Http(402, said(f"Insufficient Balance {CANARY}")), "the account has no balance left"),
    Fault("403", Http(403, ECHO), "the key may not do this"),
    Fault("404", Http(404, ECHO), "llm.base_url or llm.model is wrong"),
    Fault("400, DeepSeek's unknown model", Http(400, said("Model Not Exist")), "llm.model is not known there"),
    Fault("400, an unknown model", Http(400, said("The model `x` does not exist")), "llm.model is not known there"),
    *(
        Fault(str(status), Http(status, ECHO, {"location": "http://127.0.0.1:9/v1"}), "llm.base_url redirects")
        for status in (301, 302, 303, 307, 308)
    ),
    Fault("429, in eleven minutes", busy(retry_after="660"), "the endpoint asks to wait 660 s"),
    Fault("503, tomorrow", Http(503, ECHO, {"retry-after": FAR_OFF}), "the endpoint asks to wait 86"),
]
"""What ends the run at the first request."""

FAULTS = [*PASSING, *SHAPELESS, *REFUSED, *INVALID]

REPAIRED = [
    ("a fence", f"```json\n{GOOD}\n```", "fence around the reply"),
    ("reasoning", f"<think>想 {{}}</think>\n{GOOD}", "reasoning before the reply"),
    ("the end of reasoning alone", f"想 {GOOD[:9]}\n</think>\n{GOOD}", "reasoning before the reply"),
    ("both", f"<think>想</think>\n```\n{GOOD}\n```", "reasoning before the reply; fence around the reply"),
    ("prose around", f"好的：\n{GOOD}\n希望有用。", "prose around the object"),
    ("a fence in prose", f"好的：\n```json\n{GOOD}\n```\n以上。", "prose around the object"),
    ("unescaped quotes", GOOD.replace("停了", '他说"停"了'), "JSON with mistakes"),
    ("single quotes", GOOD.replace('"', "'"), "JSON with mistakes"),
    ("Chinese punctuation", "{“plot”：“停了”，“relations”：“疏远”，“psychology”：“不安”}", "JSON with mistakes"),
    ("a comma too many", GOOD[:-1] + ",}", "JSON with mistakes"),
    ("a line break in a string", GOOD.replace("停了", "停\n了"), "JSON with mistakes"),
]
"""Complete replies whose form alone is at fault, and what the repair is called."""

HARMLESS = [
    ("no usage", completion(GOOD)),
    ("null for usage", completion(GOOD, usage=None)),
    ("negative usage", completion(GOOD, usage={"prompt_tokens": -9, "completion_tokens": -1})),
    ("usage beyond belief", completion(GOOD, usage={"prompt_tokens": 10**30, "completion_tokens": 10**30})),
    ("a time in milliseconds", completion(GOOD) | {"created": 1_767_225_600_000}),
    ("a time beyond the calendar", completion(GOOD) | {"created": 10**30}),
    ("another model", completion(GOOD) | {"model": "other-2"}),
    ("fields that nobody knows", completion(GOOD, unheard_of={"x": [1]})),
    ("keys that nobody asked for", completion(GOOD[:-1] + ', "more": [1]}')),
    ("a compressed body", Http(body=gzip.compress(json_of(completion(GOOD))), headers={"content-encoding": "gzip"})),
    ("blank lines before it", Http(body=json_of(completion(GOOD)), blanks=3)),
]
"""Answers that are odd, and a reply all the same."""
