"""Records → a flat table: the columns that contracts and suites speak of, derived here and nowhere else.

Input columns: the records of one dataset. Output columns: no text of the novel, only ids, names,
counts and claims about the texts. None is ever null.
"""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from huaben.records import QA, Conversation, Line, Message, Piece, Preference, Summary, make_id
from huaben.text import BLANK, count_letters, find_damage, find_residue, has_one_blank

if TYPE_CHECKING:
    import pandas as pd

Item = Line | Conversation | Summary | QA | Preference | Piece
INITIALS = {"system": "s", "user": "u", "assistant": "a"}
HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]")
LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]")


def make_frame(items: Sequence[Item]) -> "pd.DataFrame":
    """Return one row for each record, in order, numbered from 0; no records give no columns."""
    import pandas as pd

    return pd.DataFrame([_columns(item) for item in items])


def texts(item: Item) -> list[str]:
    """Return every text of a record that a reader or a model sees."""
    match item:
        case Conversation():
            return [message.content for message in item.messages]
        case Preference():
            return [message.content for message in (*item.prompt, *item.chosen, *item.rejected)]
        case QA():
            proof = [item.evidence] if item.evidence is not None else []
            return [item.question, item.answer, *proof, *item.wordings]
        case Summary():
            return [item.summary]
        case _:
            return [item.text]


def key_text(item: Item) -> str:
    """Return what must not come back in another split: the record's texts without blanks, evidence left out."""
    keyed = [item.question, item.answer] if isinstance(item, QA) else texts(item)
    return "\n".join("".join(text.split()) for text in keyed)


def prompt_text(pair: Preference) -> str:
    """Return a preference pair's prompt without blanks."""
    return "\n".join("".join(message.content.split()) for message in pair.prompt)


def _columns(item: Item) -> dict[str, Any]:
    match item:
        case Line():
            own = _line(item)
        case Conversation():
            own = _conversation(item)
        case Summary():
            own = _summary(item)
        case QA():
            own = _qa(item)
        case Preference():
            own = _preference(item)
        case Piece():
            own = {"characters": len(item.text), "letters": count_letters(item.text), "n_spans": _spans(item)}
    common = {"record_id": item.record_id, "split": item.split, "chapter": item.provenance.chapter}
    found = texts(item)
    return {
        **common,
        **own,
        "encoding_damage": sum(find_damage(text) is not None for text in found),
        "markup_residue": _residues(item, found),
        "content_id": make_id(key_text(item)),
    }


def _residues(item: Item, found: Sequence[str]) -> int:
    """Count the texts that hold what is no prose; a rejected reply may say that an assistant writes it."""
    plain = [message.content for message in item.rejected] if isinstance(item, Preference) else []
    faults = [(find_residue(text), text) for text in found]
    return sum(fault is not None and not (fault == "refusal" and text in plain) for fault, text in faults)


def _line(line: Line) -> dict[str, Any]:
    return {
        "characters": len(line.text),
        "span_gap": line.end - line.start - len(line.text),
        "kind": line.kind,
        "depth": line.depth,
        "scene": line.scene,
        "certainty": line.certainty,
        "decided_by": line.decided_by or "none",
        "has_speaker": int(line.speaker is not None),
        "unexplained_speaker": line.speaker is not None and line.decided_by is None,
    }


def _conversation(conversation: Conversation) -> dict[str, Any]:
    messages = conversation.messages
    replies = [message.content for message in messages if message.role == "assistant"]
    return {
        "character": conversation.character,
        "scene": conversation.scene,
        "n_messages": len(messages),
        "roles": _roles(messages),
        "origins": "+".join(sorted({message.origin for message in messages})),
        "wrong_speakers": sum(_is_wrong_speaker(message, conversation.character) for message in messages),
        "misplaced_greetings": sum(_is_misplaced(message, i) for i, message in enumerate(messages)),
        "opens_with_greeting": int(messages[0].origin == "greeting"),
        "empty_messages": sum(not message.content.strip() for message in messages),
        "min_reply_characters": min(map(count_letters, replies), default=0),
        "reply_characters": sum(map(len, replies)) / max(len(replies), 1),
    }


