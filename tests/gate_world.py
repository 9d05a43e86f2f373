"""A small novel with every dataset that is made of it, right in all respects, for the tests of the gates.

`make_world` returns the rows in memory; a test plants its defect there and calls `write`.
"""

import hashlib
import json
import pickle
import shutil
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from huaben.gates.inputs import STAGES, Places
from huaben.params import load_params
from huaben.records import Chapter, make_id

REPOSITORY = Path(__file__).parent.parent
SCHEMAS = REPOSITORY / "schemas"
HERO, OTHER = "沈更生", "许知秋"
N_CHAPTERS = 24
TEST, VALIDATION = (9, 10, 24), (8,)
SILENT = 12
"""In this chapter the hero says nothing that is a conversation: lines, but no dialogue and no pair."""
EXCHANGES = 3
BREAKING = (7, 10, 20)
"""These prompts call the hero out of the role."""
ANGLES = ("terms", "plot", "speech", "depth")
DIGITS = "零一二三四五六七八九十"


@dataclass
class World:
    """All rows by dataset, the chapters, what the stages dropped, and their coverage."""

    rows: dict
    chapters: list
    dropped_by_clean: dict
    dropped_by_dedupe: dict
    coverage: dict = field(default_factory=dict)
    cleaned: dict = field(default_factory=dict)
    """What clean kept, where it is not what dedupe kept and dropped."""
    leftovers: tuple = ()
    params: object = None

    def write(self, root, names=None):
        """Write every file where the pipeline has it, or those of some datasets."""
        write_rows(root / "data/chapters/chapters.jsonl", self.chapters)
        for name, rows in self.rows.items():
            if names is not None and name not in names:
                continue
            dropped = self.dropped_by_dedupe.get(name, [])
            cleaned = self.cleaned.get(name, rows + [row["record"] for row in dropped])
            write_rows(root / f"data/dedupe/{name}.jsonl", rows)
            write_rows(root / f"data/clean/{name}.jsonl", cleaned)
            write_rows(root / f"data/dedupe/dropped/{name}.jsonl", dropped)
            write_rows(root / f"data/clean/dropped/{name}.jsonl", self.dropped_by_clean.get(name, []))
        for name in self.leftovers:
            write_rows(root / f"data/dedupe/{name}.jsonl", [])
        for stage in STAGES:
            write_json(root / f"reports/coverage/{stage}.json", self.stage_coverage(stage))
        return root

    def stage_coverage(self, stage):
        counts = {"units": 10, "ok": 9, "empty": 1, "skipped": 0, "failed": 0}
        if stage in ("clean", "dedupe"):
            counts["datasets"] = {name: self._counts(stage, name) for name in self.rows}
        return {**counts, **self.coverage.get(stage, {})}

    def _counts(self, stage, name):
        after = len(self.rows[name])
        by_clean, by_dedupe = (len(d.get(name, [])) for d in (self.dropped_by_clean, self.dropped_by_dedupe))
        if stage == "dedupe":
            return {"input": after + by_dedupe, "kept": after, "dropped": by_dedupe}
        return {"input": after + by_dedupe + by_clean, "kept": after + by_dedupe, "dropped": by_clean}


def make_world():
    """Return a fresh copy that a test may spoil."""
    world = pickle.loads(_pickled())
    world.params = make_params()
    return world


@cache
def _pickled():
    return pickle.dumps(_world())


def make_small():
    """Return a world of six datasets and its parameters, for tests that need the whole stage."""
    world = make_world()
    world.rows = {
        name: rows for name, rows in world.rows.items() if not name.startswith("summary") and name != "qa_v2"
    }
    params = with_section(with_section(make_params(), "summary", versions=[]), "qa", versions=["v1"])
    return world, params


