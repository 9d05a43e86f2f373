"""The release: what is refused, what is written, what a consumer loads, and how it is replaced."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from huaben.errors import HuabenError, InputError
from huaben.files import write_jsonl
from huaben.params import load_params
from huaben.records import DATASETS, make_id
from huaben.release.card import gates_held, origins
from huaben.release.checksums import verify_release
from huaben.release.descriptions import COLUMNS, DESCRIPTIONS, EVERY_CONFIG
from huaben.release.folders import replacing_folder
from huaben.release.markdown import code, escape, fence
from huaben.release.prices import in_words, price_of, total_cost
from huaben.release.publish import publish, read_records
from huaben.release.roundtrip import round_trip
from huaben.release.tables import arrow_schema

os.environ["HF_HUB_OFFLINE"] = "1"  # read when `datasets` is first imported, which is later than this
ROOT = Path(__file__).resolve().parents[1]


def changed(params, **sections):
    """Return params with some keys of some sections changed."""
    return params.model_copy(update={k: getattr(params, k).model_copy(update=v) for k, v in sections.items()})


PARAMS = changed(
    load_params(ROOT / "params.yaml"),
    novel={"slug": "lianggengtian", "title": "两更天", "language": "zh", "license": "cc0-1.0"},
    character={"name": "沈更生", "slug": "shengengsheng", "persona": "你是沈更生。"},
    llm={"provider": "recorded"},
    summary={"versions": ["v1", "v2"]},
    qa={"versions": ["v1", "v2"]},
    preference={"ways": ["prompts", "contrast"]},
    publish={"speaker_names": False, "window_characters": 2000, "text": "full"},
)
SMALL = changed(PARAMS, llm={"provider": "none"}, preference={"ways": []})
"""Makes four datasets: lines, dialogue_raw, dialogue, pretrain."""
HOSTILE = "<script>alert(1)</script> {{7*7}} ```` | \u202eevil\u202c =1+1"
NOTHING = {"prompt": None, "model": None, "reply_id": None, "written_by": None}


def provenance(chapter=1, spans=(), **made):
    place = {"novel": "lianggengtian", "chapter": chapter, "chapter_id": f"c{chapter:04d}"}
    return {**place, "spans": [list(span) for span in spans], **NOTHING, **made}


def message(role, content, **more):
    return {"role": role, "content": content, "speaker": None, "spans": [], "origin": "novel", **more}


def sample_rows(word="第一版"):
    """Rows of every dataset: train and test, the nullable columns null in all of `lines`."""
    line = {"text": word, "kind": "speech", "depth": 0, "scene": 1, "start": 0, "end": len(word)}
    line |= {"speaker": None, "addressee": None, "certainty": 0.25, "evidence": None, "decided_by": None}
    talk = [
        message("user", "更生，几点了？", speaker="周医生", spans=[[0, 7]]),
        message("assistant", f"三更了。{word}"),
    ]
    summary = {"title": "雨", "summary": word, "aspects": [{"aspect": "plot", "text": word}]}
    question = {"angle": "plot", "question": "谁在敲钟？", "answer": HOSTILE, "evidence": "钟响了", "wordings": []}
    pair = {"way": "prompts", "prompt": talk[:1], "chosen": talk[1:], "rejected": [message("assistant", "三点。")]}
    written = {"prompt": "qa.v2", "reply_id": "r1", "written_by": "the huaben authors"}
    asked = {"prompt": "summary.v2", "reply_id": "r2", "model": "deepseek-chat"}
    rows = {
        "lines": (line, NOTHING),
        "dialogue_raw": ({"character": "沈更生", "scene": 1, "messages": talk[::-1]}, NOTHING),
        "dialogue": ({"character": "沈更生", "scene": 1, "messages": talk}, NOTHING),
        "summary_v1": (summary, asked),
        "summary_v2": (summary, asked),
        "summary_qa_v1": ({**question, "evidence": None}, asked),
        "summary_qa_v2": ({**question, "evidence": None}, asked),
        "qa_v1": (question, written),
        "qa_v2": (question, written),
        "preference": (pair, written),
        "pretrain": ({"text": word * 20}, NOTHING),
    }
    return {name: [_row(name, *row, chapter) for chapter in (1, 2, 8)] for name, row in rows.items()}


def _row(name, values, made, chapter):
    row = {**values, "split": "test" if chapter == 8 else "train"}
    row |= {"chapter": chapter} if name == "lines" else {}
    row["provenance"] = provenance(chapter, **made)
    return {"record_id": make_id(name, row), **row}


def passed_gates(**more):
    gates = {f"{name}.rows": gate(name) for name in DATASETS}
    return {"passed": True, "skipped": [], "gates": {**gates, **more}}


def gate(dataset, passed=True, severity="critical"):
    return {"dataset": dataset, "kind": "rows", "severity": severity, "passed": passed, "observed": 3, "limit": 1}


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    """A release of every dataset, to be read only: the folder, its exports, and what publish returned."""
    return release(tmp_path_factory.mktemp("released"), params=PARAMS)


def release(tmp_path, rows=None, gates=None, params=SMALL, **more):
    rows = sample_rows() if rows is None else rows
    for name in params.made():
        write_jsonl(tmp_path / "dedupe" / f"{name}.jsonl", rows[name])
    out, exports = tmp_path / "dataset", tmp_path / "exports"
    gates = passed_gates() if gates is None else gates
    result = publish(tmp_path / "dedupe", gates, params, out, exports, more.pop("facts", {}), **more)
    return out, exports, result


def load(folder, config, cache=None):
    import datasets

    return datasets.load_dataset(str(folder), config, cache_dir=cache and str(cache))


def front_matter(folder):
    return yaml.safe_load((folder / "README.md").read_text(encoding="utf-8").split("---\n")[1])


def folder_bytes(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# what is refused


def test_a_failed_gate_stops_the_release_and_is_named(tmp_path):
    gates = {**passed_gates(**{"lines.spans": gate("lines", passed=False)}), "passed": False}
    with pytest.raises(HuabenError, match=r"gates failed: lines\.spans$"):
        release(tmp_path, gates=gates)
    assert not (tmp_path / "dataset").exists()
    assert not (tmp_path / "exports").exists()


def test_a_failed_gate_stops_the_release_whatever_the_verdict_says(tmp_path):
    with pytest.raises(HuabenError, match=r"gates failed: lines\.spans$"):
        release(tmp_path, gates=passed_gates(**{"lines.spans": gate("lines", passed=False)}))


@pytest.mark.parametrize("verdict", [None, "true", 1, {}])
def test_only_a_report_that_says_true_passes(tmp_path, verdict):
    with pytest.raises(HuabenError, match="refused"):
        release(tmp_path, gates={**passed_gates(), "passed": verdict})


def test_a_dataset_that_no_gate_looked_at_is_refused(tmp_path):
    gates = passed_gates()
    del gates["gates"]["pretrain.rows"]
    with pytest.raises(HuabenError, match="no gate looked at: pretrain"):
        release(tmp_path, gates=gates)


def test_inputs_that_changed_since_the_gates_saw_them_are_refused_by_name(tmp_path):
    with pytest.raises(HuabenError, match=r"changed since the gates saw them: data/dedupe/lines\.jsonl"):
        release(tmp_path, differing=["data/dedupe/lines.jsonl"])


def test_a_failed_warning_does_not_stop_the_release_and_is_on_the_card(tmp_path):
    out, _, _ = release(tmp_path, gates=passed_gates(drift=gate("lines", passed=False, severity="warning")))
    assert "Warnings, which do not stop a release: `drift`." in (out / "README.md").read_text(encoding="utf-8")


def test_a_dataset_without_rows_is_refused(tmp_path):
    with pytest.raises(HuabenError, match=r"pretrain\.jsonl has no rows"):
        release(tmp_path, rows={**sample_rows(), "pretrain": []})


def test_a_row_of_another_shape_is_refused_with_its_id(tmp_path):
    rows = sample_rows()
    rows["pretrain"][1] = {**rows["pretrain"][1], "record_id": "abc", "text": None}
    with pytest.raises(InputError, match=r"(?s)pretrain\.jsonl: row 'abc'.*text"):
        release(tmp_path, rows=rows)


def test_a_repeated_id_is_refused(tmp_path):
    rows = sample_rows()
    rows["lines"].append(rows["lines"][0])
    with pytest.raises(InputError, match="occurs twice"):
        release(tmp_path, rows=rows)


def test_a_folder_that_is_no_release_is_not_deleted(tmp_path):
    (tmp_path / "dataset").mkdir()
    (tmp_path / "dataset" / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="no release to replace"):
        release(tmp_path)
    assert (tmp_path / "dataset" / "thesis.txt").read_text() == "years of work"


# what is written


def test_every_config_loads_as_its_rows(released, tmp_path):
    rows = sample_rows()
    out, _, result = released
    for name in DATASETS:
        loaded = load(out, name, tmp_path / "fresh")
        expected = sorted((row for row in rows[name] if row["split"] == "train"), key=lambda row: row["record_id"])
        assert list(loaded["train"]) == expected, name
        assert list(loaded["test"]) == [row for row in rows[name] if row["split"] == "test"], name
    assert result["rows"]["qa_v2"] == {"train": 2, "test": 1}


def test_a_new_release_loads_its_own_rows_from_a_used_cache(tmp_path):
    for word in ("第一版", "第二版"):
        out, _, _ = release(tmp_path, rows=sample_rows(word))
        assert load(out, "pretrain", tmp_path / "used")["train"][0]["text"] == word * 20


def test_without_the_hash_the_cache_would_serve_old_rows(tmp_path):
    for word in ("第一版", "第二版"):
        out, _, _ = release(tmp_path, rows=sample_rows(word))
        card = (out / "README.md").read_text(encoding="utf-8")
        lines = [
            line for line in card.splitlines() if not line.startswith(("  description: sha256:", "  download_size"))
        ]
        (out / "README.md").write_text("\n".join(lines), encoding="utf-8")
        loaded = load(out, "lines", tmp_path / "used")["train"][0]["text"]
    assert loaded == "第一版"  # if this fails, `datasets` is mended and the hash may go


def test_columns_that_are_null_in_every_row_keep_their_type(released, tmp_path):
    out, _, _ = released
    features = load(out, "lines", tmp_path / "fresh")["train"].features
    assert (features["speaker"].dtype, features["addressee"].dtype, features["certainty"].dtype) == (
        "string",
        "string",
        "float64",
    )


def test_nested_columns_have_declared_types():
    assert str(arrow_schema("dialogue").field("messages").type) == (
        "list<item: struct<role: string, content: string, speaker: string, "
        "spans: list<item: list<item: int64>>, origin: string>>"
    )


def test_a_split_without_rows_has_no_file_and_no_entry(tmp_path):
    rows = sample_rows()
    rows["pretrain"] = [row for row in rows["pretrain"] if row["split"] == "train"]
    out, _, _ = release(tmp_path, rows=rows)
    assert [path.name for path in sorted((out / "pretrain").iterdir())] == ["train-00000-of-00001.parquet"]
    entry = next(config for config in front_matter(out)["configs"] if config["config_name"] == "pretrain")
    assert entry["data_files"] == [{"split": "train", "path": "pretrain/train-00000-of-00001.parquet"}]


def test_equal_rows_give_equal_bytes_in_any_order(tmp_path):
    first, first_exports, _ = release(tmp_path / "a")
    shuffled = {name: rows[::-1] for name, rows in sample_rows().items()}
    second, second_exports, _ = release(tmp_path / "b", rows=shuffled)
    assert folder_bytes(first) == folder_bytes(second)
    assert folder_bytes(first_exports) == folder_bytes(second_exports)


def test_skipped_datasets_are_not_published(tmp_path):
    out, exports, result = release(tmp_path)
    names = [config["config_name"] for config in front_matter(out)["configs"]]
    assert names == ["lines", "dialogue_raw", "dialogue", "pretrain"]
    assert result["skipped"] == ["summary_v1", "summary_v2", "summary_qa_v1", "summary_qa_v2", "qa_v1", "qa_v2"]
    assert not list(exports.glob("*-qa*.json"))
    assert (
        "Not made, because it needs a model and none was configured: `summary_v1`" in (out / "README.md").read_text()
    )


def test_a_changed_file_does_not_pass_the_round_trip(tmp_path):
    out, _, _ = release(tmp_path)
    rows = [record.row() for record in read_records(tmp_path / "dedupe", "dialogue")]
    train, test = ([row for row in rows if row["split"] == split] for split in ("train", "test"))
    assert round_trip(out, {"dialogue": {"train": train}}) == ["dialogue: has splits ['test', 'train'], not ['train']"]
    raw = out / "dialogue_raw" / "train-00000-of-00001.parquet"
    raw.replace(out / "dialogue" / raw.name)
    assert round_trip(out, {"dialogue": {"train": train, "test": test}}) == ["dialogue: other rows in train"]


def test_a_release_that_does_not_load_as_its_rows_is_refused(tmp_path, monkeypatch):
    import pyarrow.parquet as pq

    write = pq.write_table
    monkeypatch.setattr(pq, "write_table", lambda table, path, **options: write(table.slice(1), path, **options))
    with pytest.raises(HuabenError, match=r"does not load as its rows: lines: .*; dialogue_raw: .*; pretrain: "):
        release(tmp_path)
    assert not (tmp_path / "dataset").exists()


# the card


def test_the_card_tells_who_made_the_rows():
    rows = [{"provenance": provenance()}, {"provenance": provenance(prompt="qa.v2", model="m|1")}]
    rows += [{"provenance": provenance(prompt="qa.v2", written_by="the <b>authors</b>")}] * 2
    assert origins("lines", rows[1:2]) == [
        "1 quoted from the novel, speakers named by replies of the model m\\|1 (prompt qa.v2)"
    ]
    assert origins("qa_v2", rows) == [
        "2 from recorded replies written by the &lt;b&gt;authors&lt;/b&gt; (prompt qa.v2)",
        "1 by rules alone, without a model",
        "1 from replies of the model m\\|1 (prompt qa.v2)",
    ]


def test_the_card_adds_up_the_cost_by_currency():
    stages = {
        "qa": {"currency": "CNY", "replies": 2, "money": 0.5, "tokens_hit": 1, "tokens_miss": 2, "tokens_output": 3},
        "summary": {
            "currency": "CNY",
            "replies": 1,
            "money": 0.25,
            "tokens_hit": 0,
            "tokens_miss": 1,
            "tokens_output": 1,
        },
    }
    assert total_cost(stages) == [
        {"currency": "CNY", "replies": 3, "money": 0.75, "tokens_hit": 1, "tokens_miss": 3, "tokens_output": 4}
    ]


WRITTEN = {"currency": "CNY", "money": 0.0, "replies": 36, "hand_written": 36, "without_usage": 0}
WRITTEN |= {"tokens_hit": 0, "tokens_miss": 0, "tokens_output": 0}
ASKED = {"currency": "CNY", "money": 0.1234, "replies": 20, "hand_written": 2, "without_usage": 1}
ASKED |= {"tokens_hit": 50_000, "tokens_miss": 10_000, "tokens_output": 3_000}


def test_the_card_tells_the_price_of_each_config(tmp_path):
    out, _, _ = release(tmp_path, params=PARAMS, facts={"cost": {"summary": WRITTEN, "preference": ASKED}})
    card = (out / "README.md").read_text(encoding="utf-8")
    sections = {part.split("`")[1]: part for part in card.split("\n## ")[1:] if part.startswith("`")}
    priced = {name: re.search(r"- \*\*Price:\*\* (.*)\.", part)[1] for name, part in sections.items()}
    assert priced["summary_v2"] == (
        "nothing, 36 replies written by hand; of the same replies: "
        "summary\\_v1, summary\\_qa\\_v1, summary\\_qa\\_v2, qa\\_v1"
    )
    assert priced["preference"] == (
        "0.1234 CNY for 18 replies, 60,000 prompt tokens (50,000 of them from the provider's cache), 3,000 output "
        "tokens, 2 more replies written by hand, 1 without a count of tokens, which the sum leaves out"
    )
    assert priced["pretrain"] == priced["lines"] == "nothing, no model was asked"
    assert "- 0.1234 CNY for 18 replies" in card


def test_what_only_a_model_was_paid_for_is_all_in_the_sum():
    asked = {**ASKED, "hand_written": 0, "without_usage": 0}
    assert in_words(asked).startswith("0.1234 CNY for 20 replies, ")
    assert in_words(asked).endswith(", 3,000 output tokens")
    assert price_of("qa_v2", ["qa_v1", "qa_v2"], {"qa": WRITTEN}) == "nothing, 36 replies written by hand"


def test_the_card_tells_the_gates_of_each_config(tmp_path):
    more = {"drift": gate("lines", passed=False, severity="warning"), "lines.spans": gate("lines")}
    out, _, _ = release(tmp_path, gates=passed_gates(**more))
    card = (out / "README.md").read_text(encoding="utf-8")
    assert card.count("- **Gates:**") == 4
    assert "- **Gates:** 2 of 2 critical ones and 0 of 1 warning ones passed." in card
    assert card.count("- **Gates:** 1 of 1 critical ones passed.") == 3
    assert gates_held("pretrain", {"gates": {}}) == "none looked at it alone"


def test_the_card_tells_what_was_dropped(tmp_path):
    clean = {"dialogue": {"input": 18, "kept": 10, "dropped": 8}, "lines": {"input": 3, "kept": 3, "dropped": 0}}
    facts = {"coverage": {"clean": {"datasets": clean}, "dedupe": {"datasets": {}}}}
    out, _, _ = release(tmp_path, facts=facts)
    card = (out / "README.md").read_text(encoding="utf-8")
    assert card.count("- **Dropped:**") == 1
    assert "- **Dropped:** 8 of 18 by the stage `clean`." in card


def test_a_novel_without_a_licence_is_other_with_a_notice(tmp_path):
    out, _, _ = release(tmp_path, params=changed(SMALL, novel={"license": None}))
    assert front_matter(out)["license"] == "other"
    assert "The text of the novel is not ours to license" in (out / "README.md").read_text(encoding="utf-8")
    licensed, _, _ = release(tmp_path)
    assert front_matter(licensed)["license"] == "cc0-1.0"
    card = (licensed / "README.md").read_text(encoding="utf-8")
    assert "not ours to license" not in card
    assert "> **Licence.** The novel is under `cc0-1.0`, and so is this dataset" in card


def test_hostile_text_stays_text_on_the_card(tmp_path):
    hostile = changed(SMALL, novel={"title": f"a\n---\nb {HOSTILE}", "author": HOSTILE})
    out, _, _ = release(tmp_path, rows=sample_rows(HOSTILE), params=hostile)
    card = (out / "README.md").read_text(encoding="utf-8")
    header, body = card.split("\n---\n", 1)
    assert yaml.safe_load(header)["language"] == ["zh"]
    assert "\u202e" not in card
    outside = [part for index, part in enumerate(body.split("\n`````")) if index % 2 == 0]
    assert len(outside) == len(body.split("`````json"))  # every row with four backticks has a fence of five
    assert "<script" not in "".join(outside)
    assert r"\{\{7\*7\}\}" in outside[0]


def test_every_config_and_column_is_described():
    assert list(DESCRIPTIONS) == list(DATASETS)
    for name in DATASETS:
        assert {*EVERY_CONFIG, *COLUMNS[name]} == set(arrow_schema(name).names), name


def test_markdown_escapes():
    assert escape("=1+1\n<b> a|b *c* http://x www.y") == "\\=1+1 &lt;b&gt; a\\|b \\*c\\* http:\\//x www\\.y"
    assert escape("1. one") == "1\\. one"
    assert escape("1.5") == "1.5"
    assert code("a`b") == "``a`b``"
    assert code("a|`b") == "a\\|\\`b"
    assert fence("```\n\u200b") == "````\n```\n⟨U+200B⟩\n````"


# checksums, and how a release is replaced


def test_verify_names_changed_missing_and_extra_files(tmp_path):
    out, exports, _ = release(tmp_path)
    assert verify_release(out) == []
    assert verify_release(exports) == []
    (out / "README.md").write_text("changed")
    (out / "lines" / "test-00000-of-00001.parquet").unlink()
    (out / "extra.txt").write_text("extra")
    assert verify_release(out) == ["README.md", "extra.txt", "lines/test-00000-of-00001.parquet"]


def test_the_character_has_a_page_that_the_checksums_cover(released):
    out, _, _ = released
    assert (out / "persona.md").read_text(encoding="utf-8").startswith("# 沈更生\n\n你是沈更生。\n")
    assert "  persona.md\n" in (out / "SHA256SUMS").read_text(encoding="utf-8")


def test_a_folder_without_a_list_is_not_whole(tmp_path):
    (tmp_path / "SHA256SUMS").write_text("no list at all\n")
    assert verify_release(tmp_path) == ["SHA256SUMS"]
    assert verify_release(tmp_path / "nowhere") == ["SHA256SUMS"]


def test_coreutils_accept_the_checksums(released):
    out, _, _ = released
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=out, check=True)


def test_files_of_an_earlier_release_vanish(tmp_path):
    release(tmp_path, params=changed(SMALL, preference={"ways": ["contrast"]}))
    assert (tmp_path / "dataset" / "preference").exists()
    out, exports, _ = release(tmp_path)
    assert not (out / "preference").exists()
    assert not (exports / "shengengsheng-alpaca-dpo.json").exists()
    assert verify_release(out) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dataset", "dedupe", "exports"]


def test_a_release_that_fails_leaves_the_old_one(tmp_path):
    out, exports, _ = release(tmp_path)
    before = folder_bytes(out), folder_bytes(exports)
    rows = sample_rows("第二版")
    rows["dialogue"][0]["messages"] = rows["dialogue"][0]["messages"][:1]  # found last of all, by the exports
    with pytest.raises(HuabenError, match="does not alternate"):
        release(tmp_path, rows=rows)
    assert (folder_bytes(out), folder_bytes(exports)) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dataset", "dedupe", "exports"]


PUBLISHER = """
import os, sys
from pathlib import Path
from huaben.release.folders import replacing_folder

