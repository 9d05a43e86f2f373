"""What the commands are called, and where everything is, relative to the root of a dataset repository."""

from pathlib import Path

STAGES = (
    "chapters",
    "lines",
    "speakers",
    "dialogue",
    "summary",
    "qa",
    "preference",
    "clean",
    "dedupe",
    "validate",
    "publish",
    "train",
    "evaluate",
    "report",
)
TOOLS = (
    "init",
    "cast",
    "estimate",
    "accept",
    "replies",
    "score",
    "diff",
    "browse",
    "verify",
    "rehydrate",
    "push",
    "import",
)

PARAMS = Path("params.yaml")
CAST = Path("cast.yaml")
PROMPTS = Path("prompts")
SCHEMAS = Path("schemas")
REPORTS = Path("reports")
COVERAGE = REPORTS / "coverage"
RAW = Path("data/raw")
CHAPTERS = Path("data/chapters")
LINES = Path("data/lines/lines.jsonl")
SPEAKERS = Path("data/speakers/lines.jsonl")
DIALOGUE = Path("data/dialogue/dialogue_raw.jsonl")
SUMMARY = Path("data/summary")
QA = Path("data/qa")
PREFERENCE = Path("data/preference/preference.jsonl")
CLEAN = Path("data/clean")
DEDUPE = Path("data/dedupe")
GENERAL = Path("data/general/general.txt")
ANNOTATION = Path("data/recorded")
RECORDED = ANNOTATION / "replies.jsonl"
IMPORTED = Path("data/replies.jsonl")
REVIEWS = Path("reviews.jsonl")
GOLD = Path("tests/gold/lines.jsonl")
DATASET = Path("dataset")
EXPORTS = Path("exports")
MODELS = Path("models")
WORK = Path(".huaben")

SOURCES = {
    "lines": SPEAKERS,
    "dialogue_raw": DIALOGUE,
    "dialogue": DIALOGUE,
    "summary_v1": SUMMARY / "summary_v1.jsonl",
    "summary_v2": SUMMARY / "summary_v2.jsonl",
    "summary_qa_v1": SUMMARY / "summary_qa_v1.jsonl",
    "summary_qa_v2": SUMMARY / "summary_qa_v2.jsonl",
    "qa_v1": QA / "qa_v1.jsonl",
    "qa_v2": QA / "qa_v2.jsonl",
    "preference": PREFERENCE,
    "pretrain": CHAPTERS / "pretrain.jsonl",
}
"""Where `clean` takes each dataset from."""
