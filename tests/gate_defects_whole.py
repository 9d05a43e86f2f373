"""Planted defects of whole datasets, of the way through the stages, and drift from an accepted profile."""

from copy import deepcopy
from functools import partial
from itertools import product

import gate_world
from gate_defects import (
    ALL,
    ASKED,
    DIALOGUES,
    HERO,
    OTHER,
    QAS,
    SUMMARIES,
    SUMMARY_QA,
    Defect,
    ask,
    chapter_of,
    greet,
    home,
    in_chapter,
    in_rows,
    line_of,
    say,
    shortened,
)
from huaben.gates.inputs import STAGES
from huaben.records import make_id

ENGLISH = "The water rose over the hands of the old clock, and nobody in the tower heard it strike the hour again."
NEAR_FLOOR = 7
"""Characters of a reply that has just six letters, with a mark among them."""


def keep(rows, wanted):
    rows[:] = [row for row in rows if wanted(row)]


def without(index, *datasets):
    """Return a change that takes all rows of a chapter from the datasets."""
    return lambda world: [keep(world.rows[name], lambda row: chapter_of(row) != index) for name in datasets]


def again(row, n, **changes):
    """Return the row once more, under another id."""
    return {**deepcopy(row), "record_id": make_id("again", row["record_id"], n), **changes}


def copied(rows, count):
    """Add copies of one row of train."""
    row = next(row for row in rows if row["split"] == "train")
    rows += [again(row, n) for n in range(count)]


def set_all(rows, change):
    for i, row in enumerate(rows):
        change(i, row)


def same_summary(row, other):
    row.update(summary=other["summary"], aspects=deepcopy(other["aspects"]))


def rehomed(rows, count):
    """Let the rows of some chapters be of the first one, with a text that no summary or answer has."""
    for index in range(2, 2 + count):
        for row in in_chapter(rows, index):
            if "answer" in row:
                row["answer"] += "又是一夜。"
            else:
                say(row, row["aspects"][0]["text"] + "又是一夜。")
            row["provenance"] = {**rows[0]["provenance"], "spans": row["provenance"]["spans"]}


