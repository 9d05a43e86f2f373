"""Records: ids from content and origin, round trips, and shapes that the constructors refuse."""

import pytest
from pydantic import ValidationError

from huaben.records import (
    DATASETS,
    QA,
    Aspect,
    Chapter,
    Conversation,
    Line,
    Message,
    Piece,
    Preference,
    Provenance,
    Summary,
    make_id,
)

ORIGIN = Provenance(novel="small", chapter=3, chapter_id="c3", spans=((1, 5), (7, 9)))
HUMAN = Message(role="user", content="你是谁？", speaker="梁明夷", spans=((0, 4),))
HERO = Message(role="assistant", content="我是打更的。", speaker="沈更生", spans=((5, 11),))
RECORDS = [
    Chapter(
        chapter_id="c1",
        index=1,
        number=None,
        kind="prologue",
        volume="卷一",
        heading="楔子",
        title="楔子",
        novel="small",
        split="train",
        text="文",
    ),
    Line(
        record_id="l",
        split="test",
        chapter=1,
        start=0,
        end=2,
        text="好。",
        kind="speech",
        depth=0,
        scene=1,
        provenance=ORIGIN,
    ),
    Conversation(record_id="d", split="train", character="沈更生", scene=2, messages=(HUMAN, HERO), provenance=ORIGIN),
    Summary(
        record_id="s",
        split="train",
        title="停钟",
        summary="钟停了。",
        aspects=(Aspect(aspect="plot", text="钟停了。"),),
        provenance=ORIGIN,
    ),
    QA(record_id="q", split="train", angle="plot", question="谁？", answer="他", evidence=None, provenance=ORIGIN),
    Preference(
        record_id="p",
        split="validation",
        way="contrast",
        prompt=(HUMAN,),
        chosen=(HERO,),
        rejected=(HERO.model_copy(update={"content": "我不知道。"}),),
        provenance=ORIGIN,
    ),
    Piece(record_id="t", split="train", text="文", provenance=ORIGIN),
]


def test_an_id_is_sixteen_hex_digits_of_content_and_origin():
    assert make_id("lines", "c1", 0, 4) == "04c1c301dcf20df5"
    assert make_id("lines", "c1", 0, 5) != make_id("lines", "c1", 0, 4)


def test_an_id_tells_apart_what_joined_text_would_confuse():
    assert (
        len({make_id("ab", "c"), make_id("a", "bc"), make_id("abc"), make_id(["ab", "c"]), make_id("1"), make_id(1)})
        == 6
    )


def test_an_id_does_not_depend_on_the_order_of_keys_but_on_the_order_of_parts():
    assert make_id({"a": 1, "b": 2}) == make_id({"b": 2, "a": 1})
    assert make_id("a", "b") != make_id("b", "a")


def test_even_half_a_surrogate_pair_has_an_id():
    assert make_id("\ud83d") != make_id("\ude00")


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_a_record_comes_back_from_its_row_as_it_was(record):
    assert type(record).model_validate(record.row()) == record


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_a_record_is_frozen(record):
    with pytest.raises(ValidationError, match="frozen"):
        record.split = "test"


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_an_unknown_field_and_a_missing_field_are_refused(record):
    row = record.row()
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        type(record).model_validate({**row, "conversations": []})
    row.pop("split")
    with pytest.raises(ValidationError, match="Field required"):
        type(record).model_validate(row)


def test_rows_are_plain_json_values():
    assert RECORDS[2].row()["provenance"] == {
        "novel": "small",
        "chapter": 3,
        "chapter_id": "c3",
        "spans": [[1, 5], [7, 9]],
        "prompt": None,
        "model": None,
        "reply_id": None,
        "written_by": None,
    }


@pytest.mark.parametrize(
    ("shape", "changes"),
    [
        (Chapter, {"index": 0}),
        (Chapter, {"split": "dev"}),
        (Chapter, {"kind": "volume"}),
        (Line, {"kind": "shout"}),
        (Line, {"depth": -1}),
        (Line, {"certainty": 1.01}),
        (Line, {"decided_by": "guess"}),
        (Conversation, {"scene": 0}),
        (Conversation, {"messages": []}),
        (Conversation, {"messages": [{"role": "human", "content": "谁？"}]}),
        (Conversation, {"provenance": {"novel": "x", "chapter": 1, "chapter_id": "c", "spans": [[-1, 2]]}}),
        (Conversation, {"provenance": {"novel": "x", "chapter": 1, "chapter_id": "c", "spans": [[1]]}}),
        (Preference, {"prompt": []}),
        (Preference, {"prompt": [HERO.row()]}),
        (Preference, {"chosen": []}),
        (Preference, {"chosen": [HERO.row(), HERO.row()]}),
        (Preference, {"rejected": [HUMAN.row()]}),
        (Preference, {"way": "guess"}),
        (QA, {"answer": None}),
    ],
)
def test_a_shape_that_no_dataset_may_hold_is_refused(shape, changes):
    record = next(record for record in RECORDS if type(record) is shape)
    with pytest.raises(ValidationError):
        shape.model_validate({**record.row(), **changes})


def test_there_is_a_shape_for_every_dataset_of_the_family():
    assert list(DATASETS) == [
        "lines",
        "dialogue_raw",
        "dialogue",
        "summary_v1",
        "summary_v2",
        "summary_qa_v1",
        "summary_qa_v2",
        "qa_v1",
        "qa_v2",
        "preference",
        "pretrain",
    ]
