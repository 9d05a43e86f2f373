"""Stand-ins for the three hubs on the loopback interface: the endpoints that their libraries call, and no others.

Each holds one dataset repository: `files` by path. It remembers what it was asked, checks the token, hands out Git LFS
uploads for Parquet files, and refuses where a test says so (`refusals`: a status by a part of the request line).
"""

import base64
import hashlib
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

REPOSITORY = "anna/two-watches"
TOKEN = "canary_0123456789abcdefTOKEN"


def git_name(content):
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def sha256(content):
    return hashlib.sha256(content).hexdigest()


class Hub:
    """What all three have in common: files, blobs, the log of requests."""

    def __init__(self):
        self.files, self.blobs, self.asked, self.commits = {}, {}, [], []
        self.refusals, self.strangers, self.storage_saw = {}, [], []
        self.is_there, self.is_private = False, None
        self.url = ""

    def count(self, part):
        return sum(part in line for line in self.asked)

    def content(self, path):
        """Return what a file of the repository is."""
        return self.files[path]

    def answer(self, method, path, query, headers, body):
        line = f"{method} {path}"
        self.asked.append(line)
        for part, status in self.refusals.items():
            if part in line:
                return status, {"error": f"refused {headers.get('Authorization')}", "Message": "refused"}
        if method == "PUT" and path.startswith("/blob/"):
            self.storage_saw += [*headers.values()]
            self.blobs[sha256(body)] = body
            return 200, {"verified": True}
        if TOKEN not in headers.get("Authorization", "") and "/modelcenter/" not in path:
            return 401, {"error": "who are you?"}
        found = self.route(method, path, query, body)
        if found is None:
            self.strangers.append(line)
            return 404, {"error": f"no such endpoint: {line}"}
        return found

    def lfs(self, body):
        """Answer an LFS batch: only what is not stored gets a place to go to."""
        objects = []
        for blob in json.loads(body)["objects"]:
            actions = {"upload": {"href": f"{self.url}/blob/{blob['oid']}"}}
            actions |= self.verify(blob)
            objects.append({**blob, **({} if blob["oid"] in self.blobs else {"actions": actions})})
        return objects

    def verify(self, blob):
        return {}


class HuggingFace(Hub):
    """The endpoints of the Hub that a commit to a dataset needs."""

    def route(self, method, path, query, body):
        base = f"/api/datasets/{REPOSITORY}"
        match method, path:
            case "POST", "/api/repos/create":
                if self.is_there:
                    return 409, {"error": "You already created it", "url": f"{self.url}/datasets/{REPOSITORY}"}
                self.is_there, self.is_private = True, json.loads(body)["visibility"] == "private"
                return 200, {"url": f"{self.url}/datasets/{REPOSITORY}"}
            case "POST", "/api/validate-yaml":
                return 200, {"errors": [], "warnings": []}
            case "GET", _ if path in (base, f"{base}/revision/main"):
                if not self.is_there:
                    return 404, {"error": "Repository not found"}
                return 200, {"id": REPOSITORY, "sha": f"{len(self.commits):040d}", "private": self.is_private}
            case "GET", _ if path == f"{base}/tree/main":
                return 200, [self.entry(*file) for file in sorted(self.files.items())]
            case "POST", _ if path == f"{base}/preupload/main":
                files = json.loads(body)["files"]
                return 200, {"files": [self.mode(file["path"]) for file in files]}
            case "POST", _ if path == f"/datasets/{REPOSITORY}.git/info/lfs/objects/batch":
                return 200, {"objects": self.lfs(body)}
            case "POST", _ if path == f"{base}/commit/main":
                return self.commit([json.loads(line) for line in body.splitlines()])

    def entry(self, path, content):
        entry = {"type": "file", "path": path, "size": len(content), "oid": git_name(content)}
        lfs = {"oid": sha256(content), "size": len(content), "pointerSize": 130}
        return {**entry, "oid": "pointer", "lfs": lfs} if path.endswith(".parquet") else entry

    def mode(self, path):
        return {"path": path, "uploadMode": "lfs" if path.endswith(".parquet") else "regular", "shouldIgnore": False}

    def commit(self, lines):
        header, *operations = lines
        if header["value"]["parentCommit"] != f"{len(self.commits):040d}":
            return 412, {"error": "A commit has happened since. Please refresh and try again."}
        self.commits.append(header["value"]["summary"])
        for operation in operations:
            value = operation["value"]
            is_large = operation["key"] == "lfsFile"
            self.files[value["path"]] = self.blobs[value["oid"]] if is_large else base64.b64decode(value["content"])
        return 200, {"commitUrl": f"{self.url}/datasets/{REPOSITORY}/commit/1", "commitOid": "1" * 40}


