"""Inquiries → their results, from recorded files or from an endpoint by way of the store."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from time import monotonic

from huaben.errors import HuabenError, InputError
from huaben.llm.answers import TRANSIENT, Reply, body_of, refusal_body, tries, why_fatal
from huaben.llm.client import ChatClient, Lost, Received
from huaben.llm.cost import Purse, money
from huaben.llm.endpoint import check_endpoint, read_key
from huaben.llm.expect import Expectation
from huaben.llm.interrupt import run_to_its_end
from huaben.llm.ledger import calibrate, spent_on
from huaben.llm.pace import Pace
from huaben.llm.question import Inquiry, Outcome, Question, T, answered_from, judge, pursue
from huaben.llm.replies import load_recorded
from huaben.llm.store import OK, Claim, ReplyStore, store_path
from huaben.llm.tally import Tally
from huaben.params import Params

MISS = "no reply is recorded for this prompt"


def ask(
    inquiries: Sequence[Inquiry[T]],
    params: Params,
    recorded: Sequence[Path],
    tally: Tally | None = None,
    first_pause_s: float = 2.0,
) -> list[T]:
    """Pursue every inquiry to its end; return their results in their order.

    Raise InputError for settings that cannot work, HuabenError when the endpoint refuses the whole run,
    LockedError when another process writes to the store.
    """
    tally = tally or Tally()
    tally.planned += len(inquiries)
    if params.llm.provider == "recorded":
        return list(_from_files(inquiries, load_recorded(recorded), tally))
    if params.llm.provider == "openai":
        check_endpoint(params.llm.base_url)
        with closing(ReplyStore(store_path())) as store:
            return _Live(params, store, load_recorded(recorded), tally, first_pause_s).run(inquiries)
    raise InputError("llm.provider is `none`: nothing can be asked")


def _from_files(inquiries: Sequence[Inquiry[T]], kept: dict[str, Reply], tally: Tally) -> Iterator[T]:
    def answer(question: Question) -> Outcome:
        reply = kept.get(question.request.key)
        tally.kept += reply is not None
        return judge(question, reply) if reply else Outcome(None, reason=MISS)

    for inquiry in inquiries:
        yield pursue(inquiry, answer)
        tally.done += 1


class _Live:
    """One run against an endpoint: at most `concurrency` requests in flight, each reply stored before it counts."""

    def __init__(
        self, params: Params, store: ReplyStore, imported: dict[str, Reply], tally: Tally, first_pause_s: float
    ) -> None:
        self._llm, self._novel, self._store = params.llm, params.novel.slug, store
        self._imported, self._tally = imported, tally
        self._pace = Pace(first_pause_s, self._llm.concurrency)
        self._expected = Expectation(self._llm.price.cache, calibrate(store, self._novel, self._llm.model))
        self._asked: dict[str, asyncio.Future[Outcome]] = {}
        self._client: ChatClient | None = None

    def run(self, inquiries: Sequence[Inquiry[T]]) -> list[T]:
        """Answer what the store has, and send the rest, each request once."""
        try:
            return run_to_its_end(self._pursue_all(inquiries))
        except BaseExceptionGroup as group:
            raise _worst(group) from None

    async def _pursue_all(self, inquiries: Sequence[Inquiry[T]]) -> list[T]:
        self._purse = Purse(self._llm, spent_on(self._store, self._novel, self._llm.price))
        results: dict[int, T] = {}
        waiting = iter(enumerate(inquiries))

        async def work() -> None:
            for place, inquiry in waiting:
                results[place] = await self._pursue(inquiry)
                self._tally.done += 1

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(self._llm.concurrency, len(inquiries))):
                    group.create_task(work())
        finally:
            await self._store.drain()
            if self._client:
                await self._client.close()
        return [results[place] for place in range(len(inquiries))]

    async def _pursue(self, inquiry: Inquiry[T]) -> T:
        try:
            question = next(inquiry)
            while True:
                question = inquiry.send(await self._answer(question))
        except StopIteration as end:
            result: T = end.value
            return result

    async def _answer(self, question: Question) -> Outcome:
        """Return the outcome of a question, asked once however many inquiries have it."""
        key = question.request.key
        if key in self._asked:
            return await self._asked[key]
        self._asked[key] = asyncio.get_running_loop().create_future()
        outcome = self._found(question) or await self._fetched(question)
        self._asked[key].set_result(outcome)
        if outcome.reply:
            del self._asked[key]  # the store has it; a run of many thousand replies need not
        return outcome

    def _found(self, question: Question) -> Outcome | None:
        """Return the outcome that is there already."""
        outcome = self._kept_outcome(question)
        self._tally.kept += outcome is not None
        return outcome

    def _kept_outcome(self, question: Question) -> Outcome | None:
        """Return what the store or a colleague's replies say for good."""
        key = question.request.key
        return answered_from(question, self._store.history(key), self._imported.get(key))

    async def _fetched(self, question: Question) -> Outcome:
        """Ask until there is an answer, or none is to be expected."""
        met = Counter[int]()
        while True:
            outcome, received = await self._attempt(question)
            if outcome.is_for_good and (final := self._kept_outcome(question)):
                return final
            if outcome.reason is None:
                return outcome
            worth = tries(outcome.reason)
            met[worth] += 1
            if met[worth] >= worth and not outcome.is_for_good:
                return outcome
            if received is None or TRANSIENT.fullmatch(outcome.reason):
                status, headers = (received.status, received.headers) if received else (0, {})
                await self._pace.failed(met[worth], status, headers, self._tally.last_fault)

    async def _attempt(self, question: Question) -> tuple[Outcome, Received | None]:
        """Send once, and keep what comes."""
        if self._client is None:
            self._client = ChatClient(self._llm, read_key(self._llm))
        held = await self._purse.hold(question.request)
        await self._pace.wait()
        expected = self._expected.of(question)
        attempt, began = await self._store.claim(self._claim(question, expected)), monotonic()
        self._tally.sent += 1
        self._tally.in_flight += 1
        try:
            received = await self._client.send(question.request)
        except asyncio.CancelledError:
            self._tally.lost += 1
            raise
        except Lost as lost:
            await self._store.lose(attempt, lost.reason, monotonic() - began)
            await self._purse.settle(held, None if lost.may_be_paid else 0.0)
            self._tally.lost += lost.may_be_paid
            self._tally.last_fault = f"{lost.reason}: {lost}"
            return Outcome(None, reason=lost.reason), None
        finally:
            self._tally.in_flight -= 1
        outcome, paid = await self._kept(question, attempt, received, monotonic() - began)
        await self._purse.settle(held, paid)
        if paid:
            self._tally.expected_money += money(expected, self._llm.price, time.time())
        return outcome, received

    def _claim(self, question: Question, expected: dict[str, float]) -> Claim:
        request = question.request
        input_tokens = (expected["hit"] + expected["miss"]) / self._expected.calibration.scale
        scope = (request.key, request.prompt_id, request.model, question.name, self._novel, question.size)
        return Claim(*scope, input_tokens, most_input=len(request.body), most_output=self._llm.max_tokens)

    async def _kept(
        self, question: Question, attempt: int, received: Received, seconds: float
    ) -> tuple[Outcome, float | None]:
        """Store what an answer is, and return its outcome and its price; None: it does not say its tokens."""
        status, said = received.status, received.content[:2000].decode("utf-8", "replace")
        reason = f"http_{status}"
        if why := why_fatal(status, said):
            await self._store.lose(attempt, reason, seconds)
            raise HuabenError(f"the endpoint refuses the run, HTTP {status}: {why}. It says: {said[:300]}")
        if TRANSIENT.fullmatch(reason):
            await self._store.lose(attempt, reason, seconds)
            self._tally.faulty += 1
            self._tally.last_fault = reason
            return Outcome(None, reason=reason), 0.0
        body = body_of(received.content) if status < 300 else refusal_body(status, received.content)
        reply = Reply(question.request.key, body)
        outcome = judge(question, reply)
        await self._store.keep(attempt, reply, outcome.reason or OK, seconds)
        self._pace.succeeded()
        self._expected.answered(question, reply.content or "")
        paid = money(reply.tokens, self._llm.price, reply.created or time.time())
        self._tally.take(reply.tokens, paid)
        if outcome.reason:
            self._tally.faulty += 1
            self._tally.last_fault = outcome.reason
        return outcome, paid if status >= 300 or any(reply.tokens.values()) else None


def _worst(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the one exception that says why a run ended."""
    leaves = [e for e in group.exceptions if not isinstance(e, asyncio.CancelledError)] or list(group.exceptions)
    first = leaves[0]
    return _worst(first) if isinstance(first, BaseExceptionGroup) else first
