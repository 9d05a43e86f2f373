"""Planted defects of single rows: each spoils a clean world (`gate_world.make_world`).

A defect that the same rule must find in several datasets is planted in each of them.
"""

from collections.abc import Callable
from dataclasses import dataclass

import gate_world
from huaben.records import DATASETS, Chapter, make_id

HERO, OTHER = gate_world.HERO, gate_world.OTHER
ALL = tuple(DATASETS)
DIALOGUES = ("dialogue_raw", "dialogue")
SUMMARIES = ("summary_v1", "summary_v2")
SUMMARY_QA = ("summary_qa_v1", "summary_qa_v2")
QAS = ("qa_v1", "qa_v2")
ASKED = SUMMARIES + SUMMARY_QA + QAS
"""What a model wrote."""


@dataclass(frozen=True)
class Defect:
    """What is wrong, in which dataset (`all`: between the stages), and how it is planted."""

    what: str
    dataset: str
    plant: Callable[[gate_world.World], None]
    accepted: bool = False
    """Whether the clean world's profile was accepted before: what drift is told by. A new repository has none."""

    @property
    def name(self):
        return f"{self.what} ({self.dataset})"


def in_rows(what, datasets, change):
    """Return the same defect of several datasets: `change` spoils the rows of one."""
    return [Defect(what, name, lambda world, name=name: change(world.rows[name])) for name in datasets]


# --- how the fields of a row are spoiled -----------------------------------------------------------------------


def last(rows, **values):
    rows[-1].update(values)


def chapter_of(row):
    return row["provenance"]["chapter"]


def home(world, index):
    """Return a chapter as a record."""
    return Chapter.model_validate(world.chapters[index - 1])


def in_chapter(rows, index):
    return [row for row in rows if chapter_of(row) == index]


def shortened(message, size):
    start = message["spans"][0][0]
    message.update(content=message["content"][:size], spans=[[start, start + size]])


def sides(row, aspects):
    row.update(aspects=aspects, summary="\n".join(aspect["text"] for aspect in aspects))


def say(row, text):
    """Put a text that a model wrote in the place of the row's own."""
    if "summary" in row:
        sides(row, [{**row["aspects"][0], "text": text}, *row["aspects"][1:]])
    elif "chosen" in row:
        row["chosen"][0]["content"] = text
    elif "messages" in row:
        greet(row, text)
    else:
        row["question"] = text


def ask(row, text):
    """Put a text in the place of a pair's prompt."""
    row["prompt"][0]["content"] = text


def asked_again(tested, trained):
    """Let a train prompt say what a test prompt says, with a word more."""
    ask(tested, "你今年是不是已经在这座钟楼里住满了三十年？")
    ask(trained, "你今年是不是已经在这座钟楼里住满了三十年呢？")


def greet(row, content, place=0):
    row["messages"][place] = {"role": "user", "content": content, "speaker": None, "spans": [], "origin": "greeting"}


def line_of(world, index, start, end, speaker=HERO):
    """Return one more line: any stretch of a chapter, said by the hero."""
    chapter = home(world, index)
    row = {**world.rows["lines"][0], "record_id": make_id("more lines", index, start, end)}
    row.update(split=chapter.split, chapter=index, start=start, end=end, text=chapter.text[start:end], speaker=speaker)
    row.update(provenance=gate_world.provenance(chapter, [[start, end]]))
    return row


def more_key(world, dataset):
    """Add a key to a row that no other dataset is held against."""
    if dataset == "lines":
        world.rows["lines"].append(line_of(world, 1, 0, 9))
    last(world.rows[dataset], note="x")


def wrong_split(world, dataset):
    """Let a held-out row be trained on; a pair's sober side stands in its own chapter, to be wrong in nothing else."""
    row = world.rows[dataset][-1]
    if dataset == "preference":
        row["rejected"][0]["spans"] = [gate_world.span(home(world, chapter_of(row)), row["rejected"][0]["content"])]
    row["split"] = "train"


def span_with_the_line_end(world):
    row = line_of(world, 1, 5, 6)
    text = world.chapters[0]["text"]
    row.update(start=text.index("\n") - 4, end=text.index("\n") + 1)
    row.update(text=text[row["start"] : row["end"]].strip(), provenance=world.rows["lines"][0]["provenance"])
    world.rows["lines"].append(row)


