"""Questions of the tests about the room `llm`: one message each, whose reply is taken as it is."""

from huaben.llm.asking import ask
from huaben.llm.prompts import Request
from huaben.llm.question import Question

PAUSE_S = 0.001
"""Seconds before the second attempt; enough here."""


def plain(content):
    """Take a reply as it is."""
    return content, None


def request(llm, content="几点了？", **options):
    """Return a request whose one message is the content."""
    options = {"temperature": 0.0, "max_tokens": llm.max_tokens, **options}
    return Request("ask.v1", llm.base_url, llm.model, "规矩。", "", (), content, options)


def question(params, content="几点了？", parse=plain, **options):
    """Return a question that bears its content as its name."""
    return Question(content, request(params.llm, content, **options), parse)


def questions(params, count, **more):
    """Return so many different questions."""
    return [question(params, f"第{i}问", **more) for i in range(count)]


def inquire(about):
    """Ask one question and return its outcome."""
    return (yield about)


def run(about, params, recorded=(), tally=None):
    """Ask questions, each for itself, without waiting long between attempts; return their outcomes."""
    return ask([inquire(one) for one in about], params, recorded, tally, PAUSE_S)


def with_llm(params, **changes):
    """Return parameters with another `llm` section."""
    return params.model_copy(update={"llm": params.llm.model_copy(update=changes)})