@cache
def make_params():
    """Return the repository's parameters, with all that the gates read fixed to this world."""
    params = load_params(REPOSITORY / "params.yaml")
    sections = {
        "llm": {"provider": "recorded"},
        "novel": {"slug": "zhong", "language": "zh"},
        "chapters": {"test": list(TEST), "validation": list(VALIDATION), "piece_characters": 200},
        "summary": {
            "versions": ["v1", "v2"],
            "questions": ["《$title》讲了什么？", "说说《$title》。", "《$title》呢？"],
        },
        "qa": {"versions": ["v1", "v2"], "refused_phrases": ["本章"], "wordings": 5},
        "dialogue": {"characters": [HERO]},
        "preference": {
            "ways": ["prompts", "contrast"],
            "names": ["沈更"],
            "breaking": ["人工智能"],
            "min_breaking": 0.02,
        },
        "validate_": {"max_failures": {}},
    }
    changed = {name: getattr(params, name).model_copy(update=values) for name, values in sections.items()}
    return params.model_copy(update=changed)


def with_section(params, name, **values):
    """Return the parameters with some values of one section changed."""
    return params.model_copy(update={name: getattr(params, name).model_copy(update=values)})


def places(root, schemas=SCHEMAS):
    """Return where `validate` finds what a world wrote to `root`."""
    data = root / "data"
    return Places(
        data / "dedupe",
        data / "clean",
        data / "clean/dropped",
        data / "dedupe/dropped",
        data / "chapters/chapters.jsonl",
        root / "reports/coverage",
        schemas,
        root,
    )


def new_schemas(root):
    """Copy the schemas as a new repository has them: without an accepted profile."""
    return Path(shutil.copytree(SCHEMAS, root / "schemas", ignore=shutil.ignore_patterns("baseline.json")))


