"""Lines with speakers → the character's conversations, one a scene, as found."""

import pytest

from huaben.extract.dialogue import conversations
from huaben.extract.stages import run_dialogue
from huaben.files import read_json, write_jsonl
from huaben.params import Dialogue
from huaben.records import Line, Provenance

HERO = "沈更生"
PARAMS = Dialogue(characters=[HERO], thoughts=False)


def line(i, speaker, chapter=1, **more):
    """Return the i-th line of a chapter, ten characters from the one before."""
    start, text = 10 * i, f"第{i}句话。"
    source = Provenance(novel="small", chapter=chapter, chapter_id=f"c{chapter}", spans=((start, start + 5),))
    fields = {"kind": "speech", "depth": 0, "scene": 1, "certainty": 1.0, "provenance": source} | more
    return Line(
        record_id=f"{chapter}-{i}",
        split="train",
        chapter=chapter,
        start=start,
        end=start + 5,
        text=text,
        speaker=speaker,
        **fields,
    )


def talk(lines, make_chapter, params=PARAMS):
    chapters = [make_chapter("钟", 1), make_chapter("钟", 2, split="test")]
    return list(conversations(chapters, lines, params))


def spoken(conversation):
    return [(m.role, m.content) for m in conversation.messages]


def test_the_character_is_the_assistant_and_everybody_else_the_user(make_chapter):
    (found,) = talk([line(1, "梁明夷"), line(2, HERO), line(3, "许知秋"), line(4, HERO)], make_chapter)
    assert spoken(found) == [
        ("user", "第1句话。"),
        ("assistant", "第2句话。"),
        ("user", "第3句话。"),
        ("assistant", "第4句话。"),
    ]
    assert [m.speaker for m in found.messages] == ["梁明夷", HERO, "许知秋", HERO]
    assert [m.spans for m in found.messages] == [((10, 15),), ((20, 25),), ((30, 35),), ((40, 45),)]
    assert {m.origin for m in found.messages} == {"novel"}
    assert (found.character, found.scene, found.split) == (HERO, 1, "train")
    assert found.provenance.spans == ((10, 15), (20, 25), (30, 35), (40, 45))


def test_a_scene_and_a_chapter_end_a_conversation(make_chapter):
    lines = [line(1, HERO), line(2, HERO, scene=2), line(1, HERO, 2, scene=2)]
    found = talk(lines, make_chapter)
    assert [(c.provenance.chapter, c.scene, c.split) for c in found] == [
        (1, 1, "train"),
        (1, 2, "train"),
        (2, 2, "test"),
    ]


def test_an_unknown_speaker_breaks_a_conversation(make_chapter):
    lines = [line(1, "梁明夷"), line(2, HERO), line(3, None), line(4, HERO), line(5, "梁明夷")]
    first, second = talk(lines, make_chapter)
    assert [m.content for m in first.messages] == ["第1句话。", "第2句话。"]
    assert [m.content for m in second.messages] == ["第4句话。", "第5句话。"]
    assert first.record_id != second.record_id


def test_without_the_character_there_is_no_conversation(make_chapter):
    assert talk([line(1, "梁明夷"), line(2, "许知秋"), line(3, None)], make_chapter) == []


def test_every_configured_character_has_conversations_of_its_own(make_chapter):
    lines = [line(1, "梁明夷"), line(2, HERO)]
    one, two = talk(lines, make_chapter, Dialogue(characters=[HERO, "梁明夷"], thoughts=False))
    assert [m.role for m in one.messages] == ["user", "assistant"]
    assert [m.role for m in two.messages] == ["assistant", "user"]
    assert one.record_id != two.record_id


@pytest.mark.parametrize(
    ("thoughts", "expected"),
    [(False, ["第1句话。", "第3句话。"]), (True, ["第1句话。", "第2句话。", "第3句话。"])],
)
def test_thoughts_are_heard_only_when_the_parameters_say_so(make_chapter, thoughts, expected):
    lines = [line(1, "梁明夷"), line(2, HERO, kind="thought"), line(3, HERO)]
    (found,) = talk(lines, make_chapter, Dialogue(characters=[HERO], thoughts=thoughts))
    assert [m.content for m in found.messages] == expected


def test_an_unknown_thought_that_nobody_hears_breaks_nothing(make_chapter):
    (found,) = talk([line(1, HERO), line(2, None, kind="thought"), line(3, "梁明夷")], make_chapter)
    assert len(found.messages) == 2


@pytest.mark.parametrize("kind", ["sound", "emphasis", "title", "letter"])
def test_what_is_not_spoken_is_no_message_and_breaks_nothing(make_chapter, kind):
    (found,) = talk([line(1, HERO), line(2, HERO, kind=kind), line(3, None, kind=kind), line(4, HERO)], make_chapter)
    assert [m.content for m in found.messages] == ["第1句话。", "第4句话。"]


def test_verse_is_spoken(make_chapter):
    assert len(talk([line(1, HERO, kind="verse")], make_chapter)) == 1


def test_a_quotation_inside_a_quotation_is_no_message(make_chapter):
    (found,) = talk([line(1, HERO), line(2, "梁明夷", depth=1), line(3, "许知秋")], make_chapter)
    assert [m.speaker for m in found.messages] == [HERO, "许知秋"]


def test_the_reply_that_decided_a_speaker_is_named(make_chapter):
    source = line(2, HERO).provenance.model_copy(update={"reply_id": "r1", "model": "m", "prompt": "speakers.v1"})
    (found,) = talk([line(1, "梁明夷"), line(2, HERO, provenance=source)], make_chapter)
    assert (found.provenance.reply_id, found.provenance.model) == ("r1", "m")
    assert found.provenance.spans == ((10, 15), (20, 25))


def test_the_id_is_of_content_and_origin(make_chapter):
    lines = [line(1, "梁明夷"), line(2, HERO)]
    (one,), (same,) = talk(lines, make_chapter), talk(lines, make_chapter)
    (other,) = talk([line(1, "许知秋"), line(2, HERO)], make_chapter)
    (elsewhere,) = talk([line(1, "梁明夷", 2), line(2, HERO, 2)], make_chapter)
    assert one.record_id == same.record_id
    assert len({one.record_id, other.record_id, elsewhere.record_id}) == 3


def test_the_stage_counts_the_chapters_in_which_the_character_is_not_heard(make_params, novel, tmp_path):
    write_jsonl(tmp_path / "chapters.jsonl", (chapter.row() for chapter in novel.chapters))
    write_jsonl(tmp_path / "lines.jsonl", [line(1, HERO).row(), line(2, "梁明夷").row()])
    out, reports = tmp_path / "d.jsonl", tmp_path / "reports"
    coverage = run_dialogue(tmp_path / "chapters.jsonl", tmp_path / "lines.jsonl", out, reports, make_params())
    assert (coverage.outcomes, coverage.rows) == ({"ok": 1, "empty": 2}, 1)
    assert read_json(reports / "coverage" / "dialogue.json")["reasons"] == {"no line of the characters is decided": 2}
