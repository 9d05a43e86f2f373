"""Lines with speakers → a character's conversations, one a scene, as found.

Input columns: speaker, scene, kind, depth, spans. Output: conversations whose assistant is the
character and whose user is everybody else. An unknown speaker ends a conversation: the lines around it
may not be put side by side as if nothing had been said between them.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby

from huaben.params import Dialogue
from huaben.records import Chapter, Conversation, Line, Message, Provenance, Role, make_id

SPOKEN = ("speech", "verse")


def conversations(chapters: Sequence[Chapter], lines: Sequence[Line], params: Dialogue) -> Iterator[Conversation]:
    """Yield the conversations of every configured character."""
    by_index = {chapter.index: chapter for chapter in chapters}
    kinds = (*SPOKEN, "thought") if params.thoughts else SPOKEN
    heard = [line for line in lines if line.depth == 0 and line.kind in kinds]
    for character in params.characters:
        for (chapter, scene, _), group in groupby(heard, key=_stretch):
            stretch = list(group)
            if any(line.speaker == character for line in stretch):
                yield _conversation(by_index[chapter], scene, stretch, character)


def _stretch(line: Line) -> tuple[int, int, bool]:
    """Lines that follow each other with an equal value belong to one conversation."""
    return line.chapter, line.scene, line.speaker is None


def _conversation(chapter: Chapter, scene: int, lines: Sequence[Line], character: str) -> Conversation:
    spans = tuple((line.start, line.end) for line in lines)
    return Conversation(
        record_id=make_id("dialogue", chapter.chapter_id, character, spans, [line.speaker for line in lines]),
        split=chapter.split,
        character=character,
        scene=scene,
        messages=tuple(_message(line, character) for line in lines),
        provenance=_provenance(chapter, lines),
    )


def _message(line: Line, character: str) -> Message:
    role: Role = "assistant" if line.speaker == character else "user"
    return Message(role=role, content=line.text, speaker=line.speaker, spans=((line.start, line.end),))


def _provenance(chapter: Chapter, lines: Sequence[Line]) -> Provenance:
    """Name the reply that decided a speaker, when one did."""
    source = next((line.provenance for line in lines if line.provenance.reply_id), lines[0].provenance)
    return source.model_copy(
        update={"chapter": chapter.index, "spans": tuple((line.start, line.end) for line in lines)}
    )