def exchanges(world, dataset, count):
    """Add scenes of two exchanges each, put together from the lines of a chapter, all different."""
    scenes = list(world.rows["dialogue_raw"])
    # a scene as it stands is no new one
    choices = [c for c in product(range(3), repeat=4) if c != (0, 0, 1, 1)]
    for n in range(count):
        scene, choice = scenes[n % len(scenes)], choices[n // len(scenes)]
        messages = [scene["messages"][2 * k + i % 2] for i, k in enumerate(choice)]
        world.rows[dataset].append(again(scene, f"{dataset} {n}", messages=deepcopy(messages)))


def one_train_chapter(dataset):
    """Return a change that holds out all chapters but one, of which the dataset has no row."""

    def plant(world):
        left = 11
        held_out = [index for index in range(1, gate_world.N_CHAPTERS + 1) if index != left]
        world.params = gate_world.with_section(world.params, "chapters", test=held_out, validation=[])
        for chapter in world.chapters:
            chapter["split"] = "train" if chapter["index"] == left else "test"
        for row in (row for rows in world.rows.values() for row in rows):
            row["split"] = "train" if chapter_of(row) == left else "test"
        keep(world.rows[dataset], lambda row: chapter_of(row) != left)

    return plant


def few_known(world, known):
    """Let only the hero's first lines have a speaker, and only the first scene be told."""
    said = [row for row in world.rows["lines"] if row["speaker"] == HERO][:known]
    for row in (row for row in world.rows["lines"] if row not in said):
        row.update(speaker=None, decided_by=None)
    for name in DIALOGUES:
        world.rows[name] = world.rows[name][:1]
        world.rows[name][0]["messages"] = world.rows[name][0]["messages"][:2]


def other_hero(world, dataset):
    """Add a scene in which the other is the assistant."""
    scene = world.rows["dialogue_raw"][0]
    asked, said = deepcopy(scene["messages"][1]), deepcopy(scene["messages"][2])
    asked.update(role="user")
    said.update(role="assistant")
    world.rows[dataset].append(again(scene, dataset, character=OTHER, messages=[asked, said]))


def held_out_trained(world):
    """Let a chapter that the parameters hold out be in train, with all that was made of it."""
    world.chapters[8]["split"] = "train"
    for row in (row for rows in world.rows.values() for row in in_chapter(rows, 9)):
        row["split"] = "train"


def no_test_scenes(world):
    exchanges(world, "dialogue", 60)
    keep(world.rows["dialogue"], lambda row: row["split"] != "test")


def first_chapters(world):
    for name in ("lines", *DIALOGUES, "preference"):
        keep(world.rows[name], lambda row: chapter_of(row) <= 11)


def windows(world, sizes):
    """Add the stretches of these sizes as lines, from everywhere in the text."""
    for chapter in world.chapters:
        for size in sizes:
            starts = range(0, len(chapter["text"]) - size, 3)
            world.rows["lines"] += [line_of(world, chapter["index"], start, start + size) for start in starts]


def cut(row, pieces):
    """Return a piece of text cut into so many."""
    size = len(row["text"]) // pieces + 1
    parts = [(start, row["text"][start : start + size]) for start in range(0, len(row["text"]), size)]
    origin = row["provenance"]
    return [
        again(row, i, text=text, provenance={**origin, "spans": [[start, start + len(text)]]})
        for i, (start, text) in enumerate(parts)
    ]


def shrunk(row, size):
    """Cut a piece or an evidence off after so many characters."""
    key = "text" if "text" in row else "evidence"
    start = row["provenance"]["spans"][0][0]
    row[key] = row[key][:size]
    row["provenance"]["spans"] = [[start, start + len(row[key])]]


def replies(rows):
    return [m for row in rows for m in row["messages"] if m["role"] == "assistant"]


def trained(rows):
    return [row for row in rows if row["split"] == "train"]


def prompts_way(rows):
    return [row for row in rows if row["way"] == "prompts"]


def plainly(row, text, size=None):
    """Put so many characters of a text in the place of a pair's rejected side."""
    row["rejected"][0]["content"] = text[:size]


def asked_often(rows, per_chapter):
    """Add questions to every chapter."""
    rows += [again(row, n, question=f"{row['question']}{n}") for row in list(rows) for n in range(per_chapter)]


DATASET_DEFECTS = [
    *in_rows("no row", ALL, lambda r: r.clear()),
    *[
        Defect("nothing to learn from", name, one_train_chapter(name))
        for name in ("dialogue_raw", "dialogue", *ASKED, "preference", "pretrain")
    ],
    # --- lines
    Defect("every stretch of text a line", "lines", lambda world: windows(world, range(8, 12))),
    Defect("lines in half of the chapters only", "lines", first_chapters),
    *in_rows("one line everywhere", ["lines"], lambda r: copied(r, 700)),
    Defect(
        "lines of one character",
        "lines",
        lambda world: world.rows["lines"].extend(line_of(world, 1, i, i + 1) for i in range(150)),
    ),
    Defect("nobody known", "lines", lambda world: few_known(world, 1)),
    Defect("few known", "lines", lambda world: few_known(world, 20)),
    # --- conversations
    *[
        Defect("more scenes than text", name, lambda world, name=name: exchanges(world, name, 240))
        for name in DIALOGUES
    ],
    *in_rows("copies", ["dialogue", "pretrain"], lambda r: copied(r, 3)),
    *in_rows("replies of one character", ["dialogue_raw"], lambda r: [shortened(m, 1) for m in replies(r)]),
    *in_rows("replies at the floor", ["dialogue"], lambda r: [shortened(m, NEAR_FLOOR) for m in replies(r)]),
    *in_rows(
        "scenes without end",
        DIALOGUES,
        lambda r: set_all(r, lambda i, x: x.update(messages=x["messages"] * (1 if i == 1 else 40))),
    ),
    *in_rows("greetings everywhere", ["dialogue"], lambda r: set_all(r, lambda i, x: greet(x, "更生"))),
    *[
        Defect("another character's scene", name, lambda world, name=name: other_hero(world, name))
        for name in DIALOGUES
    ],
    Defect("no test rows", "dialogue", no_test_scenes),
    # --- summaries
    *in_rows("two summaries of a chapter", SUMMARIES, lambda r: (r.append(again(r[0], 1)), say(r[-1], "又是一夜。"))),
    *in_rows("one summary for four chapters", SUMMARIES, lambda r: [same_summary(x, r[0]) for x in r[1:4]]),
    *in_rows("one chapter in the place of six others", SUMMARIES + SUMMARY_QA, lambda r: rehomed(r, 6)),
    *in_rows(
        "summaries of a few words",
        SUMMARIES,
        lambda r: set_all(
            r,
            lambda i, x: (
                x.update(aspects=[{**a, "text": f"第{i}夜的水。"} for a in x["aspects"]]) or say(x, f"第{i}夜。")
            ),
        ),
    ),
    *in_rows("summaries in English", SUMMARIES, lambda r: [summed_up_in_english(x, i) for i, x in enumerate(r[:3])]),
    # --- questions
    *in_rows("questions without end", SUMMARY_QA, lambda r: asked_often(r, 3)),
    *in_rows(
        "one question everywhere", SUMMARY_QA, lambda r: [x.update(question="《》讲了什么？") for x in trained(r)]
    ),
    *in_rows(
        "answers of a few words",
        SUMMARY_QA,
        lambda r: set_all(r, lambda i, x: x.update(answer=f"第{i}夜，沈更生守钟。")),
    ),
    *in_rows(
        "answers in English",
        SUMMARY_QA + QAS,
        lambda r: [x.update(answer=f"{ENGLISH} {i}") for i, x in enumerate(r[:12])],
    ),
    *in_rows("most questions lost", ["qa_v1"], lambda r: keep(r, lambda x: r.index(x) % 4 == 0)),
    *in_rows("most questions lost", ["qa_v2"], lambda r: keep(r, lambda x: r.index(x) % 8 < 4)),
    *in_rows("six chapters lost", QAS, lambda r: keep(r, lambda x: chapter_of(x) not in range(2, 8))),
    *in_rows("copies", ["qa_v1"], lambda r: copied(r, 7)),
    *in_rows("copies", ["qa_v2"], lambda r: copied(r, 14)),
    *in_rows(
        "one question for many chapters",
        QAS,
        lambda r: [x.update(question="他是谁？", answer=f"守第{i}只钟的人") for i, x in enumerate(r[: len(r) // 7])],
    ),
    *in_rows(
        "answers as long as a page",
        ["qa_v1"],
        lambda r: set_all(r, lambda i, x: x.update(answer="沈更生说水漫过了指针。" * 12 + str(i))),
    ),
    *in_rows("answers of one character", ["qa_v2"], lambda r: set_all(r, lambda i, x: x.update(answer="钟"))),
    *in_rows("evidence of three characters", QAS, lambda r: [shrunk(x, 3) for x in r]),
    *in_rows("a third without wordings", ["qa_v2"], lambda r: [x.update(wordings=[]) for x in r[::3]]),
    *in_rows("one angle only", ["qa_v2"], lambda r: [x.update(angle="plot") for x in r]),
    *in_rows("no test rows", [*QAS, "preference"], lambda r: keep(r, lambda x: x["split"] != "test")),
    # --- pairs
    *in_rows("copies", ["preference"], lambda r: copied(r, 6)),
    *in_rows(
        "one prompt everywhere",
        ["preference"],
        lambda r: [x.update(prompt=r[1]["prompt"]) for x in trained(prompts_way(r))],
    ),
    *in_rows(
        "chosen sides at the floor",
        ["preference"],
        lambda r: [(say(x, "一二三四五六。"), plainly(x, "六五四三二一。")) for x in prompts_way(r)],
    ),
    *in_rows(
        "chosen sides ten times as long",
        ["preference"],
        lambda r: [say(x, x["chosen"][0]["content"] * 10) for x in prompts_way(r)],
    ),
    *in_rows(
        "chosen sides a little longer",
        ["preference"],
        lambda r: [plainly(x, "谢谢关心。" * 9, len(x["chosen"][0]["content"]) - 1) for x in prompts_way(r)],
    ),
    *in_rows(
        "most chosen sides a third as long",
        ["preference"],
        lambda r: [plainly(x, "谢谢关心。" * 20, len(x["chosen"][0]["content"]) * 3) for x in prompts_way(r)[:45]],
    ),
    *in_rows(
        "no prompt that breaks the role",
        ["preference"],
        lambda r: [ask(x, x["prompt"][0]["content"].replace("的人工智能", "")) for x in prompts_way(r)],
    ),
    *in_rows(
        "sides in English",
        ["preference"],
        lambda r: [(say(x, f"{ENGLISH} {i}"), plainly(x, f"{ENGLISH} Indeed {i}")) for i, x in enumerate(r[:9])],
    ),
    # --- pieces
    *in_rows("pieces of a few words", ["pretrain"], lambda r: r.extend(p for x in r[:] for p in cut(x, 4)[:3])),
    *in_rows("four chapters lost", ["pretrain"], lambda r: keep(r, lambda x: chapter_of(x) > 4)),
]


def summed_up_in_english(row, i):
    row["aspects"] = [{**aspect, "text": f"{ENGLISH} {i} {k}"} for k, aspect in enumerate(row["aspects"])]
    row["summary"] = "\n".join(aspect["text"] for aspect in row["aspects"])


# --- what the way through the stages can be wrong about --------------------------------------------------------


def miscounted(world, dataset):
    counts = world.stage_coverage("clean")["datasets"]
    counts[dataset]["input"] += 7
    world.coverage["clean"] = {"datasets": counts}


def vanished(world, dataset):
    """Take a row away after dedupe, which told of it."""
    world.coverage["dedupe"] = {"datasets": world.stage_coverage("dedupe")["datasets"]}
    world.coverage["clean"] = {"datasets": world.stage_coverage("clean")["datasets"]}
    world.cleaned[dataset] = world.rows[dataset] + [d["record"] for d in world.dropped_by_dedupe.get(dataset, [])]
    world.rows[dataset] = [row for row in world.rows[dataset] if chapter_of(row) != gate_world.SILENT]


def exchanged(world, dataset):
    """Let dedupe give one row under another id than it got."""
    dropped = [row["record"] for row in world.dropped_by_dedupe.get(dataset, [])]
    rows = world.rows[dataset]
    world.cleaned[dataset] = [*rows[:-1], {**rows[-1], "record_id": "0123456789abcdef"}, *dropped]


def dropped_for(world, dataset, reason, by=None):
    record = {**world.rows[dataset][0], "record_id": make_id("dropped", dataset)}
    world.dropped_by_dedupe.setdefault(dataset, []).append({"reason": reason, "by": by, "record": record})


def removed_by_itself(world, dataset):
    dropped_for(world, dataset, "copy", make_id("dropped", dataset))


def stage_counts(stage, **counts):
    return lambda world: world.coverage.update({stage: {**world.coverage.get(stage, {}), **counts}})


def for_each(what, names, plant, accepted=False):
    return [Defect(what, name, lambda world, name=name: plant(world, name), accepted) for name in names]


FLOW_DEFECTS = [
    *for_each("a count that is not so", ALL, miscounted),
    *for_each("a row that vanished after dedupe", [*QAS, "lines"], vanished),
    *for_each("a row exchanged by dedupe", ALL, exchanged),
    *for_each("a dropped row without a reason", ALL, partial(dropped_for, reason=" ")),
    *for_each("a row removed by none that is there", QAS, partial(dropped_for, reason="copy", by="0123456789abcdef")),
    *for_each(
        "a row removed by one that did not stay", QAS, lambda w, d: dropped_for(w, d, "copy", make_id("dropped", d))
    ),
    *[Defect(f"units of `{stage}` without an outcome", "all", stage_counts(stage, units=12)) for stage in STAGES],
    *[
        Defect(f"a unit of `{stage}` that failed for good", "all", stage_counts(stage, ok=8, failed=1))
        for stage in STAGES
    ],
    Defect("units skipped with a provider", "all", stage_counts("speakers", ok=8, skipped=1)),
    Defect("the rows of an earlier run", "all", lambda world: setattr(world, "leftovers", ("lines_old",))),
    Defect("a held-out chapter in train", "all", held_out_trained),
]


# --- what only the accepted profile can tell -------------------------------------------------------------------


def more_rows(world, dataset):
    """Add an eighth to a quarter of the rows, each new, with the lengths and the speakers of the others."""
    rows = world.rows[dataset]
    if dataset == "lines":
        for n, speaker in enumerate([HERO, OTHER] * 10):
            rows.append(line_of(world, 1 + n, 0, 20, speaker))
    elif dataset in DIALOGUES:
        exchanges(world, dataset, 3)
    elif dataset == "preference":
        rows += [gate_world.prompt_pair(i) for i in range(61, 69) if i % 5]
        rows += [
            again(
                row,
                1,
                chosen=[gate_world.message(home(world, chapter_of(row)), HERO, gate_world.said(chapter_of(row), 2))],
            )
            for row in rows[60:63]
        ]
    elif dataset == "pretrain":
        rows += [again(row, 1) for row in rows[:3]]
        for row in rows[-3:]:
            shrunk(row, len(row["text"]) - 1)
    else:
        rows += [again(row, 1, question=row["question"] + "呢") for row in trained(rows)[: len(rows) // 8]]


def other_lengths(world, dataset):
    """Let the texts of a dataset grow or shrink by more than a tenth, each within what the suites allow."""
    rows = world.rows[dataset]
    if dataset in DIALOGUES:
        for message in replies(rows):
            shortened(message, len(message["content"]) - 5)
        return
    for row in rows:
        if dataset == "lines":
            begun_earlier(world, row)
        elif dataset == "pretrain":
            shrunk(row, len(row["text"]) * 4 // 5)
        else:
            longer(row)


def begun_earlier(world, row):
    """Let the hero's line begin four characters earlier, where the narration names him."""
    if row["speaker"] == HERO:
        start = row["start"] - 4
        row.update(start=start, text=home(world, row["chapter"]).text[start : row["end"]])
        row["provenance"]["spans"] = [[start, row["end"]]]


def longer(row):
    """Let what a model wrote go on."""
    if "answer" in row:
        row["answer"] += "，钟在水里敲了一夜，谁也没有听见。" * (3 if row["angle"] == "summary" else 1)
    elif "aspects" in row:
        say(row, row["aspects"][0]["text"] + "水声一夜没有停，他们谁也没有再说话，只听见钟在水里一下一下地敲。")
    elif row["way"] == "prompts":
        say(row, row["chosen"][0]["content"] + "一下，两下，三下。")
        plainly(row, row["rejected"][0]["content"] + "祝您万事如意。好的。")


def few_changed_hands(world, dataset):
    """Give one line in twenty to a third person."""
    rows = world.rows[dataset]
    said = rows if dataset == "lines" else [message for row in rows for message in row["messages"]]
    for line in [line for line in said if line["speaker"] == OTHER][:8]:
        line["speaker"] = "过路人"


def scenes_greeted(rows):
    for row in rows[2:5]:
        greet(row, "更生")


def ways_mixed(world):
    rows = world.rows["preference"]
    del rows[:4]
    more = [row for row in rows if row["way"] == "contrast" and row["split"] == "train"][:4]
    for row in more:
        chapter = home(world, chapter_of(row))
        rows.append(again(row, 1, chosen=[gate_world.message(chapter, HERO, gate_world.said(chapter.index, 2))]))


def version_dropped(world):
    world.params = gate_world.with_section(world.params, "qa", versions=["v2"])
    del world.rows["qa_v1"]


DRIFT_DEFECTS = [
    Defect("a dataset that is no longer made", "all", version_dropped, accepted=True),
    *for_each("rows gained", [name for name in ALL if name not in SUMMARIES], more_rows, accepted=True),
    *[
        Defect("a chapter without a row", name, without(gate_world.SILENT if name == "lines" else 11, name), True)
        for name in ALL
    ],
    *for_each("other lengths", ALL, other_lengths, accepted=True),
    *for_each("one line in twenty given to another speaker", ["lines", *DIALOGUES], few_changed_hands, accepted=True),
    Defect("lines said twice", "lines", lambda world: copied(world.rows["lines"], 3), accepted=True),
    Defect("a scene told twice", "dialogue_raw", lambda world: copied(world.rows["dialogue_raw"], 1), accepted=True),
    Defect("greetings for lines", "dialogue", lambda world: scenes_greeted(world.rows["dialogue"]), accepted=True),
    Defect("another mixture of ways", "preference", ways_mixed, accepted=True),
]
