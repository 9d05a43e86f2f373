"""What a run will send and cost, said before it: the same conversations, pursued in thought."""

import json
from contextlib import closing, suppress
from dataclasses import replace

import pytest

from conversing import served, with_wordings
from huaben.cli import main
from huaben.errors import HuabenError
from huaben.extract.asking import Asked
from huaben.extract.estimate import estimate
from huaben.extract.stages import run_qa, run_speakers, run_summary
from huaben.files import write_jsonl
from huaben.llm.store import ReplyStore
from huaben.llm.tokens import rough_tokens
from huaben.novel.quotations.lines import find_lines

V2 = '{"plot": "沈更生说钟停了。", "relations": "梁明夷问他。", "psychology": "他很静。"}'
V1 = '{"summary": "钟停在三点十七分。", "qa": [["钟停在几点？", "三点。", "停在三点十七分"]]}'
QA = '{"plot": [["钟停在几点？", "三点。", "停在三点十七分"]]}'


def usage(request, content):
    """Return what a server counts that knows no cache."""
    prompt = sum(rough_tokens(message["content"]) for message in request["messages"])
    return {"prompt_tokens": round(prompt), "completion_tokens": len(content)}


@pytest.fixture
def asked(live_params, prompts, endpoint):
    said = served({"summary.v2": V2, "summary.v1": V1, "qa.v2": QA, "speakers.v1": "1|沈更生|?|1"})
    endpoint.default = lambda request: endpoint.completion(
        said(request), usage=usage(request, said(request)), created=1_767_225_600
    )
    without_pairs = live_params.preference.model_copy(update={"ways": []})
    return Asked(live_params.model_copy(update={"preference": without_pairs}), prompts, ())


@pytest.fixture
def run(asked, novel, tmp_path):
    """Return a function that runs the asking stages for real."""
    chapters, lines = tmp_path / "chapters.jsonl", tmp_path / "lines.jsonl"

    def stages():
        write_jsonl(chapters, (chapter.row() for chapter in novel.chapters))
        write_jsonl(lines, (line.row() for line in novel.flat))
        run_speakers(chapters, lines, tmp_path / "speakers.jsonl", tmp_path, novel.cast, asked)
        run_summary(chapters, lines, tmp_path / "summary", tmp_path, asked)
        run_qa(chapters, lines, tmp_path / "summary/answers_v1.jsonl", tmp_path / "qa", tmp_path, asked)

    return stages


def foretold(asked, novel, store):
    if not store.exists():
        return estimate(asked, novel.chapters, novel.lines, novel.cast, None)
    with closing(ReplyStore(store, writes=False)) as kept:
        return estimate(asked, novel.chapters, novel.lines, novel.cast, kept)


def test_as_many_requests_are_foretold_as_are_sent_and_none_when_all_is_there(asked, novel, run, endpoint, store):
    before = foretold(asked, novel, store)
    run()
    assert before["total"]["requests"] == len(endpoint.requests) == 3 * 3 + 2
    assert {name: stage["requests"] for name, stage in before["stages"].items()} == {
        "summary": 6,
        "qa": 3,
        "speakers": 2,
        "preference": 0,
    }
    assert foretold(asked, novel, store)["total"]["requests"] == 0


def test_the_turn_with_the_wordings_is_foretold_before_there_is_a_question(asked, novel, store):
    wants = replace(asked, params=with_wordings(asked.params))
    without, with_them = foretold(asked, novel, store)["stages"]["qa"], foretold(wants, novel, store)["stages"]["qa"]
    assert (without["requests"], with_them["requests"]) == (3, 6)
    assert with_them["tokens_output"] - without["tokens_output"] == 3 * 16 * 5 * 22
    assert with_them["tokens_hit"] > 2 * without["tokens_hit"]


