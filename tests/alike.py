"""Records of the tests of duplicates, and what became of them."""

from itertools import count

from huaben.params import Dedupe, ShortQuestion
from huaben.records import QA, Conversation, Message, Piece, Preference, Provenance
from huaben.refine.dedupe import deduplicate

ANSWER = "他没敲，是水敲的，水会敲钟，你听，它在钟里头，一直在钟里头，谁也没听见。"
QUESTION = "昨天夜里到底是谁在城楼上把那口大钟给敲响了三下？"
ids = count()


def side(role, text, **more):
    return (Message(role=role, content=text, **more),)


def source(chapter):
    return Provenance(novel="small", chapter=chapter, chapter_id=f"c{chapter}")


def piece(text, record_id=None, split="train", chapter=1):
    return Piece(record_id=record_id or f"t{next(ids):03}", split=split, text=text, provenance=source(chapter))


def pair(prompt, chosen, record_id, split="train", chapter=1):
    return Preference(
        record_id=record_id,
        split=split,
        way="contrast",
        prompt=side("user", prompt),
        chosen=side("assistant", chosen),
        rejected=side("assistant", "我没有敲过钟。"),
        provenance=source(chapter),
    )


def qa(question, answer, record_id, split="train", chapter=1, evidence="水敲的"):
    return QA(
        record_id=record_id,
        split=split,
        angle="plot",
        question=question,
        answer=answer,
        evidence=evidence,
        provenance=source(chapter),
    )


def talk(asked, said, record_id, split="train", chapter=1, scene=1, character="沈更生"):
    messages = (*side("user", asked), *side("assistant", said))
    return Conversation(
        record_id=record_id,
        split=split,
        character=character,
        scene=scene,
        messages=messages,
        provenance=source(chapter),
    )


def outcome(records, threshold=0.9, dataset="pretrain", repeats=(), short=(20, 0.9), held_out=None):
    """Return the ids kept, and (dropped, reason, by) of the others."""
    question = ShortQuestion(characters=short[0], threshold=short[1])
    rules = Dedupe(thresholds={dataset: threshold}, repeats=list(repeats), short_question=question)
    sifted = deduplicate(dataset, records, rules, held_out)
    dropped = [(row["record"]["record_id"], row["reason"], row["by"]) for row in sifted.dropped]
    return [record.record_id for record in sifted.kept], sorted(dropped)
