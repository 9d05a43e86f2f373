"""Model folders: loading a base, its tokenizer and chat template; saving whole."""

import os
import shutil
from pathlib import Path
from typing import Any

from huaben.errors import InputError


def load(folder: Path | str, dtype: str = "auto") -> tuple[Any, Any]:
    """Return model and tokenizer of a folder or hub id; a folder with one GGUF file is read from that.

    `dtype` is that of the weights; `auto`: as they were saved.

    Raises InputError when nothing can be loaded, or the tokenizer has no chat template.
    """
    from transformers import AutoModelForCausalLM, AutoTokenizer

    try:
        file = _gguf(Path(folder))
        tokenizer = AutoTokenizer.from_pretrained(folder, **file)
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, **file)
        if file:
            model = _unpacked(model)
    except (OSError, ValueError, ImportError) as error:
        raise InputError(f"train.base: no model can be loaded from {str(folder)!r}: {error}") from error
    if not tokenizer.chat_template:
        raise InputError(f"train.base: {str(folder)!r} has no chat template; take an instruct or chat model")
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return model, tokenizer


def _unpacked(model: Any) -> Any:
    """Return a model read from GGUF as any other: transformers (5.23) has unpacked it, but would not save it."""
    from transformers import AutoModelForCausalLM

    del model.config.quantization_config
    plain = AutoModelForCausalLM.from_config(model.config, dtype=model.dtype)
    plain.load_state_dict(model.state_dict())
    return plain


def _gguf(folder: Path) -> dict[str, str]:
    files = sorted(folder.glob("*.gguf")) if folder.is_dir() and not (folder / "config.json").exists() else []
    if len(files) > 1:
        raise ValueError(f"it holds {len(files)} GGUF files; leave one")
    return {"gguf_file": files[0].name} if files else {}


def save(model: Any, tokenizer: Any, place: Path) -> None:
    """Write a model folder; it appears whole or not at all."""
    draft = place.with_name(f".{place.name}.tmp")
    for old in (draft, place):
        shutil.rmtree(old, ignore_errors=True)
    model.save_pretrained(draft)
    tokenizer.save_pretrained(draft)
    os.replace(draft, place)