folder, word, allowed = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
renames = []

def die_at_the_next_step(event, arguments):
    if event == "os.rename":
        renames.append(arguments)
        if len(renames) > allowed:
            os._exit(9)
    if event == "shutil.rmtree" and len(renames) == 2:
        os._exit(9)

sys.addaudithook(die_at_the_next_step)
with replacing_folder(folder) as new:
    (new / "SHA256SUMS").write_text(word)
"""


@pytest.mark.parametrize("renames", [0, 1, 2])
def test_a_killed_swap_leaves_the_old_or_the_new(tmp_path, renames):
    """Die before, between and after the two renames; the next call finds one whole release."""
    folder = tmp_path / "dataset"
    for word, allowed in (("old", 9), ("new", renames)):
        subprocess.run([sys.executable, "-c", PUBLISHER, str(folder), word, str(allowed)], check=False)
    found = []
    with pytest.raises(ZeroDivisionError), replacing_folder(folder):
        found.append((folder / "SHA256SUMS").read_text())
        raise ZeroDivisionError
    assert found == ["old" if renames < 2 else "new"]
    assert [path.name for path in tmp_path.iterdir()] == ["dataset"]


# the family's files


def test_exports_hold_the_train_rows_under_the_names_of_the_family(released):
    _, exports, result = released
    names = [
        "shengengsheng-sharegpt-origin",
        "shengengsheng-sharegpt",
        "lianggengtian-summary",
        "lianggengtian-summary-v2",
        "lianggengtian-sharegpt-summary",
        "lianggengtian-sharegpt-summary-v2",
        "lianggengtian-sharegpt-qa",
        "lianggengtian-sharegpt-qa-v2",
        "shengengsheng-alpaca-dpo",
        "lianggengtian-alpaca-summary-v2",
        "lianggengtian-alpaca-qa-v2",
        "lianggengtian-pretrain",
    ]
    questions = ("summary_qa_v1", "summary_qa_v2", "qa_v1", "qa_v2")
    forms = [f"messages/{name}.jsonl" for name in ("dialogue", *questions)]
    forms += [f"prompt-completion/{name}.jsonl" for name in questions]
    forms += [f"preference/{name}.jsonl" for name in ("trl", "axolotl", "swift", "openai")]
    assert result["exports"] == dict.fromkeys([*(f"{name}.json" for name in names), *forms], 2)
    assert {str(path.relative_to(exports)) for path in exports.rglob("*.jsonl")} == set(forms)
    for name in names:
        rows = json.loads((exports / f"{name}.json").read_text(encoding="utf-8"))
        assert [type(row) for row in rows] == [dict, dict]
        assert {row.get("chapter", 1) for row in rows} <= {1, 2}  # chapter 8 is test
    assert "Train rows only" in (exports / "README.md").read_text(encoding="utf-8")


def test_llama_factory_is_told_of_every_file_it_can_train_on(released):
    _, exports, _ = released
    info = json.loads((exports / "dataset_info.json").read_text(encoding="ascii"))
    archives = {"shengengsheng-sharegpt-origin", "lianggengtian-summary", "lianggengtian-summary-v2"}
    stems = {path.stem for path in exports.glob("*.json")} - {"dataset_info"}
    assert set(info) == stems - archives
    for stem, entry in info.items():
        rows = json.loads((exports / entry["file_name"]).read_text(encoding="utf-8"))
        assert entry["file_name"] == f"{stem}.json"
        assert all(column in row for column in entry["columns"].values() for row in rows), stem


def test_a_pair_names_its_prompt_for_llama_factory(released):
    _, exports, _ = released
    entry = json.loads((exports / "dataset_info.json").read_text())["shengengsheng-alpaca-dpo"]
    assert entry == {
        "file_name": "shengengsheng-alpaca-dpo.json",
        "formatting": "alpaca",
        "ranking": True,
        "columns": {"prompt": "instruction", "query": "input", "chosen": "chosen", "rejected": "rejected"},
    }


def test_conversations_of_other_characters_are_not_exported(tmp_path):
    rows = sample_rows()
    rows["dialogue"][0]["character"] = "周医生"
    _, _, result = release(tmp_path, rows=rows)
    assert result["exports"]["shengengsheng-sharegpt.json"] == 1


def test_a_file_without_train_rows_is_not_written(tmp_path):
    rows = sample_rows()
    rows["pretrain"] = [row for row in rows["pretrain"] if row["split"] == "test"]
    _, exports, result = release(tmp_path, rows=rows)
    assert "lianggengtian-pretrain.json" not in result["exports"]
    assert not (exports / "lianggengtian-pretrain.json").exists()
    assert "lianggengtian-pretrain" not in json.loads((exports / "dataset_info.json").read_text())


def test_speaker_names_go_before_human_messages_when_asked(tmp_path):
    params = changed(SMALL, publish={"speaker_names": True})
    _, exports, _ = release(tmp_path, params=params)
    rows = json.loads((exports / "shengengsheng-sharegpt.json").read_text(encoding="utf-8"))
    assert [turn["value"] for turn in rows[0]["conversations"]] == ["周医生：更生，几点了？", "三更了。第一版"]


def test_who_trains_on_conversations_and_questions_is_told_to_keep_the_two_voices_apart(released, tmp_path):
    few = release(tmp_path)[1]
    told = [
        "character's voice" in (exports / "README.md").read_text(encoding="utf-8") for exports in (released[1], few)
    ]
    assert told == [True, False]


def test_the_commands_of_the_exports_name_files_that_are_there(released, tmp_path):
    """Those of a full release, and those of one that had no model and so no questions."""
    _, few, _ = release(tmp_path)
    for exports in (released[1], few):
        text = (exports / "README.md").read_text(encoding="utf-8")
        commands = "\n".join(re.findall(r"^```\w+\n(.*?)^```$", text, re.DOTALL | re.MULTILINE))
        named = set(re.findall(r"exports/([\w./-]+)", commands))
        assert named and all((exports / name).is_file() for name in named), named
        told = json.loads((exports / "dataset_info.json").read_text())
        assert set(re.findall(r"--dataset ([\w-]+) ", commands)) <= set(told)
        for block in re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
            compile(block, "README.md", "exec")
        for block in re.findall(r"^```yaml\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
            assert yaml.safe_load(block)["datasets"]


def test_long_conversations_are_exported_in_windows_and_the_archive_whole(tmp_path):
    rows = sample_rows()
    for name in ("dialogue", "dialogue_raw"):
        rows[name][0]["messages"] = [message("user", "甲" * 8), message("assistant", "乙" * 8)] * 3
    _, exports, _ = release(tmp_path, rows=rows, params=changed(SMALL, publish={"window_characters": 40}))

    def lengths(name):
        rows = json.loads((exports / name).read_text(encoding="utf-8"))
        return sorted(len(row["conversations"]) for row in rows)

    assert lengths("shengengsheng-sharegpt.json") == [2, 2, 4]
    assert lengths("shengengsheng-sharegpt-origin.json") == [2, 6]
    assert len((exports / "messages/dialogue.jsonl").read_text(encoding="utf-8").splitlines()) == 3


# one cache


RELOADED = """
import json, sys
from pathlib import Path
from datasets import load_dataset

