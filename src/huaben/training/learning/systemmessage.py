"""The system message: with `train.persona`, what a model is told before whatever the character is to say.

So begin the dialogue and the pairs in training, and the prompts of pairs in evaluation. Questions about the novel do
not: their answers tell of the character in the third person, and a model that is not told which of the two is
wanted mixes them.

It is `character.persona`, and not the page `persona.md` of a release: that has some 2,600 tokens for the embedded
novel, more than a window leaves, and tells events of train chapters and the character's own lines, so that
training rows would be read off the prompt.
"""

from typing import Any

from huaben.errors import InputError
from huaben.params import Params
from huaben.training.learning.rows import opened

NO_SYSTEM = (
    "train.persona: the chat template of the model takes no system message; take another train.base, "
    "or set train.persona to false"
)


def persona_of(params: Params) -> str:
    """Return the text of the system message; empty without `train.persona`. Raises InputError for an empty persona."""
    if not params.train.persona:
        return ""
    persona = params.character.persona.strip()
    if not persona:
        raise InputError(
            "train.persona is true, but character.persona is empty: say there in a few sentences who speaks and how, "
            "or set train.persona to false"
        )
    return persona


def check_persona(persona: str, tokenizer: Any, length: int) -> None:
    """See that a tokenizer's chats can begin with the persona; an empty one fits all.

    Raises InputError for a chat template without system messages, and for a persona that takes more than
    half of a window of `length` tokens, as the other half is the reply's.
    """
    from jinja2 import TemplateError

    if not persona:
        return
    chat = opened([{"role": "user", "content": "?"}], persona)
    try:
        shown = tokenizer.apply_chat_template(chat, add_generation_prompt=True, tokenize=False)
    except TemplateError as error:
        raise InputError(f"{NO_SYSTEM} (it says: {error})") from error
    if persona not in shown:
        raise InputError(NO_SYSTEM)
    count = len(tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_dict=True)["input_ids"])
    if count > length // 2:
        raise InputError(
            f"train.persona: a chat that begins with character.persona has {count} tokens before anything is asked, "
            f"and half of train.max_length is {length // 2}; shorten the persona, or raise train.max_length"
        )
