"""What programs leave around an answer: marks of chat templates, elements of web pages, pieces of JSON."""

import json
import re

TEMPLATE = re.compile(
    r"<\|[a-zA-Z_]{1,40}\|>|<｜[^｜\n]{1,30}｜>|\[/?INST\]|<</?SYS>>|</?s>|<(?:start|end)_of_turn>|<(?:bos|eos|pad|unk)>"
)
ELEMENT = re.compile(
    r"</?(?:a|img|script|style|table|t[rdh]|tbody|thead|ul|ol|li|iframe|input|select|option|form|button|video|audio|svg|"
    r"link|meta|body|html|head|pre|code|p|div|span|br|b|i|u|em|strong|font|h[1-6])(?:[\s/][^<>]{0,300})?>",
    re.IGNORECASE,
)
KEYS = frozenset(
    "speaker line role name dialogue dialog emotion reply response answer content text output message messages "
    "conversations from value question summary qa mood 回复 台词 对话 内容 回答 说话人 角色 人物 问题 答案".split()
)
JSON_START = re.compile(r"\A\s*(?:\w{1,12}\s*[：:]\s*)?[\[{]+\s*[\"'](\w{1,30})[\"']\s*:")
JSON_PIECE = re.compile(r"\A\s*\"\w{1,30}\"\s*:\s*\"|\"\s*\}[\s,}\]]*\Z|[\"”]\s*,\s*\"\w{1,30}\"\s*:\s*[\"{\[\d]")


def is_json_residue(text: str) -> bool:
    """Tell whether a reply is the answer of a program: an object with the keys of an extraction, or a piece of one."""
    if found := JSON_START.search(text):
        start = min(i for i in (text.find("{"), text.find("[")) if i >= 0)
        return found[1].lower() in KEYS or not _is_json(text[start:])
    return bool(JSON_PIECE.search(text))


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
