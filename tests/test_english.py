"""An English novel works to the same contract: chapters, lines in either style of marks, kinds, scenes.

The scene was written for this test; it is in the manner of nobody in particular.
"""

import pytest

from huaben.novel.chapters import read_chapters
from huaben.novel.lines import find_lines
from huaben.params import ANY_NOVEL

BOOK = """THE LAST FERRY

CONTENTS

Chapter I. The Landing
Chapter II. The Smiths’ Lantern

Chapter I. The Landing

The rain had stopped by the time Mrs. Harrow reached the landing, but the boards
were still dark with it, and the boatman’s dog lay under the only dry bench as if
it had paid for the place.

“You’re late,” said the boatman. “The last one’s gone.”

“There is always one more,” Mrs. Harrow answered. “My husband told me, ‘There’s
always one more, if you don’t ask for it.’ So I don’t ask.”

He looked at the river for a long while. It was the colour of slate, and it gave
nothing back.

“I can’t go,” thought Mrs. Harrow. She sat down by the dog.

“Well?” said the boatman.

“Well what?”

“You’ve not asked.”

“No,” she said, “and I won’t.

“But I’ll tell you who is waiting on the other side, and then you may please
yourself about it.”

Chapter II. The Smiths’ Lantern

On the far bank someone had hung a lantern from the Smiths’ gate, and a painted
board beneath it said that the house was called “Rest Awhile”.

“Is it theirs?” asked the boatman.
"""
LINES = [
    (1, "You’re late,", "speech", 0),
    (1, "The last one’s gone.", "speech", 0),
    (1, "There is always one more,", "speech", 0),
    (1, "My husband told me, ‘There’s always one more, if you don’t ask for it.’ So I don’t ask.", "speech", 0),
    (1, "There’s always one more, if you don’t ask for it.", "speech", 1),
    (1, "I can’t go,", "thought", 0),
    (1, "Well?", "speech", 0),
    (1, "Well what?", "speech", 0),
    (1, "You’ve not asked.", "speech", 0),
    (1, "No,", "speech", 0),
    (1, "and I won’t.", "speech", 0),
    (1, "But I’ll tell you who is waiting on the other side, and then you may please yourself about it.", "speech", 0),
    (2, "Rest Awhile", "title", 0),
    (2, "Is it theirs?", "speech", 0),
]
BRITISH = str.maketrans("“”‘’", "‘’“”")


def british(text):
    """Return the text with the marks exchanged; what was an apostrophe stays one."""
    kept = "".join("\ue000" if is_apostrophe(text, i) else c for i, c in enumerate(text))
    return kept.translate(BRITISH).replace("\ue000", "’")


def is_apostrophe(text, i):
    return text[i] == "’" and text[i - 1].isalpha() and (text[i + 1].isalpha() or text[i - 6 : i + 1] == "Smiths’")


def straight(text):
    return text.translate(str.maketrans("“”‘’", "\"\"''"))


@pytest.mark.parametrize("style", [str, british, straight, lambda text: straight(british(text))])
def test_an_english_novel_is_read_to_the_same_contract(style, tmp_path):
    path = tmp_path / "ferry.txt"
    path.write_text(style(BOOK), encoding="utf-8")
    chapters, anomalies = read_chapters([path], "ferry", ANY_NOVEL)
    assert [(c.number, c.heading) for c in chapters] == [
        (1, style("Chapter I. The Landing")),
        (2, style("Chapter II. The Smiths’ Lantern")),
    ]
    assert "table_of_contents" in anomalies.notes
    lines = [line for chapter in chapters for line in find_lines(chapter)]
    assert [(line.chapter, " ".join(line.text.split()), line.kind, line.depth) for line in lines] == [
        (chapter, style(text), kind, depth) for chapter, text, kind, depth in LINES
    ]
    assert all(line.text == chapters[line.chapter - 1].text[line.start : line.end] for line in lines)
