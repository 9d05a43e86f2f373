"""The consumers that live in our own environment: `load_dataset`, TRL's trainers, OpenAI's types."""

import os

import pytest

from consuming import END, SOURCES, export, make_tokenizer, pairs, rendered, replies, talks_of
from test_publish import PARAMS, release

os.environ["HF_HUB_OFFLINE"] = "1"
# TRL 1.16 uses what transformers 5.23 has renamed
pytestmark = pytest.mark.filterwarnings("ignore:.*gradient_checkpointing` is deprecated:FutureWarning")


@pytest.fixture(scope="module", params=SOURCES)
def exported(request, tmp_path_factory):
    """A folder of exports, and the rows of its files."""
    folder = tmp_path_factory.mktemp("read") / "exports"
    files = export(request.param, folder)
    if files is None:
        pytest.skip("no data: make repro")
    return folder, files


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A tokenizer of bytes, and the smallest model that a trainer takes."""
    from transformers import AutoTokenizer, Qwen2Config, Qwen2ForCausalLM

    folder = make_tokenizer(tmp_path_factory.mktemp("small") / "model")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    sizes = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1}
    Qwen2ForCausalLM(Qwen2Config(vocab_size=len(tokenizer), num_key_value_heads=1, **sizes)).save_pretrained(folder)
    return tokenizer, str(folder)


def loaded(folder, name, cache):
    import datasets

    return datasets.load_dataset("json", data_files=str(folder / name), split="train", cache_dir=str(cache))


def test_load_dataset_gives_back_every_row_of_every_file(exported, tmp_path):
    folder, files = exported
    for name, rows in files.items():
        assert list(loaded(folder, name, tmp_path)) == rows, name


def prepared(trainer, rows, small, folder, **more):
    """Return the rows that a trainer of TRL makes of a dataset, and the tokenizer."""
    import trl

    tokenizer, model = small
    kind = {"sft": (trl.SFTTrainer, trl.SFTConfig), "dpo": (trl.DPOTrainer, trl.DPOConfig)}[trainer]
    settings = kind[1](output_dir=str(folder), max_length=None, report_to=[], use_cpu=True, bf16=False, **more)
    return kind[0](model=model, args=settings, train_dataset=rows, processing_class=tokenizer).train_dataset


def test_sft_reads_every_row_and_learns_from_completions_only(exported, small, tmp_path):
    folder, files = exported
    decode = small[0].decode
    for name in (name for name in files if name.startswith(("messages/", "prompt-completion/"))):
        rows = prepared("sft", loaded(folder, name, tmp_path / "cache"), small, tmp_path)
        talks = [talks_of(row)[0] for row in files[name]]
        assert [decode(row["input_ids"]) for row in rows] == [rendered(talk) for talk in talks], name
        if name.startswith("prompt"):
            seen = [decode([label for label in row["labels"] if label != -100]) for row in rows]
            assert seen == [replies(talk) for talk in talks], name


def test_sft_reads_the_plain_text(exported, small, tmp_path):
    folder, files = exported
    name = next(name for name in files if name.endswith("-pretrain.json"))
    rows = prepared("sft", loaded(folder, name, tmp_path / "cache"), small, tmp_path)
    assert [small[0].decode(row["input_ids"]) for row in rows] == [row["text"] + END for row in files[name]]


def test_dpo_reads_both_sides_of_every_pair(exported, small, tmp_path):
    folder, files = exported
    rows = prepared("dpo", loaded(folder, "preference/trl.jsonl", tmp_path / "cache"), small, tmp_path)
    assert both_sides(rows, small[0]) == [tuple(map(rendered, talks_of(row))) for row in files["preference/trl.jsonl"]]


def both_sides(rows, tokenizer):
    return [
        tuple(tokenizer.decode(row["prompt_ids"] + row[f"{s}_ids"]) for s in ("chosen", "rejected")) for row in rows
    ]


def test_trl_takes_the_held_out_rows_from_the_dataset_itself(small, tmp_path):
    """As exports/README.md says: conversations and pairs, whatever else is in their columns."""
    import datasets

    out, _, _ = release(tmp_path, params=PARAMS)

    def held_out(config, columns):
        rows = datasets.load_dataset(str(out), config, split="test", cache_dir=str(tmp_path / "cache"))
        return rows.select_columns(columns)

    talks = held_out("dialogue", ["messages"])
    rows = prepared("sft", talks, small, tmp_path)
    assert [small[0].decode(row["input_ids"]) for row in rows] == [rendered(pairs(t["messages"])) for t in talks]
    told = held_out("preference", ["prompt", "chosen", "rejected"])
    rows = prepared("dpo", told, small, tmp_path)
    assert both_sides(rows, small[0]) == [tuple(map(rendered, talks_of(row))) for row in told]


def test_rows_for_openai_are_messages_of_its_types_and_nothing_else(exported):
    """OpenAI's guides: `messages` alone, the last from the assistant; pairs of a prompt and one message a side."""
    from openai.types.chat import ChatCompletionMessageParam
    from pydantic import TypeAdapter

    message = TypeAdapter(list[ChatCompletionMessageParam])
    _, files = exported
    for row in (row for name, rows in files.items() if name.startswith("messages/") for row in rows):
        message.validate_python(row["messages"])
        assert list(row) == ["messages"]
        assert row["messages"][-1]["role"] == "assistant"
    for row in files["preference/openai.jsonl"]:
        assert list(row) == ["input", "preferred_output", "non_preferred_output"]
        assert list(row["input"]) == ["messages"]
        message.validate_python(row["input"]["messages"])
        assert row["input"]["messages"][-1]["role"] == "user"
        for side in ("preferred_output", "non_preferred_output"):
            message.validate_python(row[side])
            assert [said["role"] for said in row[side]] == ["assistant"]
