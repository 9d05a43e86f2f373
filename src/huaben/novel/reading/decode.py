"""Bytes of a novel → its text. Refuses, with offset and context, rather than guess wrong.

Order: byte order mark, UTF-8, UTF-16 when there are NUL bytes, then GB18030 against Big5 by how much of the
text is everyday Chinese (Big5 bytes decode as GB18030 without error, into characters nobody uses).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from huaben.errors import InputError
from huaben.files import read_bytes

MAX_BYTES = 200_000_000
"""Far above any novel; the Chinese translation of the Bible has about 3 MB."""
COMMON = "的一了是不我人在有他这這来來个個们們说說道上到大地为為子中你出也就那着之"
EVERYDAY = re.compile(f"[{COMMON}，。\n -~]")
NARROW = re.compile("[\x00-\u2e7f]+")
"""What is no Chinese character or mark."""
PRIVATE = re.compile("[\ue000-\uf8ff]")
MIN_COMMON = 0.05
"""Share of COMMON, less its commonest, in running Chinese text is 0.1 to 0.2 (8 novels); wrongly decoded about 0."""
WINDOW = 2000
"""Every stretch of so many characters must look Chinese, or a file of two encodings would pass by its first part."""
MAX_PRIVATE = 0.01
"""Share of private-use characters: a few stand for rare glyphs in GB18030, many for another encoding."""
UTF8_PREFIX = 20
"""After so many well-formed multi-byte characters a file is UTF-8 with a fault, not another encoding."""
MAX_INVISIBLE = 0.1
"""Share of control and invisible characters from which a file is no text."""
BOMS = {
    b"\xef\xbb\xbf": "utf-8",
    b"\xff\xfe\x00\x00": "utf-32-le",
    b"\xff\xfe": "utf-16-le",
    b"\xfe\xff": "utf-16-be",
}
DOCUMENTS = re.compile(
    rb"%PDF|PK\x03\x04|\x89PNG|\xff\xd8\xff|GIF8|\xd0\xcf\x11\xe0|Rar!|\x1f\x8b|\{\\rtf|.{60}(?:BOOKMOBI|TEXtREAd)",
    re.DOTALL,
)
"""How documents, pictures, archives and e-books of other kinds begin."""
WEB_PAGE = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype\s+html|html|\?xml)", re.IGNORECASE)
UTF8_RUN = re.compile(rb"(?:[\xe4-\xe9][\x80-\xbf]{2}){6}")
"""Six Chinese characters in UTF-8; in GB18030 or Big5 such bytes would be a row of the rarest characters."""
LINE_END = re.compile("\r\n?|[\u2028\u2029\x85\v\f]")
INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\xad\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)
"""Control, zero-width, bidirectional and tag characters: a reader sees none of them, and they hide words."""


@dataclass(frozen=True)
class Decoded:
    """A novel's text with "\\n" line ends, its encoding, and how many control and invisible characters were cut."""

    text: str
    encoding: str
    controls_cut: int


def read_novel(path: Path) -> Decoded:
    """Read and decode one text file; whatever is no text is an InputError that says why."""
    data = read_bytes(path, MAX_BYTES)
    if WEB_PAGE.match(data):
        raise InputError(f"{path}: this is a web page, not text; save it as a .txt file without its tags")
    return decode(data, str(path))


def decode(data: bytes, name: str) -> Decoded:
    """Decode a novel's bytes; `name` is for messages."""
    if not data.strip():
        raise InputError(f"{name}: the file is empty")
    if DOCUMENTS.match(data):
        raise InputError(f"{name}: this is a document, an archive or a picture, not text; save it as a .txt file")
    encoding, text = _decoded(data, name)
    text = LINE_END.sub("\n", text.removeprefix("\ufeff"))
    clean, cut = INVISIBLE.subn("", text)
    if cut > MAX_INVISIBLE * len(text):
        raise InputError(f"{name}: {cut:,} of {len(text):,} characters are control characters; this is no text")
    if not clean.strip():
        raise InputError(f"{name}: the file holds only blanks")
    return Decoded(clean, encoding, cut)


