"""Records in the shapes that trainers read: pure functions, one record in, one export row out.

The shapes are those of LLaMA-Factory's `data/README.md` and of TRL's `docs/source/dataset_formats.md`;
`shapes.py` reads them back, and alone knows what ShareGPT's messages are called.
`chapter` is the chapter's place in reading order, from 1; 0 is what is not from the novel.
"""

from collections.abc import Sequence

from huaben.records import QA, Conversation, Message, Piece, Preference, Summary
from huaben.shapes import Row, sharegpt_message


def sharegpt(conversation: Conversation, name_mark: str | None = None) -> Row:
    """Return `{conversations: [{from, value}], chapter}`.

    With a `name_mark`, such as "：", a human message starts with its speaker's name and the mark.
    """
    turns = [sharegpt_message(m.role, _named(m, name_mark)) for m in conversation.messages]
    return {"conversations": turns, "chapter": conversation.provenance.chapter}


def sharegpt_qa(qa: QA) -> Row:
    """Return `{conversations: [human, gpt], chapter}` of one question and its answer."""
    turns = [sharegpt_message("user", qa.question), sharegpt_message("assistant", qa.answer)]
    return {"conversations": turns, "chapter": qa.provenance.chapter}


def alpaca(qa: QA) -> Row:
    """Return `{instruction, input, output}`; the input is empty."""
    return {"instruction": qa.question, "input": "", "output": qa.answer}


def alpaca_preference(pair: Preference, persona: str) -> Row:
    """Return `{instruction, input, chosen, rejected}`: how the character speaks, then what is said to it.

    Alpaca has no turns: the messages of a longer prompt become lines of the input, with their
    speakers' names where these are known, so that nobody's words are taken for another's.
    """
    several = len(pair.prompt) > 1
    said = "\n".join(_named(message, "：" if several else None, human_only=False) for message in pair.prompt)
    return {
        "instruction": persona,
        "input": said,
        "chosen": pair.chosen[0].content,
        "rejected": pair.rejected[0].content,
    }


def chapter_summary(summary: Summary) -> Row:
    """Return `{summary, chapter}`."""
    return {"summary": summary.summary, "chapter": summary.provenance.chapter}


def pretrain(piece: Piece) -> Row:
    """Return `{text}`."""
    return {"text": piece.text}


def trl_messages(conversation: Conversation) -> Row:
    """Return TRL's conversational language-modelling row: `{messages: [{role, content}]}`."""
    return {"messages": _messages(conversation.messages)}


def trl_preference(pair: Preference) -> Row:
    """Return TRL's conversational preference row with an explicit prompt: `{prompt, chosen, rejected}`."""
    return {
        "prompt": _messages(pair.prompt),
        "chosen": _messages(pair.chosen),
        "rejected": _messages(pair.rejected),
    }


def _messages(messages: Sequence[Message]) -> list[dict[str, str]]:
    return [{"role": message.role, "content": message.content} for message in messages]


def _named(message: Message, mark: str | None, human_only: bool = True) -> str:
    if mark is None or not message.speaker or (human_only and message.role != "user"):
        return message.content
    return f"{message.speaker}{mark}{message.content}"
