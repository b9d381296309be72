"""Repositories of a hub, which here is a server on loopback that has four of them."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from satsuma.errors import ExtraError
from satsuma.sources.source import Place, open_source

needs_datasets = pytest.mark.skipif(find_spec("datasets") is None, reason="an extra: pip install 'satsuma[datasets]'")
COMMIT = "a" * 40

TABLE = pa.table(
    {
        "text": ["a", "b", "c"],
        "label": [0, 1, 1],
        "picture": [{"bytes": b"\x89PNG", "path": "x.png"}] * 3,
        "raw": [b"x", b"y", b"z"],
    }
).replace_schema_metadata(
    {
        "huggingface": json.dumps(
            {
                "info": {
                    "features": {
                        "text": {"_type": "Value", "dtype": "string"},
                        "label": {"_type": "ClassLabel", "names": ["no", "yes"]},
                        "picture": {"_type": "Image"},
                        "raw": {"_type": "Value", "dtype": "binary"},
                    }
                }
            }
        )
    }
)


def parquet(table: pa.Table) -> bytes:
    written = io.BytesIO()
    pq.write_table(table, written)
    return written.getvalue()


REPOSITORIES: dict[str, dict[str, bytes]] = {
    "me/data": {"train.parquet": parquet(TABLE), "test.parquet": parquet(TABLE.slice(0, 1))},
    "me/script": {"script.py": b"raise SystemExit('run')", "README.md": b""},
    "me/other-script": {"load_it.py": b"raise SystemExit('run')"},
}


class Hub(BaseHTTPRequestHandler):
    """As much of a hub as `datasets` and `huggingface_hub` ask for."""

    protocol_version = "HTTP/1.1"
    asked: ClassVar[list[str]] = []

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.asked.append(self.path)
        path = self.path.split("?")[0]
        for name, files in REPOSITORIES.items():
            if path.startswith(f"/api/datasets/{name}"):
                return self.about(name, path.removeprefix(f"/api/datasets/{name}"), files)
            if path.startswith(f"/datasets/{name}/resolve/"):
                return self.file(files.get(path.split("/", 6)[6]))
        if path == "/api/datasets/me/gated":
            return self.send(403, b"{}", {"X-Error-Code": "GatedRepo", "X-Error-Message": "Access is restricted"})
        return self.send(404, b"{}", {"X-Error-Code": "RepoNotFound"})

    def about(self, name: str, what: str, files: dict[str, bytes]) -> None:
        tree = [{"type": "file", "oid": "b" * 40, "size": len(data), "path": path} for path, data in files.items()]
        if what.startswith("/revision/") and not what.endswith((COMMIT, "main")):
            return self.send(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
        if what.startswith("/tree/") and what.count("/") > 2:
            return self.send(404, b"{}", {"X-Error-Code": "EntryNotFound"})
        if what.startswith("/tree/"):
            return self.send(200, json.dumps(tree).encode(), {})
        siblings = [{"rfilename": path} for path in files]
        told = {"id": name, "sha": COMMIT, "private": False, "gated": False, "siblings": siblings, "tags": []}
        return self.send(200, json.dumps(told).encode(), {})

    def file(self, data: bytes | None) -> None:
        if data is None:
            return self.send(404, b"", {"X-Error-Code": "EntryNotFound"})
        headers = {"ETag": '"x"', "X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"}
        if not (wanted := self.headers.get("Range")):
            return self.send(200, data, headers)
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        part = data[int(first) : int(last or len(data)) + 1]
        headers["Content-Range"] = f"bytes {first}-{int(first) + len(part) - 1}/{len(data)}"
        return self.send(206, part, headers)

    def send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    do_GET = do_HEAD = do_POST = answer  # noqa: N815 - the names of BaseHTTPRequestHandler


@pytest.fixture(scope="module")
def hub() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


OPEN = """
import json, sys
from satsuma.errors import SourceError
from satsuma.sources.source import Place, open_source
for where, configuration, split in json.loads(sys.argv[1]):
    try:
        with open_source(Place(where, configuration, split)) as opened:
            place = opened.place
            print(json.dumps([
                [place.where, place.configuration, place.split], [opened.row(i) for i in range(len(opened))],
                opened.dropped, [c.labels for c in opened.columns],
            ]))
    except SourceError as error:
        print(json.dumps(str(error)))
