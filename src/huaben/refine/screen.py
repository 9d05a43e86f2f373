"""The screen before the filters of marks and words: most texts have nothing that any of them looks for.

Two expressions that Python's engine runs fast: one class of characters, and one choice of words that all begin
with a letter, so that it skips from one possible beginning to the next. Both let through more than they must;
tests/test_filters.py holds them against everything that the filters and cuts find.
"""

import re

STRANGE_SCRIPTS = (
    "\u0400-\u052f",
    "\u0590-\u05ff",
    "\u0600-\u06ff",
    "\u0900-\u0dff",
    "\u0e00-\u0eff",
    "\u1100-\u11ff\uac00-\ud7af",
    "\u3040-\u309f\u30a1-\u30fa",
)
"""Cyrillic, Hebrew, Arabic, the scripts of India, Thai and Lao, Hangul, Kana."""
MARKS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u00c2-\u00ef\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ud800-\uf8ff"
    "\ufeff\ufff9-\ufffd\U000e0000-\U0010ffff<>`{}&\\\\\\[#锛銆鈥鐨鏄鍦鎴浣涓]"
)
"""Characters that only damage, markup, code and hidden text have; some of them stand in good texts too."""
WORDS = re.compile(
    "|".join(
        """
        锟斤 烫烫烫 屯屯屯 人工智能 语言模型 无法 不能 不便 不会 没有办法 没办法 不可以 违反 违规 法律法规
        该内容 该问题 该话题 该请求 ai sorry cannot can't can’t unable not\\sable 你的任务 扮演 你是一
        您是一 格式 不要输出 不要添加 不要包含 不要返回 不要生成 不得超出 字数控制 以下是 以下为 下面是
        下面为 根据您 根据你 我将以 我将用 以上是 以上为 已按 生成的 改写 角色回复 任务说明 指令
        instruction system user assistant human 用户 助手 （注意 （说明 （提示 （备注 \\(注意 \\(说明
        \\(提示 \\(备注 you\\sare\\sa respond\\sonly here\\sis\\sthe lorem\\sipsum 本章 点击 未完待续 记住
        手机 最新 求月票 求推荐票 求收藏 求订阅 求打赏 首发 正版 本书 更多精彩 关注 以上内容 以上回答
        本内容 本回答 本文由 www m\\. wap\\. read\\s visit\\s \"\\s*[,:}]
        """.split()
    )
)
"""Pieces of what the filters of words look for, in lower case."""


def is_plain(text: str) -> bool:
    """Tell whether no filter of marks or words can find anything in a text, and nothing can be cut from it."""
    return MARKS.search(text) is None and WORDS.search(text.lower()) is None
