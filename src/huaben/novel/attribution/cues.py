"""What a sentence of narration says about who speaks beside it: verb, colon, subject, pronoun, description.

The words are function words, speech verbs and nouns of kinship and trade of the language at large; there is
nothing of any novel among them. (Cue types as in He, Barbosa and Kondrak, "Identification of Speakers in
Novels", ACL 2013, and Muzny et al., EACL 2017; Chinese ones as in Chen et al., Interspeech 2019.)
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from huaben.novel.people.names import Gender, Mention
from huaben.novel.people.namewords import ROLE

TOLD = frozenset("对對向跟和给給把被让讓叫替同朝冲衝问問与與为為望见見到请請使比往等陪扶拉")
"""What stands before a name that is not the subject."""
SPEECH = re.compile(
    "说|說|问|問|(?<!知)道|答|喊|叫|嚷|骂|罵|吼|叹|嘆|哼|劝|勸|曰|笑|喝|央求|嘟囔|嘀咕|喃喃|念叨|告诉|告訴|介绍|"
    "反驳|同意|吩咐|嘱咐|命令|回应|安慰|宣布|帮腔|应承|建议|开口|强调|心想|想|感叹|抱怨|拒绝|提醒|插嘴|插话|打断|"
    "接口|接话|沉吟|禀|补充|表示|解释|解劝|言传|谈|追问|开玩笑|打招呼|破口|呻吟|哭|哽咽|吱唔|支吾|喘|惊讶|挖苦|"
    "嘲笑|恭维|商量|打问|回话|发话|搭话|搭腔|念|唱|催|求|承认|坦白|保证|警告|提议|纠正|重复|报告|质问|反问|问讯|应"
)
SAY = re.compile("[说說问問道喊叫答曰]")
ASKS, ANSWERS = re.compile("[问問]"), re.compile("答(?!应|應)|回道|回话|[应應]道")
REACTS = re.compile(
    "没有?(?:再)?(?:回答|答|说话|吭声|作声|言语|做声|接话|理)|不(?:吭声|说话|作声|言语|答|理)|听(?:了|完|罢|见|到|着|说|得)|"
    "闻听|闻言|[愣怔呆]|沉默|默默|不由|点(?:了)?点头|摇(?:了)?摇头|同意|吃(?:了)?一惊"
)
"""What one does who is spoken to."""
SAYS_LAST = re.compile(r"[说說问問道喊叫答言骂罵曰](?:[^，。]{0,6})[：:。，！]\s*$")
PRONOUN = re.compile("他们|她们|他們|她們|咱|他|她")
ONE = re.compile("(?:他|她)(?!们|們)")
KIN = re.compile(
    "(?:他|她)?的?(?:父亲|母亲|爸|妈|爹|娘|哥|弟|姐|妹|媳妇|老婆|丈夫|男人|女人|儿子|女儿|婆姨|大|家|一家|叔|们|"
    "两|俩|徒弟|手下|身后|背后|身边|面前)"
)
DESCRIBED = re.compile(
    "(?:那|这|一)(?:个|位|名)?[^，。的]{0,6}(?:姑娘|妇女|老汉|老头|人|干部|青年|后生|家伙|司机|小子|同志|女人|师傅|"
    "婆姨|孩子|医生|服务员|道人|和尚|老者|大汉|差人|官人)|^(?:大家|众人|人们|有人|父亲|母亲|爸爸|妈妈|儿子|女儿|"
    "丈夫|妻子|老婆|媳妇|女人|男人|哥哥|弟弟|姐姐|妹妹|老汉|书记|主任|老师|医生|队长|老人|老者|老道|和尚|掌柜)"
)
CLAUSE_EDGE = frozenset("，。；！？：…”、（）—,;!?:")
OPENERS = (
    "听见",
    "听到",
    "只听",
    "就听",
    "时候",
    "于是",
    "突然",
    "以后",
    "接着",
    "只见",
    "这时",
    "忽然",
    "但是",
    "可是",
    "然后",
)
APPOSED = re.compile("(?<![^，。；！？：…”、,;!?:])[\u4e00-\u9fff]{2,4}$")
"""The words of a clause before a name, which may be its bearer's trade (老家人甲)."""
NOBODY = -1
GENDER_OF: dict[str, Gender] = {"他": "male", "她": "female"}
ROLES: dict[Gender, re.Pattern[str]] = {
    "female": re.compile(
        "母亲|妈妈?|娘(?!们)|姐姐?|妹妹?|妻子|媳妇|老婆|婆姨|女儿|姑娘|女人|奶奶|嫂子?|婶婶?|丫头|妇女|太太|老太|夫人|小姐|女子"
    ),
    "male": re.compile(
        "父亲|爸爸?|爹|哥哥?|弟弟?|丈夫|儿子|男人|老汉|老头|爷爷|后生|小伙|叔叔?|小子|老爷|公子|汉子|和尚|道人|老道|先生"
    ),
}
"""Nouns that name a person by kinship, age or trade, and tell the gender."""
OTHERS = re.compile("有人|那人|这人|旁人|别人|众人|大家|人们|徒弟|弟子|学生|同伴|随从|众[\u4e00-\u9fff]人")
"""Whoever that is, it is nobody of the cast."""
BODY = ("脸", "眼", "心", "声", "嘴", "头", "手", "目光", "神", "眉", "鼻", "身", "喉", "腿", "情绪", "嗓")
HEARD = ("听见", "听到", "听得", "只见", "却见", "就见", "只听", "就听")