def test_what_gc_forgot_is_foretold_again(asked, novel, run, endpoint, store):
    answer, refused = endpoint.default, endpoint.Http(400, b"{}")
    endpoint.default = lambda request: refused if "三个方面" in request["messages"][-1]["content"] else answer(request)
    with suppress(HuabenError):
        run()
    assert foretold(asked, novel, store)["stages"]["summary"]["requests"] == 0
    with closing(ReplyStore(store)) as kept:
        assert kept.forget() == 3
    # version 2 for each chapter, and version 1, which goes on from its answer
    assert foretold(asked, novel, store)["stages"]["summary"]["requests"] == 3 + 3


def test_the_tokens_of_a_prompt_are_those_that_a_server_counts(asked, novel, run, endpoint, store):
    before = foretold(asked, novel, store)["stages"]["summary"]
    run()
    openings = [request for request in endpoint.requests if len(request["messages"]) == 2]
    turns = [r for r in endpoint.requests if "概括这一章，并提出" in r["messages"][-1]["content"]]
    replies = len(turns) * 280 - sum(round(rough_tokens(r["messages"][2]["content"])) for r in turns)
    counted = sum(usage(request, "")["prompt_tokens"] for request in [*openings, *turns])
    assert before["tokens_hit"] + before["tokens_miss"] == pytest.approx(counted + replies, rel=0.01)


def test_an_edited_chapter_alone_is_foretold(asked, novel, run, store, make_chapter):
    run()
    novel.chapters[2] = make_chapter(novel.chapters[2].text + "\n雨停了。", 3, "馄饨")
    assert foretold(asked, novel, store)["total"]["requests"] == 3


def test_other_layouts_stand_between_the_floor_and_the_usual(asked, novel, store, make_chapter):
    novel.chapters = [make_chapter("沈更生说：“钟又停了。”\n" * 400, i) for i in (1, 2, 3)]
    novel.lines = {chapter.index: find_lines(chapter) for chapter in novel.chapters}
    found = foretold(asked, novel, store)
    floor, one, beside, first, typed = (
        found["layouts"][name]
        for name in (
            "floor: the novel read once, only new text written",
            "one call a chapter",
            "chapter first, tasks side by side",
            "instructions first",
            "instructions first, lines typed again",
        )
    )
    assert floor < one < first < typed
    assert floor < found["total"]["money"] < first
    assert floor < beside


def test_the_command_says_what_it_needs_first(tmp_path, monkeypatch, capsys, repository_of_nothing):
    monkeypatch.chdir(repository_of_nothing)
    with pytest.raises(SystemExit) as exit_:
        main(["estimate"])
    assert exit_.value.code == 2
    assert "dvc repro lines" in capsys.readouterr().err


@pytest.fixture
def repository_of_nothing(tmp_path):
    """Return a folder that has parameters and nothing else."""
    from conftest import REPOSITORY

    (tmp_path / "params.yaml").write_bytes((REPOSITORY / "params.yaml").read_bytes())
    return tmp_path


def test_the_command_prints_a_table_and_json(repository_of_nothing, novel, store, monkeypatch, capsys):
    from conftest import REPOSITORY

    monkeypatch.chdir(repository_of_nothing)
    for part in ("prompts", "data/prompts"):
        (repository_of_nothing / part).parent.mkdir(exist_ok=True)
        (repository_of_nothing / part).symlink_to(REPOSITORY / part)
    for name, records in (("chapters", novel.chapters), ("lines", novel.flat)):
        write_jsonl(repository_of_nothing / f"data/{name}/{name}.jsonl", (record.row() for record in records))
    main(["estimate", "--json"])
    found = json.loads(capsys.readouterr().out)
    main(["estimate"])
    table = capsys.readouterr().out
    assert found["total"]["requests"] == 3 * 4 + 2 + 2 * 440
    assert found["total"]["money_at_peak"] == pytest.approx(2 * found["total"]["money"], abs=1e-5)
    assert f"{found['total']['money']:.4f}" in table and "floor" in table
    assert not store.exists()
