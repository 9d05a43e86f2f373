"""Rules that read the explicit cue beside a quotation, and say which words they read.

Input: lines without speakers, their chapter's text, the cast. Output: a decision where a rule has one. A name
followed by a speech verb decides; a name that only acts decides with less certainty; anything else stays open.
(Method: the explicit cues of rule-based quote attribution, as in Muzny et al., "A Two-stage Sieve Approach for
Quote Attribution", EACL 2017.)
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from huaben.novel.attribution.paragraphs import Paragraph, paragraphs_of, with_marks
from huaben.novel.people.names import SPEECH_VERB, Mention, Names
from huaben.novel.people.namewords import ROLE
from huaben.records import Line

SPOKEN_TO = re.compile(r"(?:对|對|向|跟|朝|冲|衝|同|问|問)[着著]?$")
OPENER = re.compile(
    r"(?:只见|就见|却见|只听|就听|这时|这时候|此时|那时|于是|忽然|但|但是|可是|可|原来|且说|话说|却说|当下|当时|"
    r"最后|末了|只有|连|先是|还是|倒是|又是|随后|后来|过了一会儿|半天)?"
)
"""What may stand before the subject of a clause."""
OTHERS = re.compile(
    r"^[^，]{0,8}?(?:[人友们仆兵卒僧者女汉童官众]|夫妻|二位|大众)[^，]{0,2}$"
    r"|^(?:只见|忽见|又见|就见|却见|便见|只听|就听|忽听|听得|旁边|外面)?(?:他|她|有人|那|这|有?一[个位名]|有[个位]|众[^，]|两边|[几二两三四五六七八九十][个位名])"
)
"""A clause that begins with somebody who is in no cast."""
SPEECH = re.compile(SPEECH_VERB)
VERB_ENDS = re.compile(r"[着了道]?(?:起来|下去|一声|一句)?(?:[，,]|$)")
"""Where narration runs into the next quotation, only 甲说， is surely about this one (not 甲叫乙磕头，“……”)."""
HOW_OFTEN = re.compile(r"(?:了?[一两三几][遍声句回])?")
HEARS = re.compile("[听聽闻聞]")
"""Before a speech verb: 甲听说, 甲听了问话 only hears."""
SENTENCE = re.compile(r"[。！？；…”」』\n]")
PRONOUN = re.compile(r"^[ 　]*(?:他|她|它)(?!们)")
MAX_SENTENCE = 300
"""Characters; what is longer is a text without punctuation, and its subjects are nobody's guess."""
SAID, WENT_ON, BEAT, EARLIER, ACTED = 0.97, 0.9, 0.85, 0.7, 0.7
"""Certainty of: a name with a speech verb in one clause; speech resumed after its cue; a paragraph in which one
name acts; a name some clauses before its verb (another subject may come between); a name that only acts.
Figures by eye on 160 lines of a classical novel."""


@dataclass(frozen=True)
class Decision:
    """What a rule says about one line."""

    speaker: str
    addressee: str | None
    certainty: float
    evidence: str


@dataclass(frozen=True)
class Previous:
    """The line before, and what was decided about it."""

    line: Line
    decision: Decision


def read_rules(text: str, lines: Sequence[Line], names: Names) -> list[Decision | None]:
    """Return what the rules say about each of a chapter's lines."""
    decided: list[Decision | None] = []
    narration = {i: p.narration[k : k + 2] for p in paragraphs_of(text, lines) for k, i in enumerate(p.lines)}
    for i, line in enumerate(lines):
        before = Previous(lines[i - 1], decided[-1]) if decided and decided[-1] else None
        if i in narration:
            decided.append(_decide(text, line, before, narration[i], names))
        else:
            decided.append(_nested(text, line, names) if line.depth else None)
    return _by_paragraph(text, lines, decided, names)


def _by_paragraph(
    text: str, lines: Sequence[Line], decided: Sequence[Decision | None], names: Names
) -> list[Decision | None]:
    """Give a paragraph's undecided lines to the one person who speaks or acts in its narration.

    A paragraph of modern prose holds one speaker. One whose narration has two subjects is left alone, and
    so is one with a colon before an undecided line: there somebody is announced whom no rule recognised. Where a
    quotation follows another with nothing between (“……”“……”), a second person answers.
    """
    result = list(decided)
    for paragraph in paragraphs_of(text, lines):
        if any(not decided[i] and _announced(text, lines[i]) for i in paragraph.lines):
            continue
        if not all(part.strip() for part in paragraph.narration[1:-1]):
            continue
        owner = _owner(paragraph, decided, names)
        for i in paragraph.lines if owner else ():
            result[i] = decided[i] or owner
    return result


def _announced(text: str, line: Line) -> bool:
    opened, _ = with_marks(text, line)
    return text[max(0, opened - 2) : opened].rstrip()[-1:] in ("：", ":", "；")


def _owner(paragraph: Paragraph, decided: Sequence[Decision | None], names: Names) -> Decision | None:
    said = {d.speaker for i in paragraph.lines if (d := decided[i]) and d.certainty >= WENT_ON}
    sentences = [s for part in paragraph.narration for s in SENTENCE.split(part) if s.strip()]
    subjects = [(m.name, s) for s in sentences for m in names.find(s)[:1] if _opens_clause(s, m)]
    people = said | {name for name, _ in subjects}
    strangers = any(OTHERS.match(s) and not PRONOUN.match(s) for s in sentences)
    if len(people) != 1 or (strangers and not said):
        return None
    if said:
        return Decision(people.pop() or "", None, WENT_ON, "the only speaker of the paragraph")
    name, sentence = subjects[0]
    return Decision(name, None, BEAT, sentence.strip()[:40])


