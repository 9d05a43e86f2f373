"""Post what `huaben diff` found as one comment of a pull request, or update it (`.ci/comment.py FOLDER`).

The folder holds `number`, `diff.json` and `metrics.md` from a run of somebody else's code: data, never
trusted. The environment holds GITHUB_TOKEN, GITHUB_REPOSITORY, GITHUB_API_URL and HEAD_SHA, the commit of that
run. It needs jinja2 and nothing else.
"""

import json
import os
import re
import sys
import urllib.request
from pathlib import Path
from typing import Any

from huaben.release.diff.difftext import as_markdown
from huaben.release.markdown import fence

MARK = "<!-- huaben diff -->"
AUTHOR = "github-actions[bot]"
"""Only its comments are updated: anyone may write the mark."""
LIMIT = 65_536
MAX_BYTES = 50_000_000


def main(folder: Path) -> None:
    """Check that the pull request is the one of the run, and post."""
    number = _number(_read(folder / "number", 20))
    body = comment(_read(folder / "diff.json", MAX_BYTES), _read(folder / "metrics.md", MAX_BYTES))
    pull = _call("GET", f"pulls/{number}")
    if pull["head"]["sha"] != os.environ["HEAD_SHA"]:
        sys.exit(f"pull request {number} is not at the commit of the run; nothing is posted")
    before = _earlier(number)
    if before:
        _call("PATCH", f"issues/comments/{before}", {"body": body})
    else:
        _call("POST", f"issues/{number}/comments", {"body": body})


def comment(difference: str, metrics: str) -> str:
    """Return the comment: the difference rendered anew, and below it as much of the metrics as fits."""
    try:
        text = f"{MARK}\n{as_markdown(json.loads(difference))}"
    except Exception as error:  # whatever a stranger's file makes go wrong, it is no report
        sys.exit(f"diff.json is not what `huaben diff --json` writes: {type(error).__name__}")
    frame = "\n<details><summary>dvc metrics diff</summary>\n\n{}\n\n</details>\n"
    lines = metrics.splitlines()
    while lines:
        whole = text + frame.format(fence("\n".join(lines)))
        if len(whole.encode("utf-16-le", "surrogatepass")) // 2 <= LIMIT:
            return whole
        lines = [*lines[: len(lines) * 9 // 10 - 1], "… cut"] if len(lines) > 4 else []
    return text


def _number(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,8}", text.strip()):
        sys.exit("the number of the pull request is none")
    return int(text)


def _read(path: Path, limit: int) -> str:
    if path.is_symlink() or not path.is_file() or path.stat().st_size > limit:
        sys.exit(f"{path.name} is missing, too large or no plain file")
    return path.read_text(encoding="utf-8", errors="replace")


def _earlier(number: int) -> int | None:
    """Return the id of the comment that an earlier run posted."""
    for page in range(1, 31):
        comments = _call("GET", f"issues/{number}/comments?per_page=100&page={page}")
        for found in comments:
            if found["user"]["login"] == AUTHOR and found["body"].startswith(MARK):
                return int(found["id"])
        if len(comments) < 100:
            break
    return None


def _call(method: str, path: str, body: dict[str, str] | None = None) -> Any:
    url = f"{os.environ['GITHUB_API_URL']}/repos/{os.environ['GITHUB_REPOSITORY']}/{path}"
    headers = {
        "Accept": "application/vnd.github+json",
        "Authorization": f"Bearer {os.environ['GITHUB_TOKEN']}",
        "Content-Type": "application/json",
    }
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, content, headers, method=method)
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
