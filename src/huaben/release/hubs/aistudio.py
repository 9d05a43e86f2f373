"""Send a release to AI Studio with `aistudio_sdk`.

The library creates no dataset repositories, so this one must be there; it says by printing, not by raising, what went
wrong. So what arrived is read back: a file is there when git's name of its content is the one of ours.
"""

import contextlib
import io
import logging
import os
import tempfile
from collections.abc import Iterator

from huaben.errors import HuabenError
from huaben.release.hubs.sending import LONGEST, Advance, Hub, explaining, git_digest, reason_for, scrubbed, staged
from huaben.release.push import Item, Push, Sent

HUB = Hub("AI Studio", "AISTUDIO_ACCESS_TOKEN", "aistudio_sdk", "aistudio-sdk")
BRANCH = "master"


def send(push: Push, token: str, advance: Advance) -> Sent:
    """Commit the files that the repository does not hold yet.

    Raises HuabenError where a file did not arrive; those that did are not sent by the next call.
    """
    with explaining(HUB, push, token), _quiet() as printed:
        there = tuple(item for item in push.items if _is_there(push, item, token))
        sent = tuple(item for item in push.items if item not in there)
        if sent:
            _upload(push, sent, token)
        missing = [item.path for item in sent if not _is_there(push, item, token)]
        advance(sum(item.size for item in sent))
    if missing:
        told = dict.fromkeys(line.strip() for line in printed.getvalue().splitlines() if "fail" in line)
        said = scrubbed("; ".join(told), token)[:LONGEST]
        raise HuabenError(
            f"push: {HUB.name}, {push.repository}: {len(missing)} of {len(sent)} files did not arrive: "
            f"{', '.join(missing[:5])}; is the repository there, and may the token in {HUB.variable} write to it? "
            f"Run the same command again: what arrived is not sent twice. It said: {said}"
        )
    return Sent(f"{_site()}/datasets/{push.repository}", sent, there, ())


def _site() -> str:
    from aistudio_sdk import config

    return os.environ.get("STUDIO_MODEL_API_URL_PREFIX", str(config.STUDIO_MODEL_API_URL_PREFIX_DEFAULT))


def _upload(push: Push, items: tuple[Item, ...], token: str) -> None:
    from aistudio_sdk import hub

    with staged(items) as folder:
        options = {"commit_message": push.message, "repo_type": "dataset", "revision": BRANCH}
        try:
            hub.upload_folder(repo_id=push.repository, folder_path=str(folder), token=token, **options)
        except ValueError as error:  # of its first question, whose answer it does not tell
            raise HuabenError(
                f"push: {HUB.name}, {push.repository}: takes no files; make the repository on the site, and see that "
                f"the token in {HUB.variable} may write to it. It said: {scrubbed(str(error), token)}"
            ) from None


def _is_there(push: Push, item: Item, token: str) -> bool:
    """Tell whether the repository holds an item as it is. Raises HuabenError where the token is not accepted."""
    from aistudio_sdk import config
    from aistudio_sdk.requests.hub import request_aistudio_git_file_info

    owner, name = push.repository.split("/")
    host = os.environ.get("STUDIO_GIT_HOST", config.STUDIO_GIT_HOST_DEFAULT)
    found = request_aistudio_git_file_info(host, owner, name, item.path, BRANCH, token)
    if (status := found.get("biz_code")) in (401, 403, 429):
        raise HuabenError(f"push: {HUB.name}, {push.repository}: {reason_for(HUB, status)}")
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{item.sha256}\nsize {item.size}"
    contents = (item.file.read_bytes(), pointer.encode(), f"{pointer}\n".encode())
    return found.get("sha") in [git_digest(content) for content in contents]


@contextlib.contextmanager
def _quiet() -> Iterator[io.StringIO]:
    """Keep what the library prints, logs and draws, and keep the token from where it was not meant to go.

    It logs requests with what is in them. It sends the token of the environment to the storage as well, and takes one
    from the user's home where there is none: so the calls have it as an argument, and the home is thrown away.
    """
    level, before = logging.root.manager.disable, dict(os.environ)
    logging.disable(logging.CRITICAL)
    try:
        with tempfile.TemporaryDirectory() as home, contextlib.redirect_stdout(io.StringIO()) as printed:
            os.environ |= {HUB.variable: "", "AISTUDIO_CACHE_HOME": home}
            with contextlib.redirect_stderr(printed):
                yield printed
    finally:
        os.environ.clear()
        os.environ |= before
        logging.disable(level)