class ModelScope(Hub):
    """The endpoints of ModelScope that a commit to a dataset needs."""

    def route(self, method, path, query, body):
        base = f"/api/v1/repos/datasets/{REPOSITORY}"
        match method, path:
            case "POST", "/api/v1/datasets":
                if self.is_there:
                    return 400, {"Code": 10020101001, "Message": "dataset already exists", "Success": False}
                self.is_there, self.is_private = True, b'name="Visibility"\r\n\r\n1\r\n' in body
                return self.data({"Id": 7})
            case "GET", _ if path == f"/openapi/v1/datasets/{REPOSITORY}":
                return 200, {"success": True, "data": {"id": REPOSITORY, "private": self.is_private}}
            case "GET", _ if path == f"/api/v1/datasets/{REPOSITORY}/repo/tree":
                files = [
                    {"Path": name, "Size": len(content), "Sha256": sha256(content), "Type": "blob"}
                    for name, content in sorted(self.files.items())
                ]
                page = files if query.get("PageNumber", ["1"]) == ["1"] else []
                return self.data({"Files": page, "TotalCount": len(files)})
            case "POST", _ if path == f"{base}/info/lfs/objects/batch":
                return self.data({"objects": self.lfs(body)})
            case "POST", _ if path == f"{base}/commit/master":
                return self.commit(json.loads(body))

    def data(self, value):
        return 200, {"Code": 200, "Success": True, "Data": value}

    def commit(self, value):
        self.commits.append(value["commit_message"])
        for action in value["actions"]:
            is_large = action["type"] == "lfs"
            self.files[action["path"]] = (
                self.blobs[action["sha256"]] if is_large else base64.b64decode(action["content"])
            )
        return self.data({"oid": "1" * 40})


class AIStudio(Hub):
    """The endpoints of AI Studio (a Gitea, and the site beside it) that a commit needs."""

    def route(self, method, path, query, body):
        base = f"/api/v1/repos/{REPOSITORY}"
        match method, path:
            case "GET", "/modelcenter/v2/models/getSuffixBlackList":
                return 200, {"errorCode": 0, "result": [".exe"]}
            case "POST", "/modelcenter/v2/models/checkYaml":
                return 200, {"errorCode": 0, "logId": "1"}
            case "GET", _ if path.startswith(f"{base}/contents/"):
                content = self.files.get(path.removeprefix(f"{base}/contents/"))
                return (404, {"message": "not found"}) if content is None else (200, {"sha": git_name(content)})
            case "POST", _ if path == f"{base}/preupload/master":
                names = [file["path"] for file in json.loads(body)["files"]]
                return 200, {"files": [{"path": name, "lfs": name.endswith(".parquet")} for name in names]}
            case "POST", _ if path == f"/{REPOSITORY}.git/info/lfs/objects/batch":
                return 200, {"objects": self.lfs(body)}
            case "POST", "/verify":
                return 200, {}
            case "POST", _ if path == f"{base}/contents":
                return self.commit(json.loads(body))

    def verify(self, blob):
        return {"verify": {"href": f"{self.url}/verify"}}

    def commit(self, value):
        self.commits.append(value["message"])
        for file in value["files"]:
            self.files[file["path"]] = base64.b64decode(file["content"])
        return 201, {}

    def content(self, path):
        """Return what a file of the repository stands for: a pointer's blob."""
        content = self.files[path]
        if not content.startswith(b"version https://git-lfs"):
            return content
        return self.blobs[content.split(b"sha256:")[1].split(b"\n")[0].decode()]


def handler(hub):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one(self):
            parts = urlsplit(self.path)
            body = self.body()
            status, value = hub.answer(self.command, unquote(parts.path), parse_qs(parts.query), self.headers, body)
            answer = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.send_header("Content-Md5", "md5")
            self.end_headers()
            self.wfile.write(answer)

        def body(self):
            if self.headers.get("Transfer-Encoding") != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))
            pieces = []
            while size := int(self.rfile.readline(), 16):
                pieces.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(pieces)

        do_GET = do_POST = do_PUT = do_HEAD = handle_one

        def log_message(self, *_):
            pass

    return Handler


@contextmanager
def listening(hub):
    """Serve a hub in a thread."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(hub))
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
