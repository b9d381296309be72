"""The provider in docs/providers.md, installed as its pyproject.toml says and asked."""

from __future__ import annotations

import asyncio
import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import orjson
import pytest

from satsuma.errors import ModelError
from satsuma.llm.models import BUILT_IN, list_models, open_model
from satsuma.llm.provider import CallFailed, FailureKind
from satsuma.llm.refusals import SCHEMA_LINE
from satsuma.llm.request import Message, Reply, Request, Sampling, Usage
from satsuma.testing.wire import Connection, HttpRequest, Response

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "providers.md").read_text("utf-8")
EXAMPLE = (ROOT / "CONTRIBUTING.md").read_text("utf-8").partition("## A provider of your own")[2]
KEY = "planted-key-0123456789"
REQUEST = Request(
    "acme/large", (Message("user", "Where to?"),), {"type": "object"}, Sampling(temperature=0.5, max_tokens=9)
)


def block(language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", EXAMPLE, re.DOTALL | re.MULTILINE)
    return cast("str", found)


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The package of the page, as an installer would leave it."""
    project = tomllib.loads(block("toml"))["project"]
    (tmp_path / "acme_satsuma.py").write_text(block("python"), encoding="utf-8")
    information = tmp_path / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(f"Name: {project['name']}\nVersion: {project['version']}\n", encoding="utf-8")
    entries = "\n".join(
        f"[{group}]\n" + "\n".join(f"{name} = {value}" for name, value in points.items())
        for group, points in project["entry-points"].items()
    )
    (information / "entry_points.txt").write_text(entries, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("ACME_API_KEY", KEY)
    yield
    sys.modules.pop("acme_satsuma", None)


def ask(answer: Response) -> tuple[Reply | CallFailed, list[HttpRequest]]:
    """What the provider makes of an answer, and what was sent to the server."""
    seen: list[HttpRequest] = []

    def handle(request: HttpRequest, respond: Callable[[Response], None]) -> None:
        seen.append(request)
        respond(answer)

    async def main() -> Reply | CallFailed:
        connections: set[Connection] = set()
        server = await asyncio.get_running_loop().create_server(lambda: Connection(handle, connections), "127.0.0.1", 0)
        provider = open_model("acme/large", base_url=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1")
        try:
            return (await provider.complete(REQUEST)).reply
        except CallFailed as failure:
            return failure
        finally:
            await provider.close()
            server.close()
            await server.wait_closed()

    return asyncio.run(main()), seen


def test_it_is_listed_with_its_variable() -> None:
    (row,) = (row for row in list_models() if row.name == "acme")
    assert (row.url, row.variable, row.about) == ("https://api.acme.example/v1", "ACME_API_KEY", "ACME's own API")


def test_it_answers() -> None:
    body = orjson.dumps({"text": "{}", "read": 7, "written": 2, "cut_off": True})
    reply, (sent,) = ask(Response(200, body, {}))
    assert reply == Reply("{}", "length", Usage(7, 2), "large")
    asked = orjson.loads(sent.body)
    assert (asked["engine"], asked["heat"], asked["most"], asked["seed"]) == ("large", 0.5, 9, REQUEST.wire_seed())
    assert SCHEMA_LINE in asked["turns"][0]["text"]


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, orjson.dumps({"error": f"no such key: {KEY}"}), FailureKind.AUTH),
        (429, b"{}", FailureKind.RATE),
        (200, b'{"text": 5}', FailureKind.MALFORMED),
    ],
)
def test_its_failures_are_classified_and_show_no_key(status: int, body: bytes, kind: FailureKind) -> None:
    failure, _ = ask(Response(status, body, {}))
    assert isinstance(failure, CallFailed)
    assert failure.kind is kind
    assert KEY not in failure.message


def test_without_its_key_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ACME_API_KEY")
    with pytest.raises(ModelError, match="ACME_API_KEY is not set"):
        open_model("acme/large")


def test_the_page_has_an_example_of_every_provider() -> None:
    examples = set(re.findall(r"`([\w-]+)/[^`]+`", " ".join(re.findall(r"^\| (.*?) \|", PAGE, re.MULTILINE))))
    assert set(BUILT_IN) <= examples
    rows = {name: line for line in PAGE.splitlines() for name in re.findall(r"^\| `([\w-]+)/", line)}
    for kind in BUILT_IN.values():
        assert not [variable for variable in kind.variables if f"`{variable}`" not in rows[kind.name]], kind.name
