"""From settings to models: which identities a run asks, where each is reached, what it may cost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import orjson
import pytest

from satsuma import testing
from satsuma.errors import BudgetSpent, JournalError, ModelError, SettingsError, Waiting
from satsuma.llm import models
from satsuma.llm.client import Client, identities, open_client
from satsuma.llm.journal import MODELS, Journal
from satsuma.llm.models import BUILT_IN
from satsuma.llm.request import Message, Reply, Request, Usage
from satsuma.settings import Settings

T = TypeVar("T")
MODEL = "vllm-server/m"


def request(text: str = "Where to?", model: str = MODEL) -> Request:
    return Request(model, (Message("user", text),), step="instance", path=f"seed {text}")


def run(directory: Path, settings: Settings, do: Callable[[Client], Awaitable[T]]) -> T:
    async def main() -> T:
        with Journal.open(directory / "journal.sqlite") as journal:
            async with open_client(settings, journal) as client:
                return await do(client)

    return asyncio.run(main())


def asking(*texts: str) -> Callable[[Client], Awaitable[list[Reply | BaseException]]]:
    """Ask the model of the step `instance` each of these."""

    async def do(client: Client) -> list[Reply | BaseException]:
        requests = (request(text, client.model_for("instance")) for text in texts)
        return await asyncio.gather(*map(client.reply, requests), return_exceptions=True)

    return do


def test_a_budget_in_money_without_a_price_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    settings = Settings(1, "no-such-model-anywhere", base_url="http://127.0.0.1:9/v1", budget=1.0)
    with pytest.raises(SettingsError, match="--budget"):
        run(tmp_path, settings, asking("a"))


def test_a_price_that_cannot_be_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="is not a price"):
        run(tmp_path, Settings(1, MODEL, price=(-1.0, 2.0)), asking("a"))


def test_money_is_counted_over_processes(tmp_path: Path) -> None:
    def spending(*texts: str) -> Callable[[Client], Awaitable[float | None]]:
        async def do(client: Client) -> float | None:
            await asking(*texts)(client)
            return client.totals.usd

        return do

    with testing.serve() as server:
        settings = Settings(1, MODEL, base_url=server.url, price=(1.0, 2.0))
        run(tmp_path, settings, spending("a", "b"))
        usd = run(tmp_path, settings, spending("a", "c"))
        used = server.counters
    assert used.requests == 3
    assert usd == pytest.approx((used.input_tokens + 2 * used.output_tokens) / 1e6, rel=0.05)


def test_a_request_that_the_budget_has_no_room_for_ends_its_own_question_only(tmp_path: Path) -> None:
    with testing.serve() as server:
        settings = Settings(1, MODEL, base_url=server.url, max_tokens=6000)
        long, short = run(tmp_path, settings, asking("a" * 6000, "b"))
    assert isinstance(long, BudgetSpent)
    assert isinstance(short, Reply)


def test_what_was_sent_and_came_to_no_reply_counts_in_the_next_process(tmp_path: Path) -> None:
    async def leave(client: Client) -> None:
        waiting = asyncio.ensure_future(client.reply(request("a")))
        await asyncio.to_thread(server.wait_for, 1)
        await client.drain(0)
        await asyncio.gather(waiting, return_exceptions=True)

    with testing.serve(faults=testing.Faults(hang=1.0)) as server:
        settings = Settings(1, MODEL, base_url=server.url, max_requests=1)
        run(tmp_path, settings, leave)
        (refused,) = run(tmp_path, settings, asking("a"))
        assert server.counters.requests == 1
    assert isinstance(refused, BudgetSpent)


def test_an_unknown_price_makes_the_cost_unknown(tmp_path: Path) -> None:
    async def do(client: Client) -> float | None:
        return client.totals.usd

    assert run(tmp_path, Settings(1, "nobody/knows", base_url="http://127.0.0.1:9/v1"), do) is None
    assert run(tmp_path, Settings(1, "ollama/qwen3"), do) == 0


def test_each_step_asks_its_own_model_and_the_journal_says_which(tmp_path: Path) -> None:
    async def do(client: Client) -> None:
        assert client.models == {"": MODEL, "correction": "vllm-server/strong"}
        for step in ("instance", "correction"):
            await client.reply(request(step, client.model_for(step)))
        assert {name: done.asked for name, done in client.totals.models.items()} == {MODEL: 1, "vllm-server/strong": 1}

    with testing.serve(record=True) as server:
        settings = Settings(1, MODEL, base_url=server.url, models={"correction": "vllm-server/strong"})
        run(tmp_path, settings, do)
        assert [body["model"] for body in server.bodies] == ["m", "strong"]
    with Journal.open(tmp_path / "journal.sqlite", readonly=True) as journal:
        assert journal.meta(MODELS) == {"": MODEL, "correction": "vllm-server/strong"}


def test_the_base_url_is_not_for_another_providers_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with testing.serve() as own, testing.serve() as other:
        elsewhere = replace(BUILT_IN["groq"], url=other.url, needs_key=False)
        monkeypatch.setattr(models, "BUILT_IN", {**BUILT_IN, "groq": elsewhere})
        run(tmp_path, Settings(1, MODEL, base_url=own.url, models={"instance": "groq/m"}), asking("a"))
        assert (own.counters.requests, other.counters.requests) == (0, 1)


def test_a_model_that_was_not_opened_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no model 'openai/other' was opened"):
        run(tmp_path, Settings(1, MODEL), lambda client: client.reply(request(model="openai/other")))


def test_two_models_cannot_have_one_identity(tmp_path: Path) -> None:
    settings = Settings(1, f"file:{tmp_path / 'a'}", models={"correction": f"file:{tmp_path / 'b'}"})
    with pytest.raises(SettingsError, match="would both be recorded as file"):
        run(tmp_path, settings, asking())


@pytest.mark.parametrize("model", ["file:", "replay:"])
def test_a_scheme_without_a_path_is_refused(tmp_path: Path, model: str) -> None:
    with pytest.raises(SettingsError, match="names no path"):
        run(tmp_path, Settings(1, model), asking())


def test_a_recording_answers_under_the_identity_it_was_made_with(tmp_path: Path) -> None:
    recorded, replayed = tmp_path / "recorded", tmp_path / "replayed"
    recorded.mkdir()
    replayed.mkdir()
    with testing.serve() as server:
        first = run(recorded, Settings(1, MODEL, base_url=server.url), asking("a", "b"))
    settings = Settings(1, f"replay:{recorded}")
    assert identities(settings) == {"": MODEL}
    assert run(replayed, settings, asking("a", "b")) == first
    with Journal.open(replayed / "journal.sqlite", readonly=True) as journal:
        assert {entry.key for entry in journal.entries()} == {request("a").key(), request("b").key()}
    (error,) = run(replayed, settings, asking("unheard-of"))
    assert isinstance(error, JournalError)
    assert "step instance, seed unheard-of" in error.message


def test_replies_of_a_recording_are_no_requests_and_cost_nothing(tmp_path: Path) -> None:
    recorded, replayed = tmp_path / "recorded", tmp_path / "replayed"
    recorded.mkdir()
    replayed.mkdir()
    with testing.serve() as server:
        run(recorded, Settings(1, MODEL, base_url=server.url), asking("a", "b"))

    async def ask(client: Client) -> tuple[int, int, int, int]:
        await asking("a", "b", "a")(client)
        totals = client.totals
        return totals.asked, totals.recorded, totals.replayed, totals.input_tokens

    settings = Settings(1, f"replay:{recorded}", price=(1.0, 1.0))
    assert run(replayed, settings, ask) == (0, 2, 0, 0)
    assert run(replayed, settings, ask) == (0, 0, 3, 0)
    with Journal.open(replayed / "journal.sqlite", readonly=True) as journal:
        (tally,) = journal.tallies()
    assert (tally.requests, tally.recorded, tally.attempts, tally.usage) == (2, 2, 0, Usage())


def test_only_what_an_earlier_process_left_counts_as_replayed(tmp_path: Path) -> None:
    def counted(*texts: str) -> Callable[[Client], Awaitable[tuple[int, int]]]:
        async def do(client: Client) -> tuple[int, int]:
            for text in texts:
                await client.reply(request(text))
            return client.totals.asked, client.totals.replayed

        return do

    with testing.serve() as server:
        settings = Settings(1, MODEL, base_url=server.url)
        assert run(tmp_path, settings, counted("a", "b", "a", "b", "b")) == (2, 0)
        assert run(tmp_path, settings, counted("new", "new", "a", "b", "b")) == (1, 3)


@pytest.mark.parametrize("model", ["opnai/x", "batch:opnai/x"])
def test_a_provider_that_there_is_not_is_found_before_anything_is_opened(model: str) -> None:
    with pytest.raises(ModelError, match="there is no provider 'opnai'") as caught:
        identities(Settings(1, model))
    assert "Did you mean openai/x?" in caught.value.hint
    with pytest.raises(ModelError, match="there is no provider 'opnai'"):
        identities(Settings(1, "openai/x", models={"correction": model}))
    with pytest.raises(SettingsError, match="the base URL 'htp://x' is not"):
        identities(Settings(1, "openai/x", base_url="htp://x"))


def test_a_recording_of_nobody_knows_what_is_refused(tmp_path: Path) -> None:
    Journal.open(tmp_path / "journal.sqlite").close()
    with pytest.raises(JournalError, match="does not say which model"):
        identities(Settings(1, f"replay:{tmp_path}"))


def test_a_model_that_answers_later_stops_the_run_until_its_answers_are_there(tmp_path: Path) -> None:
    directory = tmp_path / "exchange"
    settings = Settings(1, f"file:{directory}", identity="person")
    waiting = run(tmp_path, settings, asking("a", "b", "c"))
    assert all(isinstance(w, Waiting) for w in waiting)
    lines = [orjson.loads(line) for line in (directory / "requests.jsonl").read_bytes().splitlines()]
    assert {line["custom_id"] for line in lines} == {request(t, "person").key() for t in "abc"}
    answers = [orjson.dumps({"custom_id": line["custom_id"], "content": "hi"}) for line in lines]
    (directory / "replies.jsonl").write_bytes(b"\n".join(answers))
    replies = run(tmp_path, settings, asking("a", "b", "c"))
    assert [r.content for r in replies if isinstance(r, Reply)] == ["hi"] * 3
    with Journal.open(tmp_path / "journal.sqlite", readonly=True) as journal:
        assert len(list(journal.entries())) == 3


def test_a_log_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be written"):
        run(tmp_path, Settings(1, MODEL, log=str(tmp_path)), asking())
