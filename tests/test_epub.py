"""A book in EPUB gives the same chapters as its text; what could harm a reader, or is no open book, is refused."""

import io
import struct
import zipfile

import pytest

from huaben.errors import InputError
from huaben.novel.reading.chapters import find_novels, read_chapters
from huaben.novel.reading.epub import read_epub
from huaben.params import ANY_NOVEL

CONTAINER = '<container><rootfiles><rootfile full-path="OEBPS/book.opf"/></rootfiles></container>'
FIRST = "<h1>第一章 雨</h1><p>他说：“钟停了。”</p>\n<p>第二行。</p>"
SECOND = "<h1>第二章 雪</h1><p>他说：“走吧。”</p>"
XHTML_11 = '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.1//EN" "http://www.w3.org/TR/xhtml11/DTD/xhtml11.dtd">'


def page(body, head=""):
    return f'<?xml version="1.0" encoding="utf-8"?>{head}<html xmlns="http://www.w3.org/1999/xhtml">{body}</html>'


def package(files, spine=None, extra="", order=""):
    items = "".join(f'<item id="{f}" href="{f}" media-type="application/xhtml+xml"/>' for f in files)
    refs = "".join(f'<itemref idref="{f}"/>' for f in (files if spine is None else spine))
    return f"<package><manifest>{items}{extra}</manifest><spine {order}>{refs}</spine></package>"


@pytest.fixture
def book(tmp_path):
    """Return a function that writes an EPUB of the pages given; `parts` replaces or adds members."""

    def book(pages, parts=None, **options):
        members = {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": CONTAINER,
            "OEBPS/book.opf": package(list(pages), **options),
            **{f"OEBPS/{name}": page(body) for name, body in pages.items()},
            **(parts or {}),
        }
        path = tmp_path / "book.epub"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members.items():
                if content is not None:
                    archive.writestr(name, content)
        return path

    return book


def chapters_of(path):
    chapters, anomalies = read_chapters([path], "small", ANY_NOVEL)
    return [(c.number, c.volume, c.heading, c.text) for c in chapters], anomalies.notes


def refused(path):
    with pytest.raises(InputError) as refusal:
        read_epub(path)
    return str(refusal.value)


def test_the_spine_gives_the_order_and_a_paragraph_is_a_line(book):
    chapters, notes = chapters_of(book({"b.xhtml": SECOND, "a.xhtml": FIRST}, spine=["a.xhtml", "b.xhtml"]))
    assert chapters == [
        (1, None, "第一章 雨", "他说：“钟停了。”\n第二行。"),
        (2, None, "第二章 雪", "他说：“走吧。”"),
    ]
    assert notes == {"encoding": ["book.epub: epub"]}


def test_an_epub_gives_the_chapters_that_its_text_would_give(book, tmp_path):
    (tmp_path / "text.txt").write_text(
        "第一章 雨\n他说：“钟停了。”\n第二行。\n第二章 雪\n他说：“走吧。”\n", encoding="utf-8"
    )
    expected, _ = read_chapters([tmp_path / "text.txt"], "small", ANY_NOVEL)
    found, _ = read_chapters([book({"a.xhtml": FIRST, "b.xhtml": SECOND})], "small", ANY_NOVEL)
    assert [c.row() for c in found] == [c.row() for c in expected]


def test_a_file_that_goes_on_with_a_chapter_opens_none(book):
    chapters, _ = chapters_of(book({"a1.xhtml": FIRST, "a2.xhtml": "<p>第三行。</p>", "b.xhtml": SECOND}))
    assert [text for *_, text in chapters] == ["他说：“钟停了。”\n第二行。\n第三行。", "他说：“走吧。”"]


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        ("<p>一<br/>二</p><p>三</p>", ["一", "二", "三"]),
        ("<div><div>一</div>二<p>三</p></div>", ["一", "二", "三"]),
        ("<p>他\n   走了 \n over</p>", ["他走了 over"]),
        ("<p>He\n  went   home.</p>", ["He went home."]),
        ("<p>　　他走了。</p>", ["他走了。"]),
        ("<p><ruby>漢<rp>(</rp><rt>かん</rt><rp>)</rp></ruby>字</p>", ["漢字"]),
        ("<p>一</p><hr/><p>二</p>", ["一", "", "二"]),
        ("<p>一</p><p>&nbsp;</p><p>二</p>", ["一", "", "二"]),
        ("<head><title>书</title><style>p{}</style></head><p>一<script>x()</script></p>", ["一"]),
        ("<p>甲&amp;乙&#8212;丙&mdash;丁&hellip;&lt;b&gt;</p>", ["甲&乙—丙—丁…<b>"]),
        ("<p>甲&nosuchname;乙</p>", ["甲&nosuchname;乙"]),
        ("<p>一<span>二</span><em>三</em></p>", ["一二三"]),
        ("<p>钟\u200b停&#8203;了</p>", ["钟停了"]),
        ("<table><tr><td>一</td><td>二</td></tr></table>", ["一", "二"]),
        ("<p><![CDATA[<p>甲</p>]]></p>", ["<p>甲</p>"]),
        ("<svg><text>封面</text></svg><p>一</p>", ["一"]),
    ],
)
def test_markup_becomes_lines(body, lines, book):
    assert read_epub(book({"a.xhtml": body})).lines == lines


