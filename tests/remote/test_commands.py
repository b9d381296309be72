"""URLs on the command line: what is printed names them, and Ctrl-C in the middle of a download leaves nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.conftest import Call
from tests.curation.made import reviews

CARD = """\
name: reviews
task: Say whether the review is good or bad.
inputs: {review: a review}
output: {name: sentiment, labels: {good: praise, bad: blame}}
"""
fsspec = pytest.importorskip("fsspec")


def rows_of(count: int) -> bytes:
    made = [{"review": text, "sentiment": label, "id": f"r{n}"} for n, (text, label) in enumerate(reviews(count))]
    return "".join(json.dumps(row) + "\n" for row in made).encode()


@dataclass
class Web:
    """A server: what it has, and where it stands."""

    address: str = ""
    asked: threading.Event = field(default_factory=threading.Event)
    go: threading.Event = field(default_factory=threading.Event)


class Handler(BaseHTTPRequestHandler):
    def __init__(self, web: Web, *rest: object) -> None:
        self.web = web
        super().__init__(*rest)  # type: ignore[arg-type]

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        name = self.path.partition("?")[0]
        body = rows_of(6)
        status = {"/none.jsonl": 404, "/denied.jsonl": 403, "/broken.jsonl": 500}.get(name, 200)
        cut = name in ("/half.jsonl", "/slow.jsonl")
        self.send_response(status)
        self.send_header("Content-Length", str(2 * len(body) if cut else len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)
            self.wfile.flush()
        if name == "/slow.jsonl" and self.command == "GET":
            self.web.asked.set()
            self.web.go.wait(60)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def web() -> Iterator[Web]:
    made = Web()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, made))
    made.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.go.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "room"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def card(tmp_path: Path) -> Path:
    path = tmp_path / "card.yaml"
    path.write_text(CARD)
    return path


def test_a_file_is_read_over_http_as_from_the_disk(call: Call, web: Web, card: Path, tmp_path: Path) -> None:
    (tmp_path / "gold.jsonl").write_bytes(rows_of(6))
    for where, out in (("gold.jsonl", "here.jsonl"), (f"{web.address}/gold.jsonl?sig=SECRETS", "there.jsonl")):
        done = call("export", where, "--card", card, "--form", "pairs", "-o", out)
        assert done.returncode == 0, done.stderr
        assert done.stdout == f"{out}\n"
    assert (tmp_path / "there.jsonl").read_bytes() == (tmp_path / "here.jsonl").read_bytes()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("none.jsonl", "none.jsonl?…: there is no such object"),
        ("denied.jsonl", "denied.jsonl?… may not be read with this machine's credentials"),
        ("broken.jsonl", "broken.jsonl?… cannot be read: 500"),
        ("half.jsonl", "half.jsonl?… cannot be read:"),
    ],
)
def test_what_goes_wrong_on_the_web_is_told(call: Call, web: Web, card: Path, room: Path, name: str, told: str) -> None:
    done = call("export", f"{web.address}/{name}?sig=SECRETS", "--card", card, "-o", "x.jsonl")
    assert done.returncode == 2
    assert f"error: {web.address}/{told}" in done.stderr
    assert "SECRETS" not in done.stderr
    assert len(done.stderr.splitlines()) == 2
    assert list(room.iterdir()) == []


def test_what_is_printed_names_the_url_that_was_written(call: Call, card: Path, tmp_path: Path) -> None:
    fsspec.filesystem("memory").store.clear()
    for name, count in (("a", 8), ("b", 12)):
        (tmp_path / f"{name}.jsonl").write_bytes(rows_of(count))
        fsspec.filesystem("memory").pipe_file(f"memory://b/{name}.jsonl", rows_of(count))
    blended = call("blend", "memory://b/a.jsonl", "memory://b/b.jsonl", "--as-card", card, "-o", "memory://b/mix")
    assert blended.returncode == 0, blended.stderr
    assert blended.stdout.endswith("dataset: memory://b/mix/data/train.parquet\n")
    curated = call("curate", "memory://b/mix", "--noise", "off", "-o", "memory://b/clean")
    assert curated.returncode == 0, curated.stderr
    assert curated.stdout.endswith("dataset: memory://b/clean\n")
    assert curated.stdout.startswith("memory://b/mix: ")
    exported = call("export", "memory://b/clean", "--form", "chat", "-o", "memory://b/chat.jsonl")
    assert exported.stdout == "memory://b/chat.jsonl\n"
    assert fsspec.filesystem("memory").size("memory://b/chat.jsonl") > 0


def test_a_command_that_cannot_take_a_url_says_so(call: Call, card: Path) -> None:
    for words in (
        ("generate", card, "-n", "1", "--model", "openai/x", "-o", "s3://b/run"),
        ("show", "s3://b/run"),
        ("audit", "s3://b/run"),
        ("push", "s3://b/run", "me/x"),
        ("freeze", "--check", "s3://b/run"),
        ("evaluate", "s3://b/run", "--on", "x.jsonl"),
        ("catalog", "build", "s3://b/run", "-o", "x.jsonl"),
    ):
        done = call(*words)
        assert done.returncode == 2, words
        assert done.stderr.startswith("error: s3://b/run: "), (words, done.stderr)


def test_ctrl_c_in_a_download_leaves_nothing_behind(web: Web, card: Path, tmp_path: Path) -> None:
    room = tmp_path / "room"
    room.mkdir()
    words = ("export", f"{web.address}/slow.jsonl", "--card", str(card), "-o", "x.jsonl")
    started = subprocess.Popen(
        [sys.executable, "-m", "satsuma", *words], cwd=tmp_path, env={**os.environ, "TMPDIR": str(room)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert web.asked.wait(60)
    assert [one.name.partition("-")[0] for one in room.iterdir()] == ["satsuma"]
    started.send_signal(signal.SIGINT)
    out, told = started.communicate(timeout=60)
    assert started.returncode != 0
    assert b"Traceback" not in told
    assert out == b""
    assert list(room.iterdir()) == []
    assert not (tmp_path / "x.jsonl").exists()
