"""Duplicates go: which of the records that are alike stays, and which removed which.

`duplicates.py` finds what is alike, exactly; `compared.py` says by what, and which record is the better one. The
rules are told in docs/duplicates.md.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from huaben.params import Dedupe, ShortQuestion
from huaben.records import QA, Conversation, Preference
from huaben.refine.clean import Sifted
from huaben.refine.compared import bare, place_of, prompt_of, strength, text_of
from huaben.refine.duplicates import Pairs, find_duplicates, find_reorderings, find_similar

__all__ = ["Pairs", "companions", "deduplicate", "find_duplicates", "find_reorderings"]

TRAINED_TOGETHER = (("dialogue", "preference"), ("qa_v1", "qa_v2", "summary_qa_v1", "summary_qa_v2"))
"""What a model that was trained on one of a group is asked from another (training/: learning/rows.py, evaluate.py)."""
REORDERED = ("dialogue", "summary_v1", "summary_v2", "pretrain")
"""Where the order of clauses makes no other record. In a question it does: who beat whom."""
REASONS = ("exact duplicate", "near duplicate", "reordering", "prompt of a held-out pair")
EXACT, NEAR, SWAPPED, PROMPT = range(len(REASONS))


@dataclass(frozen=True)
class Entry:
    """A record and its dataset: the one that is deduplicated, or one whose held-out records are held against it."""

    dataset: str
    record: Any


@dataclass(frozen=True)
class Likeness:
    """Which of the distinct texts are alike."""

    number: list[int]
    """For each entry, the number of its text; -1 for an empty one, which is like nothing."""
    others: Mapping[int, list[tuple[int, float, int]]]
    """For the number of a text: number, similarity and index into `REASONS` of those that are like it."""

    def of(self, index: int) -> list[tuple[int, float, int]]:
        """Return what is like the text of an entry, that text first."""
        number = self.number[index]
        return [(number, 1.0, EXACT), *self.others.get(number, ())] if number >= 0 else []


def companions(dataset: str) -> list[str]:
    """Return the datasets whose held-out records may have no near copy in the train split of this one."""
    return [name for group in TRAINED_TOGETHER if dataset in group for name in group if name != dataset]


def deduplicate(
    dataset: str, records: Sequence[Any], rules: Dedupe, held_out: Mapping[str, Sequence[Any]] | None = None
) -> Sifted:
    """Keep of records that are alike the strongest; each other one names the kept one that it is like.

    From the strongest to the weakest (`compared.strength`), a record goes if it is like one that stays; what is like
    a removed record alone stays. `held_out` are the kept held-out records of other datasets, by name: a train record
    that is like one of them goes. A dataset without a threshold is left alone.
    """
    if dataset not in rules.thresholds:
        return Sifted(list(records))
    entries = _ranked(dataset, records, held_out or {})
    removed = _removed(dataset, entries, rules)
    sifted = Sifted()
    for index, entry in enumerate(entries):
        if index in removed:
            keeper, reason = removed[index]
            sifted.drop(entry.record, _told(dataset, entries[keeper], reason), entries[keeper].record.record_id)
        elif entry.dataset == dataset:
            sifted.kept.append(entry.record)
    sifted.kept.sort(key=lambda record: record.record_id)
    return sifted


def _ranked(dataset: str, records: Sequence[Any], held_out: Mapping[str, Sequence[Any]]) -> list[Entry]:
    """Return the entries, the strongest first; other datasets' stand before train: they remove from it alone."""
    own = [Entry(dataset, record) for record in sorted(records, key=strength)]
    others = [Entry(name, record) for name in sorted(held_out) for record in sorted(held_out[name], key=strength)]
    first = [entry for entry in own if entry.record.split != "train"]
    return first + [entry for entry in others if entry.record.split != "train"] + own[len(first) :]


def _told(dataset: str, keeper: Entry, reason: int) -> str:
    return REASONS[reason] if keeper.dataset == dataset else f"near copy of a held-out record of {keeper.dataset}"


