"""distilabel: one text generation step, its batches as large as the requests that may be in flight.

What it and the datasets library keep goes into a temporary folder.
"""

import logging
import os
import tempfile

SCRATCH = tempfile.TemporaryDirectory()
os.environ |= {"HF_HOME": SCRATCH.name, "HF_HUB_OFFLINE": "1"}

from distilabel.models.llms import OpenAILLM  # noqa: E402
from distilabel.pipeline import Pipeline  # noqa: E402
from distilabel.steps import LoadDataFromDicts  # noqa: E402
from distilabel.steps.tasks import TextGeneration  # noqa: E402
from measured import KEY, MODEL, SYSTEM, TIMEOUT_S, measure, prompt  # noqa: E402


def run(base_url: str, numbers: range, in_flight: int) -> int:
    """Ask about every number; return how many were answered."""
    rows = [{"instruction": prompt(number)} for number in numbers]
    with Pipeline(name=f"bench-{numbers.start}", cache_dir=SCRATCH.name) as pipeline:
        load = LoadDataFromDicts(data=rows, batch_size=in_flight)
        llm = OpenAILLM(model=MODEL, base_url=base_url, api_key=KEY, timeout=int(TIMEOUT_S))
        load >> TextGeneration(llm=llm, system_prompt=SYSTEM, input_batch_size=in_flight)
        made = pipeline.run(use_cache=False)
    return sum(bool(text) for text in made["default"]["train"]["generation"])


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    measure(run)
