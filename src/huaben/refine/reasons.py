"""What became of a file's rows, by reason and by cut, and the report of it in Markdown."""

from collections import Counter
from dataclasses import dataclass, field

from huaben.refine.rows import Cleaned

SAMPLES = 3
REASONS = {
    "refusal": "a machine declines, or speaks of being one",
    "prompt leakage": "instructions, labels such as 助手：, or the system's message in the answer",
    "placeholder": "（无对话）, null, 无, {{name}}, TODO where words belong",
    "narration in a line": "the narrator's 他说 around what is said",
    "JSON residue": "the answer of a program, or a piece of one",
    "HTML": "elements that cannot be cut without loss, such as tables and scripts",
    "chat template": "marks such as <|im_start|> or [INST] inside the answer",
    "fence never closed": "code that breaks off",
    "reasoning only": "a <think> block, and no answer after it",
    "watermark": "a site's or a machine's mark inside a sentence, or nothing else",
    "reply equals the prompt": "the question said again",
    "half a sentence": "several clauses, and the last breaks off",
    "runaway repetition": "half of the text is one piece again and again",
    "another language": "the answer is, or goes over, into a script of which the prompt has nothing",
    "simplified and traditional": "both kinds of characters in one exchange",
    "damaged characters": "U+FFFD, 锟斤拷, private use, UTF-8 read as something else",
    "no words": "no letter or digit in an answer",
    "no reply": "nobody answers",
    "no prompt": "nothing is asked",
    "no answered message": "answers, but to nothing",
    "chosen and rejected are the same": "a pair that teaches nothing",
    "a system message inside": "a second set of instructions in the middle",
    "broken JSON": "a line that is no JSON",
    "a key stands twice": "nobody knows which value is meant",
    "not UTF-8": "bytes that are no text",
    "not an object": "a line that is JSON, but no row",
    "no known form": "columns of no form that is known",
    "wrong type in a column": "null, a number or a list where a text belongs, or a message from nobody",
    "no end of cuts": "marks inside marks",
}
"""Every reason for which a row is dropped; `no reply of N letters` comes beside them."""
CUTS = {
    "reasoning block": "<think> … </think> before the answer",
    "fence": "``` around an answer that is no code",
    "end token": "<|im_end|>, </s> at the end",
    "HTML tags": "<p>, <br>, <b>, <span>, &nbsp; and the like",
    "escaped line ends": "\\n written as two characters",
    "watermark": "a site's or a machine's mark after the last sentence",
    "invisible characters": "zero-width, bidirectional and tag characters",
    "control characters": "control characters and terminal colours",
    "line ends": "\\r\\n",
    "empty messages": "a message of the user without text",
    "messages of one side joined": "two messages of one side become one",
    "short replies and what they answer": "an answer without words, with its question",
    "opening replies": "what the assistant says before anybody asked",
    "unanswered messages": "what the user says at the end",
}
"""Everything that is cut from a row that is kept."""


@dataclass
class Report:
    """Counts of a file's rows, and samples of those that were dropped."""

    name: str
    layout: str
    rows: int = 0
    size: int = 0
    kept: int = 0
    mended: int = 0
    forms: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    cuts: Counter[str] = field(default_factory=Counter)
    samples: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    """By reason, the line and the text that shows it, of the first few rows."""

    def add(self, outcome: Cleaned, shown: str) -> None:
        """Count one row; `shown` is what is printed of a dropped one."""
        self.rows += 1
        self.forms[outcome.form or "none"] += 1
        if outcome.reason is None:
            self.kept += 1
            self.mended += bool(outcome.cuts)
            self.cuts.update(outcome.cuts)
            return
        self.reasons[outcome.reason] += 1
        samples = self.samples.setdefault(outcome.reason, [])
        if len(samples) < SAMPLES:
            samples.append((outcome.line, shown))


def as_markdown(report: Report) -> str:
    """Return the report; samples stand in code blocks, so that nothing in them is markup."""
    share = report.kept / report.rows if report.rows else 0.0
    lines = [
        f"# {report.name}, cleaned",
        "",
        f"{report.rows:,} rows: {report.kept:,} kept ({share:.1%}), of which {report.mended:,} mended; "
        f"{report.rows - report.kept:,} dropped (`dropped.jsonl`).",
        "",
        "Rows by form: " + ", ".join(f"{form} {count:,}" for form, count in report.forms.most_common()) + ".",
        "",
    ]
    lines += _table("Dropped", "reason", report.reasons, REASONS)
    lines += _table("Mended", "what was cut", report.cuts, CUTS)
    lines += ["## Samples", ""] if report.samples else []
    for reason, _ in sorted(report.reasons.items(), key=lambda item: (-item[1], item[0])):
        lines += [f"### {reason}", ""]
        lines += [line for number, shown in report.samples[reason] for line in (f"    line {number}: {shown}", "")]
    return "\n".join(lines).rstrip() + "\n"


def _table(title: str, column: str, counts: Counter[str], meanings: dict[str, str]) -> list[str]:
    if not counts:
        return []
    rows = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    cells = [f"| {name} | {count:,} | {_cell(meanings.get(name, ''))} |" for name, count in rows]
    return [f"## {title}", "", f"| {column} | rows | |", "|---|---:|---|", *cells, ""]


def _cell(meaning: str) -> str:
    return meaning.replace("|", "\\|").replace("<", "&lt;")
