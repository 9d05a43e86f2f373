"""The rules between records: each on clean rows, and on the rows that it alone must catch."""

import pytest

import gate_world
from huaben.gates.crossrecord import check_records
from huaben.gates.tables import load_novel, load_table

HERO, OTHER = gate_world.HERO, gate_world.OTHER


def broken_gates(world, dataset, root, params=None):
    """Write the world, and return what fails of a dataset: gate name to number of rows."""
    params = params or gate_world.make_params()
    world.write(root)
    tables = {name: load_table(root / f"data/dedupe/{name}.jsonl", name) for name in world.rows}
    novel = load_novel(root / "data/chapters/chapters.jsonl", params)
    gates = check_records(tables[dataset], tables, novel, params)
    return {gate.name: gate.rows for gate in gates if not gate.passed}


@pytest.mark.parametrize("dataset", gate_world.make_world().rows)
def test_clean_rows_break_no_rule(dataset, tmp_path):
    assert broken_gates(gate_world.make_world(), dataset, tmp_path) == {}


@pytest.mark.parametrize("dataset", ["lines", "dialogue_raw", "dialogue", "qa_v1", "qa_v2", "preference", "pretrain"])
def test_an_empty_dataset_breaks_every_rule(dataset, tmp_path):
    world = gate_world.make_world()
    world.rows[dataset] = []
    world.write(tmp_path)
    table = load_table(tmp_path / f"data/dedupe/{dataset}.jsonl", dataset)
    params = gate_world.make_params()
    novel = load_novel(tmp_path / "data/chapters/chapters.jsonl", params)
    gates = check_records(table, {"lines": table}, novel, params)
    assert [gate.name for gate in gates if gate.passed] == []
    assert {gate.observed for gate in gates} == {"nothing to check"}


def test_one_retyped_character_of_a_line_is_not_verbatim(tmp_path):
    world = gate_world.make_world()
    row = world.rows["lines"][5]
    row["text"] = row["text"].replace("漫过", "没过")
    assert broken_gates(world, "lines", tmp_path) == {"verbatim": 1}


def test_a_span_past_the_end_of_the_chapter_is_not_verbatim(tmp_path):
    world = gate_world.make_world()
    piece = world.rows["pretrain"][0]
    piece["provenance"]["spans"][0][1] += 1
    assert broken_gates(world, "pretrain", tmp_path) == {"verbatim": 1}


def test_a_novel_message_without_spans_is_not_verbatim(tmp_path):
    world = gate_world.make_world()
    world.rows["dialogue"][3]["messages"][0]["spans"] = []
    assert broken_gates(world, "dialogue", tmp_path) == {"verbatim": 1}


def test_merged_messages_are_verbatim_when_their_spans_join_to_them(tmp_path):
    world = gate_world.make_world()
    messages = world.rows["dialogue"][0]["messages"]
    first, second = messages[1], messages.pop(3)
    messages.pop(2)
    messages[1] = {**first, "content": first["content"] + second["content"], "spans": first["spans"] + second["spans"]}
    assert broken_gates(world, "dialogue", tmp_path) == {}


def test_blanks_at_the_ends_of_a_quotation_may_be_stripped(tmp_path):
    world = gate_world.make_world()
    message = world.rows["dialogue"][0]["messages"][0]
    start, end = message["spans"][0]
    text = world.chapters[0]["text"]
    world.chapters[0]["text"] = text[:start] + "\u3000" + text[start + 1 : end - 1] + " " + text[end:]
    message["content"] = message["content"][1:-1]
    assert broken_gates(world, "dialogue", tmp_path) == {}


def test_an_english_novel_joins_spans_with_a_blank(tmp_path):
    world = gate_world.make_world()
    piece = world.rows["pretrain"][0]
    piece["provenance"]["spans"] = [[0, 3], [3, 7]]
    text = piece["text"]
    piece["text"] = f"{text[0:3]} {text[3:7]}"
    english = gate_world.with_section(gate_world.make_params(), "novel", language="en")
    assert broken_gates(world, "pretrain", tmp_path, english) == {}
    assert broken_gates(world, "pretrain", tmp_path) == {"verbatim": 1}


def test_evidence_that_is_not_in_the_chapter_is_not_verbatim(tmp_path):
    world = gate_world.make_world()
    world.rows["qa_v2"][7]["evidence"] = "它没有停，是水漫过了指针。"
    assert broken_gates(world, "qa_v2", tmp_path) == {"verbatim": 1}


def test_a_rejected_line_must_be_a_line_of_the_pairs_split(tmp_path):
    world = gate_world.make_world()
    pairs = {pair["provenance"]["chapter"]: pair for pair in world.rows["preference"] if pair["way"] == "contrast"}
    line_of = {chapter: pair["rejected"][0]["content"] for chapter, pair in pairs.items()}
    pairs[1]["rejected"][0]["content"] = line_of[2]
    assert broken_gates(world, "preference", tmp_path) == {}
    pairs[1]["rejected"][0]["content"] = line_of[9]
    assert broken_gates(world, "preference", tmp_path) == {"verbatim": 1}