def _decide(
    text: str, line: Line, previous: Previous | None, narration: Sequence[str], names: Names
) -> Decision | None:
    """Decide an outer line by the `narration` right before and after it, in its paragraph."""
    before, after = narration
    resumed = _resumed(text, line, previous, names) if previous else None
    if found := _cue_before(before, names) or resumed:
        return found
    is_cued = before.rstrip()[-1:] in ("：", ":")
    after_it = None if is_cued else _cue_after(after, names, text[line.end - 1], _answers(text, line))
    return after_it or _acted(before, names)


def _answers(text: str, line: Line) -> bool:
    """Tell a quotation that follows another with nothing between: in such a text narration opens the next turn."""
    opened, _ = with_marks(text, line)
    return opened > 0 and text[opened - 1] in "”」』"


def _nested(text: str, line: Line, names: Names) -> Decision | None:
    """Read `甲说` right before a quotation within a quotation; who is quoted is never certain."""
    opened, _ = with_marks(text, line)
    sentence = re.split(r"[。！？；“「‘『\n]", text[max(0, opened - 40) : opened])[-1].rstrip("：:，,")
    verb = list(SPEECH.finditer(sentence))
    if line.kind not in ("speech", "thought") or not verb or verb[-1].end() != len(sentence):
        return None
    return _subject(sentence, verb[-1].start(), names, EARLIER)


def _cue_before(before: str, names: Names) -> Decision | None:
    """Read `甲对乙说：` right before the quotation."""
    cue = before.rstrip()
    if cue[-1:] not in "：:；，," or not cue:
        return None
    sentence = SENTENCE.split(cue[:-1])[-1]
    has_colon = cue[-1] in "：:；"
    verb = list(SPEECH.finditer(sentence))
    if not verb or not (has_colon or HOW_OFTEN.fullmatch(sentence, verb[-1].end())):
        return None
    return _subject(sentence, verb[-1].start(), names, SAID)


def _cue_after(after: str, names: Names, last: str, is_answer: bool) -> Decision | None:
    """Read `”甲对乙说。` right after the quotation; after an answer without a cue, only where the verb ends it."""
    sentence = re.split(r"[。！？；：:\n]", after)[0]
    if after[len(sentence) :].startswith(("：", ":")):
        return None
    verb = SPEECH.search(sentence)
    mentions = names.find(sentence)
    if not verb or not mentions or mentions[0].start > 0 or last not in "，。！？…—、,.!?":
        return None
    if verb.start() < mentions[0].end or verb.start() - mentions[0].end > 12:
        return None
    if HEARS.search(sentence, mentions[0].end, verb.start()):
        return None
    found = _subject(sentence, verb.start(), names, SAID)
    is_whole = VERB_ENDS.match(sentence, verb.end()) and found and found.certainty == SAID
    return found if is_whole or not (is_answer or sentence == after) else None


def _acted(before: str, names: Names) -> Decision | None:
    """Read `甲拍了一下床板：` right before the quotation: an action only; surer where it opens the paragraph."""
    cue = before.rstrip()
    if cue[-1:] not in ("：", ":"):
        return None
    sentence = SENTENCE.split(cue[:-1])[-1]
    return _subject(sentence, len(sentence), names, BEAT if sentence == cue[:-1] else ACTED)


def _resumed(text: str, line: Line, previous: Previous, names: Names) -> Decision | None:
    """Speech that goes on after its own cue (“……”甲说，“……”) or from the paragraph before."""
    said, by = previous.line, previous.decision
    if said.depth or said.scene != line.scene:
        return None
    between = text[said.end : line.start]
    cue = between[1:-1]
    goes_on = between[:1] == "\n" and not between[:-1].strip()
    if not goes_on and ("\n" in between or cue[-1:] not in ("，", ",") or re.search(r"[。！？：]", cue)):
        return None
    opens = names.find(cue)
    is_same = PRONOUN.match(cue) or (opens and opens[0].start == 0 and opens[0].name == by.speaker)
    if not goes_on and not is_same:
        return None
    return Decision(by.speaker, by.addressee, WENT_ON, f"goes on: {by.evidence}"[:80])


def _subject(sentence: str, verb: int, names: Names, certainty: float) -> Decision | None:
    """Return who is the subject of the words before `verb`, and to whom it is said.

    The subject is the last name that opens a clause, as long as no later clause brings a new subject.
    """
    mentions = [m for m in names.find(sentence) if m.end <= verb] if len(sentence) <= MAX_SENTENCE else []
    subjects = [m for m in mentions if _opens_clause(sentence, m)]
    if not subjects or PRONOUN.match(sentence) or _new_subject(sentence[subjects[-1].end : verb]):
        return None
    told = [m for m in mentions if SPOKEN_TO.search(sentence[: m.start]) and m.name != subjects[-1].name]
    addressee = told[0].name if told else None
    own_clause = not re.search(r"[，,]", sentence[subjects[-1].end : verb])
    return Decision(subjects[-1].name, addressee, certainty if own_clause else EARLIER, sentence.strip()[-40:])


def _opens_clause(sentence: str, mention: Mention) -> bool:
    """Tell `沈更说` from `那和尚说`, `拦住沈更说` and `沈更身后的人说`, where the name is not who speaks."""
    clause = re.split(r"[，,：:\s]", sentence[: mention.start])[-1]
    opens = OPENER.fullmatch(clause.strip()) or (len(clause) > 1 and ROLE.fullmatch(clause))
    return bool(opens) and not re.match(r"的(?![^，。]{0,2}声)|[家身和与、]|背后|后面|旁边", sentence[mention.end :])


def _new_subject(rest: str) -> bool:
    """Tell whether a clause after the subject's own begins with somebody else (饭铺众伙友说)."""
    return any(OTHERS.search(clause) for clause in re.split(r"[，,]", rest)[1:])
