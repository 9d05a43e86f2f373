"""What the tests of the ways of making preference pairs share: conversations put together by hand."""

from itertools import count

from huaben.records import Conversation, Message, Provenance

HERO = "沈更生"
ids = count()


def conversation(*said, chapter=1, split="train", character=HERO):
    """Return a conversation of (speaker, text) pairs."""
    messages = tuple(
        Message(
            role="assistant" if speaker == character else "user",
            content=text,
            speaker=speaker,
            spans=((10 * i, 10 * i + len(text)),),
        )
        for i, (speaker, text) in enumerate(said)
    )
    source = Provenance(novel="small", chapter=chapter, chapter_id=f"c{chapter}")
    return Conversation(
        record_id=f"r{next(ids)}", split=split, character=character, scene=1, messages=messages, provenance=source
    )


MAD = conversation(("梁明夷", "你昨晚敲钟了吗？"), (HERO, "我没敲，是水敲的。"))
SOBER = conversation((HERO, "你昨晚敲锣了吗？"), ("许知秋", "没有，我一直在值班。"), chapter=2)


def texts(pair):
    """Return the three texts of a pair."""
    return pair.prompt[0].content, pair.chosen[0].content, pair.rejected[0].content
