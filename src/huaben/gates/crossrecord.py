"""Rules between records, and between a record and its chapter: what no single row can tell.

Each rule looks at one dataset and returns a `Finding`; `check_records` makes the gates.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence, Set
from functools import partial

from huaben.gates.asked import answers_are_own, exam_is_untrained, phrases_are_absent, wordings_are_whole
from huaben.gates.frame import Item, key_text
from huaben.gates.gate import Finding, Gate, Severity, attempt
from huaben.gates.prompts import prompts_are_disjoint, prompts_name_nobody, some_break_the_role
from huaben.gates.tables import Novel, Table
from huaben.params import Params
from huaben.records import QA, Chapter, Conversation, Line, Message, Piece, Preference, Span

Rule = Callable[[], Finding]
Quoted = tuple[str, tuple[Span, ...]]
AS_FOUND = ("lines", "dialogue_raw")
"""Not deduplicated: a short line such as 嗯 rightly stands in every split."""
MEASURED = ("dialogue", "qa_v1", "qa_v2", "preference")
"""What `evaluate` asks its held-out questions from."""
MIN_ROWS_FOR_TEST = 50
"""Below this many rows a dataset may well have none in the few held-out chapters."""


def check_records(table: Table, tables: Mapping[str, Table], novel: Novel, params: Params) -> list[Gate]:
    """Return the gates of one dataset whose rules look at more than a row."""
    rules: dict[str, Rule] = {
        "chapter": partial(chapters_exist, table, novel),
        **_special(table, tables, novel, params),
    }
    return [attempt(table.dataset, "crossrecord", name, rule, _severity(name)) for name, rule in rules.items()]


def _special(table: Table, tables: Mapping[str, Table], novel: Novel, params: Params) -> dict[str, Rule]:
    rules = _leaks(table)
    name = table.dataset
    from_novel = name != "preference" or bool({"grounded", "contrast"} & set(params.preference.ways))
    if from_novel:
        rules["split"] = partial(splits_follow_chapters, table, novel)
    if from_novel and not name.startswith("summary"):
        rules["verbatim"] = partial(texts_are_verbatim, table, novel, tables["lines"])
    if name.startswith("dialogue"):
        rules["speakers"] = partial(messages_are_lines, table, tables["lines"])
    if name in MEASURED:
        rules["test_split"] = partial(some_are_held_out, table, bool(params.chapters.test))
    if name == "preference" and "prompts" in params.preference.ways and params.llm.provider != "none":
        rules["prompt_names"] = partial(prompts_name_nobody, table, params)
        rules["breaking_prompts"] = partial(some_break_the_role, table, params)
    return {**rules, **_of_questions(table, tables, novel, params)}


def _of_questions(table: Table, tables: Mapping[str, Table], novel: Novel, params: Params) -> dict[str, Rule]:
    name = table.dataset
    rules: dict[str, Rule] = {}
    if name.startswith("qa"):
        rules["refused_phrases"] = partial(phrases_are_absent, table, params.qa.refused_phrases)
    if name == "qa_v2":
        rules["wordings"] = partial(wordings_are_whole, table, params.qa.wordings)
        rules["exam_untrained"] = partial(exam_is_untrained, table, tables)
    if name.startswith("summary_qa"):
        rules["own_summary"] = partial(answers_are_own, table, tables[name.replace("_qa", "")], novel)
    return rules


def _leaks(table: Table) -> dict[str, Rule]:
    if table.dataset in AS_FOUND:
        return {}
    if table.dataset == "preference":
        return {"prompt_disjoint": partial(prompts_are_disjoint, table)}
    return {"contamination": partial(texts_are_disjoint, table)}


def _severity(name: str) -> Severity:
    return "warning" if name == "test_split" else "critical"


def chapters_exist(table: Table, novel: Novel) -> Finding:
    """Require a chapter that there is of every record; only pairs written to an outside prompt have none."""
    return Finding(sum(not _names_chapter(item, novel) for item in table.items), len(table.items))


def splits_follow_chapters(table: Table, novel: Novel) -> Finding:
    """Require every record of a chapter that there is to be in its split (others fail `chapter`)."""
    placed = [item for item in table.items if item.provenance.chapter in novel.chapters]
    bad = sum(item.split != novel.chapters[item.provenance.chapter].split for item in placed)
    return Finding(bad, len(placed))


def some_are_held_out(table: Table, wanted: bool) -> Finding:
    """Require records for testing of a dataset of some size, when chapters are held out."""
    n_test = sum(item.split == "test" for item in table.items)
    limit = 1 if wanted and len(table.items) >= MIN_ROWS_FOR_TEST else 0
    return Finding(int(n_test < limit), len(table.items), n_test, limit)


def texts_are_disjoint(table: Table) -> Finding:
    """Require that no text, blanks aside, stands in two splits (near duplicates are what `dedupe` removes)."""
    return shared_between_splits([(key_text(item), item.split) for item in table.items])


def shared_between_splits(keyed: Sequence[tuple[str, str]]) -> Finding:
    """Require that no key of the (key, split) pairs stands in two splits."""
    splits: dict[str, set[str]] = defaultdict(set)
    for key, split in keyed:
        splits[key].add(split)
    return Finding(sum(len(splits[key]) > 1 for key, _ in keyed), len(keyed))


def texts_are_verbatim(table: Table, novel: Novel, lines: Table | None) -> Finding:
    """Require every text that says it is the novel's to stand there, character by character, at its spans.

    Of a pair, a rejected text without spans must be one of `lines`, in the pair's split.
    """
    known = lines.items if lines and table.dataset == "preference" else []
    spoken = {(line.split, line.text) for line in known if isinstance(line, Line)}
    checked = [_is_verbatim(item, novel, spoken) for item in table.items if _quoted(item)]
    bad = checked.count(False)
    return Finding(bad, len(checked), 1 - bad / max(len(checked), 1), 1)


def messages_are_lines(table: Table, lines: Table) -> Finding:
    """Require that what the character says is the character's line, and what the others say is not."""
    spoken: dict[int, dict[Span, str | None]] = defaultdict(dict)
    for line in lines.items:
        if isinstance(line, Line):
            spoken[line.chapter][(line.start, line.end)] = line.speaker
    conversations = [item for item in table.items if isinstance(item, Conversation)]
    bad = sum(not _is_spoken(item, spoken[item.provenance.chapter]) for item in conversations)
    return Finding(bad, len(conversations))


