"""A dataset is pushed to a server on loopback that speaks the hub's endpoints: one commit, private, no key told."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

pytest.importorskip("huggingface_hub", reason="the extra hub is not installed")

import satsuma
from satsuma.curation.doors import curate
from satsuma.errors import DataError, HubError, RunError, SettingsError
from satsuma.run.run import Run
from tests.curation.made import as_file, as_run, reviews

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content:DeprecationWarning")  # huggingface_hub's own

TOKEN = "hf_" + "q7" * 17
NAME = "someone/reviews"
ID = "0" * 40


@dataclass
class Stand:
    """A stand-in for the hub. private: of the repository; None if there is none. lfs: whether Parquet is stored so."""

    url: str
    private: bool | None = None
    lfs: bool = False
    refuse: int = 0
    files: dict[str, bytes] = field(default_factory=dict)
    stored: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    created: list[dict[str, object]] = field(default_factory=list)
    commits: list[str] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, object]:
        if self.refuse:
            return self.refuse, {"error": f"Bearer {TOKEN} may not do that"}
        match method, path.split("?")[0]:
            case "GET", "/api/datasets/someone/reviews" if self.private is not None:
                siblings = [{"rfilename": name} for name in self.files]
                return 200, {"id": NAME, "private": self.private, "siblings": siblings, "sha": ID}
            case "POST", "/api/repos/create":
                self.created.append(json.loads(body))
                said = self.created[-1]
                self.private = said.get("visibility", said.get("private")) in ("private", True)
                return 200, {"url": f"{self.url}/datasets/{NAME}"}
            case "POST", "/api/validate-yaml":
                return 200, {"errors": [], "warnings": []}
            case "POST", "/api/datasets/someone/reviews/preupload/main":
                return 200, {"files": [self._mode(one["path"]) for one in json.loads(body)["files"]]}
            case "POST", "/datasets/someone/reviews.git/info/lfs/objects/batch":
                return 200, {"transfer": "basic", "objects": [self._upload(one) for one in json.loads(body)["objects"]]}
            case "PUT", place if place.startswith("/store/"):
                self.stored[place.removeprefix("/store/")] = body
                return 200, {}
            case "POST", "/api/datasets/someone/reviews/commit/main":
                return 200, self._commit(body)
        return 404, {"error": "Repository not found"}

    def _mode(self, path: str) -> dict[str, object]:
        mode = "lfs" if self.lfs and path.endswith(".parquet") else "regular"
        return {"path": path, "uploadMode": mode, "shouldIgnore": False}

    def _upload(self, one: dict[str, object]) -> dict[str, object]:
        return {**one, "actions": {"upload": {"href": f"{self.url}/store/{one['oid']}"}}}

    def _commit(self, body: bytes) -> dict[str, object]:
        for line in body.splitlines():
            said = json.loads(line)
            value = said["value"]
            if said["key"] == "header":
                self.commits.append(value["summary"])
            elif said["key"] == "file":
                self.files[value["path"]] = base64.b64decode(value["content"])
            elif said["key"] == "lfsFile":
                self.files[value["path"]] = self.stored[value["oid"]]
        return {"commitOid": ID, "commitUrl": f"{self.url}/datasets/{NAME}/commit/{ID}", "success": True}


@pytest.fixture
def stand(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stand]:
    from huggingface_hub import close_session, constants

    class Handler(BaseHTTPRequestHandler):
        def handled(self) -> None:
            running.asked.append(f"{self.command} {self.path}")
            running.tokens.add(self.headers.get("Authorization", ""))
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, said = running.answer(self.command, self.path, body)
            data = json.dumps(said).encode()
            self.send_response(status)
            if status == 404:
                self.send_header("X-Error-Code", "RepoNotFound")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = handled  # noqa: N815 - names of the standard library

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running = Stand(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    monkeypatch.setenv("HF_ENDPOINT", running.url)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setattr(constants, "ENDPOINT", running.url)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    close_session()
    yield running
    close_session()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return curate(as_run(tmp_path / "run", reviews(60)).path, noise="off", splits={"train": 0.8, "test": 0.2}).run()


@pytest.mark.parametrize("lfs", [False, True])
def test_the_data_and_the_card_are_one_commit_of_a_private_repository(run: Run, stand: Stand, lfs: bool) -> None:
    stand.lfs = lfs
    done = satsuma.push(run, NAME)
    assert stand.private is True
    assert set(stand.files) == {"README.md", "data/train.parquet", "data/test.parquet"}
    for split in ("train", "test"):
        assert stand.files[f"data/{split}.parquet"] == (run.path / "data" / f"{split}.parquet").read_bytes()
    assert len(stand.commits) == 1
    assert bool(stand.stored) is lfs
    assert (done.private, done.rows, done.commit) == (True, 60, ID)
    assert done.url == f"{stand.url}/datasets/{NAME}"
    assert {name: len(data) for name, data in stand.files.items()} == done.files
    card = stand.files["README.md"].decode()
    assert f'datasets.load_dataset("{NAME}")' in card
    assert "data_files={" not in card
    assert "path: data/test.parquet" in card


def test_a_dry_run_asks_nothing(run: Run, stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_TOKEN")
    done = satsuma.push(run.path, NAME, dry_run=True)
    assert (done.commit, done.private, done.rows) == ("", True, 60)
    assert set(done.files) == {"README.md", "data/train.parquet", "data/test.parquet"}
    assert stand.asked == []


def test_public_is_asked_for(run: Run, stand: Stand) -> None:
    assert satsuma.push(run, NAME, public=True).private is False
    assert stand.private is False


def test_a_repository_that_is_public_is_not_pushed_to_in_private(run: Run, stand: Stand) -> None:
    stand.private = False
    with pytest.raises(HubError, match="is public on the hub") as refused:
        satsuma.push(run, NAME)
    assert "--public" in refused.value.hint
    assert stand.commits == []


def test_a_repository_that_is_there_is_used_and_what_it_has_besides_stays(run: Run, stand: Stand) -> None:
    stand.private = True
    stand.files = {"data/old.parquet": b"old", "README.md": b"old"}
    done = satsuma.push(run, NAME)
    assert stand.created == []
    assert done.kept == ("data/old.parquet",)
    assert stand.files["data/old.parquet"] == b"old"
    assert stand.files["README.md"] != b"old"


def test_a_curated_folder_is_pushed_and_other_folders_are_not(tmp_path: Path, stand: Stand) -> None:
    source = as_file(tmp_path / "rows" / "rows.jsonl", reviews(20))
    done = satsuma.push(curate(source, noise="off").path, NAME)
    assert set(done.files) == {"README.md", "data/train.parquet"}
    with pytest.raises(DataError, match="neither a run nor"):
        satsuma.push(source.parent, NAME)
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "run.json").write_text("{}")
    with pytest.raises(RunError, match="no dataset"):
        satsuma.push(tmp_path / "empty", NAME)
    with pytest.raises(SettingsError, match="no name"):
        satsuma.push(done.url, "reviews")
    assert len(stand.commits) == 1


def test_without_a_token_it_says_how_to_log_in(
    run: Run, stand: Stand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "none"))
    with pytest.raises(HubError, match="no token") as refused:
        satsuma.push(run, NAME)
    assert "hf auth login" in refused.value.hint
    assert stand.asked == []


@pytest.mark.parametrize("status", [401, 403, 500])
def test_the_token_is_sent_and_never_told(
    run: Run, stand: Stand, status: int, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    stand.refuse = status
    with pytest.raises(HubError) as refused:
        satsuma.push(run, NAME)
    assert f"Bearer {TOKEN}" in stand.tokens
    printed = capfd.readouterr()
    for text in (str(refused.value), caplog.text, printed.out, printed.err):
        assert TOKEN not in text
    assert TOKEN not in "".join(path.read_text("utf-8", "replace") for path in run.path.rglob("*") if path.is_file())


def test_a_hub_that_cannot_be_reached_is_told(run: Run, stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(HubError, match="the hub refuses"):
        satsuma.push(run, NAME)
    assert stand.asked == []


def test_what_is_stored_is_what_its_hash_says(run: Run, stand: Stand) -> None:
    stand.lfs = True
    satsuma.push(run, NAME)
    assert {hashlib.sha256(data).hexdigest() for data in stand.stored.values()} == set(stand.stored)
