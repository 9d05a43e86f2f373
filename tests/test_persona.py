"""`persona.md`: what stands in it, where it is cited, and what never does."""

from collections import Counter
from pathlib import Path

import pytest

from huaben.params import load_params
from huaben.records import Aspect, Line, Provenance, Summary, make_id
from huaben.release.persona.distinctive import favourites, log_odds, pieces
from huaben.release.persona.page import render_persona
from huaben.release.persona.portrait import portray

PARAMS = load_params(Path(__file__).resolve().parents[1] / "params.yaml")
HERO = PARAMS.character.name
PLACE = {"novel": "lianggengtian", "chapter_id": "c"}


def changed(**sections):
    return PARAMS.model_copy(update={k: getattr(PARAMS, k).model_copy(update=v) for k, v in sections.items()})


def line(chapter, start, speaker, text, addressee=None, **more):
    values = {"split": "train", "kind": "speech", "depth": 0, "scene": 1, **more}
    return Line(
        record_id=make_id(chapter, start),
        chapter=chapter,
        start=start,
        end=start + len(text),
        text=text,
        speaker=speaker,
        addressee=addressee,
        provenance=Provenance(chapter=chapter, **PLACE),
        **values,
    )


def summary(chapter, title, split="train", **aspects):
    return Summary(
        record_id=make_id(title),
        split=split,
        title=title,
        summary="\n".join(aspects.values()),
        aspects=tuple(Aspect(aspect=name, text=text) for name, text in aspects.items()),
        provenance=Provenance(chapter=chapter, **PLACE),
    )


def talk(chapter):
    """A hero who says 慢着 and calls the doctor 大夫, and a doctor who does neither."""
    return [
        line(chapter, 10, HERO, "慢着，大夫，你听这墙里头有一口钟在走。", "梁明夷"),
        line(chapter, 50, "梁明夷", "十七床，我什么也没有听见，你先把药吃了。", HERO),
    ]


LINES = [spoken for chapter in (1, 2, 3) for spoken in talk(chapter)]
SUMMARIES = [
    summary(2, "第一章 十七床", plot="他听见了钟。后来天黑了。", relations="护士不信。梁明夷记下了他的话。"),
    summary(1, "楔子 钟", plot="病人来了！", relations="无人说话。"),
]


def test_pieces_of_chinese_are_two_to_four_letters_and_a_repeated_one_counts_once_in_a_run():
    assert Counter(pieces("对对对，走", "zh")) == {"对对": 1, "对对对": 1}
    assert list(pieces("Don't, I say!", "en")) == ["don't", "i", "say"]


def test_log_odds_are_above_zero_for_what_one_says_more_and_zero_for_what_all_say_alike():
    scores = log_odds({"慢着": 30, "今天": 30, "你好": 40}, {"慢着": 1, "今天": 30, "你好": 69})
    assert scores["慢着"] > 0 > scores["你好"]
    assert abs(log_odds({"a": 5, "b": 5}, {"a": 50, "b": 50})["a"]) < 1e-12


def test_of_pieces_inside_each_other_the_longer_one_is_a_habit():
    counts = Counter({"慢着": 10, "慢着慢着": 9, "着慢": 9, "大夫": 5, "墙里": 5})
    scores = {"慢着": 5.0, "慢着慢着": 4.0, "着慢": 4.5, "大夫": 3.0, "墙里": 1.0}
    assert favourites(scores, counts, list(counts), 5) == ["慢着慢着", "大夫"]
    assert favourites(scores, counts, list(counts), 1) == ["慢着慢着"]


def test_people_are_told_with_how_often_and_what_they_call_each_other():
    [doctor] = portray(LINES, SUMMARIES, PARAMS).people
    assert (doctor.name, doctor.said, doctor.heard) == ("梁明夷", 3, 3)
    assert [(c.text, c.count, c.chapter, c.start, c.end) for c in doctor.calls] == [
        ("大夫", 3, 1, 13, 15),
        ("慢着", 3, 1, 10, 12),
    ]
    assert [c.text for c in doctor.called] == ["十七床"]
    assert doctor.note is not None
    assert (doctor.note.text, doctor.note.chapter) == ("梁明夷记下了他的话。", 2)


def test_a_word_that_is_said_to_everybody_is_nobody_s_name():
    others = [line(c, 90, HERO, "慢着，别走，这一桩事还没有说完呢。", "韩素秋") for c in (1, 2, 3)]
    doctor = portray([*LINES, *others], [], PARAMS).people[0]
    assert [c.text for c in doctor.calls] == ["大夫"]


def test_numbers_that_somebody_counts_are_no_names():
    counted = [line(c, 0, HERO, "一！二！三！", "豆灯") for c in (1, 2, 3)]
    assert portray(counted, [], PARAMS).people[0].calls == []


def test_events_stand_in_reading_order_with_their_chapters():
    events = portray([], SUMMARIES, PARAMS).events
    assert [(e.text, e.chapter) for e in events] == [
        ("楔子 钟: 病人来了！", 1),
        ("第一章 十七床: 他听见了钟。", 2),
    ]


