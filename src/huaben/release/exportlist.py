"""Which files are exported, of which dataset, in which form, and what LLaMA-Factory is told of them."""

from dataclasses import dataclass
from typing import Any, Literal

Shape = Literal[
    "sharegpt",
    "sharegpt_qa",
    "alpaca",
    "alpaca_preference",
    "chapter_summary",
    "pretrain",
    "messages",
    "messages_qa",
    "prompt_completion",
    "trl_preference",
    "axolotl_preference",
    "swift_preference",
    "openai_preference",
]
"""The functions of `formats.py`."""


@dataclass(frozen=True)
class Export:
    """One file: its place in `exports/`, the dataset it shows, and in which shape."""

    file: str
    dataset: str
    shape: Shape
    trainable: bool
    """Whether trainers can train on it; LLaMA-Factory is told of those of the family."""
    meaning: str


FAMILY = (
    Export("{character}-sharegpt-origin.json", "dialogue_raw", "sharegpt", False, "the conversations as found"),
    Export("{character}-sharegpt.json", "dialogue", "sharegpt", True, "the conversations, cleaned"),
    Export("{novel}-summary.json", "summary_v1", "chapter_summary", False, "a summary of each chapter"),
    Export(
        "{novel}-summary-v2.json", "summary_v2", "chapter_summary", False, "a summary of each chapter, several aspects"
    ),
    Export("{novel}-sharegpt-summary.json", "summary_qa_v1", "sharegpt_qa", True, "what happens in a chapter"),
    Export("{novel}-sharegpt-summary-v2.json", "summary_qa_v2", "sharegpt_qa", True, "what happens in a chapter"),
    Export("{novel}-sharegpt-qa.json", "qa_v1", "sharegpt_qa", True, "questions about the novel"),
    Export("{novel}-sharegpt-qa-v2.json", "qa_v2", "sharegpt_qa", True, "questions about the novel, from four angles"),
    Export("{character}-alpaca-dpo.json", "preference", "alpaca_preference", True, "in character against plain"),
    Export(
        "{novel}-alpaca-summary-v2.json", "summary_qa_v2", "alpaca", True, "as sharegpt-summary-v2, in Alpaca's form"
    ),
    Export("{novel}-alpaca-qa-v2.json", "qa_v2", "alpaca", True, "as sharegpt-qa-v2, in Alpaca's form"),
    Export("{novel}-pretrain.json", "pretrain", "pretrain", True, "plain text"),
)
"""The files of the dataset family, under the names its users know."""
QUESTIONS = ("summary_qa_v1", "summary_qa_v2", "qa_v1", "qa_v2")
ROLES = "{messages}: TRL, Axolotl, ms-swift, OpenAI"
COMPLETION = "{prompt, completion}: TRL"
FORMS = (
    Export("messages/dialogue.jsonl", "dialogue", "messages", True, ROLES),
    *(Export(f"messages/{name}.jsonl", name, "messages_qa", True, ROLES) for name in QUESTIONS),
    *(Export(f"prompt-completion/{name}.jsonl", name, "prompt_completion", True, COMPLETION) for name in QUESTIONS),
    Export("preference/trl.jsonl", "preference", "trl_preference", True, "{prompt, chosen, rejected}: TRL"),
    Export(
        "preference/axolotl.jsonl", "preference", "axolotl_preference", True, "{messages, chosen, rejected}: Axolotl"
    ),
    Export(
        "preference/swift.jsonl", "preference", "swift_preference", True, "{messages, rejected_response}: ms-swift"
    ),
    Export(
        "preference/openai.jsonl",
        "preference",
        "openai_preference",
        True,
        "{input, preferred_output, non_preferred_output}: OpenAI",
    ),
)
"""The same rows in the forms of other trainers, a folder for each kind; one form that several read is there once."""

# Where `columns` or `tags` is given, whatever it leaves out becomes None, not its default
# (`set_attr` in LLaMA-Factory's `parser.py`): a pair without "prompt" would train on empty prompts.
_SHAREGPT = {
    "formatting": "sharegpt",
    "columns": {"messages": "conversations"},
    "tags": {
        "role_tag": "from",
        "content_tag": "value",
        "user_tag": "human",
        "assistant_tag": "gpt",
        "observation_tag": "observation",
        "function_tag": "function_call",
        "system_tag": "system",
    },
}
_PROMPT = {"prompt": "instruction", "query": "input"}
LLAMA_FACTORY: dict[str, dict[str, Any]] = {
    "sharegpt": _SHAREGPT,
    "sharegpt_qa": _SHAREGPT,
    "alpaca": {"formatting": "alpaca", "columns": {**_PROMPT, "response": "output"}},
    "alpaca_preference": {
        "formatting": "alpaca",
        "ranking": True,
        "columns": {**_PROMPT, "chosen": "chosen", "rejected": "rejected"},
    },
    "pretrain": {"formatting": "alpaca", "columns": {"prompt": "text"}},
}
"""What LLaMA-Factory's `dataset_info.json` says of a file, by its shape."""