def test_contrast_without_a_contrast_pair_is_noticed(tmp_path):
    world = gate_world.make_world()
    world.rows["preference"] = [pair for pair in world.rows["preference"] if pair["way"] == "prompts"]
    assert broken_gates(world, "preference", tmp_path) == {"verbatim": 0, "split": 0}
    only_prompts = gate_world.with_section(gate_world.make_params(), "preference", ways=["prompts"])
    assert broken_gates(world, "preference", tmp_path, only_prompts) == {}


def test_a_record_in_another_split_than_its_chapter_is_caught(tmp_path):
    world = gate_world.make_world()
    world.rows["summary_v2"][8]["split"] = "train"
    assert broken_gates(world, "summary_v2", tmp_path) == {"split": 1}


@pytest.mark.parametrize(
    ("key", "value"), [("chapter", 99), ("chapter", 0), ("chapter_id", "0" * 16), ("novel", "another")]
)
def test_a_record_must_name_its_chapter(key, value, tmp_path):
    world = gate_world.make_world()
    world.rows["summary_v1"][0]["provenance"][key] = value
    assert broken_gates(world, "summary_v1", tmp_path) == {"chapter": 1}


def test_a_line_and_its_provenance_must_name_one_chapter(tmp_path):
    world = gate_world.make_world()
    world.rows["lines"][0]["chapter"] = 2
    assert broken_gates(world, "lines", tmp_path) == {"chapter": 1}


def test_a_test_record_that_is_also_trained_on_is_contamination(tmp_path):
    world = gate_world.make_world()
    trained, tested = world.rows["qa_v1"][0], world.rows["qa_v1"][-1]
    trained["question"], trained["answer"] = tested["question"], f" {tested['answer']}\n"
    assert broken_gates(world, "qa_v1", tmp_path) == {"contamination": 2}


def test_a_prompt_in_two_splits_is_caught_whatever_the_answers(tmp_path):
    world = gate_world.make_world()
    pairs = world.rows["preference"]
    pairs[1]["prompt"] = pairs[0]["prompt"]
    assert broken_gates(world, "preference", tmp_path) == {"prompt_disjoint": 2}


def test_lines_may_repeat_across_splits_as_people_do(tmp_path):
    world = gate_world.make_world()
    first, tested = world.rows["lines"][0], world.rows["lines"][-1]
    text = world.chapters[-1]["text"]
    world.chapters[-1]["text"] = f"{text}\n“{first['text']}”"
    start = len(text) + 2
    tested.update(text=first["text"], start=start, end=start + len(first["text"]))
    assert broken_gates(world, "lines", tmp_path) == {}


def test_no_test_records_in_a_large_dataset_is_a_warning(tmp_path):
    world = gate_world.make_world()
    world.rows["qa_v2"] = [row for row in world.rows["qa_v2"] if row["split"] != "test"]
    assert broken_gates(world, "qa_v2", tmp_path) == {"test_split": 1}
    nothing_held_out = gate_world.with_section(gate_world.make_params(), "chapters", test=[])
    assert broken_gates(world, "qa_v2", tmp_path, nothing_held_out) == {}


def test_another_persons_line_as_the_heros_reply_is_caught(tmp_path):
    world = gate_world.make_world()
    messages = world.rows["dialogue_raw"][4]["messages"]
    messages[0] = {**messages[0], "role": "assistant", "speaker": HERO}
    assert broken_gates(world, "dialogue_raw", tmp_path) == {"speakers": 1}


def test_the_heros_line_in_another_persons_mouth_is_caught(tmp_path):
    world = gate_world.make_world()
    messages = world.rows["dialogue_raw"][4]["messages"]
    messages[1] = {**messages[1], "role": "user", "speaker": OTHER}
    assert broken_gates(world, "dialogue_raw", tmp_path) == {"speakers": 1}


def test_part_of_the_heros_line_is_still_the_heros(tmp_path):
    world = gate_world.make_world()
    message = world.rows["dialogue"][4]["messages"][1]
    message["content"] = message["content"][1:-1]
    message["spans"] = [[message["spans"][0][0] + 1, message["spans"][0][1] - 1]]
    assert broken_gates(world, "dialogue", tmp_path) == {}


def test_narration_as_a_reply_is_caught(tmp_path):
    world = gate_world.make_world()
    message = world.rows["dialogue"][4]["messages"][1]
    message.update(content=world.chapters[4]["text"][:10], spans=[[0, 10]])
    assert broken_gates(world, "dialogue", tmp_path) == {"speakers": 1}


@pytest.mark.parametrize("side", ["question", "answer"])
def test_a_refused_phrase_is_caught_in_question_and_answer(side, tmp_path):
    world = gate_world.make_world()
    world.rows["qa_v1"][2][side] = "本章里是谁在敲钟？"
    assert broken_gates(world, "qa_v1", tmp_path) == {"refused_phrases": 1}
