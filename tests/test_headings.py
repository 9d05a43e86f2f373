"""What is a heading, what is prose, and which number a numeral names."""

import pytest

from huaben.novel.reading.headings import parse_heading
from huaben.novel.reading.numerals import to_number


@pytest.mark.parametrize(
    ("line", "number", "title"),
    [
        ("第十二章", 12, ""),
        ("第12章", 12, ""),
        ("第１２章", 12, ""),
        ("第１２回", 12, ""),
        ("第 12 章", 12, ""),
        ("第一百二十章 归来", 120, "归来"),
        ("第一回　灵根育孕源流出　心性修持大道生", 1, "灵根育孕源流出 心性修持大道生"),
        ("第一百章终", 100, "终"),
        ("第三章：雨夜", 3, "雨夜"),
        ("第三章、雨夜", 3, "雨夜"),
        ("第三章·雨夜", 3, "雨夜"),
        ("第三章——雨夜", 3, "雨夜"),
        ("第十二章（上）", 12, "（上）"),
        ("第十二章上", 12, "上"),
        ("第十二节 梦", 12, "梦"),
        ("第十二節 夢", 12, "夢"),
        ("第三折 楼头", 3, "楼头"),
        ("第二幕", 2, ""),
        ("【第一章】", 1, ""),
        ("【第一章】开端", 1, "开端"),
        ("【第一章 开端】", 1, "开端"),
        ("[第1章] 开端", 1, "开端"),
        ("《第一章》", 1, ""),
        ("　　第六章 来客　", 6, "来客"),
        ("\xa0\xa0第六章\xa0来客", 6, "来客"),
        ("正文 第三章 来客", 3, "来客"),
        ("正文第三章 来客", 3, "来客"),
        ("《》目录 第一回　石猴", 1, "石猴"),
        ("《西游记》目录 第一回　石猴", 1, "石猴"),
        ("第三章 《红楼梦》", 3, "《红楼梦》"),
        ("第三章 iPhone", 3, "iPhone"),
        ("第五章 救命！", 5, "救命！"),
        ("Chapter 12", 12, ""),
        ("chapter 3", 3, ""),
        ("CHAPTER XIV. The River", 14, "The River"),
        ("Chapter 2: the end", 2, "the end"),
        ("第零章", 0, ""),
        ("第12话 雪", 12, "雪"),
        ("第十二話", 12, ""),
        ("# 第一章 雨", 1, "雨"),
        ("=== 第一章 雨 ===", 1, "雨"),
        ("★第一章★", 1, ""),
        ("Chapter One", 1, ""),
        ("CHAPTER TWELVE", 12, ""),
        ("Chapter the Third. The River", 3, "The River"),
        ("## Chapter 7", 7, ""),
    ],
)
def test_every_style_of_numbered_heading_is_one(line, number, title):
    heading = parse_heading(line)
    assert (heading.number, heading.title, heading.kind, heading.is_volume) == (number, title, "chapter", False)


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("楔子", "prologue"),
        ("楔子 三点十七分", "prologue"),
        ("序", "prologue"),
        ("序一", "prologue"),
        ("序·序", "prologue"),
        ("序章：雪", "prologue"),
        ("引子", "prologue"),
        ("前言", "prologue"),
        ("番外", "side_story"),
        ("番外一", "side_story"),
        ("番外2 回家", "side_story"),
        ("番外篇：雪", "side_story"),
        ("外传 老刀", "side_story"),
        ("后记", "epilogue"),
        ("後記", "epilogue"),
        ("尾声", "epilogue"),
        ("尾聲", "epilogue"),
        ("终章", "epilogue"),
        ("大结局（上）", "epilogue"),
        ("【楔子】", "prologue"),
        ("楔　子", "prologue"),
        ("后　记", "epilogue"),
        ("PROLOGUE", "prologue"),
        ("Prologue: Snow", "prologue"),
        ("Epilogue", "epilogue"),
    ],
)
def test_headings_without_a_number_are_known_by_their_words(line, kind):
    heading = parse_heading(line)
    assert (heading.number, heading.kind) == (None, kind)


