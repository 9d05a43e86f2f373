"""A base in one GGUF file: read, unpacked, and saved as any other, which transformers alone would not do."""

import json

import gguf
import pytest
import torch
from gguf.quants import quantize
from transformers import set_seed

from huaben.errors import InputError
from huaben.params import Tiny
from huaben.training.learning import models, tiny

WANTED = Tiny(vocabulary=300, hidden=32, layers=1, heads=2, epochs=1.0, lr=0.001, batch=4)
NAMES = {
    "model.embed_tokens": "token_embd",
    "model.norm": "output_norm",
    "model.layers.0.input_layernorm": "blk.0.attn_norm",
    "model.layers.0.post_attention_layernorm": "blk.0.ffn_norm",
    **{f"model.layers.0.self_attn.{part}_proj": f"blk.0.attn_{part}" for part in "qkv"},
    "model.layers.0.self_attn.o_proj": "blk.0.attn_output",
    **{f"model.layers.0.mlp.{part}_proj": f"blk.0.ffn_{part}" for part in ("gate", "up", "down")},
}


def write_gguf(folder, model, tokenizer):
    """Write a tiny model as llama.cpp's converter does: matrices in 8 bits, vectors whole."""
    folder.mkdir()
    writer, config = gguf.GGUFWriter(folder / "model.gguf", "qwen2"), model.config
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    _add_tokenizer(writer, tokenizer)
    for name, tensor in model.named_parameters():
        stem, _, kind = name.rpartition(".")
        kept, eight = tensor.detach().numpy(), gguf.GGMLQuantizationType.Q8_0
        writer.add_tensor(
            f"{NAMES[stem]}.{kind}", *((quantize(kept, eight), None, eight) if kept.ndim == 2 else (kept,))
        )
    for write in (
        writer.write_header_to_file,
        writer.write_kv_data_to_file,
        writer.write_tensors_to_file,
        writer.close,
    ):
        write()
    return folder


def _add_tokenizer(writer, tokenizer):
    words = tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
    special = set(tokenizer.all_special_tokens)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(words)
    kinds = (gguf.TokenType.CONTROL if word in special else gguf.TokenType.NORMAL for word in words)
    writer.add_token_types(list(kinds))
    merges = json.loads(tokenizer.backend_tokenizer.to_str())["model"]["merges"]
    writer.add_token_merges([" ".join(merge) for merge in merges])
    writer.add_eos_token_id(tokenizer.eos_token_id)
    writer.add_pad_token_id(tokenizer.pad_token_id)
    writer.add_chat_template(tokenizer.chat_template)


@pytest.fixture(scope="module")
def original():
    set_seed(7)
    tokenizer = tiny.make_tokenizer(["你是沈更生。几点了？三更。" * 50], WANTED)
    return tiny.make_model(tokenizer, WANTED, 128), tokenizer


def test_a_gguf_file_is_read_and_what_is_saved_of_it_is_read_the_same(original, tmp_path):
    model, tokenizer = models.load(write_gguf(tmp_path / "gguf", *original), "float32")
    for name, tensor in original[0].state_dict().items():
        torch.testing.assert_close(model.state_dict()[name], tensor, rtol=0, atol=tensor.abs().max().item() / 127)
    asked = tokenizer.apply_chat_template([{"role": "user", "content": "几点了？"}], return_dict=True)["input_ids"]
    assert tokenizer.decode(asked) == "<|im_start|>user\n几点了？<|im_end|>\n"
    models.save(model, tokenizer, tmp_path / "saved")
    again, _ = models.load(tmp_path / "saved")
    assert all(torch.equal(again.state_dict()[name], tensor) for name, tensor in model.state_dict().items())


def test_a_folder_with_two_gguf_files_is_refused(original, tmp_path):
    folder = write_gguf(tmp_path / "gguf", *original)
    (folder / "other.gguf").write_bytes((folder / "model.gguf").read_bytes())
    with pytest.raises(InputError, match="it holds 2 GGUF files; leave one"):
        models.load(folder)


def test_a_file_that_is_no_gguf_is_refused(tmp_path):
    (tmp_path / "model.gguf").write_bytes(b"GGUF" + b"\0" * 60)
    with pytest.raises(InputError, match="no model can be loaded"):
        models.load(tmp_path)
