"""The system message: what models are told before what the character says, where `train.persona` asks for it."""

from copy import deepcopy

import pytest

from huaben.errors import InputError
from huaben.files import write_jsonl
from huaben.params import Tiny
from huaben.records import QA, Conversation, Message, Preference, Provenance
from huaben.training.evaluate import evaluate
from huaben.training.evaluation.scoring import load_scorer
from huaben.training.learning import mixture, models, rows, tiny
from huaben.training.learning.systemmessage import check_persona, persona_of
from lessons import small_params, train_lessons, write_lessons

PERSONA = "你是沈更生。"
TOLD = {"role": "system", "content": PERSONA}
ORIGIN = Provenance(novel="n", chapter=1, chapter_id="c", spans=((0, 1),))
WANTED = Tiny(vocabulary=400, hidden=32, layers=1, heads=2, epochs=1.0, lr=0.001, batch=4)
OF_THE_CHARACTER = ["几点了", "谁？", "怎么样", "说说", "?"]
"""What stands in the prompts of dialogue and pairs and in that of the check, and in no question about the novel."""
THE_PERSONA_WHERE_HE_SPEAKS = (
    "{% set said = messages | map(attribute='content') | join %}{% set his = namespace(is=false) %}"
    "{% for words in "
    + str(OF_THE_CHARACTER)
    + " %}{% if words in said %}{% set his.is = true %}{% endif %}{% endfor %}"
    "{% if his.is != (messages[0] == {'role': 'system', 'content': '" + PERSONA + "'}) %}"
    "{{ raise_exception('the persona in the wrong place: ' + said) }}{% endif %}"
) + tiny.CHATML
WITHOUT_SYSTEM = (
    "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
) + tiny.CHATML
LEAVES_SYSTEM_OUT = tiny.CHATML.replace("in messages %", "in messages if message['role'] != 'system' %")


def says(role, text):
    return {"role": role, "content": text}


def with_template(tokenizer, template):
    tokenizer = deepcopy(tokenizer)
    tokenizer.chat_template = template
    return tokenizer


def in_character(persona, **changes):
    params = small_params(persona=True, **changes)
    return params.model_copy(update={"character": params.character.model_copy(update={"persona": persona})})


@pytest.fixture(scope="module")
def tokenizer():
    """Return a tokenizer to which each of these characters is a token."""
    text = PERSONA + "几点了？三更。锣响了。又一更。谁？我问你。"
    return tiny.make_tokenizer([text * 50], WANTED)


@pytest.fixture
def datasets(tmp_path):
    """Write one row of each dataset that is trained on as chats."""
    talk = [("user", "几点了？"), ("assistant", "三更。"), ("user", "谁？"), ("assistant", "锣响了。")]
    messages = tuple(Message(role=role, content=text) for role, text in talk)
    kept = {"split": "train", "provenance": ORIGIN}
    conversation = Conversation(record_id="0" * 16, character="沈更生", scene=1, messages=messages, **kept)
    write_jsonl(tmp_path / "dialogue.jsonl", [conversation.row()])
    for name, number in (("qa_v2", "1"), ("summary_qa_v2", "2")):
        qa = QA(record_id=number * 16, angle="facts", question="几更？", answer="三更。", evidence="三更", **kept)
        write_jsonl(tmp_path / f"{name}.jsonl", [qa.row()])
    return tmp_path


def chats_of(datasets, tokenizer, *persona, length=256):
    found = mixture.sources(datasets, None, tokenizer, length, *persona)
    return {name: [tokenizer.decode(row["input_ids"]) for row in of_source] for name, of_source in found.items()}


def chatml(*messages):
    return "".join(f"<|im_start|>{role}\n{text}<|im_end|>\n" for role, text in messages)


def test_the_rows_of_dialogue_begin_with_the_persona_and_all_else_is_as_without_one(datasets, tokenizer):
    told = ("system", "你是沈更生。")
    first = [("user", "几点了？"), ("assistant", "三更。")]
    second = [*first, ("user", "谁？"), ("assistant", "锣响了。")]
    question = [("user", "几更？"), ("assistant", "三更。")]
    plain = {"dialogue": [first, second], "qa": [question], "summary_qa": [question], "pretrain": [], "general": []}
    expected = {name: [chatml(*chat) for chat in found] for name, found in plain.items()}
    assert chats_of(datasets, tokenizer) == expected
    expected["dialogue"] = [chatml(told, *chat) for chat in plain["dialogue"]]
    assert chats_of(datasets, tokenizer, PERSONA) == expected


def test_only_the_reply_is_learned_and_not_the_persona(datasets, tokenizer):
    row, _ = mixture.sources(datasets, None, tokenizer, 128, PERSONA)["dialogue"]
    learned = [token for token in row["labels"] if token != -100]
    assert tokenizer.decode(learned) == "三更。<|im_end|>\n"


def test_the_prompts_of_pairs_begin_with_the_persona_and_without_one_are_as_they_were():
    def side(text):
        return (Message(role="assistant", content=text, origin="reply"),)

    pair = Preference(
        record_id="0" * 16, split="train", way="prompts", chosen=side("三更。"), rejected=side("两点。"),
        prompt=(Message(role="user", content="几点了？", origin="prompt"),), provenance=ORIGIN,
    )  # fmt: skip
    sides = {"chosen": [says("assistant", "三更。")], "rejected": [says("assistant", "两点。")]}
    asked = says("user", "几点了？")
    assert rows.preference_rows([pair], lambda chat: True) == [{"prompt": [asked], **sides}]
    assert rows.preference_rows([pair], lambda chat: True, PERSONA) == [{"prompt": [TOLD, asked], **sides}]


