"""What tests answer to the tasks about a chapter: by the name of its prompt, as pairs to record or as a server."""

from huaben.extract.asking import inquire
from huaben.files import write_jsonl
from huaben.llm.answers import Reply
from huaben.llm.question import Outcome, judge, pursue

V2 = '{"plot": "钟停了。", "relations": "医患。", "psychology": "不安。"}'
V1 = '{"summary": "钟停了。", "qa": []}'
QA = '{"terms": [], "plot": [["钟停在几点？", "三点十七分。", "停在三点十七分"]], "speech": [], "depth": []}'
WORDS = {
    "speakers.v1": "每一处编号的引语",
    "summary.v1": "8 个关于事实的问题",
    "summary.v2": "从三个方面概括",
    "qa.v2": "从四个角度",
    "wordings.v1": "给下面编了号的每个问题",
}
"""What only this task says."""


def write_chapters(folder, novel):
    """Write what the stages read; return the paths of chapters and lines."""
    write_jsonl(folder / "chapters.jsonl", (chapter.row() for chapter in novel.chapters))
    write_jsonl(folder / "lines.jsonl", (line.row() for line in novel.flat))
    return folder / "chapters.jsonl", folder / "lines.jsonl"


def completion(content, finish="stop"):
    """Return the body of a chat completion."""
    choice = {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": content}}
    return {"model": "fake-1", "choices": [choice]}


def answered(asked, task, chapter, lines, replies):
    """Return the questions of a task about a chapter with their answers.

    `replies` gives the answer (text or body) to each prompt, or a function of the question that returns it;
    what it does not have is not answered.
    """
    pairs = []

    def answer(question):
        given = replies(question) if callable(replies) else replies.get(question.request.prompt_id)
        if given is None:
            return Outcome(None, reason="no reply is recorded for this prompt")
        pairs.append((question, given))
        return judge(question, Reply(question.request.key, completion(given) if isinstance(given, str) else given))

    pursue(inquire(asked, task, chapter, lines), answer)
    return pairs


def prompt_of(request):
    """Return the prompt of a request as the server sees it."""
    task = request["messages"][-1]["content"].rpartition(">>>")[2]
    (prompt_id,) = (name for name, words in WORDS.items() if words in task)
    return prompt_id


def passage_of(request):
    """Return the passage of a request as the server sees it, without its delimiters."""
    content = request["messages"][1]["content"]
    return content[20 : content.index(content[3:19], 20) - 1]


def served(replies):
    """Return what an endpoint answers: to each prompt its own."""
    return lambda request: replies[prompt_of(request)]


def with_wordings(params, count=5):
    """Return the parameters with so many wordings wanted of each question."""
    return params.model_copy(update={"qa": params.qa.model_copy(update={"wordings": count})})
