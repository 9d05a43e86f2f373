"""What the asking stages will cost: their own inquiries about the real chapters, pursued in thought."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from huaben.extract import attribution, judging, preference, summary
from huaben.extract.asking import Asked, inquire
from huaben.extract.tasks import SPEAKERS, speakers_task, summary_task
from huaben.extract.wordings import inquire_with_wordings
from huaben.llm.cost import money
from huaben.llm.estimate import Expected, Imagination, layouts
from huaben.llm.expect import Calibration
from huaben.llm.ledger import calibrate
from huaben.llm.question import Inquiry, Outcome, Question, answered_from
from huaben.llm.replies import load_recorded
from huaben.llm.store import ReplyStore
from huaben.llm.tokens import exact_counter, rough_tokens
from huaben.params import CastMember
from huaben.records import Chapter, Conversation, Line


def estimate(
    asked: Asked,
    chapters: Sequence[Chapter],
    lines: Mapping[int, Sequence[Line]],
    cast: Sequence[CastMember],
    store: ReplyStore | None,
    conversations: Sequence[Conversation] = (),
) -> dict[str, Any]:
    """Return requests, tokens and money (off-peak) by stage and in all, and what other layouts would cost.

    What the store or a colleague's replies answer costs nothing; the store's replies also teach how long they are.
    `conversations` hold the lines that `grounded` has rewritten.
    """
    calibration = calibrate(store, asked.params.novel.slug, asked.params.llm.model) if store else Calibration()
    imported = load_recorded(asked.recorded)

    def kept(question: Question) -> Outcome | None:
        key = question.request.key
        return answered_from(question, store.history(key) if store else (), imported.get(key))

    price, exact = asked.params.llm.price, exact_counter(asked.params.llm.model)
    count = exact or rough_tokens
    scale = 1.0 if exact else calibration.scale
    imagined = Imagination(price.cache, Calibration(scale, calibration.reply_tokens), count, kept)
    by_stage = {
        stage: imagined.pursue(inquiries)
        for stage, inquiries in _inquiries(asked, chapters, lines, cast, conversations).items()
    }
    expected = [e for stage in by_stage.values() for e in stage]
    asks_speakers = {e.request.prompt_id for e in expected} & {SPEAKERS}
    retyped = sum(count(line.text) for about in lines.values() for line in about) if asks_speakers else 0.0
    peak = price.peak.factor if price.peak else 1.0
    return {
        "currency": price.currency,
        "tokens_counted_by": "the provider's tokenizer" if exact else "kinds of characters",
        "stages": {stage: _total(found, asked) for stage, found in by_stage.items()},
        "total": {**_total(expected, asked), "money_at_peak": round(_total(expected, asked)["money"] * peak, 6)},
        "layouts": layouts(expected, price, lambda text: count(text) * scale, retyped * scale),
    }


def _inquiries(
    asked: Asked,
    chapters: Sequence[Chapter],
    lines: Mapping[int, Sequence[Line]],
    cast: Sequence[CastMember],
    conversations: Sequence[Conversation],
) -> dict[str, Iterator[Inquiry[Any]]]:
    """Return the inquiries of each asking stage, as it makes them; who opens a conversation stands first."""
    params = asked.params
    with_text, with_lines = summary.asked_about(chapters), attribution.asked_about(chapters, lines)
    summaries = [summary_task(version) for version in params.summary.versions]
    asks_questions = "v2" in params.qa.versions
    return {
        "summary": (inquire(asked, task, c, lines.get(c.index, ())) for task in summaries for c in with_text),
        "qa": (inquire_with_wordings(asked, c, lines.get(c.index, ())) for c in with_text if asks_questions),
        "speakers": (inquire(asked, speakers_task(cast), c, lines[c.index]) for c in with_lines),
        "preference": preference.inquiries(asked, conversations),
        **({"evaluate": judging.imagined(asked)} if params.evaluate.judge and params.train.base != "none" else {}),
    }


def _total(expected: Sequence[Expected], asked: Asked) -> dict[str, Any]:
    tokens = {kind: sum(getattr(e, kind) for e in expected) for kind in ("hit", "miss", "output")}
    return {
        "requests": len(expected),
        **{f"tokens_{kind}": round(count) for kind, count in tokens.items()},
        "money": round(money(tokens, asked.params.llm.price), 6),
    }
