"""The small base that the stage makes itself: tokenizer, Qwen2 architecture, documents to pretrain on.

It proves the data on any machine, offline and in minutes; it is no model to talk to. Its documents
are the novel's plain train pieces and the train half of the general text. That half is read twice,
plain and as chats (a paragraph's first sentence asks, the rest answers), so that the base knows the
form of a chat from neutral text, and the character only from the novel.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from huaben.params import Train

PAD, START, END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
CHATML = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)


def documents(pieces: Iterable[str], articles: Iterable[str]) -> list[str]:
    """Return the texts to pretrain on, chats rendered as ChatML."""
    articles = list(articles)
    return [*pieces, *articles, *(chat for article in articles for chat in _as_chats(article))]


def _as_chats(article: str) -> Iterator[str]:
    for paragraph in article.splitlines():
        opening = re.match(r".+?[。！？!?.]\W*", paragraph)
        if opening and opening.end() < len(paragraph):
            question, answer = paragraph[: opening.end()].strip(), paragraph[opening.end() :].strip()
            yield f"{START}user\n{question}{END}\n{START}assistant\n{answer}{END}\n"


def make_tokenizer(texts: Iterable[str], train: Train) -> Any:
    """Train a byte-level BPE tokenizer: any text can be encoded, so no token stands for the unknown.

    No token spans two Chinese characters: the text is too short to learn words of them.
    """
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    bpe = Tokenizer(models.BPE())
    by_character = pre_tokenizers.Split(Regex(r"\p{Han}"), "isolated")
    by_byte = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.pre_tokenizer = pre_tokenizers.Sequence([by_character, by_byte])
    bpe.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=train.vocabulary,
        special_tokens=[PAD, START, END],
        initial_alphabet=alphabet,
        show_progress=False,
    )
    bpe.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=bpe, eos_token=END, pad_token=PAD, chat_template=CHATML)


def make_model(tokenizer: Any, train: Train) -> Any:
    """Return a Qwen2 model with random weights; the caller has set the seed."""
    from transformers import Qwen2Config, Qwen2ForCausalLM

    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=train.hidden,
        intermediate_size=3 * train.hidden,
        num_hidden_layers=train.layers,
        num_attention_heads=train.heads,
        num_key_value_heads=train.heads,
        max_position_embeddings=train.max_length,
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
    )
    return Qwen2ForCausalLM(config)


def blocks(texts: Iterable[str], tokenizer: Any, length: int) -> list[dict[str, list[int]]]:
    """Return rows of `length` token ids: the texts one after the other, each closed by the padding token."""
    ids = [token for text in texts for token in [*tokenizer(text)["input_ids"], tokenizer.pad_token_id]]
    return [{"input_ids": ids[start : start + length]} for start in range(0, len(ids), length)]