def test_invisible_characters_are_cut_and_counted_however_they_are_written(book):
    _, notes = chapters_of(book({"a.xhtml": "<p>钟\u200b停&#8203;了</p>"}))
    assert notes["control_characters_cut"] == ["book.epub: 2"]


def test_the_named_document_type_of_epub_2_is_read_and_never_loaded(book):
    path = book({"a.xhtml": ""}, {"OEBPS/a.xhtml": page("<p>甲&nbsp;乙</p>", XHTML_11)})
    assert read_epub(path).lines == ["甲\xa0乙"]


def test_a_page_in_gb18030_is_read_by_its_bytes(book):
    text = page("<p>他说：“我们的钟又停了，这是第三回，你们都来看一看吧。”</p>").replace("utf-8", "gb2312")
    assert (
        read_epub(book({"a.xhtml": ""}, {"OEBPS/a.xhtml": text.encode("gb18030")})).lines[0].startswith("他说：“我们")
    )


NAV = (
    '<html><body><nav epub:type="toc"><ol>'
    '<li><a href="cover.xhtml">封面</a></li>'
    '<li><a href="a.xhtml">雨夜</a></li>'
    '<li><a href="b.xhtml#two">雪夜</a></li></ol></nav>'
    '<nav epub:type="landmarks"><ol><li><a href="a.xhtml">Start</a></li></ol></nav></body></html>'
)
NCX = (
    '<!DOCTYPE ncx PUBLIC "-//NISO//DTD ncx 2005-1//EN" "http://www.daisy.org/z3986/2005/ncx-2005-1.dtd">'
    '<ncx><navMap><navPoint><navLabel><text>雨夜</text></navLabel><content src="a.xhtml"/></navPoint>'
    '<navPoint><navLabel><text>雪夜</text></navLabel><content src="b.xhtml#two"/></navPoint></navMap></ncx>'
)
ITEMS = {
    "nav.xhtml": '<item id="toc" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>',
    "toc.ncx": '<item id="toc" href="toc.ncx" media-type="application/x-dtbncx+xml"/>',
}


@pytest.mark.parametrize(("name", "toc"), [("nav.xhtml", NAV), ("toc.ncx", NCX)])
def test_the_table_of_contents_names_chapters_whose_text_does_not(name, toc, book):
    pages = {
        "cover.xhtml": "<p>两更天</p>",
        "a.xhtml": "<p>甲走了。</p>",
        "b.xhtml": '<p>乙走了。</p><p id="two">丙走了。</p>',
    }
    chapters, notes = chapters_of(book(pages, {f"OEBPS/{name}": toc}, extra=ITEMS[name]))
    assert chapters == [(None, None, "雨夜", "甲走了。\n乙走了。"), (None, None, "雪夜", "丙走了。")]
    assert notes["front_matter_cut"] == ["3 characters: '两更天'"]


def test_a_title_that_the_text_prints_is_not_printed_twice(book):
    pages = {"a.xhtml": "<h2>雨 夜</h2><p>甲走了。</p>", "b.xhtml": '<p id="two">第二章</p><p>乙走了。</p><p>完。</p>'}
    chapters, _ = chapters_of(book(pages, {"OEBPS/nav.xhtml": NAV}, extra=ITEMS["nav.xhtml"]))
    assert chapters == [(None, None, "雨夜", "甲走了。"), (2, None, "第二章", "乙走了。\n完。")]


