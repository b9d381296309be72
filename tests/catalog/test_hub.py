"""The hub's listing, from a server on loopback that speaks its API: pages, limits, stops and going on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from satsuma.catalog import hub
from satsuma.catalog.building import build_catalog
from satsuma.catalog.entry import Entry
from satsuma.catalog.filters import Dropped, Wanted
from satsuma.catalog.hub import MAX_WAIT, TRIES, entries_of_hub, retry_after
from satsuma.catalog.hubentry import entry_of_hub
from satsuma.errors import DataError, ExtraError

pytest.importorskip("huggingface_hub", reason="the extra hub is not installed")


def said(number: int) -> dict[str, object]:
    """What the hub says of one dataset."""
    return {
        "_id": f"{number:024x}",
        "id": f"someone/data-{number}",
        "sha": f"{number:040x}",
        "description": f"\n\t\n\t\tDataset\n\t\n\nRows of text number {number}, with labels.",
        "tags": ["task_categories:text-classification", "license:mit", "region:us", "size_categories:n<1K"],
        "gated": "manual" if number % 10 == 3 else False,
        "disabled": number % 10 == 5,
        "cardData": {
            "license": "cc-by-4.0",
            "dataset_info": {
                "config_name": "default",
                "features": [{"name": "text", "dtype": "string"}, {"name": "label", "dtype": {"class_label": {}}}],
                "splits": [{"name": "train", "num_examples": 100}, {"name": "test", "num_examples": 20}],
            },
        },
        "siblings": [{"rfilename": "README.md"}, {"rfilename": "data/train.parquet"}],
    }


@dataclass
class Stand:
    """A stand-in for the hub. faults: (status, headers) to answer the next requests with."""

    url: str
    count: int = 25
    faults: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    next_host: str = ""
    body: bytes | None = None

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """One request."""
        self.asked.append(handler.path)
        if self.faults:
            status, headers = self.faults.pop(0)
            reply(handler, status, b'{"error": "no"}', headers)
            return
        query = parse_qs(urlsplit(handler.path).query)
        size, start = min(int(query["limit"][0]), 10), int(query.get("cursor", ["0"])[0])
        page = [said(n) for n in range(start, min(start + size, self.count))]
        headers = {}
        if start + size < self.count:
            rest = handler.path.split("&cursor=")[0]
            headers["Link"] = f'<{self.next_host or self.url}{rest}&cursor={start + size}>; rel="next"'
        reply(handler, 200, json.dumps(page).encode() if self.body is None else self.body, headers)


def reply(handler: BaseHTTPRequestHandler, status: int, body: bytes, headers: dict[str, str]) -> None:
    handler.send_response(status)
    for name, value in {**headers, "Content-Type": "application/json", "Content-Length": str(len(body))}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


@pytest.fixture
def stand(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stand]:
    """The stand-in, running and set as the endpoint."""
    from huggingface_hub import close_session, constants

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            running.answer(self)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running = Stand(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("HF_ENDPOINT", running.url)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    close_session()
    yield running
    close_session()
    server.shutdown()
    thread.join()
    server.server_close()


def crawled(kept: Path, waits: list[float] | None = None, limit: int = 0) -> list[str]:
    return [e.name for e in entries_of_hub(kept, limit, (waits if waits is not None else []).append)]


def test_every_dataset_is_listed_page_by_page(stand: Stand, tmp_path: Path) -> None:
    assert crawled(tmp_path / "kept") == [f"someone/data-{n}" for n in range(25)]
    assert len(stand.asked) == 3
    first = parse_qs(urlsplit(stand.asked[0]).query)
    assert first["sort"] == ["downloads"]
    assert {"description", "cardData", "siblings", "gated", "disabled", "sha", "tags"} == set(first["expand"])


def test_a_limit_asks_for_no_more_pages_than_it_needs(stand: Stand, tmp_path: Path) -> None:
    assert len(crawled(tmp_path / "kept", limit=12)) == 12
    assert len(stand.asked) == 2


def test_the_hub_is_waited_for_as_long_as_it_says(stand: Stand, tmp_path: Path) -> None:
    waits: list[float] = []
    stand.faults = [(429, {"Retry-After": "7"}), (503, {}), (429, {"Retry-After": "0"})]
    assert len(crawled(tmp_path / "kept", waits)) == 25
    assert waits == [7.0, 2.0, 0.0]


def test_a_hub_that_never_answers_ends_the_build_and_the_next_goes_on(stand: Stand, tmp_path: Path) -> None:
    entries = entries_of_hub(tmp_path / "kept", wait=lambda seconds: None)  # noqa: ARG005
    got = [next(entries).name for _ in range(10)]
    stand.faults = [(503, {})] * TRIES
    with pytest.raises(DataError, match="503") as ended:
        next(entries)
    assert "goes on" in ended.value.hint
    before = len(stand.asked)
    assert crawled(tmp_path / "kept")[:10] == got
    assert len(stand.asked) - before == 2


@pytest.mark.parametrize("status", [400, 401, 404])
def test_what_does_not_get_better_is_not_asked_again(stand: Stand, tmp_path: Path, status: int) -> None:
    stand.faults = [(status, {})] * TRIES
    with pytest.raises(DataError, match=str(status)):
        crawled(tmp_path / "kept")
    assert len(stand.asked) == 1


def test_a_wait_that_is_too_long_is_told_and_not_waited(stand: Stand, tmp_path: Path) -> None:
    waits: list[float] = []
    stand.faults = [(429, {"Retry-After": str(int(MAX_WAIT) + 1)})]
    with pytest.raises(DataError, match="901 s of rest"):
        crawled(tmp_path / "kept", waits)
    assert waits == []


def test_a_torn_page_is_asked_for_again(stand: Stand, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    whole = crawled(kept)
    data = kept.read_bytes()
    kept.write_bytes(data[: len(data) - 5])
    stand.asked.clear()
    assert crawled(kept) == whole
    assert len(stand.asked) == 1
    assert kept.read_bytes() == data


def test_pages_of_another_question_are_not_used(stand: Stand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    crawled(tmp_path / "kept")
    monkeypatch.setattr(hub, "PAGE", 5)
    stand.asked.clear()
    assert len(crawled(tmp_path / "kept")) == 25
    assert len(stand.asked) == 5


def test_an_address_on_another_host_is_not_followed(stand: Stand, tmp_path: Path) -> None:
    stand.next_host = "http://127.0.0.2:9"
    with pytest.raises(DataError, match=r"127\.0\.0\.2:9"):
        crawled(tmp_path / "kept")


@pytest.mark.parametrize("body", [b"<html>", b"{}", b'"text"', b""])
def test_something_that_is_not_the_hub_is_told(stand: Stand, tmp_path: Path, body: bytes) -> None:
    stand.body = body
    with pytest.raises(DataError, match="does not answer as the hub does"):
        crawled(tmp_path / "kept")


def test_odd_items_of_a_page_are_taken_for_what_they_are(stand: Stand, tmp_path: Path) -> None:
    stand.count = 1
    stand.body = json.dumps([1, None, {"no": "id"}, {"id": "a", "cardData": [], "siblings": 3, "tags": {}}]).encode()
    assert crawled(tmp_path / "kept") == ["a"]


def test_a_dataset_of_the_hub_is_a_card_with_a_way_to_load_it() -> None:
    entry = entry_of_hub(said(7))
    assert (entry.name, entry.licence, entry.rows, entry.width) == ("someone/data-7", "cc-by-4.0", 120, 2)
    assert entry.description == "Dataset Rows of text number 7, with labels."
    assert [(c.name, c.type) for c in entry.columns] == [("text", "string"), ("label", "class label")]
    assert entry.tags == ("task_categories:text-classification", "size_categories:n<1K")
    loading = entry.loading
    assert (loading.kind, loading.place, loading.revision) == ("hub", "someone/data-7", f"{7:040x}")
    assert (loading.files, loading.configs, loading.needs_code) == (("data/train.parquet",), ("default",), False)


@pytest.mark.parametrize(
    ("files", "needed"),
    [
        (["data-7.py", "README.md"], True),
        (["data-7.py", "README.md", "dataset_infos.json"], True),
        (["data-7.py", "train.jsonl"], False),
        (["other.py", "README.md"], False),
    ],
)
def test_a_repository_of_a_script_alone_needs_code(files: list[str], needed: bool) -> None:
    assert entry_of_hub({**said(7), "siblings": [{"rfilename": f} for f in files]}).loading.needs_code is needed


def test_a_catalog_of_the_hub_keeps_what_may_be_used_and_tells_the_rest(stand: Stand, tmp_path: Path) -> None:
    built = build_catalog(["hub"], tmp_path / "hub.jsonl")
    assert built.entries == 20
    assert dict(built.reasons()) == {"is gated (--gated takes it in)": 3, "is disabled": 2}
    assert [p.name for p in tmp_path.iterdir()] == ["hub.jsonl"]
    assert build_catalog(["hub"], tmp_path / "hub.jsonl", Wanted(gated=True), limit=10).entries == 9
    assert stand.faults == []


def test_a_build_that_is_stopped_goes_on(stand: Stand, tmp_path: Path) -> None:
    stand.faults = []
    entries = entries_of_hub(tmp_path / ".hub.jsonl.hub.jsonl")
    first: list[Entry | Dropped] = [next(entries) for _ in range(11)]
    entries.close()
    stand.asked.clear()
    assert build_catalog(["hub"], tmp_path / "hub.jsonl").entries == 20
    assert len(stand.asked) == 1
    assert len(first) == 11


def test_the_command_line_asks_the_endpoint_of_the_environment(stand: Stand, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "satsuma", "catalog", "build", "hub", "-o", "hub.jsonl", "--limit", "5"]
    environment = {**os.environ, "HF_HUB_OFFLINE": "0", "HF_ENDPOINT": stand.url, "HF_HOME": str(tmp_path / "hf")}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "hub.jsonl: 4 datasets"
    assert len((tmp_path / "hub.jsonl").read_text().splitlines()) == 4


def test_without_its_extra_the_hub_names_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from satsuma import extras

    monkeypatch.setattr(extras, "find_spec", lambda name: None)  # noqa: ARG005
    with pytest.raises(ExtraError) as refused:
        crawled(tmp_path / "kept")
    assert refused.value.hint == "Install it: pip install 'satsuma[hub]'"


def test_retry_after_is_seconds_or_a_date() -> None:
    assert retry_after("3") == 3
    assert retry_after("-3") == 0
    assert retry_after(formatdate(0)) == 0
    assert retry_after(formatdate(4e9)) is not None
    assert [retry_after(v) for v in (None, "", "soon")] == [None, None, None]