@pytest.mark.parametrize(
    ("line", "number", "title"),
    [
        ("卷一", 1, ""),
        ("第二卷 风云", 2, "风云"),
        ("第一部分", 1, ""),
        ("第三部：远方", 3, "远方"),
        ("第四集 雪", 4, "雪"),
        ("卷之三", 3, ""),
        ("卷上", None, ""),
        ("PART TWO", 2, ""),
        ("Book I: The Landing", 1, "The Landing"),
        ("Volume 2", 2, ""),
        ("卷十二·滦阳消夏录一(1)", 12, "滦阳消夏录一(1)"),
    ],
)
def test_a_volume_heading_is_told_from_a_chapter(line, number, title):
    heading = parse_heading(line)
    assert (heading.number, heading.title, heading.is_volume, heading.volume) == (number, title, True, line)


@pytest.mark.parametrize(
    ("line", "number", "title", "volume"),
    [
        ("卷一 第一章 开端", 1, "开端", "卷一"),
        ("第二卷 风起 第十章", 10, "", "第二卷 风起"),
        ("卷三·雪 第３章：雪", 3, "雪", "卷三·雪"),
        ("Book I Chapter 2", 2, "", "Book I"),
    ],
)
def test_a_line_that_names_volume_and_chapter_is_the_chapters_heading(line, number, title, volume):
    heading = parse_heading(line)
    assert (heading.number, heading.title, heading.is_volume, heading.volume) == (number, title, False, volume)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "　　",
        "第一章里说",
        "第一章里说的是钟。",
        "第一章中的沈更生还没有疯",
        "第一章 他说，",
        "第一章的作者",
        "第一章，钟停了。",
        "第三回合双方打平",
        "第二节课开始",
        "第二回忘记了那一年，总之是募集湖北水灾捐而谭叫天还没有死。捐法是两",
        "他翻开目录第一章",
        "“第一章。”他说。",
        "他读到第十二章",
        "番外一直没写完",
        "后记一下这件事",
        "序曲响了",
        "前言不搭后语",
        "尾声渐渐低了下去。",
        "集三千宠爱于一身",
        "第三部队",
        "Chapter 2 was a bore",
        "Part one of the plan was easy",
        "Book one was a bore",
        "Prologue to a quarrel",
        "Introductions were made",
        "第三话题",
        "卷上了一层灰",
        "卷下去",
        "Chapters 1 and 2",
        "第章",
        "第 章",
        "正文",
        "目录",
        "第十二章 " + "很" * 50,
        "第一章" + "长" * 300,
    ],
)
def test_prose_that_begins_like_a_heading_is_prose(line):
    assert parse_heading(line) is None


@pytest.mark.parametrize("title", ["../../etc/passwd", "$(id)", "=1+1", "<script>", "a|b`c`", '"x"', "{{7*7}}"])
def test_a_hostile_title_is_kept_as_it_is_printed(title):
    assert parse_heading(f"第七章 {title}").text == f"第七章 {title}"


@pytest.mark.parametrize("line", ["第一章 " + "\u3000" * 10_000_000, "《" * 1_000_000, "第" + "一" * 1_000_000 + "章"])
def test_a_line_of_millions_of_characters_is_no_heading(line):
    assert parse_heading(line + "完") is None


@pytest.mark.parametrize(
    ("numeral", "number"),
    [
        ("一", 1),
        ("十", 10),
        ("十二", 12),
        ("二十", 20),
        ("一百", 100),
        ("一百零五", 105),
        ("一百一十", 110),
        ("两百二十三", 223),
        ("兩百", 200),
        ("一千零一", 1001),
        ("一千二百三十四", 1234),
        ("一万零三", 10003),
        ("万", 10000),
        ("十万", 100_000),
        ("廿三", 23),
        ("卅", 30),
        ("〇", 0),
        ("一二〇", 120),
        ("二〇二", 202),
        ("007", 7),
        ("１２０", 120),
        ("1２", 12),
        ("1百2十", 120),
        ("I", 1),
        ("IV", 4),
        ("IX", 9),
        ("XIV", 14),
        ("XL", 40),
        ("XCIX", 99),
        ("CXX", 120),
    ],
)
def test_every_numeral_names_its_number(numeral, number):
    assert to_number(numeral) == number
