"""`replay:` answers from the recording alone, as the recording has it, or says what is not in it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from satsuma.errors import JournalError
from satsuma.llm.journal import MODELS, Entry, Journal
from satsuma.llm.replay import Replay, recorded_models
from satsuma.llm.request import Message, Reply, Request, Usage

ASKED = Request("openai/gpt", (Message("user", "the first question"),), step="seeds", path="context 3")
FAILED = Request("openai/gpt", (Message("user", "the second question"),))


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run directory with a recording."""

    async def record(journal: Journal) -> None:
        await journal.put(Entry(ASKED.key(), ASKED, Reply("the first answer", usage=Usage(3, 4), model="gpt-2026")))
        await journal.put(Entry(FAILED.key(), FAILED, Reply("", error="gave up after 6 tries")))

    with Journal.open(tmp_path / "journal.sqlite") as journal:
        asyncio.run(record(journal))
        journal.set_meta(MODELS, {"": "openai/gpt", "correction": "openai/other"})
    return tmp_path


def ask(path: Path, request: Request) -> Reply:
    async def once() -> Reply:
        model = Replay(path)
        try:
            return (await model.complete(request)).reply
        finally:
            await model.close()

    return asyncio.run(once())


def test_a_recorded_request_gets_its_reply_from_a_directory_and_from_a_file(run: Path) -> None:
    for path in (run, run / "journal.sqlite"):
        assert ask(path, ASKED) == Reply("the first answer", usage=Usage(3, 4), model="gpt-2026")
    assert [file.name for file in run.iterdir()] == ["journal.sqlite"]


def test_what_was_given_up_is_given_up_again(run: Path) -> None:
    assert ask(run, FAILED).error == "gave up after 6 tries"


def test_a_request_that_is_not_recorded_is_an_error_that_says_who_asked(run: Path) -> None:
    unknown = Request("openai/gpt", (Message("user", "another"),), step="instance", path="context 3 / seed 2")
    with pytest.raises(JournalError) as error:
        ask(run, unknown)
    assert str(run / "journal.sqlite") in error.value.message
    assert f"step instance, context 3 / seed 2, key {unknown.key()}" in error.value.message
    assert "seed, n or an option differs" in error.value.hint
    assert "--model" in error.value.hint


def test_a_request_of_another_model_is_told_whose_recording_it_is(run: Path) -> None:
    with pytest.raises(JournalError) as error:
        ask(run, Request("ollama/qwen3", ASKED.messages))
    assert "recorded of openai/gpt, openai/other, and this asks ollama/qwen3" in error.value.hint


def test_a_damaged_reply_is_not_said_to_be_missing(run: Path) -> None:
    path = run / "journal.sqlite"
    path.write_bytes(path.read_bytes().replace(b"the first answer", b"the worst answer"))
    with pytest.raises(JournalError, match="is damaged: a reply does not fit its checksum"):
        ask(run, ASKED)


def test_the_identities_of_a_recording_are_read(run: Path, tmp_path: Path) -> None:
    assert recorded_models(run) == {"": "openai/gpt", "correction": "openai/other"}
    with Journal.open(tmp_path / "bare.sqlite"):
        pass
    assert recorded_models(tmp_path / "bare.sqlite") == {}


def test_no_recording_is_an_error_that_names_the_path(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match=r"there is no journal at .*journal\.sqlite"):
        Replay(tmp_path)
    with pytest.raises(JournalError, match=r"there is no journal at .*nowhere") as caught:
        recorded_models(tmp_path / "nowhere")
    assert caught.value.hint == "Name a run directory that `satsuma generate` wrote, or the journal.sqlite in one."
