"""What people are called and call themselves in their lines, and so which common words are one person's names.

Input: every chapter's cued quotations. Output: {alias: whose it is, and why}. A common word (和尚, 大圣) is
an alias only where those who are called so answer, in the next line, under one other name; a name that nobody is
called (道济) where one person says of himself that he is it.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from huaben.novel.people.castnames import HAN, Cued
from huaben.novel.people.namewords import ROLE, SHARED_CALL

CALL = re.compile(rf"({HAN}{{2,3}})[，！]")
NEAR = 120
"""Characters from one quotation to the next within which the next one answers."""
MIN_ANSWERS = 8
MIN_SHARE = 0.6
"""Share of the answers by others than its own bearer that must come under one name. On four novels the ties so
found above these two bounds were right by eye, and the first wrong ones lay at 7 answers."""
MAX_SELF = 0.3
"""Share of the calls that may come from the one who answers: nobody calls himself, but cues are misread."""
MAX_TURNS = 0.15
"""Two names of one person hardly ever take turns; those of two people who talk do."""


@dataclass(frozen=True)
class Tie:
    """Whose alias something is, and why."""

    name: str
    reason: str
    is_sure: bool = True


def find_answerers(chapters: Iterable[Sequence[Cued]], owner: Mapping[str, str]) -> dict[str, Tie]:
    """Return whose name each call is that one person is called, by who speaks next after being called so.

    `owner` gives the person of each name that cues speech. (Vocatives as evidence of who speaks next: He et al.,
    ACL 2013.)
    """
    answers: dict[str, Counter[str]] = defaultdict(Counter)
    callers: dict[str, Counter[str]] = defaultdict(Counter)
    turns: Counter[frozenset[str]] = Counter()
    for cues in chapters:
        for one, two in pairwise(cues):
            caller, answerer = owner.get(one.name or ""), owner.get(two.name or "")
            if answerer and two.opened - one.end <= NEAR and caller != answerer:
                turns[frozenset((caller or "", answerer))] += 1
                if called := CALL.match(one.line):
                    answers[called[1]][answerer] += 1
                    callers[called[1]][caller or ""] += 1
    lines = Counter(owner.get(cue.name or "") for cues in chapters for cue in cues)
    found = {}
    for call, count in sorted(answers.items()):
        own = owner.get(call)
        others = Counter({name: n for name, n in count.items() if name != own})
        name, n = max(others.items(), key=lambda item: (item[1], item[0]), default=("", 0))
        if n < MIN_ANSWERS or n < MIN_SHARE * others.total() or SHARED_CALL.search(call):
            continue
        if own and turns[frozenset((own, name))] > max(1, MAX_TURNS * min(lines[own], lines[name])):
            continue
        if callers[call][name] <= MAX_SELF * callers[call].total():
            found[call] = Tie(name, f"{call}: of {others.total()} who are called so, {n} answer as {name}")
    return found


PLAIN = "我|俺|咱|某"
HUMBLE = "小[人的弟僧道甥侄]|贫[僧道]|弟子|徒儿|[甥侄][男儿]|孩儿|在下|老[朽衲]"
"""How one says "I" to those above."""
NAMED = rf"(?:{PLAIN}|{HUMBLE})(?:法|道)?(?:名叫|名唤|名|叫做|叫)({HAN}{{2,3}})(?=[，。！])"
IS = rf"(?:(?:{PLAIN})[就便乃正本原]?[是乃][^，。！？的]{{0,8}}?|(?:{HUMBLE}))"
MIN_SELF = 2
"""Lines; one may be a pretence, or misread."""


def find_self_named(
    chapters: Iterable[Sequence[Cued]], owner: Mapping[str, str], names: Iterable[str]
) -> dict[str, Tie]:
    """Return whose name each is that only one person takes for himself (我名道济; 甥儿李修缘回来了)."""
    known = set(names)
    listed = "|".join(map(re.escape, sorted(known, key=lambda name: (-len(name), name)))) or "(?!)"
    pattern = re.compile(rf"{NAMED}|{IS}({listed})(?=[，。！和来回给])")
    takers: dict[str, Counter[str]] = defaultdict(Counter)
    for cue in (cue for cues in chapters for cue in cues if cue.name in owner):
        for name in {match[1] or match[2] for match in pattern.finditer(cue.line)}:
            takers[name][owner[cue.name or ""]] += 1
    found = {}
    for name, count in sorted(takers.items()):
        taker, n = max(count.items(), key=lambda item: (item[1], item[0]))
        if ROLE.fullmatch(name) or SHARED_CALL.search(name) or owner.get(name) == taker:
            continue
        is_sure = n >= MIN_SELF and n >= MIN_SHARE * count.total()
        if is_sure or name in known:
            found[name] = Tie(taker, f"{name}: {n} of {count.total()} who say they are, speak as {taker}", is_sure)
    return found
