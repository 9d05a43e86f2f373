"""Rows of anybody's file become records of ours, all or none; those of our own exports come back as they were."""

import json

import pytest

from huaben.cli.main import main
from huaben.errors import InputError
from huaben.files import read_jsonl
from huaben.records import DATASETS
from huaben.release import formats
from huaben.release.exports import write_exports
from huaben.release.importing import import_file, import_rows
from test_publish import PARAMS, changed, sample_rows

ASKED, SAID = "几点了？", "三点十七分，钟说的。"


def written(path, *rows):
    path.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    return path


def talk(*turns, **more):
    return {"conversations": [{"from": side, "value": text} for side, text in turns], **more}


ROUND_TRIPS = {
    "shengengsheng-sharegpt.json": ("dialogue", formats.sharegpt),
    "shengengsheng-sharegpt-origin.json": ("dialogue", formats.sharegpt),
    "lianggengtian-sharegpt-qa-v2.json": ("qa", formats.sharegpt_qa),
    "lianggengtian-alpaca-qa-v2.json": ("qa", formats.alpaca),
    "lianggengtian-pretrain.json": ("pretrain", formats.pretrain),
    "messages/dialogue.jsonl": ("dialogue", formats.messages),
    "messages/qa_v2.jsonl": ("qa", formats.messages_qa),
    "prompt-completion/qa_v2.jsonl": ("qa", formats.prompt_completion),
    "preference/trl.jsonl": ("preference", formats.trl_preference),
    "preference/axolotl.jsonl": ("preference", formats.axolotl_preference),
}


@pytest.fixture(scope="module")
def exports(tmp_path_factory):
    folder = tmp_path_factory.mktemp("imported") / "exports"
    rows = {name: [DATASETS[name].model_validate(row) for row in rows] for name, rows in sample_rows().items()}
    write_exports(folder, rows, PARAMS)
    return folder


@pytest.mark.parametrize("name", ROUND_TRIPS)
def test_exported_rows_become_records_and_the_same_rows_again(exports, name, tmp_path):
    dataset, export = ROUND_TRIPS[name]
    text = (exports / name).read_text(encoding="utf-8")
    rows = [json.loads(line) for line in text.splitlines()] if name.endswith("l") else json.loads(text)
    records = list(import_rows(exports / name, dataset))
    assert [export(record) for record in records] == rows
    assert {(r.provenance.novel, r.provenance.chapter_id, r.provenance.spans) for r in records} == {("", "", ())}
    assert len({record.record_id for record in records}) == len(rows) == 2


def test_a_pair_of_alpaca_is_asked_what_a_trainer_asks(tmp_path):
    file = written(
        tmp_path / "a.json", {"instruction": "答：", "input": ASKED, "chosen": SAID, "rejected": "不知道。"}
    )
    (pair,) = import_rows(file, "preference")
    assert [(m.role, m.content) for m in pair.prompt] == [("user", f"答：\n{ASKED}")]
    assert (pair.chosen[0].content, pair.rejected[0].content) == (SAID, "不知道。")


def test_a_system_message_stays_first_wherever_the_row_has_it(tmp_path):
    rows = [talk(("system", "你是钟。"), ("human", ASKED), ("gpt", SAID)), talk(("human", ASKED), ("gpt", SAID))]
    file = written(tmp_path / "a.json", rows[0], {**rows[1], "system": "你是钟。"})
    told = [[(m.role, m.content) for m in record.messages] for record in import_rows(file, "dialogue")]
    assert told == [[("system", "你是钟。"), ("user", ASKED), ("assistant", SAID)]] * 2


def test_rows_that_are_alike_have_ids_of_their_own_and_the_same_ones_every_time(tmp_path):
    file = written(tmp_path / "a.json", *[talk(("human", ASKED), ("gpt", SAID))] * 3)
    first, again = ([record.record_id for record in import_rows(file, "dialogue")] for _ in range(2))
    assert first == again
    assert len(set(first)) == 3


@pytest.mark.parametrize("chapter, expected", [(3, 3), (0, 0), (-1, 0), ("3", 0), (True, 0), (None, 0), (2.5, 0)])
def test_a_chapter_is_taken_only_where_it_is_one(tmp_path, chapter, expected):
    file = written(tmp_path / "a.json", talk(("human", ASKED), ("gpt", SAID), chapter=chapter))
    assert next(import_rows(file, "dialogue")).provenance.chapter == expected


MISFITS = {
    "a call of a tool": (talk(("human", ASKED), ("function_call", "{}")), "dialogue", "calls of tools"),
    "no text": (talk(("human", ASKED), ("gpt", None)), "dialogue", "wrong type"),
    "two questions": (talk(("human", ASKED), ("gpt", SAID), ("human", "?"), ("gpt", "!")), "qa", "not one question"),
    "no pair": (talk(("human", ASKED), ("gpt", SAID)), "preference", "no pair"),
    "a talk for plain text": (talk(("human", ASKED), ("gpt", SAID)), "pretrain", "not one plain text"),
    "a pair for a talk": ({"prompt": ASKED, "chosen": SAID, "rejected": "？"}, "dialogue", "no conversation"),
}


@pytest.mark.parametrize("name", MISFITS)
def test_a_file_with_a_row_that_does_not_fit_is_refused_whole(name, tmp_path):
    row, dataset, reason = MISFITS[name]
    fitting = {
        "dialogue": talk(("human", ASKED), ("gpt", SAID)),
        "qa": {"instruction": ASKED, "input": "", "output": SAID},
        "preference": {"prompt": ASKED, "chosen": SAID, "rejected": "不知道。"},
        "pretrain": {"text": SAID},
    }
    file = written(tmp_path / "a.json", fitting[dataset], row)
    with pytest.raises(InputError, match=rf"1 rows are no {dataset}, the first:\n  line 1: .*{reason}"):
        import_file(file, dataset, tmp_path / "out.jsonl")
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_the_command_writes_beside_the_file_and_overwrites_nothing(tmp_path, capsys):
    file = written(tmp_path / "chats.json", talk(("human", ASKED), ("gpt", SAID)))
    main(["import", str(file), "--as", "dialogue"])
    assert capsys.readouterr().out == f"1 records in {tmp_path / 'chats-dialogue.jsonl'}\n"
    (row,) = read_jsonl(tmp_path / "chats-dialogue.jsonl")
    assert DATASETS["dialogue"].model_validate(row).messages[1].content == SAID
    with pytest.raises(SystemExit) as stopped:
        main(["import", str(file), "--as", "dialogue"])
    assert stopped.value.code == 2
    assert "is there already" in capsys.readouterr().err


def test_names_and_windows_do_not_hinder_the_way_back(tmp_path):
    params = changed(PARAMS, publish={"speaker_names": True, "window_characters": 1})
    rows = {"dialogue": [DATASETS["dialogue"].model_validate(row) for row in sample_rows()["dialogue"]]}
    write_exports(tmp_path / "exports", rows, params)
    records = import_rows(tmp_path / "exports/shengengsheng-sharegpt.json", "dialogue")
    assert next(records).messages[0].content == "周医生：更生，几点了？"
