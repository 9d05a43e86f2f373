"""What a person should look at before anything is paid for, and what to do about each kind."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from huaben.records import Chapter

ADVICE = {
    "advertisements_suggested": "put the pattern into chapters.ads of params.yaml, if the line is not the novel's",
    "control_characters_cut": "invisible characters, gone from the text; nothing to do",
    "damaged_text": "characters lost by a wrong decoding; take another copy of the file",
    "duplicate_text": "delete all but one in the file, or the same lines count several times",
    "editor_notes": "an editor's, not the author's; delete them in the file, or what they quote counts as lines",
    "empty": "the text of this chapter is missing, or its heading is none",
    "front_matter_cut": "no part of any chapter; give it a heading of its own if it is text of the novel",
    "left_out_of_the_epub": "pictures and pages that the book itself calls no part of its reading order",
    "lines_joined": "the file was wrapped at a fixed width; look whether a chapter's paragraphs are whole",
    "long": "look for a heading that was not recognised inside",
    "missing_number": "look for the heading in the file; write it on a line of its own as the others are",
    "no_headings": "put each heading on a line of its own, such as 第一章",
    "out_of_order": "the chapter stands in the wrong place, or its number is misprinted",
    "repeated_line": "a formula of the author's, or an advertisement: then into chapters.ads of params.yaml",
    "repeated_number": "compare the two headings: a misprint, or a part of a chapter",
    "repeated_text": "two versions of one chapter; delete one in the file",
    "restarted_number": "a new volume whose heading was not recognised?",
    "short": "a part of a chapter, a note, or a heading that is none",
    "site_mark_inside_a_line": "edit it out of the file; chapters.ads cuts whole lines only",
    "table_of_contents": "no part of any chapter; nothing to do",
    "text_before_the_first_heading": "give it a heading, such as 楔子, or delete it",
    "text_under_a_volume": "kept as a prologue of the volume; nothing to do if it is text of the novel",
}
SHOWN, WIDTH = 5, 200
"""How many of a kind are printed, and how many characters of them; all are in data/chapters/anomalies.json."""


@dataclass
class Anomalies:
    """What a person should look at before anything is paid for; each a list of short strings."""

    notes: dict[str, list[str]] = field(default_factory=dict)

    def add(self, kind: str, text: str) -> None:
        """Note one anomaly."""
        self.notes.setdefault(kind, []).append(text)

    def as_metrics(self) -> dict[str, int]:
        """Return how many there are of each kind; the texts are in `notes`."""
        return {kind: len(texts) for kind, texts in sorted(self.notes.items())}

    def as_text(self) -> str:
        """Return each kind with its first few, and what to do about it."""
        return "\n".join(_kind(kind, texts) for kind, texts in sorted(self.notes.items()))


def _kind(kind: str, texts: Sequence[str]) -> str:
    listed = "; ".join(texts[:SHOWN])
    is_cut = len(texts) > SHOWN or len(listed) > WIDTH
    counted = f"{kind} ({len(texts)})" if len(texts) > 1 else kind
    shown = f"  {counted}: {listed[:WIDTH]}{'…' if is_cut else ''}"
    return f"{shown}\n    -> {ADVICE[kind]}" if kind in ADVICE else shown


def named(chapter: Chapter) -> str:
    """Return a chapter's place and heading, as anomalies call it."""
    return f"{chapter.index} {chapter.heading}"[:60]