"""
PLACES = {
    "data": ("hf:me/data", None, None),
    "test": (f"hf:me/data@{COMMIT}", None, "test"),
    "script": ("hf:me/script", None, None),
    "other script": ("hf:me/other-script", None, None),
    "none": ("hf:me/none", None, None),
    "gated": ("hf:me/gated", None, None),
    "revision": ("hf:me/data@0123", None, None),
    "configuration": ("hf:me/data", "german", None),
    "split": ("hf:me/data", None, "unseen"),
}


def opened(hub: str, home: Path, places: Mapping[str, tuple[str, str | None, str | None]]) -> dict[str, object]:
    """What another process reads, since `huggingface_hub` takes the address of the hub when it is imported."""
    online = {"HF_ENDPOINT": hub, "HF_HOME": str(home), "HF_HUB_OFFLINE": "0", "HF_DATASETS_OFFLINE": "0"}
    command = [sys.executable, "-c", OPEN, json.dumps(list(places.values()))]
    done = subprocess.run(command, env={**os.environ, **online}, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    return dict(zip(places, map(json.loads, done.stdout.splitlines()), strict=True))


@pytest.fixture(scope="module")
def told(hub: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    return opened(hub, tmp_path_factory.mktemp("home"), PLACES)


@needs_datasets
def test_a_repository_is_streamed_without_its_bytes_and_pinned_to_its_revision(told: dict[str, object]) -> None:
    assert told["data"] == [
        [f"hf:me/data@{COMMIT}", "default", "train"],
        [{"text": text, "label": label} for text, label in (("a", 0), ("b", 1), ("c", 1))],
        {"picture": "image", "raw": "binary"},
        [[], ["no", "yes"]],
    ]


@needs_datasets
def test_a_revision_and_a_split_can_be_named(told: dict[str, object]) -> None:
    test = told["test"]
    assert isinstance(test, list)
    assert test[:2] == [[f"hf:me/data@{COMMIT}", "default", "test"], [{"text": "a", "label": 0}]]


@needs_datasets
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("script", "is refused: it has a script script.py, and its rows come out of a program of its own"),
        ("other script", "me/other-script on the hub cannot be read"),
        ("none", "there is no dataset me/none on the hub, or it is private"),
        ("gated", "me/gated on the hub is gated"),
        ("revision", "has no such revision"),
        ("configuration", "there is no configuration 'german'\nconfigurations: default"),
        ("split", "there is no split 'unseen'\nsplits: "),
    ],
)
def test_what_cannot_be_opened_is_one_error_that_says_why(told: dict[str, object], name: str, reason: str) -> None:
    assert isinstance(told[name], str)
    assert reason in str(told[name])


@needs_datasets
def test_a_hub_that_cannot_be_reached_is_an_error(tmp_path: Path) -> None:
    told = opened("http://127.0.0.1:9", tmp_path, {"data": PLACES["data"]})
    assert "me/data on the hub cannot be read" in str(told["data"])


@pytest.mark.parametrize("version", [None, "3.9.1"])
def test_without_a_datasets_that_cannot_run_code_nothing_is_opened(
    monkeypatch: pytest.MonkeyPatch, version: str | None
) -> None:
    module = None if version is None else SimpleNamespace(__version__=version)
    monkeypatch.setitem(sys.modules, "datasets", module)
    with pytest.raises(ExtraError) as raised:
        open_source(Place("hf:me/data"))
    assert raised.value.hint.startswith("pip install ")
    assert version is None or "can run code that comes with a dataset" in raised.value.message
