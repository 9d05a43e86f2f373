"""What looks wrong with a novel's chapters, for a person to see before anything is paid for."""

from dataclasses import dataclass, field

from huaben.params import Chapters
from huaben.records import Chapter
from huaben.text import find_damage


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
        """Return one line a kind, with the first few of each."""
        return "\n".join(f"  {kind}: {'; '.join(texts[:5])[:200]}" for kind, texts in sorted(self.notes.items()))


def note_chapters(chapters: list[Chapter], params: Chapters, anomalies: Anomalies) -> None:
    """Note chapters that are empty, short, long, equal or damaged, and numbers out of order."""
    seen: dict[str, Chapter] = {}
    for chapter in chapters:
        size = len(chapter.text)
        name = f"{chapter.index} {chapter.heading}"[:60]
        if not size:
            anomalies.add("empty", name)
        elif size < params.min_characters:
            anomalies.add("short", f"{name}: {size}")
        elif size > params.max_characters:
            anomalies.add("long", f"{name}: {size}")
        if size and seen.setdefault(chapter.text, chapter) is not chapter:
            anomalies.add("duplicate_text", f"{name} = {seen[chapter.text].index}")
        if damage := find_damage(chapter.text):
            anomalies.add("damaged_text", f"{name}: {damage}")
    _note_numbers(chapters, anomalies)


def _note_numbers(chapters: list[Chapter], anomalies: Anomalies) -> None:
    """Note gaps, repeats and steps back of the printed numbers, which may restart in each volume."""
    last, volume = None, None
    for chapter in chapters:
        if chapter.kind != "chapter" or chapter.number is None:
            continue
        last = min(1, chapter.number) - 1 if last is None else last
        if fault := _number_fault(chapter.number, last, chapter.volume != volume):
            anomalies.add(fault, _missing(last, chapter) if fault == "missing_number" else _after(last, chapter))
        last, volume = chapter.number, chapter.volume
    if len(chapters) == 1 and not chapters[0].heading:
        anomalies.add("no_headings", "the whole text is one chapter")


def _number_fault(number: int, last: int, is_new_volume: bool) -> str | None:
    if number == last + 1 or (number == 1 and is_new_volume):
        return None
    if number > last:
        return "missing_number"
    return "repeated_number" if number == last else "restarted_number" if number == 1 else "out_of_order"


def _missing(last: int, chapter: Chapter) -> str:
    first, end = last + 1, (chapter.number or 0) - 1
    return str(first) if first == end else f"{first}-{end}"


def _after(last: int, chapter: Chapter) -> str:
    return f"{chapter.number} after {last} ({chapter.heading[:30]})"