def _removed(dataset: str, entries: Sequence[Entry], rules: Dedupe) -> dict[int, tuple[int, int]]:
    """Return for the index of each removed entry that of the strongest kept one that it is like, and the reason."""
    threshold = rules.thresholds[dataset]
    whole = _likeness([text_of(entry.record) for entry in entries], threshold, dataset in REORDERED)
    asked = _likeness([prompt_of(entry.record) for entry in entries], threshold, reorderings=False)
    removed: dict[int, tuple[int, int]] = {}
    kept: dict[int, list[int]] = defaultdict(list)
    prompts: dict[int, dict[tuple[str, int], int]] = defaultdict(dict)
    for index, entry in enumerate(entries):
        if entry.dataset == dataset:
            found = [*_alike(index, entries, whole, kept, rules), *_same_prompt(index, entries, asked, prompts, rules)]
            if found:
                removed[index] = min(found)
                continue
        kept[whole.number[index]].append(index)
        # of equal prompts of one split and chapter, the first stands for all: there may be very many
        prompts[asked.number[index]].setdefault((entry.record.split, entry.record.provenance.chapter), index)
    return removed


def _alike(
    index: int, entries: Sequence[Entry], whole: Likeness, kept: Mapping[int, list[int]], rules: Dedupe
) -> Iterator[tuple[int, int]]:
    for number, _, reason in whole.of(index):
        for other in kept.get(number, ()):
            if _is_copy(entries[other].record, entries[index], rules):
                yield other, reason


def _same_prompt(
    index: int,
    entries: Sequence[Entry],
    asked: Likeness,
    prompts: Mapping[int, Mapping[tuple[str, int], int]],
    rules: Dedupe,
) -> Iterator[tuple[int, int]]:
    record = entries[index].record
    for number, similarity, _ in asked.of(index):
        for other in prompts.get(number, {}).values():
            stronger = entries[other].record
            needed = _needed(prompt_of(stronger), stronger, prompt_of(record), record, rules.short_question)
            if stronger.split != record.split and similarity >= needed:
                yield other, PROMPT


def _is_copy(stronger: Any, entry: Entry, rules: Dedupe) -> bool:
    """Tell whether a record whose text is like a stronger one's is a copy of it, and no legitimate repeat."""
    record = entry.record
    if stronger.split == record.split:
        if isinstance(record, Conversation) and stronger.character != record.character:
            return False  # one scene, told once for each hero
        if isinstance(record, Preference) and isinstance(stronger, Preference) and stronger.way != record.way:
            return False  # one line of the hero, against its rewrite and against a sober character
        if entry.dataset in rules.repeats and place_of(stronger) != place_of(record):
            return False
    if not (isinstance(stronger, QA) and isinstance(record, QA)):
        return True
    needed = _needed(stronger.question, stronger, record.question, record, rules.short_question)
    return needed == 0 or _similarity(stronger.question, record.question) >= needed


def _needed(a: str, of_a: Any, b: str, of_b: Any, short: ShortQuestion) -> float:
    """Return how similar two questions must be beside all else: a short one of another chapter is a template's."""
    same_chapter = of_a.provenance.chapter == of_b.provenance.chapter > 0
    return 0.0 if same_chapter or min(len(bare(a)), len(bare(b))) >= short.characters else short.threshold


def _similarity(a: str, b: str) -> float:
    from rapidfuzz import fuzz

    return fuzz.ratio(bare(a), bare(b)) / 100


def _likeness(texts: Sequence[str], threshold: float, reorderings: bool) -> Likeness:
    similar = find_similar([bare(text) for text in texts], threshold, reorderings)
    others: dict[int, list[tuple[int, float, int]]] = defaultdict(list)
    for pairs, reason in ((similar.duplicates, NEAR), (similar.reorderings, SWAPPED)):
        for a, b, similarity in zip(*(column.tolist() for column in pairs), strict=True):
            others[a].append((b, similarity, reason))
            others[b].append((a, similarity, reason))
    return Likeness(similar.number.tolist(), others)
