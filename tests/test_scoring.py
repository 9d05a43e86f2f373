"""What a model says is scored alike alone and in a batch, and only from where it counts."""

import math

import pytest

from huaben.training.evaluation.forks import Fork, forks
from huaben.training.evaluation.scoring import load_scorer
from lessons import small_params, train_lessons, write_lessons


@pytest.fixture(scope="module")
def scorer(tmp_path_factory):
    folder = write_lessons(tmp_path_factory.mktemp("lessons"))
    train_lessons(folder, "models", small_params())
    return load_scorer(folder / "models" / "sft", 128)


def ask(text):
    return [{"role": "user", "content": text}]


def test_a_batch_of_other_lengths_changes_no_score(scorer):
    chats = [(ask("锣怎么样？" * n), "红色的锣响了！" * m) for n, m in ((1, 1), (7, 1), (2, 4))]
    together = scorer.chats(chats)
    alone = [scorer.chats([chat])[0] for chat in chats]
    for (total, count), (other, other_count) in zip(together, alone, strict=True):
        assert total == pytest.approx(other, abs=1e-3)
        assert count == other_count


def test_answers_to_one_question_are_scored_as_if_alone_though_read_in_one_row(scorer):
    prompt = ask("锣怎么样？")
    answers = ["红色的锣响了！", "不知道。", "锣", "红色的锣响了！" * 3]
    together = scorer.chats([(prompt, answer) for answer in answers])
    alone = [scorer.chats([(prompt, answer)])[0] for answer in answers]
    assert [count for _, count in together] == [count for _, count in alone]
    assert [total for total, _ in together] == pytest.approx([total for total, _ in alone], abs=1e-3)


def test_rows_are_joined_where_they_begin_alike_and_as_long_as_they_may_be():
    rows = [([1, 2, 3, 4], 2), ([1, 2, 5], 2), ([1, 2, 6, 7], 2), ([9, 2, 3], 2), ([5, 6], 0)]
    assert forks(rows, 4) == [
        Fork([1, 2], [[3, 4], [5]]),
        Fork([1, 2], [[6, 7]]),
        Fork([9, 2], [[3]]),
        Fork([5], [[6]]),
    ]
    assert [len(fork) for fork in forks(rows, 4)] == [4, 3, 2, 1]


def test_a_score_is_the_sum_over_the_replys_own_tokens(scorer):
    import torch

    prompt, reply = ask("锣怎么样？"), "红色的锣响了！"
    template = scorer.tokenizer.apply_chat_template
    whole = template([*prompt, {"role": "assistant", "content": reply}], return_dict=True)["input_ids"]
    start = len(template(prompt, add_generation_prompt=True, return_dict=True)["input_ids"])
    with torch.inference_mode():
        logs = scorer.model(torch.tensor([whole])).logits[0].log_softmax(-1)
    expected = sum(float(logs[place - 1, whole[place]]) for place in range(start, len(whole)))
    ((total, count),) = scorer.chats([(prompt, reply)])
    assert total == pytest.approx(expected, abs=1e-3)
    assert count == len(whole) - start


def test_a_text_is_the_continuation_of_its_first_token(scorer):
    text = "今天下了一点雨。"
    ((total, count),) = scorer.texts([text])
    ((rest, rest_count),) = scorer.continuations([(text[0], text[1:])])
    assert (rest, rest_count) == (pytest.approx(total, abs=1e-3), count)
    assert math.isfinite(total)


def test_a_long_conversation_loses_its_beginning(scorer):
    long = [
        message for n in range(20) for message in (*ask(f"第{n}问？"), {"role": "assistant", "content": "锣响了。"})
    ]
    kept = scorer.recent([*long, *ask("最后一问？")])
    assert kept[0]["role"] == "user"
    assert kept[-1]["content"] == "最后一问？"
    assert len(kept) < len(long)


def test_replies_come_in_the_order_of_their_prompts(scorer):
    prompts = [ask("锣怎么样？" * n) for n in (5, 1, 3)]
    together = scorer.replies(prompts, 4, 0.0, 7)
    assert together == [scorer.replies([prompt], 4, 0.0, 7)[0] for prompt in prompts]
