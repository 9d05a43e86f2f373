"""`persona.md` of a release: who the character is, for a person to read and a model to be told.

Text of the novel stands between quotation marks with its place; in a release without the novel's text the
place stands alone. Everything is of train chapters (`persona.py`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from huaben.params import Params
from huaben.release.persona.people import Cited, Relation
from huaben.release.persona.portrait import Portrait, portray
from huaben.text import printable

PERSONA = "persona.md"

CHINESE = {
    "about": "本页由数据集的台词和梗概拼成，不经模型，只取训练章。"
    "〔第3章 120–168〕指按阅读次序第3章正文的第120到168个字符。",
    "people": "往来的人",
    "counts": "对其说{said}句，听其说{heard}句",
    "calls": "称其",
    "called": "被称",
    "words": "比别人爱说的话",
    "lines": "典型的台词",
    "events": "经历",
    "times": "{count}次",
    "quote": "“{text}”",
    "place": "〔第{chapter}章 {start}–{end}〕",
    "chapter": "〔第{chapter}章〕",
    "and": "、",
    "stop": "；",
    "colon": "：",
}
ENGLISH = {
    "about": "Assembled from the lines and summaries of the dataset, without a model, of train chapters only. "
    "[chapter 3, 120–168] means characters 120 to 168 of the third chapter in reading order.",
    "people": "People",
    "counts": "{said} lines to them, {heard} from them",
    "calls": "calls them ",
    "called": "is called ",
    "words": "Says more than others do",
    "lines": "Typical lines",
    "events": "What happens",
    "times": " {count} times ",
    "quote": "“{text}”",
    "place": " [chapter {chapter}, {start}–{end}]",
    "chapter": " [chapter {chapter}]",
    "and": ", ",
    "stop": "; ",
    "colon": ": ",
}


class Page:
    """The words of one language, and whether the novel's own text is shown."""

    def __init__(self, language: str, shows_text: bool) -> None:
        self.words = CHINESE if language == "zh" else ENGLISH
        self.shows_text = shows_text

    def place(self, cited: Cited) -> str:
        """Return the citation of a span or a whole chapter."""
        kind = "chapter" if cited.start is None else "place"
        return self.words[kind].format(chapter=cited.chapter, start=cited.start, end=cited.end)

    def quote(self, cited: Cited) -> str:
        """Return the novel's words, where they are shown, with how often and where they stand."""
        text = self.words["quote"].format(text=cited.text) if self.shows_text else ""
        times = self.words["times"].format(count=cited.count) if cited.count > 1 else ""
        return f"{text}{times}{self.place(cited)}".strip()

    def person(self, relation: Relation) -> str:
        """Return one person on one line."""
        parts = [self.words["counts"].format(said=relation.said, heard=relation.heard)]
        for label, calls in (("calls", relation.calls), ("called", relation.called)):
            if calls:
                parts.append(self.words[label] + self.words["and"].join(map(self.quote, calls)))
        if relation.note:
            parts.append(relation.note.text + self.place(relation.note))
        return f"**{printable(relation.name)}**{self.words['colon']}{self.words['stop'].join(parts)}"

    def section(self, name: str, items: Sequence[str]) -> str:
        """Return a heading and its items; nothing where there are none."""
        return f"\n## {self.words[name]}\n\n" + "".join(f"- {item}\n" for item in items) if items else ""


def persona_page(portrait: Portrait, language: str, shows_text: bool) -> str:
    """Return a portrait as Markdown; without `shows_text` no word of the novel's text stands in it."""
    page = Page(language, shows_text)
    parts = [f"# {portrait.name}\n\n{portrait.persona}\n\n{page.words['about']}\n"]
    parts.append(page.section("people", [page.person(relation) for relation in portrait.people]))
    parts.append(page.section("words", [page.quote(words) for words in portrait.words]))
    parts.append(page.section("lines", [page.quote(line) for line in portrait.lines]))
    parts.append(page.section("events", [event.text + page.place(event) for event in portrait.events]))
    return "".join(parts)


def render_persona(records: Mapping[str, Sequence[Any]], params: Params) -> str:
    """Return the page from the records of a release."""
    told = records.get("summary_v2") or records.get("summary_v1") or ()
    portrait = portray(records.get("lines", ()), told, params)
    return persona_page(portrait, params.novel.language, params.publish.text == "full")