def split_span(row):
    (start, end), *_ = row["provenance"]["spans"]
    row["provenance"]["spans"] = [[start, start + 2], [start + 2, end]]


def mark_alone(row):
    place = row["text"].index("，")
    row.update(text="，")
    row["provenance"]["spans"] = [[place, place + 1]]


def narrated(row):
    row["messages"][1].update(content="雨下得很细，城里的灯", spans=[[4, 14]])


def from_there(world, dataset):
    """Let a message, a line, a piece or an evidence differ from the chapter by one character."""
    row = world.rows[dataset][-1]
    if dataset in DIALOGUES:
        row["messages"][1]["content"] = row["messages"][1]["content"].replace("漫过", "没过")
    elif dataset == "preference":
        row["chosen"][0]["content"] = row["chosen"][0]["content"].replace("漫过", "没过")
    elif dataset in QAS:
        row["evidence"] = row["evidence"].replace("漫过", "没过")
    else:
        row["text"] = row["text"].replace("漫过", "没过")


def reworded(row, place, text):
    row["wordings"][place] = text


def trained_wording(row):
    return row["wordings"][1]


def examined(world, dataset, text_of=lambda row: row["question"]):
    """Let the exam ask, but for a character, what a row of another chapter is trained on."""
    trained = text_of(in_chapter(world.rows[dataset], 3)[0])
    reworded(in_chapter(world.rows["qa_v2"], 1)[0], -2, trained[:-1] + "啊" + trained[-1])


def trained_and_tested(world, dataset):
    """Let a train row say what a test row says: of answers that are summaries, what is in no summary."""
    rows = world.rows[dataset]
    tested = in_chapter(rows, 9)[0]
    trained = in_chapter(rows, 1)[0]
    if dataset in SUMMARY_QA:
        tested["answer"] += "又是一夜。"
    for key in ("question", "answer", "summary", "aspects"):
        if key in trained:
            trained[key] = tested[key]


def scene_twice(world, dataset):
    """Let a test chapter tell the scene of a train chapter once more, and a record be made of it."""
    first, ninth = world.chapters[0], world.chapters[8]
    moved = len(ninth["text"]) + 1
    ninth["text"] += "\n" + first["text"]
    chapter = home(world, 9)
    if dataset == "pretrain":
        piece = in_chapter(world.rows["pretrain"], 9)[0]
        piece.update(text=first["text"], provenance=gate_world.provenance(chapter, [[moved, len(ninth["text"])]]))
        return
    lines = in_chapter(world.rows["lines"], 1)
    world.rows["lines"] += [line_of(world, 9, x["start"] + moved, x["end"] + moved, x["speaker"]) for x in lines]
    messages = in_chapter(world.rows["dialogue"], 1)[0]["messages"]
    copies = [{**m, "spans": [[a + moved, b + moved] for a, b in m["spans"]]} for m in messages]
    in_chapter(world.rows["dialogue"], 9)[0]["messages"] = copies


def damaged_narration(text):
    """Return a change that puts `text` where the first chapter tells of the rain."""

    def plant(world):
        told = world.chapters[0]["text"].replace("雨下得很细", text)
        assert len(told) == len(world.chapters[0]["text"])
        world.chapters[0]["text"] = world.rows["pretrain"][0]["text"] = told

    return plant


DAMAGED = {
    "锟斤拷": "沈更生上锟斤拷钟楼",
    "a private-use character": "沈更生上\ue123钟楼",
    "a control character": "沈更生上\x1b钟楼",
    "a code fence": "```\n沈更生上了钟楼\n```",
    "a thought": "<think>想一想</think>沈更生上了钟楼",
    "a chat token": "沈更生上了钟楼<|im_end|>",
    "HTML": "沈更生<br/>上了钟楼",
    "an HTML entity": "沈更生&nbsp;上了钟楼",
    "an assistant's talk": "作为一个AI语言模型，我无法回答",
}
WRITTEN = ("dialogue", *ASKED, "preference")
"""Datasets with texts that are not the novel's."""

