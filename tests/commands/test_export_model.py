"""grunflow export-model: what it says, what it refuses, and that a hub gets the folder's bytes."""

import base64
import json
import threading
from argparse import Namespace
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import constants
from tests.exporting.made import run, target

from grunflow.commands import export_model
from grunflow.errors import BadInput


class Taking(BaseHTTPRequestHandler):
    """As much of a hub as takes a commit of small files (huggingface_hub's own client is what asks). taken: path -> bytes."""

    taken: dict[str, bytes]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        answer: dict[str, Any] = {}
        if self.path == "/api/repos/create":
            answer = {"url": f"http://{self.headers['Host']}/me/{json.loads(body)['name']}"}
        elif self.path.endswith("/preupload/main"):
            names = [item["path"] for item in json.loads(body)["files"]]
            answer = {"files": [{"path": name, "uploadMode": "regular", "shouldIgnore": False} for name in names]}
        elif self.path.endswith("/commit/main"):
            parts = [json.loads(line) for line in body.splitlines()]
            files = [part["value"] for part in parts if part["key"] == "file"]
            self.taken |= {file["path"]: base64.b64decode(file["content"]) for file in files}
            answer = {
                "commitUrl": f"http://{self.headers['Host']}/me/unlearned/commit/0123",
                "commitOid": "0123",
                "success": True,
            }
        told = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, *arguments: object) -> None: ...


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, bytes]]:
    found: dict[str, bytes] = {}
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Taking,), {"taken": found}))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{server.server_address[1]}")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setenv("HF_TOKEN", "hf_test_token")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    yield found
    server.shutdown()
    server.server_close()


def asked(folder: Path, to: Path, **more: Any) -> Namespace:
    return Namespace(**{"run": folder, "to": to, "base": None, "push": None, "json": True, **more})


@pytest.fixture
def unlearned(tmp_path: Path) -> Path:
    return run(tmp_path / "runs" / "grun", [target(tmp_path / "runs" / "target_t0")], "grun")


def test_what_is_pushed_is_the_folder(
    unlearned: Path, tmp_path: Path, taken: dict[str, bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    to = tmp_path / "out"
    export_model.run(asked(unlearned, to, push="me/unlearned", base="me/target"))
    assert taken == {path.name: path.read_bytes() for path in to.iterdir()}
    told = json.loads(capsys.readouterr().out)
    assert told["base"] == "me/target"
    assert told["pushed"] == f"{constants.ENDPOINT}/me/unlearned/commit/0123"
    assert {"README.md", "edits.json", "load_edits.py", "interventions.safetensors", "tokenizer.json"} <= set(
        told["files"]
    )
    assert b"base_model: me/target" in taken["README.md"]


def test_what_lies_on_a_folder_of_this_machine_is_not_pushed_and_no_hub_is_said_in_a_line(
    unlearned: Path, tmp_path: Path
) -> None:
    with pytest.raises(
        BadInput, match=r"belongs on \.\./runs/target_t0, a folder here; export and push that one first"
    ):
        export_model.run(asked(unlearned, tmp_path / "out", push="me/unlearned"))
    assert not (tmp_path / "out").exists()
    with pytest.raises(BadInput, match=r"--push me/unlearned: .*HF_HUB_OFFLINE.* The folder .*out is written"):
        export_model.run(asked(unlearned, tmp_path / "out", push="me/unlearned", base="me/target"))
    assert (tmp_path / "out" / "edits.json").is_file()
