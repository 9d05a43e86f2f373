"""Records in the shapes that trainers read: pure functions, one record in, one export row out.

The shapes are those of LLaMA-Factory's `data/README.md`, TRL's `docs/source/dataset_formats.md`, Axolotl's
`docs/rlhf.qmd`, ms-swift's `Custom-dataset.md` and OpenAI's guides on fine-tuning; `shapes.py` reads them back, and
alone knows what ShareGPT's messages are called. `importing.py` makes records of ShareGPT's and Alpaca's rows again.
`chapter` is the chapter's place in reading order, from 1; 0 is what is not from the novel.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby, pairwise
from operator import itemgetter

from huaben.records import QA, Conversation, Line, Message, Piece, Preference, Summary
from huaben.shapes import Row, sharegpt_message

Voices = Mapping[tuple[int, int, int], tuple[str | None, str]]
"""By chapter, start and end: who speaks there (None: unknown), and what."""


def windows(conversation: Conversation, characters: int) -> list[Conversation]:
    """Cut a conversation between exchanges into windows of at most so many characters; none overlap.

    A conversation is one scene, so no window goes over the end of a scene. Each begins with the user and ends with a
    reply. An exchange that is longer by itself is a window, whole: no message is cut.
    """
    messages = conversation.messages
    openings = [place for place, message in enumerate(messages) if message.role == "user"]
    cut: list[tuple[Message, ...]] = []
    for start, end in pairwise([*openings, len(messages)]):
        exchange = messages[start:end]
        if cut and _characters(cut[-1]) + _characters(exchange) <= characters:
            cut[-1] += exchange
        else:
            cut.append(exchange)
    return [conversation.model_copy(update={"messages": window}) for window in cut]


def with_names(conversation: Conversation, mark: str, voices: Voices) -> Conversation:
    """Put its speaker's name and the mark, such as "：", before each user message whose speaker is known.

    A message that was joined from the words of several becomes a line for each, as `voices` tells them.
    """
    chapter, messages = conversation.provenance.chapter, []
    for message in conversation.messages:
        pieces = [voices[place] for span in message.spans if (place := (chapter, *span)) in voices]
        if message.role == "user" and not message.speaker and len(pieces) == len(message.spans) > 1:
            message = message.model_copy(update={"content": _line_each(message.content, pieces, mark)})
        elif message.role == "user":
            message = message.model_copy(update={"content": _named(message, mark)})
        messages.append(message)
    return conversation.model_copy(update={"messages": tuple(messages)})


def voices_of(lines: Iterable[Line]) -> Voices:
    """Return who says what at each place of a line."""
    return {(line.chapter, line.start, line.end): (line.speaker, line.text) for line in lines}


def sharegpt(conversation: Conversation) -> Row:
    """Return `{conversations: [{from, value}], chapter}`."""
    turns = [sharegpt_message(message.role, message.content) for message in conversation.messages]
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
    said = "\n".join(_named(message, "：") if several else message.content for message in pair.prompt)
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
    """Return `{text}`, which all of them read."""
    return {"text": piece.text}


def messages(conversation: Conversation) -> Row:
    """Return `{messages: [{role, content}]}`, which TRL, Axolotl, ms-swift and OpenAI read."""
    return {"messages": _messages(conversation.messages)}


def messages_qa(qa: QA) -> Row:
    """Return one question and its answer as `{messages: [{role, content}]}`."""
    return {"messages": [_message("user", qa.question), _message("assistant", qa.answer)]}


def prompt_completion(qa: QA) -> Row:
    """Return TRL's conversational `{prompt, completion}`: its loss sees the completion only."""
    return {"prompt": [_message("user", qa.question)], "completion": [_message("assistant", qa.answer)]}


def trl_preference(pair: Preference) -> Row:
    """Return TRL's conversational preference row with an explicit prompt: `{prompt, chosen, rejected}`."""
    return {
        "prompt": _messages(pair.prompt),
        "chosen": _messages(pair.chosen),
        "rejected": _messages(pair.rejected),
    }


def axolotl_preference(pair: Preference) -> Row:
    """Return the row of Axolotl's `chat_template.default`: `{messages, chosen: {role, content}, rejected}`."""
    (chosen,), (rejected,) = _messages(pair.chosen), _messages(pair.rejected)
    return {"messages": _messages(pair.prompt), "chosen": chosen, "rejected": rejected}


def swift_preference(pair: Preference) -> Row:
    """Return ms-swift's row: `{messages, rejected_response}`; the chosen reply is the last message."""
    return {"messages": _messages((*pair.prompt, *pair.chosen)), "rejected_response": pair.rejected[0].content}


def openai_preference(pair: Preference) -> Row:
    """Return the row of OpenAI's method `dpo`: `{input: {messages}, preferred_output, non_preferred_output}`."""
    return {
        "input": {"messages": _messages(pair.prompt)},
        "preferred_output": _messages(pair.chosen),
        "non_preferred_output": _messages(pair.rejected),
    }


def _messages(messages: Sequence[Message]) -> list[dict[str, str]]:
    return [_message(message.role, message.content) for message in messages]


def _message(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


def _named(message: Message, mark: str) -> str:
    return f"{message.speaker}{mark}{message.content}" if message.speaker else message.content


def _line_each(content: str, pieces: Sequence[tuple[str | None, str]], mark: str) -> str:
    """Return a line for each speaker in turn; the content as it is where it is not these pieces any more."""
    lines, at = [], 0
    for speaker, run in groupby(pieces, key=itemgetter(0)):
        texts = [text for _, text in run]
        start = content.find(texts[0], at)
        for text in texts:
            found = content.find(text, at)
            if found < 0:
                return content
            at = found + len(text)
        lines.append(f"{speaker}{mark}{content[start:at]}" if speaker else content[start:at])
    return "\n".join(lines)


def _characters(messages: Sequence[Message]) -> int:
    return sum(len(message.content) for message in messages)