def _names_chapter(item: Item, novel: Novel) -> bool:
    origin = item.provenance
    if origin.chapter == 0:
        return isinstance(item, Preference) and item.way == "prompts"
    chapter = novel.chapters.get(origin.chapter)
    if chapter is None or (chapter.chapter_id, chapter.novel) != (origin.chapter_id, origin.novel):
        return False
    return not isinstance(item, Line) or item.chapter == origin.chapter


def _quoted(item: Item) -> list[Quoted]:
    """Return the texts of a record that say they are the novel's, with their spans."""
    match item:
        case Line():
            return [(item.text, ((item.start, item.end),))]
        case Piece():
            return [(item.text, item.provenance.spans)]
        case QA() if item.evidence is not None:
            return [(item.evidence, item.provenance.spans)]
        case Conversation():
            return _of_novel(item.messages)
        case Preference():
            return _of_novel((*item.prompt, *item.chosen, *item.rejected))
        case _:
            return []


def _of_novel(messages: Sequence[Message]) -> list[Quoted]:
    return [(message.content, message.spans) for message in messages if message.origin == "novel"]


def _is_verbatim(item: Item, novel: Novel, spoken: Set[tuple[str, str]]) -> bool:
    home = novel.chapters.get(item.provenance.chapter)
    # a rejected side may be a line of another chapter, for which the record has no place: it names no spans
    foreign = _of_novel(item.rejected) if isinstance(item, Preference) else []
    return all(
        _stands(quoted, home, novel.joiner) or (quoted in foreign and (item.split, quoted[0]) in spoken)
        for quoted in _quoted(item)
    )


def _stands(quoted: Quoted, chapter: Chapter | None, joint: str) -> bool:
    """Tell whether a text is what stands at its spans, each with or without the blanks at its ends."""
    text, spans = quoted
    if chapter is None or not spans or any(not start < end <= len(chapter.text) for start, end in spans):
        return False
    parts = [chapter.text[start:end] for start, end in spans]
    return text in (joint.join(parts), joint.join(part.strip() for part in parts))


def _is_spoken(conversation: Conversation, spoken: Mapping[Span, str | None]) -> bool:
    hero = conversation.character
    for message in conversation.messages:
        for span in message.spans:
            speakers = [spoken[span]] if span in spoken else _speakers_around(span, spoken)
            if not any((speaker == hero) == (message.role == "assistant") for speaker in speakers):
                return False
    return True


def _speakers_around(span: Span, spoken: Mapping[Span, str | None]) -> list[str | None]:
    """Return the speakers of the lines that hold a span: cleaning may have stripped blanks off its ends."""
    return [speaker for (start, end), speaker in spoken.items() if start <= span[0] and span[1] <= end]
