"""A small Hugging Face hub on the loopback address: models and datasets, pinned commits, gates and dropped bodies.

Set its `env` before huggingface_hub is imported, so in a process of its own.
"""

import hashlib
import json
import re
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

TOKEN = "hf_test_token"


def blob_id(data: bytes) -> str:
    """What a hub answers as ETag for a file kept in git."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


class Hub:
    """repos: (kind, name) -> commit -> path -> bytes; every `add` is a new head of main."""

    def __init__(self) -> None:
        self.repos: dict[tuple[str, str], dict[str, dict[str, bytes]]] = {}
        self.gated: set[str] = set()
        self.dropped: dict[str, int] = {}  # file name -> how many more times its body is cut off
        handler = type("BoundHandler", (Handler,), {"hub": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True

    def __enter__(self) -> "Hub":
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def add(self, kind: str, name: str, files: dict[str, bytes], gated: bool = False) -> str:
        commits = self.repos.setdefault((kind, name), {})
        listing = json.dumps([kind, name, len(commits), sorted(files)])
        commit = hashlib.sha1(listing.encode()).hexdigest()
        commits[commit] = files
        if gated:
            self.gated.add(name)
        return commit

    def env(self, home: Path) -> dict[str, str]:
        url = f"http://127.0.0.1:{self.server.server_address[1]}"
        return {"HF_ENDPOINT": url, "HF_HOME": str(home), "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1",
                "HF_HUB_DISABLE_TELEMETRY": "1", "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}  # fmt: skip


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def log_message(self, *parts: object) -> None: ...

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        if found := re.fullmatch(r"/api/(model|dataset)s/([^/]+/[^/]+)(?:/(revision|tree)/([^/]+))?", path):
            self.about(found[1], found[2], found[3], found[4] or "main")
        elif found := re.fullmatch(r"/(datasets/)?([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
            self.file("dataset" if found[1] else "model", found[2], found[3], found[4])
        else:
            self.answer(404)

    def commit(self, kind: str, name: str, revision: str, content: bool) -> str | None:
        """The commit; None after an answer that refuses. The hub says 401, not 404, of a repository that is absent."""
        commits = self.hub.repos.get((kind, name))
        if commits is None:
            return self.refuse(401, "RepoNotFound")
        given = self.headers.get("Authorization")
        if content and name in self.hub.gated and given != f"Bearer {TOKEN}":
            return self.refuse(401 if given is None else 403, "GatedRepo")
        commit = list(commits)[-1] if revision == "main" else revision
        return commit if commit in commits else self.refuse(404, "RevisionNotFound")

    def refuse(self, status: int, code: str) -> None:
        self.answer(status, b"{}", {"X-Error-Code": code, "X-Error-Message": code})

    def about(self, kind: str, name: str, verb: str | None, revision: str) -> None:
        commit = self.commit(kind, name, revision, content=False)
        if commit is None:
            return
        files = self.hub.repos[kind, name][commit]
        listing = [
            {"type": "file", "path": path, "size": len(data), "oid": blob_id(data)} for path, data in files.items()
        ]
        facts = {"_id": "0", "id": name, "modelId": name, "sha": commit, "private": False, "gated": False, "tags": [],
                 "siblings": [{"rfilename": path} for path in files]}  # fmt: skip
        body = json.dumps(listing if verb == "tree" else facts).encode()
        self.answer(200, body, {"Content-Type": "application/json"})

    def file(self, kind: str, name: str, revision: str, path: str) -> None:
        commit = self.commit(kind, name, revision, content=True)
        if commit is None:
            return
        data = self.hub.repos[kind, name][commit].get(path)
        if data is None:
            return self.answer(404, b"{}", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": commit})
        headers = {"X-Repo-Commit": commit, "ETag": f'"{blob_id(data)}"', "Accept-Ranges": "bytes"}
        start = re.match(r"bytes=(\d+)-", self.headers.get("Range", ""))
        status, first = (206, int(start[1])) if start and self.command == "GET" else (200, 0)
        if status == 206:
            headers["Content-Range"] = f"bytes {first}-{len(data) - 1}/{len(data)}"
        cut = self.command == "GET" and self.hub.dropped.get(path, 0) > 0
        if cut:
            self.hub.dropped[path] -= 1
        self.answer(status, data[first:], headers, cut)

    def answer(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None, cut: bool = False) -> None:
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[: len(body) // 2] if cut else body)
        if cut:
            self.wfile.flush()
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