def _decoded(data: bytes, name: str) -> tuple[str, str]:
    for mark, encoding in BOMS.items():
        if data.startswith(mark):
            return encoding, _strict(data, encoding, name)
    is_full_of_nuls = data.count(0) > MAX_INVISIBLE * len(data)
    faults = []
    try:
        text = data.decode("utf-8")
        if not is_full_of_nuls:
            return "utf-8", text
    except UnicodeDecodeError as error:
        if sum(byte >= 0xC2 for byte in data[: error.start]) >= UTF8_PREFIX:
            raise InputError(f"{name}: {_fault(data, error)}") from error
        faults.append(error)
    if b"\x00" in data and (wide := _utf16(data)):
        return wide, _strict(data, wide, name)
    if is_full_of_nuls:
        raise InputError(f"{name}: binary data (a NUL byte at offset {data.index(0):,}), not text")
    return _legacy(data, name, faults)


def _utf16(data: bytes) -> str | None:
    """Guess UTF-16 without a mark: of the two byte orders one gives everyday letters, the other hardly any."""
    shares = {order: _everyday_share(data.decode(order, "ignore")) for order in ("utf-16-le", "utf-16-be")}
    best = max(shares, key=shares.__getitem__)
    parts = _windows(data.decode(best, "ignore"))
    return best if all(_everyday_share(part) >= 2 * MIN_COMMON for part in parts) else None


def _legacy(data: bytes, name: str, faults: list[UnicodeDecodeError]) -> tuple[str, str]:
    texts = {}
    for encoding in ("gb18030", "big5hkscs"):
        try:
            texts[encoding] = data.decode(encoding)
        except UnicodeDecodeError as error:
            faults.append(error)
    wide = {encoding: NARROW.sub("", text) for encoding, text in texts.items()}
    best = max(texts, key=lambda encoding: _common_share(wide[encoding]), default=None)
    if not best or not _is_chinese(wide[best]):
        raise InputError(
            f"{name}: the encoding is not recognised (tried UTF-8, UTF-16, GB18030, Big5), or there are two in it. "
            f"Convert it to UTF-8. The longest stretch: {_fault(data, max(faults, key=lambda f: f.start))}"
        )
    if stray := UTF8_RUN.search(data):
        raise InputError(
            f"{name}: two encodings in one file: {best}, and UTF-8 at byte offset {stray.start():,} "
            f"({stray[0].decode()!r}). Convert it to UTF-8 as a whole."
        )
    return best, texts[best]


def _strict(data: bytes, encoding: str, name: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise InputError(f"{name}: {_fault(data, error)}") from error


def _fault(data: bytes, error: UnicodeDecodeError) -> str:
    before = data[max(0, error.start - 60) : error.start].decode(error.encoding, "ignore")[-20:]
    is_cut = error.reason in ("unexpected end of data", "truncated data", "incomplete multibyte sequence")
    where = "the file ends inside a character" if is_cut else "a byte that is none of it"
    return (
        f"read as {error.encoding}, {where} at byte offset {error.start:,}, after {before!r}. "
        "Repair the file or convert it to UTF-8."
    )


def _is_chinese(text: str) -> bool:
    """Tell whether all of a text (Chinese characters only) is everyday Chinese, and not only its first part."""
    if _common_share(text) < MIN_COMMON or len(PRIVATE.findall(text)) > MAX_PRIVATE * len(text):
        return False
    return all(_common_share(part) >= MIN_COMMON / 2 for part in _windows(text))


def _windows(text: str) -> Iterable[str]:
    """Cut a text into windows; the last one takes what is left over."""
    count = max(1, len(text) // WINDOW)
    return (text[i * WINDOW : (i + 1) * WINDOW if i + 1 < count else None] for i in range(count))


def _common_share(text: str) -> float:
    """Return the share of COMMON less its commonest character, which may be a frequent pair of foreign bytes."""
    counts = [text.count(character) for character in COMMON]
    return (sum(counts) - max(counts)) / max(1, len(text))


def _everyday_share(text: str) -> float:
    """Return the share of letters, blanks and the commonest Chinese characters and marks."""
    return len(EVERYDAY.findall(text)) / max(1, len(text))
