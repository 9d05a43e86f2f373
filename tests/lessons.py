"""Small datasets to train on: a hero who says 锣, others who do not, and facts with one-word answers."""

from pathlib import Path

from huaben.files import write_jsonl
from huaben.params import Mixture, Tiny, load_params
from huaben.records import QA, Conversation, Line, Message, Piece, Preference, Provenance, make_id
from huaben.training.train import train

REPOSITORY = Path(__file__).parents[1]
COLOURS = "红橙黄绿青蓝紫黑白灰金银"
THINGS = "钟锣灯船桥门井墙路山水火"
SIZES = {
    "recipe": None,
    "base": "tiny",
    "seeds": [7],
    "tiny": Tiny(vocabulary=400, hidden=32, layers=1, heads=2, epochs=6.0, lr=0.003, batch=4),
    "dtype": "float32",
    "lora": False,
    "max_length": 128,
    "mixture": Mixture(dialogue=1.0, qa=1.0, summary_qa=1.0, pretrain=1.0, general=1.0),
    "sft_epochs": 1.0,
    "sft_lr": 0.002,
    "dpo_epochs": 3.0,
    "dpo_lr": 0.002,
    "rehearsal": 0.5,
    "batch": 4,
}


def small_params(**changes):
    """The project's parameters with a model that trains in seconds."""
    params = load_params(REPOSITORY / "params.yaml")
    training = params.train.model_copy(update={**SIZES, **changes})
    measuring = params.evaluate.model_copy(update={"bootstrap": 50, "max_new_tokens": 8, "prompts": 6})
    return params.model_copy(update={"train": training, "evaluate": measuring})


def write_lessons(folder):
    """Write data/ and general.txt, all that training and evaluation read, into a folder, and return it."""
    _write_datasets(folder / "data", "沈更生")
    _write_general(folder / "general.txt", 8)
    return folder


def train_lessons(folder, models, params, say=None):
    """Train on the lessons of a folder; the models go into its subfolder `models`; return the metrics."""
    return train_with_curves(folder, models, params, say).metrics


def train_with_curves(folder, models, params, say=None):
    """Do the same and return all that is said of the training."""
    return train(folder / "data", folder / "general.txt", folder / models, folder / "work", params, say)


def _write_datasets(folder, hero):
    """Write every dataset that training and evaluation read; every sixth item is a test item."""
    places = [(i, a, b) for i, (a, b) in enumerate((a, b) for a in COLOURS for b in THINGS[:4])]
    write_jsonl(folder / "pretrain.jsonl", [_piece(i, a, b).row() for i, a, b in places])
    write_jsonl(folder / "lines.jsonl", [_line(i, a, b, hero).row() for i, a, b in places])
    write_jsonl(folder / "dialogue.jsonl", [_conversation(i, a, b, hero).row() for i, a, b in places])
    for name, question in (("qa_v1", "哪种颜色的是{b}{i}？"), ("qa_v2", "请说出第{i}个{b}有着怎样的颜色。")):
        rows = [_qa(name, i, question.format(b=b, i=i), f"{a}色") for i, a, b in places]
        write_jsonl(folder / f"{name}.jsonl", [row.row() for row in rows])
    write_jsonl(folder / "preference.jsonl", [_pair(i, a, b, hero).row() for i, a, b in places])


def _write_general(path, articles):
    """Write general text: articles apart by blank lines."""
    text = "\n\n".join(
        f"今天是第{i}天。早上下了一点雨，{THINGS[i]}边的草都绿了。我们走回家去吃饭。" for i in range(articles)
    )
    path.write_text(text + "\n", encoding="utf-8")


def _split(i):
    return "test" if i % 6 == 0 else "train"


def _origin(i):
    return Provenance(novel="lessons", chapter=1 + i % 2, chapter_id=f"c{i % 2}", spans=((0, 1),))


def _piece(i, a, b):
    text = f"那边有一个{a}色的{b}，他说它是第{i}个。\n" * 3
    return Piece(record_id=make_id("p", i), split=_split(i), text=text, provenance=_origin(i))


def _line(i, a, b, hero):
    text = f"你听，锣响了，{a}色的{b}，差一刻！" if i % 2 else f"请你先坐下来，慢慢说{a}色的{b}。"
    return Line(
        record_id=make_id("l", i),
        split=_split(i),
        chapter=1,
        start=0,
        end=len(text),
        text=text,
        kind="speech",
        depth=0,
        scene=1,
        speaker=hero if i % 2 else "旁人",
        provenance=_origin(i),
    )


def _conversation(i, a, b, hero):
    messages = (Message(role="user", content=f"{b}怎么样？"), Message(role="assistant", content=f"{a}色的锣响了！"))
    return Conversation(
        record_id=make_id("d", i), split=_split(i), character=hero, scene=1, messages=messages, provenance=_origin(i)
    )


def _qa(name, i, question, answer):
    return QA(
        record_id=make_id(name, i),
        split=_split(i),
        angle="facts",
        question=question,
        answer=answer,
        evidence=answer,
        provenance=_origin(i),
    )


def _pair(i, a, b, hero):
    def says(text):
        return (Message(role="assistant", content=text, origin="reply"),)

    return Preference(
        record_id=make_id("pair", i),
        split=_split(i),
        way="prompts",
        prompt=(Message(role="user", content=f"说说{a}色的{b}。", origin="prompt"),),
        chosen=says(f"锣锣锣！{a}色的{b}，差一刻！"),
        rejected=says(f"好的，{a}色的{b}很常见。"),
        provenance=_origin(i),
    )
