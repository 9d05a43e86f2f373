"""What the figures of an evaluation mean, and in which order people read them."""

from collections.abc import Mapping
from typing import Any

METRICS: dict[str, tuple[str, str]] = {
    "preference_accuracy": (
        "Preference accuracy",
        "held-out pairs whose chosen reply is the likelier one, a token; higher is better",
    ),
    "preference_accuracy_balanced": (
        "Preference, lengths balanced",
        "the same, where pairs with a longer and with a shorter chosen reply count alike: length alone is at 0.5",
    ),
    "style_score": (
        "Style",
        "replies to held-out prompts that a classifier takes for the character; higher is better",
    ),
    "judge_wins_base": (
        "Judge: better than base",
        "first seed: prompts whose reply a model prefers to the base's in both orders, half where the orders differ",
    ),
    "judge_wins_sft": ("Judge: better than SFT", "the same against the replies after SFT alone"),
    "judge_agreement": ("Judge: agreement", "pairs of replies in which both orders agree; by chance 0.5"),
    "judge_first": (
        "Judge: the first shown",
        "judgements for the reply shown first; 0.5 without a favourite place",
    ),
    "knowledge_accuracy": (
        "Knowledge",
        "four-way exam about train chapters, in wordings never trained on; higher is better, chance is 0.25",
    ),
    "knowledge_control": ("Knowledge, control", "the same about chapters never trained on; should stay at chance"),
    "knowledge_over_control": (
        "Knowledge above control",
        "knowledge less its control: what was learned, and not guessed from the form of the exam; 0 by chance",
    ),
    "answers_fuzzy": ("Answers", "how much of its own answer's letters are the right answer's; higher is better"),
    "consistency": (
        "Consistency",
        "share of agreeing answers to all wordings of one fact; compare consistency_chance",
    ),
    "dull_replies": (
        "Dull replies",
        "share under six letters, given to another prompt too, or running in circles; lower is better",
    ),
    "perplexity_general": ("Perplexity", "on general text held out, a token; lower is better, a rise is forgetting"),
    "perplexity_ratio": ("Perplexity over the base's", "on the same articles; above 1 is forgetting"),
    "general_accuracy": ("General text", "how a held-out article goes on, among four; higher is better"),
    "preference_margin": ("Preference margin", "log p of chosen over rejected, in nats a token; higher is better"),
    "preference_accuracy_sum": (
        "Preference, by the sum",
        "the accuracy by log p of the whole reply, which favours the shorter one",
    ),
    "preference_accuracy_against_length": (
        "Preference against length",
        "the accuracy in the pairs whose chosen reply is not the longer one",
    ),
    "knowledge_accuracy_plain": (
        "Knowledge, plain",
        "the exam by log p for each character, whatever is likely without the question",
    ),
    "answers_exact": ("Answers, exact", "share of its own answers that hold the right one word for word"),
    "consistency_chance": ("Consistency by chance", "share of agreeing answers to different facts"),
    "short_replies": ("Short replies", "share under six letters; lower is better"),
    "shared_replies": ("Shared replies", "share that another prompt got too; lower is better"),
    "repetition": ("Repetition", "share of a reply's runs of four characters that came before in it; lower is better"),
    "distinct_1": ("Distinct characters", "share of a reply's characters that are different ones"),
    "distinct_2": (
        "Distinct pairs",
        "share of a reply's neighbouring characters that are different pairs; higher is more varied",
    ),
    "preference_accuracy_prompts": ("Preference, prompts", "the accuracy in pairs from prompts outside the novel"),
    "preference_accuracy_grounded": ("Preference, grounded", "in pairs of a real line and its plain rewrite"),
    "preference_accuracy_contrast": ("Preference, contrast", "in pairs of a real line and a sober character's"),
    "knowledge_accuracy_question": ("Knowledge, questions", "the exam's questions alone"),
    "knowledge_accuracy_cloze": ("Knowledge, blanks", "the exam's statements with a blank alone"),
    "knowledge_control_question": ("Control, questions", "the control's questions alone"),
    "knowledge_control_cloze": ("Control, blanks", "the control's statements with a blank alone"),
    "knowledge_control_plain": ("Control, plain", "the control by log p for each character"),
}
"""Known metrics in the order of the page: label, and what it means. Others follow under their own names."""

PHASES = ("base", "sft", "dpo", "dpo_only")
"""Of training, in the order of time; files hold them by the alphabet."""

PARTS = ("_low", "_high", "_n", "_seeds")
"""What stands beside a figure: its 95 % interval, how many items, and the deviation between seeds."""


def names_of(models: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the names of all figures that a model has, the known ones first."""
    names = {key for numbers in models.values() for key in numbers if not key.endswith(PARTS)}
    return [name for name in METRICS if name in names] + sorted(names - METRICS.keys())


def in_order(by_phase: Mapping[str, Any]) -> dict[str, Any]:
    """Return the phases of training in the order of time, whatever else there is after them."""
    return {name: by_phase[name] for name in (*PHASES, *sorted(by_phase)) if name in by_phase}