def _summary(summary: Summary) -> dict[str, Any]:
    names = [aspect.aspect for aspect in summary.aspects]
    return {
        "n_aspects": len(names),
        "repeated_aspects": len(names) - len(set(names)),
        "empty_aspects": sum(not count_letters(aspect.text) for aspect in summary.aspects),
        "is_its_aspects": summary.summary == "\n".join(aspect.text for aspect in summary.aspects),
        "summary_characters": len(summary.summary),
        "has_reply": _has_reply(summary),
        "language": _language(summary.summary),
    }


def _qa(qa: QA) -> dict[str, Any]:
    return {
        "angle": qa.angle,
        "question_letters": count_letters(qa.question),
        "answer_letters": count_letters(qa.answer),
        "answer_characters": len(qa.answer),
        "has_evidence": qa.evidence is not None,
        "evidence_characters": len(qa.evidence or ""),
        "n_spans": _spans(qa),
        "has_reply": _has_reply(qa),
        "language": _language(qa.question + qa.answer),
        "question_id": make_id("".join(qa.question.split())),
        "n_wordings": len(qa.wordings),
        "misshapen_wordings": _misshapen(qa.wordings),
    }


def _misshapen(wordings: Sequence[str]) -> int:
    """Count the wordings that say nothing, the questions with a blank, and a last one without just one."""
    wrong = [not has_one_blank(text) for text in wordings[-1:]] + [BLANK[0] in text for text in wordings[:-1]]
    return sum(wrong) + sum(not count_letters(text) for text in wordings)


def _preference(pair: Preference) -> dict[str, Any]:
    chosen, rejected = pair.chosen[0].content, pair.rejected[0].content
    return {
        "way": pair.way,
        "prompt_roles": _roles(pair.prompt),
        "empty_prompts": sum(not message.content.strip() for message in pair.prompt),
        "chosen_letters": count_letters(chosen),
        "rejected_letters": count_letters(rejected),
        "chosen_characters": len(chosen),
        "length_ratio": len(chosen) / max(len(rejected), 1),
        "chosen_is_longer": longer(chosen, rejected),
        "is_tie": "".join(chosen.split()) == "".join(rejected.split()),
        "has_source": _has_source(pair),
        "language": _language(chosen + rejected),
        "prompt_id": make_id(prompt_text(pair)),
    }


def longer(chosen: str, rejected: str) -> float:
    """Return what a judge who prefers the longer side wins by a pair: 1, 0, or a half where both are equally long."""
    return ((len(chosen) > len(rejected)) - (len(chosen) < len(rejected)) + 1) / 2


def _has_source(pair: Preference) -> bool:
    """Tell whether what a model wrote names its reply, and what is of the novel its chapter."""
    by_model, of_novel = pair.way != "contrast", pair.way != "prompts"
    return (_has_reply(pair) or not by_model) and (pair.provenance.chapter > 0 or not of_novel)


def _roles(messages: Sequence[Message]) -> str:
    return "".join(INITIALS[message.role] for message in messages)


def _is_wrong_speaker(message: Message, character: str) -> bool:
    """Tell whether the character's words stand on the other side, or another's words on the character's."""
    return (message.role == "assistant") != (message.speaker == character)


def _is_misplaced(message: Message, place: int) -> bool:
    return message.origin == "greeting" and (place > 0 or message.role != "user" or bool(message.spans))


def _spans(item: Item) -> int:
    return len(item.provenance.spans)


def _has_reply(item: Item) -> bool:
    return item.provenance.reply_id is not None and item.provenance.prompt is not None


def _language(text: str) -> str:
    han, latin = len(HAN.findall(text)), len(LATIN.findall(text))
    return "other" if han == latin == 0 else "zh" if han >= latin else "en"
