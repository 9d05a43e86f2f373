"""What the tests of the browse page share: a small repository to look at, its server, and a Chromium to look with."""

import re
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

from conftest import TEXTS, TITLES, chapter
from huaben.files import write_json, write_jsonl
from huaben.novel.quotations.lines import find_lines
from huaben.records import QA, Conversation, Message, Piece, Preference, Provenance, make_id

REPOSITORY = Path(__file__).parent.parent
SPEAKERS = ("沈更生", "梁明夷", "沈更生", "梁明夷", None, None, "许知秋", "沈更生", "许知秋", "沈更生")
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@cache
def find_chromium():
    """Return the path of a Chromium of this machine, or None."""
    return next((path for name in CHROMIUMS if (path := shutil.which(name))), None)


@contextmanager
def chromium():
    """Start a headless Chromium; skip where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    if not (path := find_chromium()):
        pytest.skip("no Chromium on PATH; on Debian: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


def at(text, *parts):
    return tuple((text.index(part), text.index(part) + len(part)) for part in parts)


def from_chapter(index, *spans):
    return Provenance(novel="small", chapter=index, chapter_id=f"c{index}", spans=spans)


def say(role, content, speaker=None, spans=(), origin="novel"):
    return Message(role=role, content=content, speaker=speaker, spans=spans, origin=origin)


def conversation(place, messages, index=1):
    came_from = from_chapter(index, *(span for message in messages for span in message.spans))
    fields = {"split": "train", "character": "沈更生", "scene": 1, "messages": messages}
    return Conversation(record_id=make_id("dialogue", place), provenance=came_from, **fields)


def question(place, text, answer, evidence, index=1, spans=()):
    fields = {"split": "train", "angle": "facts", "question": text, "answer": answer, "evidence": evidence}
    return QA(record_id=make_id("qa", place), provenance=from_chapter(index, *spans), **fields)


def dropped(record, reason, by=None):
    return {"reason": reason, "by": by, "record": record.row()}


def make_world(root, texts=TEXTS, titles=TITLES, speakers=SPEAKERS):
    """Write a repository of three chapters with lines, two conversations, questions, a pair and what was dropped."""
    chapters = [chapter(text, place, title) for place, (text, title) in enumerate(zip(texts, titles, strict=True), 1)]
    found = [line for one in chapters for line in find_lines(one)]
    named = [*speakers, *[None] * len(found)][: len(found)]
    lines = [line.model_copy(update={"speaker": name}) for line, name in zip(found, named, strict=True)]
    asked, told = lines[1:3]
    messages = [
        say("user", asked.text, asked.speaker, ((asked.start, asked.end),)),
        say("assistant", told.text, told.speaker, ((told.start, told.end),)),
    ]
    talk = conversation(1, messages)
    pair = Preference(
        record_id=make_id("pair"),
        split="train",
        way="prompts",
        prompt=[say("user", "现在几点了？", origin="prompt")],
        chosen=[say("assistant", "三更差一刻。", "沈更生", origin="reply")],
        rejected=[say("assistant", "我看不到时间。", origin="reply")],
        provenance=Provenance(novel="small", chapter=0, chapter_id=""),
    )
    piece = Piece(
        record_id=make_id("piece"), split="train", text=texts[0], provenance=from_chapter(1, (0, len(texts[0])))
    )
    proof = told.text[:5]
    kept = {
        "lines": lines,
        "dialogue": [talk],
        "qa_v2": [
            question(1, "谁敲的钟？", "水敲的。", proof, spans=at(texts[0], proof)),
            question(2, "没有证据的问题？", "没有证据。", None, index=2),
        ],
        "preference": [pair],
        "pretrain": [piece],
    }
    short = conversation(2, [say("user", "门外有人吗？"), say("assistant", "嗯。", "沈更生")])
    repeated = conversation(3, [say("user", "敲了吗？"), say("assistant", "我没敲，是水敲的，你听。", "沈更生")])
    folder = root / "data"
    for name, records in kept.items():
        rows = sorted((record.row() for record in records), key=lambda row: row["record_id"])
        write_jsonl(folder / "dedupe" / f"{name}.jsonl", rows)
    write_jsonl(folder / "clean/dropped/dialogue.jsonl", [dropped(short, "every reply under 6 characters")])
    write_jsonl(folder / "dedupe/dropped/dialogue.jsonl", [dropped(repeated, "near duplicate", talk.record_id)])
    refused = {"question": "被拒绝的问题？", "answer": "被拒绝的回答。", "evidence": "书里没有的话"}
    row = {"dataset": "qa_v2", "chapter": 2, "reason": "evidence is not in the chapter", "by": None, "record": refused}
    write_jsonl(folder / "qa/dropped.jsonl", [row])
    write_jsonl(folder / "chapters/chapters.jsonl", [one.row() for one in chapters])
    gate = {"dataset": "qa_v2", "kind": "schema", "severity": "critical", "observed": 1, "limit": "bool", "rows": 1}
    gates = {"qa_v2.schema.has_evidence": {**gate, "passed": False}, "qa_v2.schema.angle": {**gate, "passed": True}}
    write_json(root / "reports/gates.json", {"passed": False, "skipped": [], "gates": gates})
    shutil.copytree(REPOSITORY / "schemas", root / "schemas")
    shutil.copyfile(REPOSITORY / "params.yaml", root / "params.yaml")
    return root


@contextmanager
def serving(root):
    """Run `huaben browse` in a repository as a person would; yield the address that it prints."""
    command = [sys.executable, "-m", "huaben", "browse", "--port", "0"]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield re.match(r"http://127\.0\.0\.1:\d+/[\w-]+/", process.stdout.readline())[0]
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=20)
    assert process.returncode == 0


def write_page(root):
    """Write the static page of a repository; return its address."""
    subprocess.run([sys.executable, "-m", "huaben", "browse", "--static", "page"], cwd=root, check=True)
    return (root / "page" / "index.html").as_uri()


class Visitor:
    """A person before the page: what they see, press and type, and everything that the browser complains about."""

    def __init__(self, browser, address, *, phone=False, dark=False, **options):
        size = {"width": 390, "height": 844} if phone else {"width": 1400, "height": 900}
        scheme = "dark" if dark else "light"
        self.context = browser.new_context(viewport=size, color_scheme=scheme, has_touch=phone, **options)
        self.page = self.context.new_page()
        self.complaints = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.complaints.append(f"dialog {dialog.message}"), dialog.dismiss()))
        self.page.on("request", self._asked)
        self.foreign = []
        self.address = address
        self.page.goto(address)
        self.page.wait_for_selector(".option, #none:not([hidden])")

    def _asked(self, request):
        if not request.url.startswith((self.address.rpartition("/")[0], "data:", "blob:")):
            self.foreign.append(request.url)

    def count(self):
        return int(re.match(r"[\d,]+", self.page.inner_text("#count"))[0].replace(",", ""))

    def previews(self):
        return self.page.locator(".option .preview").all_inner_texts()

    def choose(self, field, start):
        labels = self.page.locator(f"#{field} option").all_text_contents()
        self.page.select_option(f"#{field}", index=next(i for i, text in enumerate(labels) if text.startswith(start)))

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)

    def close(self):
        self.context.close()
        assert self.complaints == []
        assert self.foreign == []
