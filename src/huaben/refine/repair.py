"""What is cut out of a text so that nothing else of it is touched; each cut has a name and is counted.

`mend` is a fixed point: what it returns, it returns unchanged.
"""

import html
import re

from huaben.refine.phrases import ASKS_CODE, WATERMARK
from huaben.refine.screen import is_plain

ROUNDS = 6
"""A cut may uncover another; a text that is not done after so many is a tangle, and left to the filters."""
CRLF = re.compile("\r\n?")
CONTROL = re.compile("\x1b\\[[0-9;]{0,20}[A-Za-z]|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
"""Escape sequences of a terminal, and control characters but tab and line end."""
INVISIBLE = re.compile(
    "[\u00ad\u180e\u200b\u2060-\u2064\ufeff\ufff9-\ufffc]|"
    "(?<!\U0001f3f4)(?<![\U000e0020-\U000e007f])[\U000e0000-\U000e007f]+|"
    "(?<![\u0590-\u08ff])[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069](?![\u0590-\u08ff])|"
    "(?<![\u0600-\u0dff\u200c\u200d\ufe0f\u2600-\u27bf\U0001f000-\U0001faff])[\u200c\u200d]+|"
    "[\u200c\u200d]+(?![\u0600-\u0dff\u2600-\u27bf\U0001f000-\U0001faff])"
)
"""Zero-width, bidirectional and tag characters, but where emoji, flags or right-to-left script need them."""
THINK = re.compile(r"<(/?)(think|thinking|reasoning|reflection)>", re.IGNORECASE)
END_TOKEN = re.compile(
    r"(?:<\|(?:im_end|endoftext|eot_id|eom_id|end|end_of_text)\|>|</s>|<eos>|<end_of_turn>|<｜end▁of▁sentence｜>)\s*\Z"
)
FENCE = re.compile(
    r"\A\s*```(?:text|txt|markdown|md|plaintext|plain|json)?[ \t]*\n(?P<body>.*?)\n?[ \t]{0,8}```\s*\Z", re.DOTALL
)
TAG = re.compile(
    r"</?(?:p|div|span|b|i|u|em|strong|font|h[1-6]|center|small|sup|sub|section|article|ruby|rt)(?:\s[^<>]{0,300})?>",
    re.IGNORECASE,
)
BREAK = re.compile(r"[ \t]{0,8}<br\s{0,8}/?>[ \t]{0,8}\n?|</p>\s{0,20}<p>", re.IGNORECASE)
ENTITY = re.compile(
    r"&(?:nbsp|amp|lt|gt|quot|apos|[lr][ds]quo|hellip|mdash|ensp|emsp|middot|#\d{1,7}|#x[0-9a-fA-F]{1,6});"
)
ESCAPED_END = re.compile(r"(?<=[\u3000-\u30ff\u4e00-\u9fff\uff00-\uffef.!?])(?:\\n)+(?![a-z])")
UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffc\U000e0000-\U000e007f]"
)
SENTENCE_END = re.compile(r"(?<=[。！？!?…\n])|(?<=[.])\s+")
LONGEST_WATERMARK = 120


def cut_unseen(text: str) -> tuple[str, list[str]]:
    """Cut what no reader sees: carriage returns, control characters, zero-width and bidirectional characters."""
    done: list[str] = []
    if not UNSEEN.search(text):
        return text, done
    for name, pattern, instead in (
        ("line ends", CRLF, "\n"),
        ("control characters", CONTROL, ""),
        ("invisible characters", INVISIBLE, ""),
    ):
        if pattern.search(text):
            while (cut := pattern.sub(instead, text)) != text:
                text = cut
            done.append(name)
    return text, done


def mend(text: str, prompt: str = "") -> tuple[str, list[str]]:
    """Return a reply without what can be cut cleanly, and the names of the cuts.

    Where the prompt asks for code, markup and fences are the answer, and stay.
    """
    if is_plain(text):
        return text, []
    text, done = cut_unseen(text)
    asks_code = ASKS_CODE.search(prompt) is not None
    for _ in range(ROUNDS):
        before = text
        for name, cut in _CUTS.items():
            if asks_code and name in OF_CODE:
                continue
            if (shorter := cut(text)) != text:
                text = shorter.strip()
                done.append(name)
        if text == before:
            break
        text, more = cut_unseen(text)
        done += more
    return text, list(dict.fromkeys(done))


def _without_reasoning(text: str) -> str:
    """Cut closed blocks, and what stands before a closing mark that nothing opened."""
    kept: list[str] = []
    at, opened = 0, None
    for mark in THINK.finditer(text):
        if not mark[1] and opened is None:
            opened = mark.start()
        elif mark[1]:
            if opened is None:
                kept.clear()
            else:
                kept.append(text[at:opened])
            at, opened = mark.end(), None
    return text if at == 0 else "".join(kept) + text[at:]


def _without_end_token(text: str) -> str:
    return END_TOKEN.sub("", text)


def _without_fence(text: str) -> str:
    """Cut a fence around the whole reply, or one at its beginning or end that has no partner."""
    if (marks := text.count("```")) == 2 and (found := FENCE.match(text)):
        return found["body"]
    if marks == 1:
        bare = text.strip()
        if bare.endswith("```"):
            return bare[:-3]
        if bare.startswith("```\n"):
            return bare[4:]
    return text


def _without_tags(text: str) -> str:
    if "`" in text or ("<" not in text and "&" not in text):
        return text
    text = TAG.sub("", BREAK.sub("\n", text))
    return ENTITY.sub(lambda found: html.unescape(found[0]).replace("\u00a0", " "), text)


def _without_escaped_ends(text: str) -> str:
    if "\\n" not in text or "`" in text:
        return text
    return ESCAPED_END.sub(lambda found: "\n" * (len(found[0]) // 2), text)


def _without_watermark(text: str) -> str:
    """Cut the last sentences as long as they are a site's or a machine's mark; a text of nothing else stays."""
    if not WATERMARK.search(text):
        return text
    starts = [0, *(found.end() for found in SENTENCE_END.finditer(text) if 0 < found.end() < len(text))]
    end = len(text)
    for start in reversed(starts):
        if not text[start:end].strip():
            continue
        if end - start > LONGEST_WATERMARK or not WATERMARK.search(text, start, end):
            break
        end = start
    return text[:end] if text[:end].strip() else text


_CUTS = {
    "reasoning block": _without_reasoning,
    "end token": _without_end_token,
    "fence": _without_fence,
    "HTML tags": _without_tags,
    "escaped line ends": _without_escaped_ends,
    "watermark": _without_watermark,
}
OF_CODE = ("fence", "HTML tags", "escaped line ends")
