"""Quotations that are written: letters, notes and signs, and the names of shops, books and houses."""

import re

LETTER_CUE = re.compile(
    r"(?:[写寫](?:[着著了下上道]|的是)?|[抄批刻题](?:[着著了下上]|的是)|[题題][^，。“绝絕]{0,4}[句联聯]"
    r"|信上|信里|信中|纸条|字条|手谕|[榜檄诏詔札]文?[曰云]|告示|布告|批语|落款|注着|登记|印着"
    r"|[一两几]行(?:小?字|是))[^。！？”，]{0,12}[：:，,]?\s*$|(?:[一两几]行|[看瞧见][时，]?是)[：:]\s*$"
)
SAYS = re.compile(r"(?:[说說喊问問]|叫声|(?<![写寫书題题])道)[：:]\s*$")
WRITTEN = re.compile(r"(?:[他她我你它]|上[面头]?)[还又]?(?:写|寫|书|書)(?:道|着|著)?$")
NUMBER = "[一二三四五六七八九十两]"
WORD_AFTER = re.compile(rf"(?:{NUMBER}个?)?[大小金红黑白]*字")
TITLE_AFTER = re.compile(r"(?:的|[这那]?一?[个块家间本栏张])?(?:招牌|牌子|匾|店|铺|栏|书|本子|册子|大酒店|号)")
SIGN_BEFORE = re.compile(
    r"(?:招牌|牌[子额額]|[大石木金]牌|匾|门楣|门[上口]|墙[上头]|碑|[旗幡幌]|灯笼|石碣|楼顶|封面)[^。！？”]{0,20}$"
)
TITLE_BEFORE = re.compile(
    r"(?:招牌|牌子|匾额?|店名|书名|题名|名叫|题为|题曰|刻着|写着|号称|随身)[^。！？”]{0,6}$"
    r"|\b(?:called|named|entitled|titled)\s*$"
)
CARVED = re.compile(rf"(?:刻着|刻的是|题着|{NUMBER}个大?字)[：:]\s*$")
HOUSE = re.compile(r".{2,}(?:[行店铺楼馆堂斋阁轩社局厂]|公司|书院|日报|杂志|月刊|(?<!第)[一二三四五六七八九十]号)")
"""The name of a shop, a house, a paper, a ship."""
MOVE = re.compile(r"(?:招|式|步|脚|手|掌|拳|剑|一个)[^，。！？；]{0,4}$")
"""Before the name of a blow, which may end as that of a house does."""


def is_written(before: str, after: str, introduced: bool) -> bool:
    """Tell what is read from paper or from a sign."""
    if WORD_AFTER.match(after) or SAYS.search(before):
        return False
    return bool((LETTER_CUE.search(before) and introduced and before[-1:] in "：:，,") or WRITTEN.search(before))


def is_lettered(before: str) -> bool:
    """Tell a text of somebody's own hand, which is no title however short it is."""
    return bool(WRITTEN.search(before))


def is_carved(before: str) -> bool:
    """Tell an inscription, whose colon introduces no speech."""
    return bool(CARVED.search(before))


def is_title(content: str, before: str, after: str) -> bool:
    """Tell the name of a shop, a book, a house, or the words of a sign, from a word that is only emphasised."""
    if WORD_AFTER.match(after):
        return bool(SIGN_BEFORE.search(before))
    is_named = TITLE_AFTER.match(after) or TITLE_BEFORE.search(before) or CARVED.search(before)
    return bool(is_named or (HOUSE.fullmatch(content) and not MOVE.search(before)))