@dataclass(frozen=True, slots=True)
class Token:
    """A name, a pronoun (他 or 她) or a role (妻子, 老汉) in a sentence."""

    start: int
    end: int
    name: str | None
    gender: Gender | None
    """Of a pronoun or role."""
    is_role: bool = False


@dataclass(frozen=True, slots=True)
class Cue:
    """What a sentence of narration holds. `subject` is its most likely subject, `named` the name that may be it."""

    length: int
    has_colon: bool
    ends_in_comma: bool
    says: bool
    says_last: bool
    verb: int
    pronoun: str | None
    is_described: bool
    asks: bool
    answers: bool
    reacts: bool
    named: str | None
    subject: Token | None
    objects: frozenset[str]
    """Names after the subject, which a pronoun as subject does not mean."""


def read_cue(text: str, mentions: Sequence[Mention]) -> Cue:
    """Return what the sentence `text` says, given the names in it."""
    text = text.rstrip()
    pronoun = next((m for m in PRONOUN.finditer(text) if not _is_object(text, m.start())), None)
    verbs = [m.start() for m in SPEECH.finditer(text)]
    subjects = [m for m in mentions if not _is_object(text, m.start) and not _is_owner(text, m.end)]
    is_named = subjects and (pronoun is None or subjects[0].start <= pronoun.start())
    has_colon = text.rstrip("“「『").endswith(("：", ":"))
    subject = _subject(text, mentions, has_colon)
    return Cue(
        length=len(text),
        has_colon=has_colon,
        ends_in_comma=text.endswith(("，", ",")),
        says=bool(verbs),
        says_last=bool(SAYS_LAST.search(text[-10:])),
        verb=verbs[-1] if verbs else NOBODY,
        pronoun=pronoun[0] if pronoun else None,
        is_described=bool(DESCRIBED.search(text[:16])),
        asks=bool(ASKS.search(text)),
        answers=bool(ANSWERS.search(text)),
        reacts=bool(REACTS.search(text)),
        named=subjects[0].name if is_named else None,
        subject=subject,
        objects=frozenset(m.name for m in mentions if subject and m.start > subject.end),
    )


def _is_object(text: str, start: int) -> bool:
    return start > 0 and text[start - 1] in TOLD and text[start - 2 : start] not in HEARD


def _is_owner(text: str, end: int) -> bool:
    """Tell `甲的哥哥` from `甲`; what happens to somebody's face or voice happens to him (甲的脸红了)."""
    if text[end : end + 1] == "的":
        return not text.startswith(BODY, end + 1)
    return KIN.match(text, end) is not None


def _is_apposed(role: Token, name: Token) -> bool:
    """Tell `他哥甲说`, in which role and name are one person."""
    return role.is_role and name.name is not None and name.start == role.end


def _subject(text: str, mentions: Sequence[Mention], has_colon: bool) -> Token | None:
    """Return the last name, pronoun or role that opens a clause before a colon; elsewhere the first."""
    best: Token | None = None
    for token in _tokens(text, mentions):
        if _is_object(text, token.start) or _is_owner(text, token.end):
            continue
        if best is None or opens_clause(text, token.start) or _is_apposed(best, token):
            best = token
        before = text[token.start - 1 : token.start]
        if best is token and not has_colon and before in ("", "，") and token.start < 12:
            return best
    return best


def _tokens(text: str, mentions: Sequence[Mention]) -> list[Token]:
    """Return names, pronouns and roles in order; a role that is part of a name is none."""
    tokens = [Token(m.start, m.end, m.name, None) for m in mentions]
    tokens += [Token(m.start(), m.end(), None, GENDER_OF[m[0]]) for m in ONE.finditer(text)]
    named = [(m.start, m.end) for m in mentions]
    roles: list[tuple[Gender | None, re.Pattern[str]]] = [*ROLES.items(), (None, OTHERS)]
    for gender, role in roles:
        for m in role.finditer(text):
            if not any(start < m.end() and m.start() < end for start, end in named):
                tokens.append(Token(m.start(), m.end(), None, gender, is_role=True))
    return sorted(tokens, key=lambda t: t.start)


def opens_clause(text: str, start: int) -> bool:
    """Tell whether a clause begins at `start`, perhaps after such a word as 这时."""
    if start == 0 or text[start - 1] in CLAUSE_EDGE:
        return True
    if text[max(0, start - 2) : start] in OPENERS:
        return True
    role = APPOSED.search(text, max(0, start - 5), start)
    return role is not None and ROLE.fullmatch(role[0]) is not None