folder, copy, cache = map(Path, sys.argv[1:])
def first():
    return load_dataset(str(folder), "pretrain", split="train", cache_dir=str(cache))[0]["text"][:3]
def exported():
    file = str(folder.parent / "exports" / "messages" / "dialogue.jsonl")
    rows = load_dataset("json", data_files=file, split="train", cache_dir=str(cache))
    return rows[0]["messages"][1]["content"][-3:]
before = first(), exported()
for name in ("dataset", "exports"):
    (folder.parent / name).rename(folder.parent / f"{name}-old")
    (copy / name).rename(folder.parent / name)
print(json.dumps([before, (first(), exported())], ensure_ascii=False))
"""


def test_a_release_overwritten_under_a_running_process_loads_anew(tmp_path):
    """One process, one cache: what was loaded before is not served for what lies there now."""
    for folder, word in (("a", "第一版"), ("b", "第二版")):
        release(tmp_path / folder, rows=sample_rows(word))
    command = [sys.executable, "-c", RELOADED, tmp_path / "a" / "dataset", tmp_path / "b", tmp_path / "cache"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert json.loads(done.stdout) == [["第一版", "第一版"], ["第二版", "第二版"]]


def test_two_checkouts_with_one_folder_name_do_not_mix_in_one_cache(tmp_path, monkeypatch):
    """`./dataset` is another dataset in another checkout, also where all is alike but a text of the same length."""
    rows = {"one": sample_rows("第一版"), "two": sample_rows("第二版")}
    for checkout, made in rows.items():
        release(tmp_path / checkout, rows=made)
    for checkout in ("one", "two", "one"):
        monkeypatch.chdir(tmp_path / checkout)
        for name in SMALL.made():
            found = [row for split in load(Path("./dataset"), name, tmp_path / "cache").values() for row in split]
            assert sorted(found, key=by_id) == sorted(rows[checkout][name], key=by_id), (checkout, name)


def by_id(row):
    return row["record_id"]
