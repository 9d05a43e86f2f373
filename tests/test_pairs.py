"""A pair in one row: the same log-probabilities as in two, for any lengths, and its prompt once."""

import pytest

from huaben.training.learning.pairs import IGNORED, heading_plainly, pack, sharing_prompts

LENGTHS = [((5, 3, 4), (2, 6, 1)), ((1, 1, 1), (1, 4, 2)), ((7, 2, 2), (3, 1, 8))]


@pytest.fixture(scope="module")
def model():
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM
    from trl.trainer.utils import add_fused_lm_head

    torch.manual_seed(7)
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    made = Qwen2ForCausalLM(Qwen2Config(vocab_size=50, num_key_value_heads=1, **sizes))
    add_fused_lm_head(made, outputs=("log_probs",))
    return made.eval()


def batch(lengths):
    """TRL's batch: chosen rows, then rejected ones, padded on the right; labels on the replies."""
    import torch

    rows, labels = [], []
    for side in (1, 2):
        for number, (prompt, *replies) in enumerate(lengths):
            reply = replies[side - 1]
            start = [10 + number + place for place in range(prompt)]
            said = [30 + 5 * side + place % 7 for place in range(reply)]
            rows.append(start + said)
            labels.append([IGNORED] * prompt + said)
    width = max(map(len, rows))
    return {
        "input_ids": torch.tensor([[*row, *[0] * (width - len(row))] for row in rows]),
        "attention_mask": torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows]),
        "labels": torch.tensor([[*row, *[IGNORED] * (width - len(row))] for row in labels]),
    }


@pytest.mark.parametrize("lengths", LENGTHS)
@pytest.mark.parametrize("most_logits", [2**27, 0])
def test_a_pair_in_one_row_has_the_log_probabilities_of_two_rows(model, lengths, most_logits, monkeypatch):
    import torch

    monkeypatch.setattr("huaben.training.learning.pairs.MAX_LOGITS", most_logits)
    given = batch(lengths)
    theirs = model(**given, use_cache=False, fused_lm_head=True).log_probs
    found = sharing_prompts(model)(**given, use_cache=False, fused_lm_head=True).log_probs
    assert found.shape == theirs.shape
    assert torch.allclose(found, theirs, atol=1e-5)
    assert (
        found.count_nonzero(1) == torch.tensor([n for side in (1, 2) for n in [row[side] for row in lengths]])
    ).all()


def test_the_second_reply_sees_the_prompt_and_nothing_of_the_first():
    packed = pack(*(batch([(2, 2, 3)])[name] for name in ("input_ids", "attention_mask", "labels")))
    assert packed.ids.tolist() == [[10, 11, 35, 36, 11, 40, 41, 42]]
    assert packed.positions.tolist() == [[0, 1, 2, 3, 1, 2, 3, 4]]
    assert packed.labels.tolist() == [[IGNORED, IGNORED, 35, 36, IGNORED, 40, 41, 42]]
    seen = packed.mask[0, 0].int().tolist()
    assert seen[3] == [1, 1, 1, 1, 0, 0, 0, 0]
    assert seen[4] == [1, 0, 0, 0, 1, 0, 0, 0]
    assert seen[7] == [1, 0, 0, 0, 1, 1, 1, 1]


def test_plain_logits_give_the_log_probabilities_of_trls_tiles(model):
    import torch

    given = batch([(5, 3, 4), (2, 6, 1)])
    theirs = model(**given, use_cache=False, fused_lm_head=True)
    found = heading_plainly(model)(**given, use_cache=False, fused_lm_head=True)
    assert torch.allclose(found.log_probs, theirs.log_probs, atol=1e-5)
    assert found.label_mask.sum() == theirs.label_mask.sum() == 14
