"""The browse page in a headless Chromium, driven as a person would: keys, clicks, two widths, hostile texts."""

import json

import pytest

from browsing import Visitor, chromium, make_world, serving, write_page
from conftest import TEXTS
from huaben.files import read_jsonl, write_jsonl
from huaben.records import make_id

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>{{7*7}}${7*7}\u202egnihton\u202c\u200b"
TALK = make_id("dialogue", 1)


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return make_world(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def static(browser, world):
    return write_page(world)


@pytest.fixture
def visit(browser, static):
    """Return a function that opens the static page; on leaving, nothing may have been complained about or loaded."""
    visitors = []

    def enter(address=static, **options):
        visitors.append(Visitor(browser, address, **options))
        return visitors[-1]

    yield enter
    for visitor in visitors:
        visitor.close()


def test_all_rows_are_counted_and_the_first_is_open(visit):
    one = visit()
    assert one.count() == 19
    assert one.page.inner_text("[aria-selected=true] .preview") == "钟又停了，停在三点十七分。"
    assert one.page.inner_text("#record h2") == "lines · 1 · 第1章 停钟"


@pytest.mark.parametrize(
    ("field", "start", "count"),
    [
        ("dataset", "qa_v2", 3),
        ("chapter", "2 ·", 6),
        ("chapter", "not from", 1),
        ("speaker", "许知秋", 2),
        ("reason", "kept", 16),
        ("reason", "dropped", 3),
        ("reason", "clean: every reply under 6", 1),
        ("gate", "qa_v2.schema.has_evidence", 1),
        ("gate", "qa_v2.schema.angle", 3),
        ("review", "good", 0),
        ("review", "not yet", 18),
    ],
)
def test_each_field_filters(visit, field, start, count):
    one = visit()
    one.choose(field, start)
    assert one.count() == count
    assert (
        one.page.locator(".option").first.get_attribute("aria-setsize") == str(count)
        if count
        else one.previews() == []
    )
    one.press("x")
    one.page.click("#clear")
    assert one.count() == 19


def test_a_gate_says_what_it_measured_and_whose_rows_are_shown(visit):
    one = visit()
    one.choose("gate", "qa_v2.schema.has_evidence")
    assert one.page.inner_text("#gate-note") == "Failed (critical): observed 1, limit bool. These rows break it."
    assert one.previews() == ["没有证据的问题？"]
    one.choose("gate", "qa_v2.schema.angle")
    assert one.page.inner_text("#gate-note") == "Passed (critical): observed 1, limit bool."


def test_a_search_finds_rows_that_hold_all_words_and_marks_them(visit):
    one = visit()
    one.press("/")
    one.page.keyboard.type("水 敲的")
    assert one.count() == 5
    assert set(one.page.locator(".option .hit").all_inner_texts()) <= {"水", "敲的"}
    one.page.fill("#search", TALK)
    assert one.count() == 1
    one.page.fill("#search", "nowhere")
    assert one.count() == 0
    assert one.page.is_visible("#none")


def test_keys_move_through_the_rows_and_in_and_out_of_the_search(visit):
    one = visit()
    chosen = "[aria-selected=true] .preview"
    one.press("j")
    assert one.page.inner_text(chosen) == "你昨晚敲钟了吗？"
    one.press("ArrowDown", "ArrowDown", "k")
    assert one.page.inner_text(chosen) == "我没敲，是水敲的。"
    one.press("End")
    assert one.page.inner_text("#record h2") == "pretrain · 1 · 第1章 停钟"
    one.press("Home", "k")
    assert one.page.inner_text(chosen) == "钟又停了，停在三点十七分。"
    one.press("/")
    one.page.keyboard.type("jkgb?")
    assert one.page.input_value("#search") == "jkgb?"
    one.press("Escape", "x", "j")
    assert one.page.inner_text(chosen) == "你昨晚敲钟了吗？"
    assert one.page.evaluate("document.activeElement.id") == "list"
    one.press("?")
    assert one.page.is_visible("#help")
    one.press("Escape")
    assert not one.page.is_visible("#help")


def test_a_conversation_stands_beside_its_passage_in_the_colours_of_its_speakers(visit):
    one = visit()
    one.choose("dataset", "dialogue")
    one.press("Home")
    one.page.locator(".option", has_text="你昨晚敲钟了吗").click()
    assert one.page.locator(".bubble .said").all_inner_texts() == ["你昨晚敲钟了吗？", "我没敲，是水敲的。"]
    assert one.page.locator("#passage .own").all_inner_texts() == ["你昨晚敲钟了吗？", "我没敲，是水敲的。"]
    hue = "(e) => getComputedStyle(e).getPropertyValue('--hue')"
    said = [e.evaluate(hue) for e in one.page.locator(".bubble .said").all()]
    marked = [e.evaluate(hue) for e in one.page.locator("#passage .own").all()]
    assert said == marked
    assert said[0] != said[1]
    left, right = (e.bounding_box()["x"] for e in one.page.locator(".bubble").all())
    assert left < right


def test_the_passage_is_the_chapter_and_a_press_on_a_line_opens_its_row(visit):
    one = visit()
    assert "\n".join(one.page.locator("#passage-text p").all_inner_texts()) == TEXTS[0]
    one.page.locator("#passage mark", has_text="水怎么会敲钟").click()
    assert one.page.inner_text("#record .said") == "水怎么会敲钟？"
    assert one.page.inner_text("[aria-selected=true] .preview") == "水怎么会敲钟？"
    one.page.locator("#legend button", has_text="梁明夷").click()
    assert one.count() == 3


def test_chosen_and_rejected_stand_side_by_side_and_below_each_other_on_a_phone(visit):
    wide, phone = visit(), visit(phone=True)
    phone.page.click("#filters summary")
    for one in (wide, phone):
        one.choose("dataset", "preference")
    phone.page.locator(".option").click()
    chosen, rejected = (wide.page.locator(f".side.{side}").bounding_box() for side in ("chosen", "rejected"))
    assert chosen["y"] == rejected["y"]
    assert chosen["x"] + chosen["width"] <= rejected["x"]
    chosen, rejected = (phone.page.locator(f".side.{side}").bounding_box() for side in ("chosen", "rejected"))
    assert chosen["x"] == rejected["x"]
    assert chosen["y"] + chosen["height"] <= rejected["y"]
    assert wide.page.inner_text("#passage-text") == "This row does not come from the novel."


def test_a_dropped_row_says_why_and_leads_to_the_row_that_it_repeats(visit):
    one = visit()
    one.choose("reason", "dedupe: near duplicate")
    assert one.page.inner_text(".why") == f"Dropped by dedupe: near duplicate repeats {TALK}"
    one.page.click(".why button")
    assert one.page.inner_text("[aria-selected=true] .preview") == "你昨晚敲钟了吗？"
    one.press("x")
    one.choose("reason", "qa: evidence is not")
    assert one.page.is_disabled("#mark-good")
    assert "被拒绝的回答。" in one.page.inner_text("#record")


def test_marks_and_notes_go_to_reviews_and_come_back_with_the_page(browser, visit, tmp_path):
    root = make_world(tmp_path / "served")
    path = root / "reviews.jsonl"
    review = {"dataset": "dialogue", "record_id": TALK, "verdict": "bad", "note": "说话人\u202e错了"}
    with serving(root) as address:
        one = visit(address)
        one.page.fill("#search", TALK)
        one.press("Enter", "b")
        one.page.locator("#review-status", has_text="Saved").wait_for()
        assert list(read_jsonl(path)) == [{**review, "note": ""}]
        one.press("n")
        one.page.keyboard.insert_text(review["note"])
        one.press("Escape")
        one.page.locator("#review-status", has_text="Saved").wait_for()
        assert list(read_jsonl(path)) == [review]
        one.page.goto(address)
        one.choose("review", "bad")
        assert one.count() == 1
        assert one.page.input_value("#note") == review["note"]
        assert one.page.inner_text(".option .verdict") == "bad"
        one.press("b")
        one.page.locator("#review-status", has_text="Saved").wait_for()
        assert list(read_jsonl(path)) == []


def test_a_mark_that_cannot_be_kept_is_said_and_can_be_downloaded(browser, tmp_path):
    root = make_world(tmp_path / "served")
    with serving(root) as address:
        one = Visitor(browser, address)
        (root / "reviews.jsonl").write_text("<<<<<<< HEAD\n", encoding="utf-8")
        one.press("g")
        one.page.wait_for_selector(".trouble")
        assert "reviews.jsonl, line 1: not JSON" in one.page.inner_text("#review-status")
        assert (root / "reviews.jsonl").read_text(encoding="utf-8") == "<<<<<<< HEAD\n"
        with one.page.expect_download() as download:
            one.page.click("#download")
        assert json.loads(download.value.path().read_text(encoding="utf-8"))["verdict"] == "good"
        one.context.close()
    assert [text for text in one.complaints if "400 (Bad Request)" not in text] == []


def test_the_static_page_offers_the_file_that_the_server_would_have_written(visit, world, tmp_path):
    one = visit()
    for key in ("g", "j", "b", "End", "g"):
        one.press(key)
    assert "download reviews.jsonl" in one.page.inner_text("#review-status")
    with one.page.expect_download() as download:
        one.page.click("#download")
    assert download.value.suggested_filename == "reviews.jsonl"
    rows = list(read_jsonl(download.value.path()))
    assert sorted((row["dataset"], row["verdict"]) for row in rows) == [
        ("lines", "bad"),
        ("lines", "good"),
        ("pretrain", "good"),
    ]
    write_jsonl(tmp_path / "again.jsonl", sorted(rows, key=lambda row: (row["dataset"], row["record_id"])))
    assert (tmp_path / "again.jsonl").read_bytes() == download.value.path().read_bytes()


@pytest.mark.parametrize("phone", [False, True])
def test_a_novel_full_of_traps_executes_nothing_and_is_shown_as_it_is(browser, visit, tmp_path, phone):
    name = "<b>名</b>" + "字" * 10_000 + "\u202e"
    texts = [f"沈更生说：“{HOSTILE}”\n“{HOSTILE}二”\n“三{HOSTILE}”", *TEXTS[1:]]
    root = make_world(tmp_path / "hostile", texts, [HOSTILE, "'\"`><svg onload=alert(3)>", "x"], [name, HOSTILE, name])
    one = visit(write_page(root), phone=phone)
    one.page.fill("#search", "alert(1)")
    one.press("Enter")
    assert one.count() == 5
    for _ in range(one.count()):
        assert "{{7*7}}${7*7}" in one.page.evaluate("document.getElementById('record-body').textContent")
        assert one.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        one.press("g", "j")
    one.page.keyboard.press("Home")
    said = one.page.evaluate("document.querySelector('#record .said').textContent")
    assert said == HOSTILE.replace("\u202e", "⟨U+202E⟩").replace("\u202c", "⟨U+202C⟩").replace("\u200b", "⟨U+200B⟩")
    assert one.page.locator("main :is(img, svg, script, b)").count() == 0
    assert one.page.evaluate("document.title") == "两更天: rows"
    longest = one.page.evaluate(
        "Math.max(...[...document.querySelectorAll('option, .who')].map((e) => e.textContent.length))"
    )
    assert longest < 100


def test_the_policy_stops_a_script_that_gets_in_all_the_same(browser, static):
    one = Visitor(browser, static)
    attempt = """() => new Promise((done) => {
        document.addEventListener("securitypolicyviolation", (event) => done(event.effectiveDirective));
        const script = document.createElement("script");
        script.append("window.pwned = 1");
        document.body.append(script);
    })"""
    assert one.page.evaluate(attempt) in ("script-src-elem", "require-trusted-types-for")
    assert one.page.evaluate("window.pwned") is None
    assert (
        one.page.evaluate("(() => { try { document.body.innerHTML = '<i>x</i>' } catch (e) { return e.name } })()")
        == "TypeError"
    )
    one.context.close()
    assert one.complaints  # the browser said so


def test_offsets_count_characters_also_where_javascript_counts_two(visit, browser, tmp_path):
    text = "𠮷𠮷𠮷𠮷野家里，沈更生说：“一，𠮷。”\n“你好吗？”\n“我没敲，是水敲的。”"
    root = make_world(tmp_path / "astral", [text, *TEXTS[1:]])
    one = visit(write_page(root))
    one.choose("dataset", "lines")
    one.press("Home")
    assert one.page.locator("#passage .own").all_inner_texts() == ["一，𠮷。"]
    one.press("j")
    assert one.page.locator("#passage .own").all_inner_texts() == ["你好吗？"]


def test_of_a_very_long_chapter_only_the_surroundings_are_drawn_until_more_is_wanted(visit, browser, tmp_path):
    padding = "水面上什么也没有。\n" * 6000
    root = make_world(tmp_path / "long", [padding + TEXTS[0] + "\n" + padding, *TEXTS[1:]])
    one = visit(write_page(root))
    assert one.page.inner_text("#passage .own") == "钟又停了，停在三点十七分。"
    length = "document.getElementById('passage-text').textContent.length"
    assert one.page.evaluate(length) < 30_000
    one.page.locator("#passage-text button").first.click()
    assert one.page.evaluate(length) > 100_000


def test_a_list_of_thousands_holds_few_elements_and_scrolls_to_its_end(visit, browser, tmp_path):
    root = make_world(tmp_path / "many")
    (row,) = [row for row in read_jsonl(root / "data/dedupe/pretrain.jsonl")]
    rows = [{**row, "record_id": f"{place:016x}", "text": f"第{place}段"} for place in range(5000)]
    write_jsonl(root / "data/dedupe/pretrain.jsonl", rows)
    one = visit(write_page(root))
    assert one.count() == 5018
    one.press("End")
    assert one.page.inner_text("[aria-selected=true] .preview") == "第4999段"
    assert one.page.locator(".option").count() < 40
    assert one.page.get_attribute("[aria-selected=true]", "aria-posinset") == "5018"
    one.page.fill("#search", "第4321段")
    assert one.count() == 1


def test_on_a_phone_one_pane_is_seen_at_a_time_and_nothing_sticks_out(visit):
    one = visit(phone=True)
    panes = {"list": "#list-pane", "record": "#record", "passage": "#passage"}
    for name, pane in panes.items():
        one.page.click(f"#panes button[data-pane={name}]")
        assert [other for other, place in panes.items() if one.page.is_visible(place)] == [name]
        assert one.page.evaluate("document.documentElement.scrollWidth") == 390
        assert one.page.locator(pane).bounding_box()["width"] == 390
    one.page.click("#panes button[data-pane=list]")
    one.page.locator(".option").nth(2).click()
    assert one.page.is_visible("#record")
    one.page.locator("#record .by button").click()
    assert one.page.is_visible("#passage")
    assert one.page.locator("#passage .own").bounding_box()["y"] < 844


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("phone", [False, True])
def test_no_two_controls_overlap_and_no_label_is_cut(visit, phone, dark):
    one = visit(phone=phone, dark=dark)
    if phone:
        one.page.click("#filters summary")
    controls = one.page.locator("button:visible, select:visible, input:visible, #count")
    boxes = [(e.inner_text(), e.bounding_box()) for e in controls.all()]
    for place, (_, a) in enumerate(boxes):
        for _, b in boxes[:place]:
            apart_x = a["x"] + a["width"] <= b["x"] + 0.5 or b["x"] + b["width"] <= a["x"] + 0.5
            assert apart_x or a["y"] + a["height"] <= b["y"] + 0.5 or b["y"] + b["height"] <= a["y"] + 0.5
    outside = "(e) => e.getBoundingClientRect().right > e.closest('section, #top, nav').getBoundingClientRect().right"
    assert [e.inner_text() for e in controls.all() if e.evaluate(outside)] == []
    cut = "(e) => e.scrollWidth > e.clientWidth + 1"
    assert [
        e.inner_text() for e in one.page.locator("button:visible, #count, h1, h2:visible").all() if e.evaluate(cut)
    ] == []


CONTRAST = """() => {
  const light = (text) => {
    const [r, g, b] = text.match(/[\\d.]+/g).slice(0, 3).map((v) => v / 255)
      .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (e) => {
    for (; e; e = e.parentElement) {
      const colour = getComputedStyle(e).backgroundColor;
      if (!/^rgba\\(.*, 0\\)$/.test(colour)) return colour;
    }
  };
  const seen = [...document.querySelectorAll("body *")].filter((e) => e.checkVisibility() && !e.disabled &&
    [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()));
  return seen.map((e) => {
    const [a, b] = [light(getComputedStyle(e).color), light(behind(e))].sort((x, y) => y - x);
    return [(a + 0.05) / (b + 0.05), e.className || e.tagName, e.textContent.slice(0, 20)];
  }).filter(([ratio]) => ratio < 4.5);
}"""
"""WCAG 2.2, success criterion 1.4.3: text of at least 4.5 to 1."""


@pytest.mark.parametrize("dark", [False, True])
def test_every_text_stands_out_from_what_is_behind_it(visit, dark):
    one = visit(dark=dark)
    for dataset in ("lines", "dialogue", "preference"):
        one.choose("dataset", dataset)
        one.press("g")
        assert one.page.evaluate(CONTRAST) == []
    one.choose("reason", "dropped")
    assert one.page.evaluate(CONTRAST) == []


def test_a_screen_reader_finds_names_roles_and_the_open_row(visit):
    one = visit()
    assert one.page.get_by_role("listbox", name="Rows that pass the filters").count() == 1
    assert one.page.locator("#list").get_by_role("option", selected=True).count() == 1
    assert one.page.get_attribute("#list", "aria-activedescendant") == "row-0"
    assert one.page.get_by_role("region", name="The row", exact=True).count() == 1
    assert one.page.get_by_role("region", name="The passage").count() == 1
    for label in ("Search", "dataset", "chapter", "speaker", "kept or dropped", "gate", "marked", "Note"):
        assert one.page.get_by_label(label).count() >= 1
    assert one.page.get_attribute("html", "lang") == "en"
    assert one.page.get_attribute("#passage-text", "lang") == "zh"
    assert one.page.get_attribute(".preview >> nth=0", "lang") == "zh"
    one.press("g")
    assert one.page.get_attribute("#mark-good", "aria-pressed") == "true"
