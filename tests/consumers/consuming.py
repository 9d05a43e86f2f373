"""What the consumers' tests share: folders of exports, what is in them in plain words, and a tokenizer of bytes.

The tokenizer knows every byte and no words, so that what it decodes is what was encoded, character by character.
"""

import json
import os
from pathlib import Path

import pytest

from huaben.params import load_params
from huaben.records import DATASETS
from huaben.release.exports import write_exports
from huaben.release.publish import read_records
from test_publish import PARAMS, sample_rows

ROOT = Path(__file__).parents[2]
REPOSITORY = Path(os.environ.get("HUABEN_REPOSITORY", ROOT))
"""A dataset repository after `dvc repro publish`: the embedded novel's, or one of the user's own."""
CHATML = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
END = "<|im_end|>"
SOURCES = ("sample", pytest.param("repository", marks=pytest.mark.slow))


def records_of(source):
    """Return parameters and records: a few rows of every dataset, or all of a repository's; None without data."""
    if source == "sample":
        rows = sample_rows()
        return PARAMS, {name: [DATASETS[name].model_validate(row) for row in rows[name]] for name in rows}
    params = load_params(REPOSITORY / "params.yaml")
    if not all((REPOSITORY / f"data/dedupe/{name}.jsonl").is_file() for name in params.made()):
        return None
    return params, {name: read_records(REPOSITORY / "data/dedupe", name) for name in params.made()}


def export(source, folder):
    """Write a source's exports; return the rows of each file, or None without data."""
    found = records_of(source)
    if found is None:
        return None
    params, records = found
    return {name: read_rows(folder / name) for name in write_exports(folder, records, params)}


def read_rows(path):
    text = path.read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()] if path.suffix == ".jsonl" else json.loads(text)


def talks_of(row):
    """Return what a row says, as lists of (role, content): one, or the chosen and the rejected."""
    match row:
        case {"conversations": turns}:
            return [[({"human": "user", "gpt": "assistant"}[turn["from"]], turn["value"]) for turn in turns]]
        case {"instruction": asked, "input": more, "chosen": chosen, "rejected": rejected}:
            said = ("user", "\n".join(text for text in (asked, more) if text))
            return [[said, ("assistant", chosen)], [said, ("assistant", rejected)]]
        case {"instruction": asked, "input": "", "output": answer}:
            return [[("user", asked), ("assistant", answer)]]
        case {"prompt": prompt, "chosen": chosen, "rejected": rejected}:
            return [pairs(prompt + chosen), pairs(prompt + rejected)]
        case {"messages": prompt, "chosen": chosen, "rejected": rejected}:
            return [pairs([*prompt, chosen]), pairs([*prompt, rejected])]
        case {"messages": messages, "rejected_response": rejected}:
            return [pairs(messages), [*pairs(messages[:-1]), ("assistant", rejected)]]
        case {"prompt": prompt, "completion": completion}:
            return [pairs(prompt + completion)]
        case {"messages": messages}:
            return [pairs(messages)]


def pairs(messages):
    return [(message["role"], message["content"]) for message in messages]


def rendered(talk):
    """Return a talk as ChatML."""
    return "".join(f"<|im_start|>{role}\n{content}{END}\n" for role, content in talk)


def replies(talk):
    """Return what a loss on replies sees of a talk."""
    return "".join(f"{content}{END}\n" for role, content in talk if role == "assistant")


def make_tokenizer(folder):
    """Write a tokenizer of bytes that old and new transformers read."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={letter: i for i, letter in enumerate(letters)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(["<|endoftext|>", "<|im_start|>", END])
    folder.mkdir()
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": END, "pad_token": "<|endoftext|>"}
    settings |= {"clean_up_tokenization_spaces": False, "chat_template": CHATML, "model_max_length": 10**6}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    model = {"model_type": "qwen2", "architectures": ["Qwen2ForCausalLM"], "max_position_embeddings": 10**6}
    (folder / "config.json").write_text(json.dumps(model))
    return folder