def test_an_entry_with_other_files_under_it_is_a_volume(book):
    nav = (
        '<html><nav type="toc"><ol><li><a href="v.xhtml">上部</a><ol><li><a href="a.xhtml">雨夜</a></li>'
        '<li><a href="b.xhtml">雪夜</a></li></ol></li></ol></nav></html>'
    )
    pages = {"v.xhtml": "<p>上部</p>", "a.xhtml": "<p>甲走了。</p>", "b.xhtml": "<p>乙走了。</p>"}
    chapters, _ = chapters_of(book(pages, {"OEBPS/nav.xhtml": nav}, extra=ITEMS["nav.xhtml"]))
    assert chapters == [(None, "上部", "雨夜", "甲走了。"), (None, "上部", "雪夜", "乙走了。")]


def test_what_is_not_in_the_reading_order_is_left_out_and_told(book):
    opf = package(["a.xhtml", "n.xhtml"], ["a.xhtml"]).replace(
        "</spine>", '<itemref idref="n.xhtml" linear="no"/></spine>'
    )
    path = book({"a.xhtml": FIRST, "n.xhtml": "<p>注</p>"}, {"OEBPS/book.opf": opf})
    chapters, notes = chapters_of(path)
    assert len(chapters) == 1
    assert notes["left_out_of_the_epub"] == ["book.epub: OEBPS/n.xhtml"]


def test_ads_are_cut_and_the_headings_stay_in_place(book):
    pages = {"a.xhtml": "<p>本站广告</p><p>甲走了。</p>", "b.xhtml": '<p>本站广告</p><p id="two">丙走了。</p>'}
    path = book(pages, {"OEBPS/nav.xhtml": NAV}, extra=ITEMS["nav.xhtml"])
    chapters, _ = read_chapters([path], "small", ANY_NOVEL.model_copy(update={"ads": ["本站广告"]}))
    assert [(c.heading, c.text) for c in chapters] == [("雨夜", "甲走了。"), ("雪夜", "丙走了。")]


def test_an_epub_is_found_beside_text_files(book, tmp_path):
    path = book({"a.xhtml": FIRST})
    (tmp_path / "c.txt").write_text("第二章 雪\n好。", encoding="utf-8")
    assert find_novels(tmp_path) == [path, tmp_path / "c.txt"]


@pytest.mark.parametrize("member", ["../evil.xhtml", "OEBPS/../../evil", "/etc/passwd", "C:evil", "a\\..\\b"])
def test_a_member_outside_the_book_is_refused(member, book):
    fault = refused(book({"a.xhtml": FIRST}, {member: "x"}))
    assert "would lie outside the book" in fault


@pytest.mark.parametrize(
    ("parts", "fault"),
    [
        ({"META-INF/container.xml": None}, "no EPUB: META-INF/container.xml is missing"),
        ({"META-INF/container.xml": "<container/>"}, "container.xml: names no package file"),
        (
            {"META-INF/container.xml": CONTAINER.replace("book", "none")},
            "OEBPS/none.opf: named by the book, but not in",
        ),
        ({"OEBPS/book.opf": package([])}, "book.opf: no spine that says which files are read"),
        ({"OEBPS/book.opf": package(["a.xhtml"], ["z"])}, "the spine names 'z', which is not in the manifest"),
        ({"OEBPS/book.opf": package(["../../a.xhtml"])}, "../a.xhtml: named by the book, but not in it"),
        ({"OEBPS/book.opf": package(["gone.xhtml"])}, "OEBPS/gone.xhtml: named by the book, but not in it"),
        ({"OEBPS/a.xhtml": page("<p>甲</b>")}, "OEBPS/a.xhtml: not well-formed XML: mismatched tag: line 1"),
        ({"OEBPS/a.xhtml": ""}, "OEBPS/a.xhtml: the file is empty"),
        ({"OEBPS/a.xhtml": page("<img/>")}, "there is no text in the book"),
        ({"OEBPS/a.xhtml": "<a>" * 300 + "</a>" * 300}, "elements nest more than 200 deep"),
        ({"OEBPS/a.xhtml": b"PK\x03\x04" + b"x" * 100}, "this is a document, an archive or a picture, not text"),
    ],
)
def test_a_book_that_is_not_whole_is_refused_by_what_is_wrong(parts, fault, book):
    assert fault in refused(book({"a.xhtml": FIRST}, parts))


