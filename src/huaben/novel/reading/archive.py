"""A zip archive from a stranger: nothing goes to the disk, and every read is bounded, whatever it says of itself."""

import io
import lzma
import zipfile
import zlib
from xml.etree.ElementTree import Element

from huaben.errors import InputError
from huaben.novel.reading.xmlfile import read_tree

MAX_MEMBERS = 20_000
"""Far above the files of any book; a file a chapter is the rule."""
MAX_UNPACKED = 100_000_000
"""Bytes read from one book, unpacked; XHTML is two to three times its text."""
BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
)
"""What zipfile raises on archives that are cut, altered, encrypted or packed in ways it does not know."""


class Archive:
    """A zip in memory of which no more than MAX_UNPACKED bytes are ever unpacked."""

    def __init__(self, data: bytes, name: str) -> None:
        self.name, self._left = name, MAX_UNPACKED
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except BROKEN as error:
            raise InputError(f"{name}: no whole EPUB (a zip archive): {error}") from error
        members = self._zip.namelist()
        if len(members) > MAX_MEMBERS:
            raise InputError(f"{name}: {len(members):,} files in one book, more than {MAX_MEMBERS:,}")
        if outside := [m for m in members if m.startswith("/") or "\\" in m or ".." in m.split("/") or m[1:2] == ":"]:
            raise InputError(f"{name}: a file in it would lie outside the book: {outside[0]!r}")
        self.members = frozenset(members)

    def read(self, member: str) -> bytes:
        """Unpack one member."""
        where = f"{self.name}, {member}"
        if member not in self.members:
            raise InputError(f"{where}: named by the book, but not in it")
        try:
            with self._zip.open(member) as file:
                data = file.read(self._left + 1)
        except BROKEN as error:
            raise InputError(f"{where}: cannot be unpacked: {error}") from error
        self._left -= len(data)
        if self._left < 0:
            raise InputError(
                f"{where}: the book unpacks to more than {MAX_UNPACKED:,} bytes of text; this is no novel"
            )
        return data

    def tree(self, member: str) -> Element:
        """Read one member as XML."""
        return read_tree(self.read(member), f"{self.name}, {member}")
