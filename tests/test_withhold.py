"""A release without the novel's text: nothing of it is left, and an owner of the book gets all of it back."""

import json
import os

import pytest

from huaben.errors import HuabenError, InputError
from huaben.extract.dialogue import conversations
from huaben.files import write_jsonl
from huaben.novel.pieces import cut_pieces
from huaben.novel.reading.chapters import read_chapters
from huaben.novel.stages import guess_speakers
from huaben.params import ANY_NOVEL, CastMember
from huaben.records import QA, Message, Preference, Provenance, make_id
from huaben.release.publish import WITHHELD, publish
from huaben.release.rehydrate import rehydrate
from huaben.release.withhold import digest, is_free, withheld
from test_publish import PARAMS, changed, folder_bytes, load, passed_gates

os.environ["HF_HUB_OFFLINE"] = "1"
NOVEL = "第一章 雨\n沈更生说：“我们的钟又停了。”\n许知秋说：“钟停了三回。”\n沈更生说：“没有停，是你没有听。”\n"
CAST = [CastMember(name="沈更生"), CastMember(name="许知秋")]


@pytest.fixture
def made(tmp_path):
    """The rows of a small novel, published twice: with its text, and without."""
    (tmp_path / "book.txt").write_text(NOVEL, encoding="utf-8")
    params = changed(
        PARAMS,
        llm={"provider": "none"},
        preference={"ways": ["contrast"]},
        chapters=ANY_NOVEL.model_dump(),
        dialogue={"characters": ["沈更生"]},
    )
    chapters, _ = read_chapters([tmp_path / "book.txt"], params.novel.slug, params.chapters)
    lines = [line.model_copy(update={"evidence": None}) for line in guess_speakers(chapters, CAST)]
    talks = list(conversations(chapters, lines, params.dialogue))
    talks[0] = talks[0].model_copy(update={"messages": talks[0].messages[1:]})
    rows = {"lines": lines, "dialogue_raw": talks, "dialogue": talks, "preference": [pair(talks[0])]}
    rows["pretrain"] = list(cut_pieces(chapters, 2000))
    for name, records in rows.items():
        write_jsonl(tmp_path / "dedupe" / f"{name}.jsonl", [record.row() for record in records])
    for text in ("full", "withhold"):
        wanted = changed(params, publish={"text": text})
        folder = tmp_path / text
        publish(tmp_path / "dedupe", passed_gates(), wanted, folder / "dataset", folder / "exports", {})
    return tmp_path


def pair(talk):
    """A contrast pair: its rejected side is a quotation without spans."""
    said, reply = talk.messages
    rejected = Message(role="assistant", content="我们的钟又停了。", speaker="许知秋")
    sides = {"prompt": (said,), "chosen": (reply,), "rejected": (rejected,)}
    identity = {"record_id": make_id("preference", "x"), "split": "train", "way": "contrast"}
    return Preference(**identity, **sides, provenance=talk.provenance)


def test_no_text_of_the_novel_is_left_in_the_release(made):
    parts = ["钟又停了", "钟停了三回", "没有听"]
    assert [part for part in parts if part in str(read_all(made / "full"))] == parts
    assert [part for part in parts if part in str(read_all(made / "withhold"))] == []


def read_all(folder):
    rows = {name: list(load(folder / "dataset", name, folder / "cache")["train"]) for name in names()}
    texts = [path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*")) if path.suffix in (".md", ".json")]
    return rows, texts


def names():
    return ("lines", "dialogue_raw", "dialogue", "preference", "pretrain")


def test_spans_ids_and_speakers_stay(made):
    full, bare = (list(load(made / way / "dataset", "lines", made / "cache")["train"]) for way in ("full", "withhold"))
    assert [row["text"] for row in bare] == [digest(row["text"]) for row in full]
    assert [{**row, "text": ""} for row in bare] == [{**row, "text": ""} for row in full]


def test_the_owner_of_the_book_gets_the_same_release(made):
    rehydrate(made / "withhold/dataset", [made / "book.txt"], made / "back/dataset", made / "back/exports")
    assert folder_bytes(made / "back/dataset") == folder_bytes(made / "full/dataset")
    assert folder_bytes(made / "back/exports") == folder_bytes(made / "full/exports")


@pytest.mark.parametrize(
    "text", [NOVEL.replace("三回", "四回"), NOVEL.replace("“钟", "“那钟"), "第一章\n“别的书。”沈更生说。\n"]
)
def test_another_edition_is_refused_and_nothing_is_written(made, text):
    (made / "other.txt").write_text(text, encoding="utf-8")
    with pytest.raises(HuabenError, match=r"lines: the text of \d of 3 rows is not in this novel: it is another"):
        rehydrate(made / "withhold/dataset", [made / "other.txt"], made / "back/dataset", made / "back/exports")
    assert not (made / "back").exists()


def test_a_release_with_its_text_or_a_damaged_one_cannot_be_filled(made):
    with pytest.raises(InputError, match=f"has no {WITHHELD}"):
        rehydrate(made / "full/dataset", [made / "book.txt"], made / "back/dataset", made / "back/exports")
    kept = made / "withhold/dataset" / WITHHELD
    kept.write_text(json.dumps({**json.loads(kept.read_text()), "params": {}}))
    with pytest.raises(InputError, match=rf"not a whole release: {WITHHELD}"):
        rehydrate(made / "withhold/dataset", [made / "book.txt"], made / "back/dataset", made / "back/exports")


def test_the_card_says_that_the_text_is_withheld(made):
    def card(way):
        return (made / way / "dataset/README.md").read_text(encoding="utf-8")

    assert "huaben rehydrate" in card("withhold")
    assert "huaben rehydrate" not in card("full")


def test_what_models_wrote_about_the_novel_stays():
    origin = Provenance(novel="n", chapter=1, chapter_id="c", spans=((0, 3),))
    asked = {"question": "谁在敲钟？", "answer": "更夫。", "evidence": "钟响了"}
    question = QA(record_id="a" * 16, split="train", angle="plot", **asked, provenance=origin)
    bare = withheld(question)
    assert (bare.question, bare.answer, bare.evidence) == ("谁在敲钟？", "更夫。", digest("钟响了"))
    assert is_free(question)
