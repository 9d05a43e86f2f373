"""The small base that the stage makes itself: tokenizer, Qwen2 architecture, documents to pretrain on.

It proves the data on any machine, offline and in minutes; it is no model to talk to. Its documents
are the train half of the general text, read twice, plain and as chats (a paragraph's first sentence
asks, the rest answers): so it knows the form of a chat, and nothing of the novel, as a real base does.
Only its tokenizer has seen the novel's train pieces, since a real one holds their characters too.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from huaben.params import Tiny

PAD, START, END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
CHATML = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)


def documents(articles: Iterable[str]) -> list[str]:
    """Return the texts to pretrain on, chats rendered as ChatML."""
    articles = list(articles)
    return [*articles, *(chat for article in articles for chat in _as_chats(article))]


def _as_chats(article: str) -> Iterator[str]:
    for paragraph in article.splitlines():
        opening = re.match(r".+?[。！？!?.]\W*", paragraph)
        if opening and opening.end() < len(paragraph):
            question, answer = paragraph[: opening.end()].strip(), paragraph[opening.end() :].strip()
            yield f"{START}user\n{question}{END}\n{START}assistant\n{answer}{END}\n"


def make_tokenizer(texts: Iterable[str], wanted: Tiny) -> Any:
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
        vocab_size=wanted.vocabulary,
        special_tokens=[PAD, START, END],
        initial_alphabet=alphabet,
        show_progress=False,
    )
    bpe.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=bpe, eos_token=END, pad_token=PAD, chat_template=CHATML)


def make_model(tokenizer: Any, wanted: Tiny, max_length: int) -> Any:
    """Return a Qwen2 model with random weights; the caller has set the seed."""
    from transformers import Qwen2Config, Qwen2ForCausalLM

    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=wanted.hidden,
        intermediate_size=3 * wanted.hidden,
        num_hidden_layers=wanted.layers,
        num_attention_heads=wanted.heads,
        num_key_value_heads=wanted.heads,
        max_position_embeddings=max_length,
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
    )
    return Qwen2ForCausalLM(config)
