"""What sending to any hub needs: its library, its token, its errors in our words, files in a folder of their own."""

import hashlib
import importlib.util
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from huaben.errors import HuabenError, InputError
from huaben.release.push import Item, Push

Advance = Callable[[int], None]
"""Called with the bytes that arrived since the last call."""
OWN_FILES = {".gitattributes", ".gitignore"}
"""What hubs write into a new repository themselves."""
LONGEST = 300
"""Characters of a library's own message that are shown."""
REASONS = {
    400: "the request was not understood",
    401: "the token in {variable} is not accepted; make a new one, with the right to write",
    403: "the token in {variable} may not write there; is the owner right, and the token's scope `write`?",
    404: "no such repository, or the token in {variable} may not see it",
    409: "somebody changed it at the same time; look, then run the same command again",
    412: "somebody changed it at the same time; look, then run the same command again",
    429: "too many requests; wait, then run the same command again",
}
OTHER = "it failed, or was not reached; run the same command again, and what arrived is not sent twice"


@dataclass(frozen=True)
class Hub:
    """A hub: its name, where its token comes from, and which library sends."""

    name: str
    variable: str
    """Of the environment."""
    module: str
    package: str
    """As `pip` calls it."""


def need_library(hub: Hub) -> None:
    """Raise InputError, which says how to install it, where a hub's library is absent."""
    if importlib.util.find_spec(hub.module) is None:
        raise InputError(
            f"push: {hub.package} is not installed; `pip install 'huaben[push]'`, or `pip install {hub.package}`"
        )


def read_token(hub: Hub) -> str:
    """Return the token from the environment, and from nowhere else. Raises InputError where it is not set."""
    token = os.environ.get(hub.variable, "").strip()
    if not token:
        raise InputError(f"push: {hub.variable} is not set; put a token that may write into the environment")
    return token


@contextmanager
def explaining(hub: Hub, push: Push, token: str) -> Iterator[None]:
    """Raise what a hub's library raises as HuabenError: what, where, what to do; the token is taken out of its words.

    Nothing is chained to it, as a library's error may hold the request, and with it the token.
    """
    try:
        yield
    except HuabenError:
        raise
    except Exception as error:  # each library has errors of its own, and passes on those of its libraries
        chain = _chain(error)
        status = next(filter(None, map(_status, chain)), None)
        words = " ".join(": ".join(str(link) or type(link).__name__ for link in chain).split())
        said = scrubbed(words, token)[:LONGEST]
    else:
        return
    raise HuabenError(f"push: {hub.name}, {push.repository}: {reason_for(hub, status)}. It said: {said}")


def _chain(error: BaseException) -> list[BaseException]:
    """Return an error and what it was raised from."""
    return [error, *(_chain(error.__cause__) if error.__cause__ else ())]


def _status(error: BaseException) -> int | None:
    status = getattr(getattr(error, "response", None), "status_code", None) or getattr(error, "status_code", None)
    return status if isinstance(status, int) else None


def reason_for(hub: Hub, status: int | None) -> str:
    """Return what an HTTP status means here, and what to do about it; None: there was no response."""
    reason = REASONS.get(status or 0, OTHER).format(variable=hub.variable)
    return f"{reason} ({status})" if status else reason


def scrubbed(text: str, token: str) -> str:
    """Return a text without the token."""
    return text.replace(token, "***") if token else text


def refuse_wider(hub: Hub, push: Push, is_private: bool | None) -> None:
    """Raise HuabenError where the repository is there already and seen by more people than was asked for."""
    if push.is_private and is_private is False:
        raise HuabenError(
            f"push: {hub.name}, {push.repository}: is public, and --public was not given; nothing was sent. "
            "Give --public, make it private, or choose another name"
        )


def git_digest(content: bytes) -> str:
    """Return the name that git gives to a file's content: SHA-1 over `blob`, its length and its bytes."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def content_of(item: Item) -> bytes:
    """Return an item's bytes. Raises HuabenError where they are others than those that were checked."""
    content = item.file.read_bytes()
    if hashlib.sha256(content).hexdigest() != item.sha256:
        raise HuabenError(f"push: {item.file} changed while it was sent; run `huaben publish`, then push")
    return content


def others(push: Push, held: Iterable[str]) -> tuple[str, ...]:
    """Return the files of a repository that are not of this release, sorted; a hub's own settings are not counted."""
    return tuple(sorted({*held} - {item.path for item in push.items} - OWN_FILES))


@contextmanager
def staged(items: Sequence[Item]) -> Iterator[Path]:
    """Yield a folder that holds only these items, by their paths, for a library that sends folders.

    It is a copy, so that a library that writes beside what it sends writes there.
    """
    with tempfile.TemporaryDirectory() as place:
        for item in items:
            copy = Path(place) / item.path
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(content_of(item))
        yield Path(place)
