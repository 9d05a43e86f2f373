"""What a language model says: does `dpo` answer better than `base`, and than `sft`.

`judge_wins_<rival>`: 1 for a prompt where both orders of the two replies agree on dpo's, 0 where both agree on
the rival's, 0.5 otherwise (extract/judging.py); equal replies are 0.5 without asking. Beside them stand what the
judge is worth: `judge_agreement`, pairs in which both orders agree (0.5 by chance), and `judge_first`, judgements
for the reply that was shown first (0.5 without a favourite place). The replies are those of the first seed, so
that these intervals are over prompts alone.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import mean

from huaben.extract.judging import Contest, Verdict
from huaben.llm.answers import is_for_good
from huaben.records import Message, Preference
from huaben.training.evaluation import preferring
from huaben.training.evaluation.statistics import Bootstrap, Marks, Numbers

JUDGED, RIVALS = "dpo", ("base", "sft")
Verdicts = Mapping[Contest, Verdict | str]
Judge = Callable[[Sequence[Contest]], Sequence[Verdict | str]]
"""Asks about contests and returns a verdict on each, or the reason why there is none."""


@dataclass
class Judged:
    """The figures of `dpo`, of who takes the longer reply, and of chance; what is left out, with its reason."""

    numbers: Numbers = field(default_factory=dict)
    length: Numbers = field(default_factory=dict)
    random: Numbers = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)


def compare(
    asked: Sequence[Preference], replies: Mapping[str, Sequence[str]], judge: Judge, bootstrap: Bootstrap
) -> Judged:
    """Have dpo's replies to the prompts asked compared with each rival's; `replies` are by model, in that order."""
    contests = {
        rival: [Contest(p.prompt, *both) for p, *both in zip(asked, replies[JUDGED], replies[rival], strict=True)]
        for rival in RIVALS
        if {rival, JUDGED} <= replies.keys() and asked
    }
    differing = list(dict.fromkeys(c for some in contests.values() for c in some if c.one != c.other))
    verdicts = dict(zip(differing, judge(differing), strict=True))
    absent = "no held-out prompt, or one of the two models is not there"
    found = Judged(left_out={f"judge_wins_{rival}": absent for rival in RIVALS if rival not in contests})
    for rival, some in contests.items():
        _add_wins(found, f"judge_wins_{rival}", some, verdicts, bootstrap)
    if found.numbers:
        found.numbers |= _worth([(c, v) for c, v in verdicts.items() if isinstance(v, Verdict)], bootstrap)
    found.random = {name: 0.5 for name in found.numbers if f"{name}_n" in found.numbers}
    return found


def _add_wins(found: Judged, name: str, contests: Sequence[Contest], verdicts: Verdicts, bootstrap: Bootstrap) -> None:
    """Add a rival's figures, or why there are none.

    A pair on which the model fails for good counts 0.5. While a verdict can still be had there is no figure: one of
    the pairs that happen to be judged, and of the equal ones, would be of other prompts, and nearer 0.5.
    """
    reasons = Counter(v for c in contests if isinstance(v := verdicts.get(c), str))
    if reasons:
        said = ", ".join(f"{reason}: {count}" for reason, count in reasons.most_common(3))
        found.left_out[name] = f"{reasons.total()} of {len(contests)} pairs without a verdict ({said})"
    is_judged = any(isinstance(verdicts.get(c), Verdict) for c in contests)
    if all(map(is_for_good, reasons)) and (is_judged or not reasons):
        wins = [sum(v) / 2 if isinstance(v := verdicts.get(c), Verdict) else 0.5 for c in contests]
        found.numbers |= bootstrap.pool(name, [Marks(tuple(wins))])
        longer = [preferring.won(len(c.one) - len(c.other)) for c in contests]
        found.length |= bootstrap.pool(name, [Marks(tuple(longer))])


def _worth(verdicts: Sequence[tuple[Contest, Verdict]], bootstrap: Bootstrap) -> Numbers:
    """Return `judge_agreement` and `judge_first`. An item is a prompt: both rivals meet the same reply to it."""
    by_prompt: dict[tuple[Message, ...], list[Verdict]] = defaultdict(list)
    for contest, verdict in verdicts:
        by_prompt[contest.prompt].append(verdict)
    weights = tuple(float(len(some)) for some in by_prompt.values())
    agreed = tuple(mean(one == other for one, other in some) for some in by_prompt.values())
    first = tuple(mean((one + (not other)) / 2 for one, other in some) for some in by_prompt.values())
    marks = {"judge_agreement": agreed, "judge_first": first} if by_prompt else {}
    return {key: n for name, got in marks.items() for key, n in bootstrap.pool(name, [Marks(got, weights)]).items()}
