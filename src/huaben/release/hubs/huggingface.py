"""Send a release to the Hugging Face Hub with `huggingface_hub`: in one commit, so that it is there whole or not."""

import os
from collections.abc import Mapping
from typing import Any

from huaben.release.hubs.sending import Advance, Hub, content_of, explaining, git_digest, others, refuse_wider
from huaben.release.push import Item, Push, Sent

HUB = Hub("Hugging Face", "HF_TOKEN", "huggingface_hub", "huggingface_hub")
KIND = "dataset"


def send(push: Push, token: str, advance: Advance) -> Sent:
    """Create the dataset repository where it is not there, and commit the files that it does not hold yet.

    Raises HuabenError where the Hub refuses or is not reached; what was uploaded is found again by the next call.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.utils.tqdm import disable_progress_bars

    disable_progress_bars()
    api = HfApi(endpoint=os.environ.get("HF_ENDPOINT"), token=token)
    with explaining(HUB, push, token):
        api.create_repo(push.repository, repo_type=KIND, private=push.is_private, exist_ok=True)
        info = api.repo_info(push.repository, repo_type=KIND)
        refuse_wider(HUB, push, info.private)
        held = _held(api, push)
        sent = tuple(item for item in push.items if not _is_there(item, held))
        if sent:
            _commit(api, push, sent, info.sha, advance)
    there = tuple(item for item in push.items if item not in sent)
    return Sent(f"{api.endpoint}/datasets/{push.repository}", sent, there, others(push, held))


def _held(api: Any, push: Push) -> dict[str, Any]:
    from huggingface_hub.hf_api import RepoFile

    entries = api.list_repo_tree(push.repository, repo_type=KIND, recursive=True)
    return {entry.path: entry for entry in entries if isinstance(entry, RepoFile)}


def _is_there(item: Item, held: Mapping[str, Any]) -> bool:
    found = held.get(item.path)
    if found is None:
        return False
    if found.lfs:
        return bool(found.lfs.sha256 == item.sha256)
    return bool(found.blob_id == git_digest(item.file.read_bytes()))


def _commit(api: Any, push: Push, items: tuple[Item, ...], parent: str | None, advance: Advance) -> None:
    """Upload the large files one by one, then commit all; `parent` guards against a commit that came between."""
    from huggingface_hub import CommitOperationAdd

    additions = [CommitOperationAdd(item.path, content_of(item)) for item in items]
    for item, addition in zip(items, additions, strict=True):
        api.preupload_lfs_files(push.repository, [addition], repo_type=KIND, free_memory=False)
        advance(item.size)
    api.create_commit(push.repository, additions, commit_message=push.message, repo_type=KIND, parent_commit=parent)