def test_of_a_long_novel_events_are_spread_evenly():
    told = [summary(n, f"第{n}章", plot=f"事{n}。") for n in range(1, 101)]
    chapters = [event.chapter for event in portray([], told, PARAMS).events]
    assert chapters == list(range(1, 101, 5))


def test_nothing_held_out_stands_on_the_page():
    secret = [line(4, 0, HERO, "慢着，这是一句谁也不该先看见的话呀。", "闸夫", split="test")]
    told = [summary(4, "第四章", split="validation", plot="秘密揭开。", relations="梁明夷知道了。")]
    with_secret = render_persona({"lines": [*LINES, *secret], "summary_v2": [*SUMMARIES, *told]}, PARAMS)
    assert with_secret == render_persona({"lines": LINES, "summary_v2": SUMMARIES}, PARAMS)
    assert "闸夫" not in with_secret


@pytest.mark.parametrize("more", [{"kind": "thought"}, {"depth": 1}])
def test_thoughts_and_quotations_inside_others_are_no_speech(more):
    strange = [line(c, 200, HERO, "这一句不是说出来给人家听的。", "铁九", **more) for c in (1, 2, 3)]
    assert portray([*LINES, *strange], [], PARAMS) == portray(LINES, [], PARAMS)


def test_typical_lines_are_of_fair_length_and_at_most_two_of_a_chapter():
    short = line(1, 300, HERO, "慢着。")
    long = line(1, 400, HERO, "慢着" * 40)
    many = [line(1, 500 + 50 * n, HERO, f"慢着，第{n}回我听见墙里头那口钟在走。") for n in range(1, 5)]
    found = portray([*LINES, short, long, *many], [], PARAMS).lines
    assert sum(cited.chapter == 1 for cited in found) == 2
    assert all(12 <= len(cited.text) <= 60 for cited in found)


def test_the_page_says_everything_with_its_place():
    page = render_persona({"lines": LINES, "summary_v2": SUMMARIES}, PARAMS)
    assert page.startswith(f"# {HERO}\n\n{PARAMS.character.persona}\n")
    assert "- **梁明夷**：对其说3句，听其说3句；称其“大夫”3次〔第1章 13–15〕" in page
    assert "- “慢着，大夫，你听这墙里头有一口钟在走。”〔第1章 10–29〕\n" in page
    assert "- 楔子 钟: 病人来了！〔第1章〕\n" in page


def test_a_release_without_the_text_has_places_and_no_words_of_the_novel():
    page = render_persona({"lines": LINES, "summary_v2": SUMMARIES}, changed(publish={"text": "withhold"}))
    assert "〔第1章 10–29〕" in page
    assert "梁明夷记下了他的话。〔第2章〕" in page
    for words in ("大夫", "慢着", "十七床，", "墙里头"):
        assert words not in page


def test_without_a_model_the_page_is_made_of_lines_alone():
    page = render_persona({"lines": LINES}, PARAMS)
    assert "## 典型的台词" in page
    assert "## 经历" not in page


def test_a_character_who_never_speaks_has_a_page_all_the_same():
    page = render_persona({"lines": []}, PARAMS)
    assert page.startswith(f"# {HERO}\n")
    assert "##" not in page


def test_an_english_novel_has_an_english_page():
    params = changed(novel={"language": "en"}, character={"name": "Lizzy", "persona": "You are Lizzy."})
    said = [line(c, 0, "Lizzy", "Mr. Darcy, I never change my mind, never at all.", "Darcy") for c in (1, 2, 3)]
    page = render_persona({"lines": said}, params)
    assert "## People\n\n- **Darcy**: 3 lines to them, 0 from them" in page
    assert "“Mr. Darcy, I never change my mind, never at all.” [chapter 1, 0–48]" in page


def test_text_that_a_screen_would_obey_is_not_shown():
    evil = [line(c, 0, HERO, "慢着，这里头有一个\u202e看不见的字在走路。", "梁明夷") for c in (1, 2, 3)]
    assert "\u202e" not in render_persona({"lines": evil}, PARAMS)


def test_the_page_of_any_novel_fits_into_a_prompt():
    people = [f"{n}号人物" for n in range(50)]
    said = [
        line(c, 100 * n, HERO, f"{p}，慢着慢着，这是第{c}回听见墙里的钟走。" + "…" * c, p)
        for c in range(1, 40)
        for n, p in enumerate(people)
    ]
    long = "这一句话说得很长" * 24 + "。"
    told = [summary(n, "回目" * 500, plot=long, relations=f"{people[n % 50]}{long}") for n in range(1, 300)]
    assert 5_000 < len(render_persona({"lines": said, "summary_v2": told}, PARAMS)) < 12_000


def test_the_page_does_not_depend_on_the_order_of_the_rows():
    forward = render_persona({"lines": LINES, "summary_v2": SUMMARIES}, PARAMS)
    assert render_persona({"lines": LINES[::-1], "summary_v2": SUMMARIES[::-1]}, PARAMS) == forward
