"""Train and measure a real small model on the data as they stand: the table of `docs/results.md`, on a GPU or a CPU.

    python bench/gpu/quality.py FOLDER_OR_HUB_ID --out /somewhere [--recipe recipes/qwen2.5-7b-lora.yaml]

The stages `train` and `evaluate` themselves, with another recipe and base, into a folder of their own: the
repository's models and reports stay. Goes on after a kill. Ends with one line of JSON.
"""

import argparse
import json
from pathlib import Path

import yaml

from huaben.files import write_json
from huaben.params import Train, load_params
from huaben.training.evaluate import evaluate
from huaben.training.train import train

ROOT = Path(__file__).parents[2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--recipe", type=Path, default=ROOT / "recipes" / "qwen2.5-0.5b-cpu.yaml")
    parser.add_argument("--data", type=Path, default=ROOT / "data" / "dedupe")
    parser.add_argument("--general", type=Path, default=ROOT / "data" / "general" / "general.txt")
    given = parser.parse_args()
    recipe = yaml.safe_load(given.recipe.read_text(encoding="utf-8"))
    params = load_params(ROOT / "params.yaml")
    params = params.model_copy(update={"train": Train.model_validate({**recipe, "seeds": [7], "base": given.base})})
    trained = train(given.data, given.general, given.out / "models", given.out / "work", params, print)
    measured, samples = evaluate(given.out / "models", given.data, given.general, params)
    write_json(given.out / "evaluation.json", measured)
    write_json(given.out / "samples.json", samples)
    for name, numbers in measured["models"].items():
        print(name, {key: numbers[key] for key in sorted(numbers) if not key.endswith(("_low", "_high", "_n"))})
    print(json.dumps({"base": given.base, "training": trained.metrics, "models": measured["models"]}))


if __name__ == "__main__":
    main()
