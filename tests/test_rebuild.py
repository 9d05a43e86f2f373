"""A small repository with its stages' files: what a change asks again, and a colleague's rebuild without a key.

The stages run as their commands run them; the colleague's are the commands themselves, in a process of its own.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from conversing import WORDS, passage_of, prompt_of
from huaben.cli import main, paths
from huaben.extract.asking import Asked
from huaben.extract.stages import run_dialogue, run_preference, run_qa, run_speakers, run_summary
from huaben.files import read_json, read_jsonl
from huaben.novel.stages import run_chapters, run_lines
from huaben.params import load_cast
from huaben.refine.stages import run_clean

ROOT = Path(__file__).parent.parent
NOVEL = """第一章 停钟

沈更生说：“钟又停了，停在三点十七分。”
“你昨晚敲钟了吗？”梁明夷没有抬头。
“我没敲，是水敲的。”沈更生回答。

第二章 不昼城

“那座城里真的没有白天吗？”她问。
“九十年没亮过天了。”沈更生说。

第三章 馄饨

城门开了一条缝，卖馄饨的老人把灯举起来照他的脸。

第四章 关灯

“关门。”许知秋站在走廊里。
“关了。”有人在门外答应。
"""
CAST = """- {name: 沈更生, aliases: [更生, 沈师傅]}
- {name: 梁明夷, aliases: [梁医生]}
- {name: 许知秋}
"""
STAGES = ("chapters", "lines", "speakers", "dialogue", "summary", "qa", "preference")
OUTPUTS = (
    "data/chapters",
    "data/lines",
    "data/speakers",
    "data/dialogue",
    "data/summary",
    "data/qa",
    "data/preference",
    "reports",
)
USAGE = {"prompt_tokens": 100, "prompt_cache_hit_tokens": 64, "completion_tokens": 10}


def reply(request):
    """Answer as a model would, each passage its own way."""
    if not request["messages"][-1]["content"].count("任务："):
        in_character = "口吻" in request["messages"][0]["content"]
        asked = request["messages"][-1]["content"].strip()
        return f"答：{asked}。" if in_character else f"对于“{asked}”，我没有更多的消息。"
    passage = passage_of(request)
    first = re.sub("[“”]|〔1〕", "", passage[:12])
    numbers = range(1, passage.count("〔") + 1)
    return {
        "speakers.v1": "\n".join(f"{n}|沈更生|?|1" for n in numbers) + f"\n第一句：{first}",
        "summary.v1": f'{{"summary": "{first[:4]}", "qa": [["什么？", "{first[1:3]}", "{first[2:8]}"]]}}',
        "summary.v2": f'```\n{{"plot": "{len(passage)}字", "relations": "{first[:2]}", "psychology": "静"}}\n```',
        "qa.v2": f'{{"terms": [["什么？", "{first[:2]}", "{first[:8]}"]], "plot": [["谁？", "他", "没有的话"]]}}',
    }[prompt_of(request)]


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """Return the folder of a small repository, which is the working directory."""
    folder = tmp_path / "repository"
    shutil.copytree(ROOT / "prompts", folder / "prompts")
    (folder / "data/raw").mkdir(parents=True)
    (folder / "data/raw/novel.txt").write_text(NOVEL, encoding="utf-8")
    (folder / "data/prompts.txt").write_text("几点了？\n吃什么？\n", encoding="utf-8")
    (folder / "cast.yaml").write_text(CAST, encoding="utf-8")
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def params(live, endpoint, make_params):
    """Return the parameters of the repository, whose endpoint answers."""
    endpoint.default = lambda request: endpoint.completion(reply(request), usage=USAGE)
    return make_params(
        llm=dict(live),
        chapters={"test": [2], "validation": [], "ads": [], "min_characters": 1},
        preference={"prompts": "data/prompts.txt", "ways": ["prompts", "contrast"]},
        clean={"min_characters": 2},
    )


@pytest.fixture
def build(prompts):
    """Return a function that runs the stages up to the last that asks."""

    def build(params):
        run, chapters = Asked(params, prompts, (paths.RECORDED, paths.IMPORTED)), paths.CHAPTERS / "chapters.jsonl"
        cast, reports = load_cast(paths.CAST), paths.REPORTS
        run_chapters(paths.RAW, paths.CHAPTERS, reports / "anomalies.json", paths.COVERAGE / "chapters.json", params)
        run_lines(chapters, paths.LINES, paths.COVERAGE / "lines.json")
        run_speakers(chapters, paths.LINES, paths.SPEAKERS, reports, cast, run)
        run_dialogue(chapters, paths.SPEAKERS, paths.DIALOGUE, reports, params)
        run_summary(chapters, paths.LINES, paths.SUMMARY, reports, run)
        run_qa(chapters, paths.LINES, paths.SUMMARY / "answers_v1.jsonl", paths.QA, reports, run)
        run_preference(paths.DIALOGUE, paths.PREFERENCE, reports, run)

    return build


def sent(endpoint):
    """Return the prompt and the chapter of each request since the last call."""
    marks = {"钟又停了": 1, "九十年": 2, "馄饨": 3, "关门": 4}
    found = []
    for request in endpoint.requests:
        if any(words in request["messages"][-1]["content"] for words in WORDS.values()):
            (chapter,) = (number for mark, number in marks.items() if mark in passage_of(request))
            found.append((prompt_of(request), chapter))
        else:
            found.append(("preference", 0))
    endpoint.requests.clear()
    return sorted(found)


def outputs(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for part in OUTPUTS
        for path in sorted((folder / part).rglob("*"))
        if path.is_file()
    }


def test_the_first_run_asks_each_task_once_and_the_second_asks_nothing(repository, build, params, endpoint):
    build(params)
    about = [(prompt, c) for prompt in ("qa.v2", "summary.v1", "summary.v2") for c in (1, 2, 3, 4)]
    speakers = [("speakers.v1", c) for c in (1, 2, 4)]
    assert sent(endpoint) == sorted([*about, *speakers, *[("preference", 0)] * 4])
    first = outputs(repository)
    build(params)
    assert sent(endpoint) == []
    assert outputs(repository) == first
    assert read_json(repository / "reports/cost/summary.json")["tokens_hit"] == 8 * 64


def test_an_edited_chapter_alone_is_asked_about_again(repository, build, params, endpoint):
    build(params)
    sent(endpoint)
    before = list(read_jsonl(paths.SUMMARY / "summary_v2.jsonl"))
    (paths.RAW / "novel.txt").write_text(NOVEL.replace("九十年", "整整九十年"), encoding="utf-8")
    build(params)
    assert sent(endpoint) == [("qa.v2", 2), ("speakers.v1", 2), ("summary.v1", 2), ("summary.v2", 2)]
    after = list(read_jsonl(paths.SUMMARY / "summary_v2.jsonl"))
    changed = [row["provenance"]["chapter"] for row in after if row not in before]
    assert (len(before), len(after), changed) == (4, 4, [2])


def test_a_chapter_that_is_put_in_or_moved_asks_about_itself_alone(repository, build, params, endpoint):
    build(params)
    sent(endpoint)
    more = NOVEL.replace("第三章 馄饨", "第三章 雨\n\n雨下了一夜，馄饨凉了。\n\n第四章 馄饨")
    (paths.RAW / "novel.txt").write_text(more, encoding="utf-8")
    build(params)
    assert sent(endpoint) == [("qa.v2", 3), ("summary.v1", 3), ("summary.v2", 3)]


def without_pairs(files):
    """Return the outputs of all stages but `preference`."""
    return {name: content for name, content in files.items() if "preference" not in name}


def test_a_changed_cleaner_asks_nothing(repository, build, params, endpoint):
    build(params)
    sent(endpoint)
    first = outputs(repository)
    changed = params.model_copy(update={"clean": params.clean.model_copy(update={"min_characters": 9, "seed": 8})})
    build(changed)
    run_clean(paths.SOURCES, paths.CLEAN, paths.COVERAGE / "clean.json", changed, paths.REVIEWS)
    assert sent(endpoint) == []
    (paths.COVERAGE / "clean.json").unlink()
    # the least length also says which replies make a pair
    assert without_pairs(outputs(repository)) == without_pairs(first)


def test_an_edited_alias_asks_who_speaks_in_the_chapters_that_name_him(repository, build, params, endpoint):
    build(params)
    sent(endpoint)
    edits = [
        ("[更生, 沈师傅]", "[更生, 沈师傅, 沈疯子]", [1, 2]),
        ("[梁医生]", "[]", [1]),
        ("- {name: 许知秋}\n", "- {name: 许知秋, aliases: [许护士]}\n", [4]),
        ("- {name: 许知秋}\n", "- {name: 许知秋}\n- {name: 韩素秋}\n", []),
        ("- {name: 许知秋}\n", "- {name: 许知秋}\n- {name: 门房, aliases: [有人]}\n", [4]),
    ]
    for old, new, chapters in edits:
        assert old in CAST
        paths.CAST.write_text(CAST.replace(old, new), encoding="utf-8")
        build(params)
        assert sent(endpoint) == [("speakers.v1", chapter) for chapter in chapters], new


def test_how_many_ask_at_once_changes_no_byte(repository, build, params, endpoint, monkeypatch, tmp_path):
    build(params.model_copy(update={"llm": params.llm.model_copy(update={"concurrency": 1})}))
    first = outputs(repository)
    monkeypatch.setenv("HUABEN_STORE", str(tmp_path / "another" / "replies.sqlite"))
    for part in OUTPUTS:
        shutil.rmtree(repository / part)
    endpoint.most_in_flight = 0
    endpoint.requests.clear()

    def slow(request):
        time.sleep(len(str(request)) % 7 / 200)
        return endpoint.completion(reply(request), usage=USAGE)

    endpoint.default = slow
    build(params.model_copy(update={"llm": params.llm.model_copy(update={"concurrency": 16})}))
    assert (len(endpoint.requests), endpoint.most_in_flight > 2) == (19, True)
    assert outputs(repository) == first


def test_a_colleague_without_a_key_rebuilds_the_same_bytes(repository, build, params, endpoint, tmp_path, canary):
    """The replies are exported and imported; another time zone, locale, hash seed, number of workers.

    What was refused for good is shared as well, and so is what was cut and asked about in halves.
    """

    def moody(request):
        said = request["messages"][-1]["content"]
        is_refused = "馄饨" in said and WORDS["summary.v2"] in said
        is_cut = WORDS["speakers.v1"] in said and passage_of(request).count("〔") > 2
        finish = "content_filter" if is_refused else "length" if is_cut else "stop"
        return endpoint.completion(reply(request), finish, usage=USAGE)

    endpoint.default = moody
    params = params.model_copy(
        update={"validate_": params.validate_.model_copy(update={"max_failures": {"summary": 0.2}})}
    )
    build(params)
    assert read_json(repository / "reports/coverage/summary.json")["reasons"] == {"finish_content_filter": 1}
    assert sum(WORDS["speakers.v1"] in r["messages"][-1]["content"] for r in endpoint.requests) == 3 + 2
    endpoint.requests.clear()
    main(["replies", "export", str(tmp_path / "replies.jsonl")])
    colleague = tmp_path / "colleague"
    parts = ("prompts", "cast.yaml", "data/raw", "data/prompts.txt")
    for part in parts:
        copy = shutil.copytree if (repository / part).is_dir() else shutil.copyfile
        (colleague / part).parent.mkdir(parents=True, exist_ok=True)
        copy(repository / part, colleague / part)
    llm = params.llm.model_copy(
        update={"provider": "recorded", "concurrency": 1, "timeout_s": 1.0, "api_key_env": "NONE"}
    )
    written = params.model_copy(update={"llm": llm}).model_dump(mode="json", by_alias=True)
    (colleague / "params.yaml").write_text(yaml.safe_dump(written, allow_unicode=True), encoding="utf-8")
    script = "import sys; from huaben.cli import main; [main(a.split(' ')) for a in sys.argv[1:]]"
    elsewhere = {"TZ": "Asia/Kathmandu", "LC_ALL": "C", "PYTHONHASHSEED": "4711", "PATH": os.environ["PATH"]}
    elsewhere |= {"HOME": str(tmp_path / "home"), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    command = [sys.executable, "-c", script, f"replies import {tmp_path / 'replies.jsonl'}", *STAGES]
    done = subprocess.run(command, cwd=colleague, env=elsewhere, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert outputs(colleague) == outputs(repository)
    assert len(outputs(colleague)) == 29
    assert endpoint.requests == []
    assert not (tmp_path / "cache").exists(), "no store is made"
    assert canary not in (tmp_path / "replies.jsonl").read_text(encoding="utf-8")
