"""bespokelabs-curator with every limit lifted: its rates would be 200 requests and 100,000 tokens a minute.

Its token counter needs a file from the network; a count of characters stands in, which costs it less. Its
telemetry is off, its cache in a temporary folder.
"""

import os
import tempfile

SCRATCH = tempfile.TemporaryDirectory()
os.environ |= {"TELEMETRY_ENABLED": "false", "LITELLM_LOCAL_MODEL_COST_MAP": "True", "HF_HUB_OFFLINE": "1"}
os.environ |= {"HOME": SCRATCH.name, "CURATOR_CACHE_DIR": SCRATCH.name, "CURATOR_DISABLE_CACHE": "true"}

import tiktoken  # noqa: E402
from bespokelabs import curator  # noqa: E402
from measured import KEY, MODEL, TIMEOUT_S, measure, messages  # noqa: E402

NO_LIMIT = 10**9


class Characters:
    """A tokenizer whose tokens are characters."""

    def encode(self, text: str, **_: object) -> range:
        """Return something as long as the text."""
        return range(len(text))


class Asker(curator.LLM):
    """Ask about a number, and keep the reply."""

    def prompt(self, row: dict[str, int]) -> list[dict[str, str]]:
        """Return the messages."""
        return messages(row["number"])

    def parse(self, row: dict[str, int], response: str) -> dict[str, object]:
        """Return the row with its reply."""
        return {**row, "reply": response}


def run(base_url: str, numbers: range, in_flight: int) -> int:
    """Ask about every number; return how many were answered."""
    limits = dict.fromkeys(("max_requests_per_minute", "max_tokens_per_minute"), NO_LIMIT)
    params = {"base_url": base_url, "api_key": KEY, "request_timeout": int(TIMEOUT_S)}
    params |= {"max_concurrent_requests": in_flight, **limits}
    asker = Asker(model_name=MODEL, backend="openai", backend_params=params)
    return len(asker([{"number": number} for number in numbers]).dataset)


if __name__ == "__main__":
    tiktoken.get_encoding = lambda name: Characters()
    measure(run)