@pytest.mark.parametrize("member", ["META-INF/container.xml", "OEBPS/book.opf", "OEBPS/a.xhtml", "OEBPS/nav.xhtml"])
@pytest.mark.parametrize(
    "subset",
    ['<!ENTITY a "ha"><!ENTITY b "&a;&a;">', '<!ENTITY a SYSTEM "file:///etc/passwd">', "<!ELEMENT a ANY>", " "],
)
def test_declarations_inside_a_file_are_refused_wherever_they_stand(member, subset, book):
    bomb = f"<!DOCTYPE a [{subset}]><a>&a;&b;</a>"
    fault = refused(book({"a.xhtml": FIRST}, {"OEBPS/nav.xhtml": NAV, member: bomb}, extra=ITEMS["nav.xhtml"]))
    assert fault.endswith(f"{member}, line 1: a DTD inside the file is refused")


def test_an_entity_of_a_foreign_dtd_is_not_loaded(book):
    head = '<!DOCTYPE html SYSTEM "file:///etc/passwd">'
    assert read_epub(book({"a.xhtml": ""}, {"OEBPS/a.xhtml": page("<p>甲&passwd;</p>", head)})).lines == ["甲&passwd;"]


def test_a_bomb_is_stopped_at_the_bound_whatever_its_header_says(book):
    path = book({"a.xhtml": FIRST}, {"OEBPS/a.xhtml": b"<html>" + b" " * 101_000_000 + b"</html>"})
    data = path.read_bytes()
    assert len(data) < 200_000
    assert "the book unpacks to more than 100,000,000 bytes" in refused(path)
    small = data.replace(struct.pack("<L", 101_000_013), struct.pack("<L", 13))
    path.write_bytes(small)
    assert "OEBPS/a.xhtml: " in refused(path)


def test_twenty_thousand_members_are_too_many(tmp_path):
    path = tmp_path / "book.epub"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(20_001):
            archive.writestr(str(number), b"")
    assert "20,001 files in one book" in refused(path)


@pytest.mark.parametrize("kept", [0.2, 0.6, 0.99])
def test_a_truncated_book_is_refused(kept, book):
    path = book({"a.xhtml": FIRST})
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * kept)])
    assert "no whole EPUB (a zip archive)" in refused(path)


def test_a_book_with_a_wrong_byte_is_refused(book):
    path = book({"a.xhtml": FIRST * 50})
    data = bytearray(path.read_bytes())
    place = data.index(b"OEBPS/a.xhtml") + 60
    data[place] ^= 0xFF
    path.write_bytes(bytes(data))
    assert "OEBPS/a.xhtml: cannot be unpacked" in refused(path)


@pytest.mark.parametrize("content", [b"", b"no zip at all", b"%PDF-1.7"])
def test_what_is_no_zip_is_refused(content, tmp_path):
    (tmp_path / "book.epub").write_bytes(content)
    assert "no whole EPUB (a zip archive)" in refused(tmp_path / "book.epub")


def encryption(uri, way="http://www.w3.org/2001/04/xmlenc#aes128-cbc"):
    return (
        f'<encryption><enc:EncryptedData xmlns:enc="e"><enc:EncryptionMethod Algorithm="{way}"/><enc:CipherData>'
        f'<enc:CipherReference URI="{uri}"/></enc:CipherData></enc:EncryptedData></encryption>'
    )


def test_encrypted_text_is_refused_as_such(book):
    path = book({"a.xhtml": FIRST}, {"META-INF/encryption.xml": encryption("OEBPS/a.xhtml")})
    assert "OEBPS/a.xhtml is encrypted (DRM); a copy without it is needed" in refused(path)


def test_a_font_made_unreadable_outside_its_book_hides_no_text(book):
    font = encryption("OEBPS/font.otf", "http://www.idpf.org/2008/embedding")
    assert read_epub(book({"a.xhtml": FIRST}, {"META-INF/encryption.xml": font})).lines[0] == "第一章 雨"


def test_a_zip_with_a_password_is_refused(book):
    path = book({"a.xhtml": FIRST})
    data = bytearray(path.read_bytes())
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = data.find(mark)
        while place >= 0:
            data[place + flags] |= 1
            place = data.find(mark, place + 4)
    path.write_bytes(bytes(data))
    assert "encrypted" in refused(path)


def test_a_zip_within_the_zip_is_never_opened(book):
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("a.xhtml", page("<p>甲</p>"))
    path = book({"a.xhtml": FIRST}, {"OEBPS/inner.epub": inner.getvalue()})
    assert read_epub(path).lines[0] == "第一章 雨"