ROW_DEFECTS = [
    *[Defect("a key too many", name, lambda world, name=name: more_key(world, name)) for name in ALL],
    *in_rows("a key missing", QAS, lambda r: r[-1].pop("angle")),
    *in_rows("a number written as text", ["lines"], lambda r: r.append({**r[0], "record_id": "x", "start": "7"})),
    *in_rows("a certainty of two", ["lines"], lambda r: r.append({**r[0], "record_id": "x", "certainty": 2.0})),
    *in_rows("a conversation without messages", DIALOGUES, lambda r: last(r, messages=[])),
    *in_rows("an unknown split", ["pretrain", *SUMMARIES], lambda r: last(r, split="dev")),
    *in_rows("an id twice", ALL, lambda r: last(r, record_id=r[0]["record_id"])),
    *in_rows("an id that is no hash", ["qa_v2"], lambda r: last(r, record_id="row 12")),
    *in_rows("a chapter of another novel", ALL, lambda r: r[-1]["provenance"].update(novel="another")),
    *in_rows("a chapter that is not there", SUMMARIES, lambda r: r[0]["provenance"].update(chapter=99)),
    *[Defect("a held-out row in train", name, lambda world, name=name: wrong_split(world, name)) for name in ALL],
    # --- lines
    Defect("a span over the end of its line", "lines", span_with_the_line_end),
    *in_rows("a quotation nested without end", ["lines"], lambda r: last(r, depth=9)),
    *in_rows("a speaker that nobody decided", ["lines"], lambda r: last(r, decided_by=None)),
    # --- conversations
    *in_rows("nobody answers", ["dialogue_raw"], lambda r: last(r, messages=r[-1]["messages"][:1])),
    *in_rows("two messages of one side", ["dialogue"], lambda r: r[0]["messages"].pop(1)),
    *in_rows("the other has the last word", ["dialogue"], lambda r: r[0]["messages"].pop()),
    *in_rows("the character opens", ["dialogue"], lambda r: r[0]["messages"].pop(0)),
    *in_rows("a reply that a model wrote", DIALOGUES, lambda r: r[0]["messages"][1].update(origin="reply")),
    *in_rows("a greeting in the raw dialogue", ["dialogue_raw"], lambda r: greet(r[0], "更生")),
    *in_rows("a reply under another's name", DIALOGUES, lambda r: r[0]["messages"][1].update(speaker=OTHER)),
    *in_rows("a greeting in the middle", ["dialogue"], lambda r: greet(r[0], "更生", 2)),
    *in_rows("a greeting of blanks", ["dialogue"], lambda r: greet(r[0], "　 ")),
    *in_rows("a reply of five letters", ["dialogue"], lambda r: shortened(r[0]["messages"][1], 6)),
    *in_rows("narration as a reply", DIALOGUES, lambda r: narrated(r[0])),
    # --- summaries
    *in_rows(
        "two texts for one",
        ["summary_v1"],
        lambda r: sides(r[0], [*r[0]["aspects"], {"aspect": "more", "text": "水"}]),
    ),
    *in_rows("a single side", ["summary_v2"], lambda r: sides(r[-1], r[-1]["aspects"][:1])),
    *in_rows("a side twice", ["summary_v2"], lambda r: r[0]["aspects"][1].update(aspect="plot")),
    *in_rows("a side that says nothing", SUMMARIES, lambda r: say(r[0], "……")),
    *in_rows("a summary that is not its sides", SUMMARIES, lambda r: last(r, summary=r[-1]["summary"] + "。")),
    *in_rows("a reply that nobody stored", ASKED, lambda r: r[0]["provenance"].update(reply_id=None)),
    *in_rows("a prompt that nobody named", ["qa_v2"], lambda r: r[0]["provenance"].update(prompt=None)),
    # --- questions
    *in_rows("no angle", SUMMARY_QA + QAS, lambda r: last(r, angle="")),
    *in_rows("a question of marks", SUMMARY_QA + QAS, lambda r: last(r, question="？？？")),
    *in_rows("an answer of marks", SUMMARY_QA + QAS, lambda r: last(r, answer="……")),
    *in_rows("no evidence", QAS, lambda r: last(r, evidence=None)),
    *in_rows("a summary with evidence", SUMMARY_QA, lambda r: last(r, evidence="钟")),
    *in_rows("evidence in two pieces", QAS, lambda r: split_span(r[0])),
    *in_rows("a refused phrase in a question", QAS, lambda r: last(r, question="本章里谁在敲钟？")),
    *in_rows("a refused phrase in a wording", ["qa_v2"], lambda r: reworded(r[0], 0, "本章里谁在敲钟？")),
    *in_rows("a refused phrase in an answer", QAS, lambda r: last(r, answer="本章里的沈更生。")),
    *in_rows(
        "wordings that nobody asked for",
        ["qa_v1", *SUMMARY_QA],
        lambda r: r[0].update(wordings=gate_world.wordings(99, 9)),
    ),
    *in_rows("a wording too few", ["qa_v2"], lambda r: r[0]["wordings"].pop(0)),
    *in_rows("a wording too many", ["qa_v2"], lambda r: r[0]["wordings"].insert(0, "钟停在几点几分？")),
    *in_rows("a statement without its blank", ["qa_v2"], lambda r: reworded(r[0], -1, "钟停在三点十七分。")),
    *in_rows("a statement with two blanks", ["qa_v2"], lambda r: reworded(r[0], -1, "____停在____。")),
    *in_rows("a question with a blank", ["qa_v2"], lambda r: reworded(r[0], 0, "钟停在____几分？")),
    *in_rows("a wording of marks", ["qa_v2"], lambda r: reworded(r[0], 0, "？？？")),
    *[
        Defect(f"the exam asks a trained question of {name}", "qa_v2", lambda world, name=name: examined(world, name))
        for name in SUMMARY_QA + QAS
    ],
    Defect("the exam asks a trained wording", "qa_v2", lambda world: examined(world, "qa_v2", trained_wording)),
    *in_rows("the summary of another chapter", SUMMARY_QA, lambda r: r[0].update(answer=r[1]["answer"])),
    # --- pairs
    *in_rows("a short chosen side", ["preference"], lambda r: say(r[0], "一，二，三，四，五。")),
    *in_rows(
        "a short rejected side", ["preference"], lambda r: r[0]["rejected"][0].update(content="一，二，三，四，五。")
    ),
    *in_rows(
        "a tie", ["preference"], lambda r: r[0]["rejected"][0].update(content=r[0]["chosen"][0]["content"] + " ")
    ),
    *in_rows("a blank prompt", ["preference"], lambda r: r[0]["prompt"][0].update(content=" ")),
    *in_rows("two user messages", ["preference"], lambda r: r[0]["prompt"].append(dict(r[0]["prompt"][0]))),
    *in_rows("a pair without a source", ["preference"], lambda r: r[0]["provenance"].update(reply_id=None)),
    *in_rows("a prompt in two splits", ["preference"], lambda r: r[0].update(prompt=r[1]["prompt"])),
    *in_rows("a prompt in two splits, in almost the same words", ["preference"], lambda r: asked_again(r[0], r[1])),
    *in_rows("a prompt that names the hero", ["preference"], lambda r: ask(r[1], "沈更，你今年几岁了？")),
    *in_rows("a side ten times as long", ["preference"], lambda r: say(r[0], r[0]["chosen"][0]["content"] * 10)),
    # --- pieces
    *in_rows("a piece in two stretches", ["pretrain"], lambda r: split_span(r[0])),
    *in_rows("a piece of one mark", ["pretrain"], lambda r: mark_alone(r[0])),
    # --- texts
    *in_rows("U+FFFD in a text", WRITTEN, lambda r: say(r[0], "沈更生上\ufffd钟楼")),
    *in_rows("U+FFFD in a wording", ["qa_v2"], lambda r: reworded(r[0], 0, "谁上\ufffd钟楼？")),
    *in_rows("HTML in a wording", ["qa_v2"], lambda r: reworded(r[0], 0, "谁<br/>上了钟楼？")),
    *in_rows("JSON in a text", WRITTEN, lambda r: say(r[0], '{"summary": "沈更生上了钟楼"}')),
    *[
        defect
        for what, text in DAMAGED.items()
        for defect in in_rows(f"{what} in a text", ["qa_v2", "preference"], lambda r, text=text: say(r[0], text))
    ],
    Defect("U+FFFD in the narration", "pretrain", damaged_narration("雨\ufffd得很细")),
    Defect("HTML in the narration", "pretrain", damaged_narration("雨<br>")),
    *[
        Defect("one retyped character", name, lambda world, name=name: from_there(world, name))
        for name in ("lines", *DIALOGUES, *QAS, "preference", "pretrain")
    ],
    *[
        Defect("a test row's words in train", name, lambda world, name=name: trained_and_tested(world, name))
        for name in ASKED
    ],
    *[
        Defect("a test scene that is a train scene", name, lambda world, name=name: scene_twice(world, name))
        for name in ("dialogue", "pretrain")
    ],
]
