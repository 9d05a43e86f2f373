"""Quotations that somebody only thinks: 心想, 暗道, 心里一沉."""

import re

STOPS = '。！？”」』’"'
CUE = re.compile(
    r"(?:心想|暗想|想道|(?<![阶街当手掌背圆花湖])心道|心[说說]|[寻尋自]思|思[量想]|揣度|忖|琢磨|(?<![没不谁焉])想|[转轉]念|念[头頭]"
    r"|暗[暗自中]?[地的]?[说說道]|暗[暗自][^，。]{1,3}道"
    rf"|(?<![手掌背])心[里裡裏中下内][^{STOPS}]{{0,6}})[^{STOPS}]{{0,6}}[：:，,]?\s*$"
)
AFTER = re.compile(
    r"(?![^，。]{0,4}想了)[^，。！？“”\n]{0,4}(?:心想|想道|暗想|暗道|[寻尋]思|琢磨|心里想|想)[着道]?[，。]"
    r"|\s*(?:\w+ ){0,2}(?:thought|wondered)\b"
)
UNHEARD = r"(?<![心暗肚])(?<!心[里裡裏中下内])(?<!暗[自暗中地的])(?<!暗[暗自][地的])(?<!自己)"
ALOUD = re.compile(
    rf"(?:{UNHEARD}[说說]|[问問喊]|(?<!暗)(?<!暗[暗自])[笑答回喝叫骂罵问問哭怒喊嚷]道|[便就因又]道"
    rf"|[，,；][^{STOPS}，,；心暗肚腹想思忖]{{0,6}}[说說]道"
    r"|(?:[吩分嘱囑][咐付]|[回禀稟]禀|告[诉訴])[^，。]{0,6})[：:，,]?\s*$"
)
"""想罢带笑说: he has thought, and now he speaks; 心中大怒道 is said as well."""
PONDERED = re.compile(r"想了(?:[一又半]?想|[一好很半老][^。，]{0,4})")
"""想了想, and then he speaks."""


def is_thought(before: str, after: str) -> bool:
    """Tell a thought by the words before it; where a sentence ends there, by those after it."""
    if before.strip() and before[-1] not in "。；！？":
        return bool(CUE.search(before)) and not (PONDERED.search(before[-16:]) or ALOUD.search(before))
    return bool(AFTER.match(after))