def write_rows(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def write_json(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")


@cache
def _world():
    chapters = [_chapter(n) for n in range(1, N_CHAPTERS + 1)]
    spoken = [chapter for chapter in chapters if chapter.index != SILENT]
    rows = {
        "lines": [row for c in chapters for row in _lines(c)],
        "dialogue_raw": [conversation(c, greeted=False) for c in spoken],
        "dialogue": [conversation(c, greeted=c.index == 2) for c in spoken],
        "summary_v1": [summary(c, "v1") for c in chapters],
        "summary_v2": [summary(c, "v2") for c in chapters],
        "summary_qa_v1": [summary_qa(c, "v1") for c in chapters],
        "summary_qa_v2": [summary_qa(c, "v2") for c in chapters],
        "qa_v1": [qa(c, "qa_v1", "facts", i) for c in chapters for i in range(4)],
        "qa_v2": [qa(c, "qa_v2", ANGLES[i % 4], i) for c in chapters for i in range(8)],
        "preference": [prompt_pair(i) for i in range(60)] + [contrast_pair(c) for c in spoken],
        "pretrain": [piece(c) for c in chapters],
    }
    short = {**rows["dialogue"][0], "record_id": make_id("short")}
    copy = {**rows["qa_v1"][0], "record_id": make_id("copy")}
    by_clean = {"dialogue": [{"reason": "no reply", "by": None, "record": short}]}
    by_dedupe = {"qa_v1": [{"reason": "exact duplicate", "by": rows["qa_v1"][0]["record_id"], "record": copy}]}
    return World(rows, [c.row() for c in chapters], by_clean, by_dedupe)


def numeral(n):
    """Return a number below 100 in Chinese."""
    tens, ones = divmod(n, 10)
    return DIGITS[n] if n <= 10 else (DIGITS[tens] if tens > 1 else "") + "十" + (DIGITS[ones] if ones else "")


def split(n):
    return "test" if n in TEST else "validation" if n in VALIDATION else "train"


def asked(n, k):
    return f"第{numeral(n)}号楼的第{numeral(k)}只钟今夜怎么不响？"


def said(n, k):
    return f"它没有停，是第{numeral(n)}更的水漫过了第{numeral(k)}根指针。"


def _chapter(n):
    lines = [f"第{numeral(n)}夜，雨下得很细，城里的灯一盏一盏灭了，只有钟楼上还亮着。"]
    for k in range(EXCHANGES):
        lines += [f"{OTHER}问：“{asked(n, k)}”", f"{HERO}说：“{said(n, k)}”"]
    return Chapter(
        chapter_id=make_id("chapter", n),
        index=n,
        number=n,
        kind="chapter",
        volume=None,
        heading=f"第{numeral(n)}章 第{numeral(n)}只钟",
        title=f"第{numeral(n)}只钟",
        novel="zhong",
        split=split(n),
        text="\n".join(lines),
    )


def provenance(chapter, spans=(), prompt=None):
    source = {"novel": "zhong", "chapter": chapter.index, "chapter_id": chapter.chapter_id, "spans": list(spans)}
    reply = (
        {"model": "a-model", "reply_id": make_id(prompt, chapter.index)}
        if prompt
        else {"model": None, "reply_id": None}
    )
    return {**source, "prompt": prompt, **reply, "written_by": None}


def span(chapter, text):
    start = chapter.text.index(text)
    return [start, start + len(text)]


def _quotations(chapter):
    for k in range(EXCHANGES):
        yield OTHER, HERO, asked(chapter.index, k)
        yield HERO, OTHER, said(chapter.index, k)


def _lines(chapter):
    for speaker, addressee, text in _quotations(chapter):
        start, end = span(chapter, text)
        yield {
            "record_id": make_id("lines", chapter.index, start),
            "split": chapter.split,
            "chapter": chapter.index,
            "start": start,
            "end": end,
            "text": text,
            "kind": "speech",
            "depth": 0,
            "scene": 1,
            "speaker": speaker,
            "addressee": addressee,
            "certainty": 0.97,
            "evidence": f"{speaker}说",
            "decided_by": "rule",
            "provenance": provenance(chapter, [[start, end]]),
        }


def message(chapter, speaker, text, role=None):
    role = role or ("assistant" if speaker == HERO else "user")
    return {"role": role, "content": text, "speaker": speaker, "spans": [span(chapter, text)], "origin": "novel"}


def conversation(chapter, greeted):
    messages = [message(chapter, speaker, text) for speaker, _, text in _quotations(chapter)]
    if greeted:
        greeting = {"role": "user", "content": "更生", "speaker": None, "spans": [], "origin": "greeting"}
        messages = [greeting, *messages[1:]]
    return {
        "record_id": make_id("dialogue", chapter.index),
        "split": chapter.split,
        "character": HERO,
        "scene": 1,
        "messages": messages,
        "provenance": provenance(chapter, [place for m in messages for place in m["spans"]]),
    }


def summary(chapter, version):
    n = numeral(chapter.index)
    plot = (
        f"第{n}夜里，许知秋发现第{n}号楼的钟不响了，去问守钟的沈更生。"
        f"沈更生说钟没有停，是水漫过了指针，许知秋不信，他便带她上楼去看。"
    )
    sides = {
        "plot": plot,
        "relations": (
            f"许知秋在第{n}夜开始怀疑沈更生，却又离不开他的解释；"
            f"沈更生把她当作第{n}个听得见钟声的人，两人之间第一次有了约定。"
        ),
        "psychology": (
            f"沈更生分不清水声和钟声，在第{n}夜里既害怕又得意；"
            f"许知秋嘴上不信，心里已经跟着他数起了第{n}更的鼓点，再也睡不着。"
        ),
    }
    names = ["summary"] if version == "v1" else list(sides)
    aspects = [{"aspect": name, "text": sides.get(name, plot)} for name in names]
    return {
        "record_id": make_id("summary", version, chapter.index),
        "split": chapter.split,
        "title": chapter.title,
        "summary": "\n".join(aspect["text"] for aspect in aspects),
        "aspects": aspects,
        "provenance": provenance(chapter, prompt=f"summary.{version}"),
    }


def summary_qa(chapter, version):
    return {
        "record_id": make_id("summary_qa", version, chapter.index),
        "split": chapter.split,
        "angle": "summary",
        "question": f"《{chapter.title}》讲了什么？",
        "answer": summary(chapter, version)["summary"],
        "evidence": None,
        "wordings": [],
        "provenance": provenance(chapter, prompt=f"summary.{version}"),
    }


def wordings(n, k):
    """Return four questions and a statement with a blank; no two are nearly alike, neither of one row nor of two."""
    one, other = _mixed(f"{n}/{k}/1"), _mixed(f"{n}/{k}/2")
    return [
        f"{_mixed(f'{n}/{k}/3')}，许知秋问了沈更生什么？",
        f"沈更生对{_mixed(f'{n}/{k}/4')}有什么说法？",
        f"请讲讲{_mixed(f'{n}/{k}/5')}的缘故。",
        f"{one}为什么没有声音？",
        f"在{other}里，____漫过了指针。",
    ]


def _mixed(seed):
    """Return eighteen characters that stand in hardly any other such text."""
    digits = hashlib.sha256(seed.encode()).digest()[:18]
    return "".join(chr(0x4E00 + 64 * i + digit % 64 * 7) for i, digit in enumerate(digits))


def qa(chapter, dataset, angle, i):
    evidence = said(chapter.index, i % EXCHANGES)
    n = numeral(chapter.index)
    answer = f"漫过了第{numeral(i)}根" if dataset == "qa_v1" else f"沈更生说第{n}更的水漫过了第{numeral(i)}根指针。"
    return {
        "record_id": make_id(dataset, chapter.index, i),
        "split": chapter.split,
        "angle": angle,
        "question": f"沈更生怎样解释第{n}号楼第{numeral(i)}只钟不响？",
        "answer": answer,
        "evidence": evidence,
        "wordings": wordings(chapter.index, i) if dataset == "qa_v2" else [],
        "provenance": provenance(chapter, [span(chapter, evidence)], prompt=dataset.replace("_", ".")),
    }


def prompt_pair(i):
    part = "test" if i % 5 == 0 else "train"
    outside = {"novel": "zhong", "chapter": 0, "chapter_id": "", "spans": []}
    reply = {"prompt": "chosen.v1", "model": "a-model", "reply_id": make_id("chosen", i), "written_by": None}
    return {
        "record_id": make_id("preference", "prompts", i),
        "split": part,
        "way": "prompts",
        "prompt": [_plain("user", f"你今年是不是{i}岁{'的人工智能' if i in BREAKING else ''}？", "prompt")],
        "chosen": [_plain("assistant", f"{i}岁？钟敲了{i}下，我还没数完呢。", "reply")],
        "rejected": [
            _plain("assistant", f"是的，我今年{i}岁，谢谢关心{'，祝您生活愉快' if i % 3 else ''}。", "reply")
        ],
        "provenance": {**outside, **reply},
    }


def contrast_pair(chapter):
    prompt, chosen = asked(chapter.index, 0), said(chapter.index, 0)
    sober = {**message(chapter, OTHER, asked(chapter.index, 1), "assistant"), "spans": []}
    return {
        "record_id": make_id("preference", "contrast", chapter.index),
        "split": chapter.split,
        "way": "contrast",
        "prompt": [message(chapter, OTHER, prompt)],
        "chosen": [message(chapter, HERO, chosen)],
        "rejected": [sober],
        "provenance": provenance(chapter, [span(chapter, prompt), span(chapter, chosen)]),
    }


def _plain(role, content, origin):
    return {"role": role, "content": content, "speaker": None, "spans": [], "origin": origin}


def piece(chapter):
    return {
        "record_id": make_id("pretrain", chapter.index),
        "split": chapter.split,
        "text": chapter.text,
        "provenance": provenance(chapter, [[0, len(chapter.text)]]),
    }
