"""Bytes of a novel → its text. Refuses, with offset and context, rather than guess wrong.

Order: byte order mark, UTF-8, UTF-16 by its NUL bytes, then GB18030 against Big5 by how much of the
text is everyday Chinese (Big5 bytes decode as GB18030 without error, into characters nobody uses).
"""

from dataclasses import dataclass
from pathlib import Path

from huaben.errors import InputError

MAX_BYTES = 200_000_000
"""Far above any novel; the Chinese translation of the Bible has about 3 MB."""
COMMON = frozenset("的一了是不我人在有他这這来來个個们們说說道上到大地为為子中你出也就那着之")
MIN_COMMON = 0.05
"""Share of COMMON in running Chinese text is about 0.2 (26 % measured); in wrongly decoded text about 0."""
UTF8_PREFIX = 20
"""After so many well-formed multi-byte characters a file is UTF-8 with a fault, not another encoding."""
BOMS = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
LINE_ENDS = {"\r\n": "\n", "\r": "\n", "\u2028": "\n", "\u2029": "\n", "\x85": "\n", "\v": "\n", "\f": "\n"}


@dataclass(frozen=True)
class Decoded:
    """A novel's text with "\\n" line ends, its encoding, and how many control characters were cut."""

    text: str
    encoding: str
    controls_cut: int


def read_novel(path: Path) -> Decoded:
    """Read and decode one text file; whatever is no text is an InputError that says why."""
    if not path.is_file():
        raise InputError(f"{path}: not a regular file; a novel is a .txt file")
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path}: larger than {MAX_BYTES:,} bytes; is this a novel?")
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    return decode(data, str(path))


def decode(data: bytes, name: str) -> Decoded:
    """Decode a novel's bytes; `name` is for messages."""
    if not data.strip():
        raise InputError(f"{name}: the file is empty")
    if data.startswith((b"%PDF", b"PK\x03\x04", b"\x89PNG", b"\xd0\xcf\x11\xe0", b"Rar!")):
        raise InputError(f"{name}: this is a document, an archive or a picture, not text; save it as a .txt file")
    encoding, text = _decoded(data, name)
    for old, new in LINE_ENDS.items():
        text = text.replace(old, new)
    clean = "".join(c for c in text if c in "\n\t" or not _is_control(c)) if any(map(_is_control, set(text))) else text
    if not clean.strip():
        raise InputError(f"{name}: the file holds only blanks")
    return Decoded(clean, encoding, len(text) - len(clean))


def _decoded(data: bytes, name: str) -> tuple[str, str]:
    for mark, encoding in BOMS.items():
        if data.startswith(mark):
            return encoding, _strict(data[len(mark) :], encoding, name)
    try:
        return "utf-8", data.decode("utf-8")
    except UnicodeDecodeError as error:
        if sum(byte >= 0xC2 for byte in data[: error.start]) >= UTF8_PREFIX:
            raise InputError(_fault(data, error, name)) from error
    if wide := _utf16(data):
        return wide, _strict(data, wide, name)
    return _legacy(data, name)


def _utf16(data: bytes) -> str | None:
    """Guess UTF-16 without a mark: line feeds and spaces have their NUL on one side only."""
    little, big = data.count(b"\n\x00"), data.count(b"\x00\n")
    if max(little, big) == 0 or len(data) % 2:
        return None
    return "utf-16-le" if little > big else "utf-16-be"


def _legacy(data: bytes, name: str) -> tuple[str, str]:
    if b"\x00" in data:
        raise InputError(f"{name}: binary data (a NUL byte at offset {data.index(0)}), not text")
    texts = {}
    faults = []
    for encoding in ("gb18030", "big5hkscs"):
        try:
            texts[encoding] = data.decode(encoding)
        except UnicodeDecodeError as error:
            faults.append(_fault(data, error, name))
    best = max(texts, key=lambda encoding: _common_share(texts[encoding]), default=None)
    if best and _common_share(texts[best]) >= MIN_COMMON:
        return best, texts[best]
    raise InputError(
        f"{name}: the encoding is not recognised (tried UTF-8, UTF-16, GB18030, Big5). Convert it to UTF-8."
        + "".join(f"\n  {fault}" for fault in faults)
    )


def _strict(data: bytes, encoding: str, name: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise InputError(_fault(data, error, name)) from error


def _fault(data: bytes, error: UnicodeDecodeError, name: str) -> str:
    before = data[max(0, error.start - 60) : error.start].decode(error.encoding, "ignore")[-20:]
    where = "the file ends inside a character" if error.end >= len(data) else "a byte that is none of it"
    return (
        f"{name}: read as {error.encoding}, {where} at byte offset {error.start:,}, after {before!r}. "
        "Repair the file or convert it to UTF-8."
    )


def _common_share(text: str) -> float:
    wide = [c for c in text if ord(c) > 0x2E7F]
    if any("\ue000" <= c <= "\uf8ff" for c in set(wide)):
        return 0.0
    return sum(c in COMMON for c in wide) / max(1, len(wide))


def _is_control(character: str) -> bool:
    return (character < " " and character not in "\n\t") or character in "\x7f\ufeff"
