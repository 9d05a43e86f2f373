"""A preference pair in one row: its prompt is computed once, and the two replies do not see each other.

TRL's batch holds every pair as two rows, prompt + chosen and prompt + rejected. Here they become one,

    prompt, chosen, last token of the prompt again, rejected

in which the rejected reply goes on from the prompt (positions) and sees nothing of the chosen one
(mask), so all log-probabilities are those of the two rows, while the prompt is computed once. They
are handed back in TRL's layout, so the loss stays TRL's own.
"""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

IGNORED = -100
MAX_LOGITS = 2**27
"""So many are made at once, half a gigabyte in 32 bits."""


@dataclass(frozen=True)
class Packed:
    """Pairs as rows of B x L tokens; `joint` is the place in a row at which the second reply's part begins."""

    ids: Any
    labels: Any
    positions: Any
    mask: Any
    """B x 1 x L x L, true where the token of a line may look at that of a column."""
    joint: Any


def pack(ids: Any, attention: Any, labels: Any) -> Packed:
    """Return 2B x T tensors (chosen rows, then rejected ones, padded on the right) as B rows."""
    import torch

    ends = attention.sum(1)
    prompt = (labels != IGNORED).int().argmax(1).chunk(2)[0][:, None]
    chosen, rejected = (half[:, None] for half in ends.chunk(2))
    places = torch.arange(int((chosen + rejected - prompt + 1).max()), device=ids.device)[None]
    second = places >= chosen  # from the prompt's repeated last token on
    source = torch.where(second, places - chosen + prompt - 1, places)
    within = source < torch.where(second, rejected, chosen)
    source = source.clamp(max=ids.shape[1] - 1)

    def take(values: Any, filler: int) -> Any:
        first, other = values.chunk(2)
        return torch.where(second, other.gather(1, source), first.gather(1, source)).masked_fill(~within, filler)

    before = places[:, :, None] >= places[:, None, :]
    shared = places < prompt - 1
    visible = before & (~second[:, :, None] | second[:, None, :] | shared[:, None, :])
    return Packed(take(ids, 0), take(labels, IGNORED), source, visible[:, None], chosen)


def unpack(log_probs: Any, packed: Packed, labels: Any) -> Any:
    """Return B x (L-1) log-probabilities of next tokens as TRL's 2B x (T-1), 0 where there is no label."""
    import torch

    targets = labels[:, 1:]
    prompt = (labels != IGNORED).int().argmax(1).chunk(2)[0][:, None]
    places = torch.arange(targets.shape[1], device=targets.device)[None].expand(len(packed.ids), -1)
    shifted = (places + packed.joint - prompt + 1).clamp(0, log_probs.shape[1] - 1)
    both = torch.cat([log_probs.gather(1, places.clamp(max=log_probs.shape[1] - 1)), log_probs.gather(1, shifted)])
    return both.masked_fill(targets == IGNORED, 0.0)


def sharing_prompts(model: Any) -> Any:
    """Return what TRL's DPO calls as its model, with its arguments; of the results only `log_probs` are measured."""

    def forward(*, input_ids: Any, attention_mask: Any, labels: Any, use_cache: bool, **_: Any) -> Any:
        packed = pack(input_ids, attention_mask, labels)
        inputs = {"input_ids": packed.ids, "attention_mask": packed.mask, "position_ids": packed.positions}
        return _results(unpack(next_log_probs(model, inputs, packed.labels), packed, labels), labels)

    return forward


def heading_plainly(model: Any) -> Any:
    """Return what TRL's SFT calls as its model, with its arguments; measured are `log_probs` and `label_mask`."""

    def forward(*, labels: Any, use_cache: bool, fused_lm_head: bool, **inputs: Any) -> Any:
        return _results(next_log_probs(model, inputs, labels), labels)

    return forward


def _results(found: Any, labels: Any) -> Any:
    nothing = found.new_zeros(()).expand_as(found)
    wanted = labels[:, 1:] != IGNORED
    return SimpleNamespace(
        log_probs=found, label_mask=wanted, entropy=nothing, mean_logits=nothing, is_top1=nothing.bool()
    )


def next_log_probs(model: Any, inputs: dict[str, Any], labels: Any) -> Any:
    """Return log-probabilities of the labelled next tokens, one column fewer than `labels`, 0 where there is none.

    The logits of all labelled tokens at once, as long as they fit; else by TRL's head, which makes them
    in tiles and again in the backward pass: up to 5 times as slow on a CPU.
    """
    targets = labels[:, 1:]
    wanted = targets != IGNORED
    config = getattr(model, "module", model).config  # several processes wrap their model
    if int(wanted.sum()) * config.get_text_config().vocab_size > MAX_LOGITS:
        return model(**inputs, use_cache=False, labels=labels, fused_lm_head=True).log_probs
    return labelled_log_probs(model, inputs, labels)


def labelled_log_probs(model: Any, inputs: dict[str, Any], labels: Any) -> Any:
    """Return what `next_log_probs` does, from all logits at once, however many."""
    import torch

    targets = labels[:, 1:]
    wanted = targets != IGNORED
    columns = wanted.any(0).nonzero()[:, 0]
    logits = model(**inputs, use_cache=False, logits_to_keep=columns).logits[wanted[:, columns]]
    losses = torch.nn.functional.cross_entropy(logits.float(), targets[wanted], reduction="none")
    return logits.new_zeros(targets.shape, dtype=losses.dtype).masked_scatter(wanted, -losses)
