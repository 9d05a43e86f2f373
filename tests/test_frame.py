"""What the gates see of a record: its derived columns."""

import pytest

from huaben.gates.frame import make_frame
from huaben.records import Message, Preference, Provenance

REFUSES = "作为人工智能助手，我没有实时的天气数据。"


def pair(chosen, rejected):
    """Return a pair of these two replies."""
    return Preference(
        record_id="r",
        split="train",
        way="prompts",
        prompt=(Message(role="user", content="今天天气怎么样？", origin="prompt"),),
        chosen=(Message(role="assistant", content=chosen, origin="reply"),),
        rejected=(Message(role="assistant", content=rejected, origin="reply"),),
        provenance=Provenance(novel="small", chapter=0, chapter_id=""),
    )


@pytest.mark.parametrize(
    ("chosen", "rejected", "residues"),
    [
        ("晴，晴得能晒被子。", REFUSES, 0),
        (REFUSES, "今天是晴天，适合晾晒。", 1),
        ("晴，晴得能晒被子。", "<p>今天是晴天。</p>", 1),
    ],
)
def test_only_a_rejected_reply_may_say_that_an_assistant_writes_it(chosen, rejected, residues):
    assert make_frame([pair(chosen, rejected)])["markup_residue"].tolist() == [residues]
