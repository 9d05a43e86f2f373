"""Advertisements and site marks: lines cut by the configured patterns, and patterns that the text itself suggests."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from huaben.errors import InputError
from huaben.novel.reading.anomalies import Anomalies, named
from huaben.records import Chapter

SITE_MARK = re.compile(
    r"https?://|\bwww\s*[.．。]|\b[a-z0-9-]{2,30}[.．](?:com|net|org|cn|cc|info|la|me|xyz|vip|top)\b|"
    r"本章未完|点击下一[页章]|點擊下一[頁章]|未完待[续續]|请记住(?:本|我们|网)|手机用户请|手機用戶請|最新章[节節]|"
    r"求(?:月票|推荐票|收藏|订阅)|加入书签|收藏本站|(?:txt|全集|全本)\s*下载|全文阅读|无弹窗|無彈窗|小说网|小說網|"
    r"本书首发|更新最快|正版订阅",
    re.IGNORECASE,
)
LONGEST_AD = 120
"""Characters; a longer line with a mark in it is prose with a mark inside."""
MIN_REPEATS = 5
MIN_LENGTH = 8
PROSE = re.compile(r"[“”「」『』‘’\"。！？]")
"""Marks of a sentence; a line with one and a site's mark may be the author's, with an advertisement behind."""
QUOTED = re.compile(r"[“”「」『』‘’\"]")
SHOWN = 10


def keep_lines(lines: Sequence[str], patterns: Sequence[str], anomalies: Anomalies) -> list[int]:
    """Return the places of the lines that no pattern matches from end to end; what is cut is told."""
    ads = [_compiled(pattern) for pattern in patterns]
    is_ad = [any(ad.fullmatch(line.strip()) for ad in ads) for line in lines]
    if cut := Counter(line.strip() for line, ad in zip(lines, is_ad, strict=True) if ad):
        commonest = ", ".join(f"{count} × {line[:40]!r}" for line, count in cut.most_common(5))
        anomalies.add("advertisements_cut", f"{cut.total()} lines: {commonest}")
    return [i for i, ad in enumerate(is_ad) if not ad]


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise InputError(f"params.yaml: chapters.ads: {pattern!r} is no regular expression: {error}") from error


def note_ads(chapters: Iterable[Chapter], anomalies: Anomalies) -> None:
    """Note lines that look like a site's and not like the author's, each with a pattern that would cut it."""
    counts: Counter[str] = Counter()
    first: dict[str, str] = {}
    for chapter in chapters:
        lines = [stripped for line in chapter.text.split("\n") if (stripped := line.strip())]
        counts.update(lines)
        for line in lines:
            first.setdefault(line, named(chapter))
    _note_marks(counts, first, anomalies)
    for line, count in counts.most_common(SHOWN):
        if count >= MIN_REPEATS and len(line) >= MIN_LENGTH and not QUOTED.search(line) and not SITE_MARK.search(line):
            anomalies.add("repeated_line", f"{count} × {line[:60]}")


def _note_marks(counts: Counter[str], first: Mapping[str, str], anomalies: Anomalies) -> None:
    marked: Counter[str] = Counter()
    for line, count in counts.items():
        if found := SITE_MARK.search(line):
            if len(line) <= LONGEST_AD and not PROSE.search(line):
                marked[_pattern(line)] += count
            else:
                around = line[max(0, found.start() - 15) : found.end() + 15]
                anomalies.add("site_mark_inside_a_line", f"{count} × …{around}…, first in {first[line]}")
    for pattern, count in marked.most_common(SHOWN):
        anomalies.add("advertisements_suggested", f"{count} × {pattern}")


def _pattern(line: str) -> str:
    """Return a regular expression for a line, with any number where it has one: pages are counted on."""
    return re.sub(r"\d+", r"\\d+", re.escape(line[:60]).replace(r"\ ", " ")) + (".*" if len(line) > 60 else "")
