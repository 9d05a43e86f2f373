"""Send a release to ModelScope with `modelscope_hub`, the client that `modelscope` itself uses."""

import contextlib
import io
import logging
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from huaben.release.hubs.sending import Advance, Hub, explaining, others, refuse_wider, staged
from huaben.release.push import Push, Sent

HUB = Hub("ModelScope", "MODELSCOPE_API_TOKEN", "modelscope_hub", "modelscope-hub")
KIND = "dataset"


def send(push: Push, token: str, advance: Advance) -> Sent:
    """Create the dataset repository where it is not there, and commit the files that it does not hold yet.

    Raises HuabenError where ModelScope refuses or is not reached; files that arrived are not sent by the next call.
    """
    with explaining(HUB, push, token), _client(token) as (api, site):
        _create(api, push)
        held = {file.path: file.sha256 for file in api.list_repo_files(push.repository, KIND) if not file.is_dir}
        sent = tuple(item for item in push.items if held.get(item.path) != item.sha256)
        if sent:
            with staged(sent) as folder:
                _upload(api, push, folder, advance)
    url = f"{site}/datasets/{push.repository}"
    return Sent(url, sent, tuple(item for item in push.items if item not in sent), others(push, held))


@contextlib.contextmanager
def _client(token: str) -> Iterator[tuple[Any, str]]:
    """Yield a client and the address of its site; the home that it writes to is thrown away."""
    from modelscope_hub import HubApi
    from modelscope_hub.config import HubConfig, set_default_config

    logging.getLogger("modelscope_hub").setLevel(logging.CRITICAL)  # what goes wrong is raised
    with TemporaryDirectory() as home:
        config = HubConfig(token=token, config_dir=Path(home), cache_dir=Path(home))
        set_default_config(config)  # parts of the library ask for it, and it would be one in the user's home
        try:
            yield HubApi(config), str(config.endpoint)
        finally:
            set_default_config(None)


def _create(api: Any, push: Push) -> None:
    """Create the repository; one that is there must not be seen by more people than was asked for."""
    from modelscope_hub.errors import AlreadyExistsError

    visibility = "private" if push.is_private else "public"
    try:
        api.create_repo(push.repository, KIND, visibility=visibility, license=push.license)
    except AlreadyExistsError:
        info = api.get_repo(push.repository, KIND)
        is_private = info.private if info.private is not None else getattr(info.visibility, "label", "") == "private"
        refuse_wider(HUB, push, is_private)


def _upload(api: Any, push: Push, folder: Path, advance: Advance) -> None:
    from modelscope_hub.errors import APIError, StorageError

    arrived, faults = 0, []

    def report(event: Mapping[str, Any]) -> None:
        nonlocal arrived
        advance(int(event["committed_bytes"]) - arrived)
        arrived = int(event["committed_bytes"])
        faults.append(event["error"])

    options: dict[str, Any] = {"use_cache": False, "disable_tqdm": True, "progress_callback": report}
    with contextlib.redirect_stdout(io.StringIO()):  # it prints a report
        try:
            api.upload_folder(push.repository, KIND, folder, commit_message=push.message, **options)
        except StorageError as error:  # it only counts the files; why was told on the way
            said = "; ".join(dict.fromkeys(filter(None, faults))) or str(error)
            status = re.search(r"\[(4\d\d)\]", said)
            raise APIError(said, status_code=int(status[1]) if status else None) from None