TALK = [says("user", "几点了？"), says("assistant", "三更。"), says("user", "谁？")]


def count(tokenizer, chat):
    return len(tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_dict=True)["input_ids"])


def test_the_window_counts_the_persona_and_keeps_it_whole(tokenizer):
    whole = 2 * count(tokenizer, [TOLD, *TALK])
    assert rows.recent(TALK, mixture.fits(tokenizer, whole, PERSONA)) == TALK
    assert rows.recent(TALK, mixture.fits(tokenizer, whole - 1, PERSONA)) == TALK[-1:]
    assert rows.recent(TALK, mixture.fits(tokenizer, whole - 1)) == TALK


def test_a_row_of_dialogue_gives_up_talk_for_the_persona(datasets, tokenizer):
    length = 2 * count(tokenizer, [TOLD, *TALK]) - 1
    told, last = ("system", "你是沈更生。"), [("user", "谁？"), ("assistant", "锣响了。")]
    assert chats_of(datasets, tokenizer, PERSONA, length=length)["dialogue"][1] == chatml(told, *last)
    before = [("user", "几点了？"), ("assistant", "三更。")]
    assert chats_of(datasets, tokenizer, length=length)["dialogue"][1] == chatml(*before, *last)


def test_a_persona_has_half_of_the_window_at_most(tokenizer):
    least = count(tokenizer, [TOLD, says("user", "?")])
    check_persona(PERSONA, tokenizer, 2 * least)
    with pytest.raises(InputError, match=f"has {least} tokens before anything is asked.* is {least - 1}; shorten"):
        check_persona(PERSONA, tokenizer, 2 * least - 1)


@pytest.mark.parametrize(
    ("template", "said"), [(WITHOUT_SYSTEM, "it says: System role not supported"), (LEAVES_SYSTEM_OUT, "takes no")]
)
def test_a_template_without_system_messages_is_refused_where_it_would_need_one(template, said, tokenizer):
    tokenizer = with_template(tokenizer, template)
    with pytest.raises(InputError, match=said):
        check_persona(PERSONA, tokenizer, 128)
    check_persona("", tokenizer, 128)


def test_the_persona_is_told_only_where_it_is_asked_for_and_may_not_be_empty_then():
    assert persona_of(small_params()) == ""
    assert persona_of(in_character(" 你是沈更生。\n")) == PERSONA
    with pytest.raises(InputError, match=r"character\.persona is empty: say there"):
        persona_of(in_character(" \n"))


@pytest.fixture(scope="module")
def base(tokenizer, tmp_path_factory):
    """Return a folder with a model whose template takes the persona where the character speaks, and nowhere else."""
    from transformers import set_seed

    set_seed(7)
    folder = tmp_path_factory.mktemp("base") / "base"
    models.save(tiny.make_model(tokenizer, WANTED, 128), with_template(tokenizer, THE_PERSONA_WHERE_HE_SPEAKS), folder)
    return folder


def test_a_scorer_asks_every_chat_after_the_persona(base):
    asked, reply = [says("user", "几点了？")], "三更。"
    told, plain = load_scorer(base, 128, PERSONA), load_scorer(base, 128)
    assert told.chats([(asked, reply)]) == plain.chats([([TOLD, *asked], reply)])
    assert told.replies([asked], 4, 0.0, 7) == plain.replies([[TOLD, *asked]], 4, 0.0, 7)
    assert told.recent(asked) == asked


def test_what_a_scorer_leaves_of_a_conversation_fits_with_the_persona(base, tokenizer):
    whole = 2 * len(tokenizer.apply_chat_template([TOLD, *TALK], return_dict=True)["input_ids"])
    assert load_scorer(base, whole, PERSONA).recent(TALK) == TALK
    assert load_scorer(base, whole - 1, PERSONA).recent(TALK) == TALK[-1:]


def test_training_and_evaluation_of_all_models_tell_the_persona_where_the_character_speaks_alone(base, tmp_path):
    lessons, params = write_lessons(tmp_path), in_character(PERSONA, base=str(base), dpo_epochs=1.0)
    train_lessons(lessons, "models", params)
    report, samples = evaluate(lessons / "models", lessons / "data", lessons / "general.txt", params)
    assert list(report["models"]) == ["base", "sft", "dpo", "dpo_only"]
    asked = ("preference_accuracy", "knowledge_accuracy", "answers_exact", "style_score")
    assert all(set(asked) <= set(numbers) for numbers in report["models"].values())
    assert [message["role"] for message in samples[0]["prompt"]] == ["user"]


def test_training_says_at_once_that_its_base_takes_no_persona(tokenizer, tmp_path):
    lessons, folder = write_lessons(tmp_path), tmp_path / "base"
    models.save(tiny.make_model(tokenizer, WANTED, 128), with_template(tokenizer, WITHOUT_SYSTEM), folder)
    with pytest.raises(InputError, match="takes no system message"):
        train_lessons(lessons, "models", in_character(PERSONA, base=str(folder)))
    with pytest.raises(InputError, match=r"half of train\.max_length"):
        train_lessons(lessons, "models", in_character("锣" * 128))
