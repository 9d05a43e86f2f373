"""What the configs and columns of a release mean: the words of its card. A test compares them with the records."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Description:
    """What a config is, what to use it for, and its categories on the Hub."""

    what: str
    use: str
    tasks: tuple[str, ...] = ("text-generation",)


DESCRIPTIONS: dict[str, Description] = {
    "lines": Description(
        "Every quotation of the novel, spoken, thought or written, by every character: who says it, to whom, where.",
        "Speaker attribution; finding lines; checking the other configs against the novel.",
        ("text-classification",),
    ),
    "dialogue_raw": Description(
        "The character's conversations as found, before cleaning; the character is the assistant.",
        "An archive, and the input of another cleaning: sides may follow each other twice, replies may be a sigh.",
    ),
    "dialogue": Description(
        "The character's conversations, cleaned: user and assistant alternate strictly, and no reply is a filler.",
        "Supervised fine-tuning on `messages`.",
    ),
    "summary_v1": Description(
        "A summary of each chapter, from the call that also asks its questions.",
        "Summaries; comparison with the second version.",
        ("summarization",),
    ),
    "summary_v2": Description(
        "A summary of each chapter under several aspects: plot, relations, psychology.",
        "Summaries.",
        ("summarization",),
    ),
    "summary_qa_v1": Description(
        "Questions about what happens in a chapter; the answer is its summary, first version.",
        "Supervised fine-tuning for knowledge of the novel.",
        ("question-answering", "text-generation"),
    ),
    "summary_qa_v2": Description(
        "Questions about what happens in a chapter; the answer is its summary, second version.",
        "Supervised fine-tuning for knowledge of the novel.",
        ("question-answering", "text-generation"),
    ),
    "qa_v1": Description(
        "Questions and answers about each chapter, with the passage that proves the answer.",
        "Supervised fine-tuning for knowledge of the novel, or an exam where the second version is trained on.",
        ("question-answering", "text-generation"),
    ),
    "qa_v2": Description(
        "Questions and answers about each chapter from four angles (terms, plot, who said what and why, depth), "
        "with the passage that proves the answer.",
        "Supervised fine-tuning for knowledge of the novel.",
        ("question-answering", "text-generation"),
    ),
    "preference": Description(
        "Preference pairs: a prompt, a reply in character (`chosen`) and a plain or sober one (`rejected`).",
        "Preference optimisation such as DPO; prompts of the test split are in no other split.",
    ),
    "pretrain": Description(
        "The novel's plain text in pieces that end at line ends.",
        "Continued pretraining.",
    ),
}
"""Every dataset, in the order of `records.DATASETS`."""

EVERY_CONFIG: dict[str, str] = {
    "record_id": "hash of the record's content and origin; stable between releases",
    "split": "train, validation or test; decided by chapter (preference pairs of the way prompts: by prompt)",
    "provenance": "where the record came from: `novel`, `chapter` (place in reading order, from 1; 0: not from a "
    "chapter), `chapter_id`, `spans` (`[start, end]`, characters of the chapter's text), `prompt` and version, "
    "`model`, `reply_id` in the reply store, `written_by` (who wrote a reply that no model wrote)",
}
"""The columns that every config has."""

_CONVERSATION = {
    "character": "whose conversation it is: the assistant",
    "scene": "the scene's number in its chapter, from 1",
    "messages": "its messages: `role`, `content`, `speaker`, `spans`, `origin` (novel, greeting, reply or prompt)",
}
_SUMMARY = {
    "title": "the chapter's title",
    "summary": "the whole summary: the texts of its aspects, a line each",
    "aspects": "the summary's sides: `aspect` and `text`",
}
_QUESTION = {
    "angle": "from which side the question is asked",
    "question": "the question",
    "answer": "the answer",
    "evidence": "the passage that proves the answer, word for word; null where the answer is a summary",
    "wordings": "other ways to ask the same, if they were asked for: questions, and last a statement with a blank; "
    "train on all but the last two, which are the exam's",
}
COLUMNS: dict[str, dict[str, str]] = {
    "lines": {
        "chapter": "the chapter's place in reading order, from 1",
        "start": "first character of the quotation in the chapter's text",
        "end": "one past its last character",
        "text": "the quotation, word for word, without its outer marks",
        "kind": "speech, thought, sound, emphasis, title, letter or verse",
        "depth": "0 for an outer quotation, 1 for one inside it, and so on",
        "scene": "the scene's number in its chapter, from 1",
        "speaker": "canonical name of who speaks; null: unknown",
        "addressee": "canonical name of who is spoken to; null: unknown",
        "certainty": "how sure the speaker is, from 0 to 1",
        "evidence": "why this speaker: the rule, and the words it read",
        "decided_by": "whether a rule or a model named the speaker",
    },
    "dialogue_raw": _CONVERSATION,
    "dialogue": _CONVERSATION,
    "summary_v1": _SUMMARY,
    "summary_v2": _SUMMARY,
    "summary_qa_v1": _QUESTION,
    "summary_qa_v2": _QUESTION,
    "qa_v1": _QUESTION,
    "qa_v2": _QUESTION,
    "preference": {
        "way": "how the pair was made: prompts, grounded or contrast",
        "prompt": "the messages before the reply; the last one is the user's",
        "chosen": "the reply in character: one assistant message",
        "rejected": "the plain reply: one assistant message",
    },
    "pretrain": {"text": "the text, word for word"},
}
"""The other columns, by config."""
