"""A model that is asked by batches: what is submitted, what becomes of the results, what ends the run."""

from __future__ import annotations

import asyncio
import urllib.request
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import orjson
import pytest

from satsuma.errors import BudgetSpent, ModelError, SettingsError, Stopped, Waiting
from satsuma.llm import batch_book
from satsuma.llm.batch_book import Pace
from satsuma.llm.batch_openai import OpenAIBatches
from satsuma.llm.client import Client, identities, open_client
from satsuma.llm.journal import Journal
from satsuma.llm.request import Message, Reply, Request, Sampling
from satsuma.llm.retry import RetryPolicy
from satsuma.settings import Settings
from satsuma.testing.batches import BatchServer, Switches, fates, serve_batches

T = TypeVar("T")
OPENAI, ANTHROPIC = "batch:openai/m", "batch:anthropic/m"
BOTH = pytest.mark.parametrize("model", [OPENAI, ANTHROPIC])
Got = list[Reply | BaseException]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_book, "PACE", Pace(0.002, 1.0, 0.002, 0.05, 0.2))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0123456789")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-0123456789")


def request(text: str, model: str = OPENAI, max_tokens: int | None = None) -> Request:
    sampling = Sampling(temperature=0.5, max_tokens=max_tokens)
    return Request(model.removeprefix("batch:"), (Message("user", text),), sampling=sampling, path=text)


def settings(server: BatchServer, model: str = OPENAI) -> Settings:
    return Settings(1, model, base_url=server.origin if model == ANTHROPIC else server.url)


def run(directory: Path, chosen: Settings, do: Callable[[Client], Awaitable[T]], said: list[str] | None = None) -> T:
    async def main() -> T:
        policy = RetryPolicy(first=0.001, longest=0.001)
        with Journal.open(directory / "journal.sqlite") as journal:
            async with open_client(chosen, journal, policy=policy, note=(said or []).append) as client:
                return await do(client)

    return asyncio.run(main())


def asking(*requests: Request) -> Callable[[Client], Awaitable[Got]]:
    async def do(client: Client) -> Got:
        return await asyncio.gather(*map(client.reply, requests), return_exceptions=True)

    return do


def several(count: int, model: str = OPENAI) -> list[Request]:
    return [request(f"question {i}", model) for i in range(count)]


def replies(got: Got) -> list[Reply]:
    assert all(isinstance(each, Reply) for each in got), got
    return [each for each in got if isinstance(each, Reply)]


def only(got: Got) -> Reply | BaseException:
    (each,) = got
    return each


@BOTH
def test_a_batch_shares_the_keys_and_the_replies_of_the_model_itself(tmp_path: Path, model: str) -> None:
    name = model.removeprefix("batch:")
    assert identities(Settings(1, model)) == identities(Settings(1, name)) == {"": name}
    with serve_batches() as server:
        first = run(tmp_path, settings(server, model), asking(*several(3, model)))
        live = run(tmp_path, replace(settings(server, model), model=name), asking(*several(3, model)))
        assert replies(live) == replies(first)
        assert len(server.jobs) == 1


@BOTH
def test_results_belong_to_their_requests_by_key_in_whatever_order_they_come(tmp_path: Path, model: str) -> None:
    with serve_batches() as server:
        in_order = run(tmp_path, settings(server, model), asking(*several(30, model)))
    (tmp_path / "other").mkdir()
    with serve_batches(switches=Switches(shuffled=True)) as server:
        shuffled = run(tmp_path / "other", settings(server, model), asking(*several(30, model)))
    assert replies(in_order) == replies(shuffled)
    assert len({reply.content for reply in replies(in_order)}) == 30


@BOTH
@pytest.mark.parametrize("fate", ["expired", "missing", "canceled", "529 Overloaded"])
def test_what_had_no_answer_is_submitted_again_and_nothing_else(tmp_path: Path, model: str, fate: str) -> None:
    unlucky = {r.key() for r in several(6, model)[::2]}
    fated = Switches(fate=lambda key, times: fate if key in unlucky and times == 1 else "answered")
    with serve_batches(switches=fated) as server:
        assert not any(
            reply.error for reply in replies(run(tmp_path, settings(server, model), asking(*several(6, model))))
        )
        assert [len(job.asked) for job in server.jobs] == [6, 3]
        assert server.submitted == {r.key(): 1 + (r.key() in unlucky) for r in several(6, model)}


def test_a_request_that_never_is_answered_is_given_up_after_three_batches(tmp_path: Path) -> None:
    bad = request("bad")
    fated = Switches(fate=lambda key, _times: "expired" if key == bad.key() else "answered")
    with serve_batches(switches=fated) as server:
        good, given_up = replies(run(tmp_path, settings(server), asking(request("good"), bad)))
        assert not good.error
        assert "batch_expired" in given_up.error
        assert "3 batches" in given_up.error
        assert server.submitted[bad.key()] == 3
        again = run(tmp_path, settings(server), asking(bad))
        assert again == [given_up]
        server.switches.fate = lambda _key, _times: "answered"
        retried = run(tmp_path, replace(settings(server), retry_failed=True), asking(bad))
        assert not replies(retried)[0].error
        assert server.submitted[bad.key()] == 4
    with Journal.open(tmp_path / "journal.sqlite") as journal:
        entry = journal.entry(bad.key())
        assert entry is not None
        assert entry.attempts == 4


def test_the_count_of_batches_survives_the_process(tmp_path: Path) -> None:
    bad = request("bad")
    with serve_batches(
        switches=Switches(fate=fates({1: "expired", 2: "expired"}, "canceled"), ending=_cancel_second)
    ) as server:
        assert isinstance(only(run(tmp_path, settings(server), asking(bad))), Stopped)
        given_up = only(run(tmp_path, settings(server), asking(bad)))
        assert isinstance(given_up, Reply)
        assert "3 batches" in given_up.error
        assert server.submitted[bad.key()] == 3


def _cancel_second(number: int) -> str:
    return "cancelled" if number == 2 else "expired"


@BOTH
def test_a_filtered_request_is_given_up_and_not_submitted_again(tmp_path: Path, model: str) -> None:
    bad = request("bad", model)
    filtered = "400 Your request was rejected by our content policy"
    fated = Switches(fate=lambda key, _times: filtered if key == bad.key() else "answered")
    with serve_batches(switches=fated) as server:
        good, given_up = replies(run(tmp_path, settings(server, model), asking(request("good", model), bad)))
        assert not good.error
        assert given_up.finish_reason == "content_filter"
        assert set(server.submitted.values()) == {1}


@BOTH
def test_a_refusal_for_good_ends_the_run_and_what_came_is_kept(tmp_path: Path, model: str) -> None:
    bad = request("bad", model)
    fated = Switches(fate=lambda key, times: "401 invalid x-api-key" if key == bad.key() and times == 1 else "answered")
    with serve_batches(switches=fated) as server:
        good, refused = run(tmp_path, settings(server, model), asking(request("good", model), bad))
        assert isinstance(good, Reply)
        assert isinstance(refused, ModelError)
        assert "refuses (auth)" in refused.message
        assert "API_KEY" in refused.hint
        assert not replies(run(tmp_path, settings(server, model), asking(request("good", model), bad)))[1].error
        assert server.submitted == {request("good", model).key(): 1, bad.key(): 2}


@BOTH
def test_a_parameter_that_is_not_taken_is_left_out_the_next_time(tmp_path: Path, model: str) -> None:
    refused = "400 temperature is not supported with this model"
    with serve_batches(switches=Switches(fate=fates({1: refused}))) as server:
        replies(run(tmp_path, settings(server, model), asking(*several(3, model))))
        assert ["temperature" in body for job in server.jobs for body in job.asked.values()] == [True] * 3 + [False] * 3


def test_a_wrong_key_ends_the_run_before_anything_is_submitted(tmp_path: Path) -> None:
    with serve_batches(switches=Switches(key="another")) as server:
        (refused,) = run(tmp_path, settings(server), asking(request("a")))
        assert isinstance(refused, ModelError)
        assert "sk-test-0123456789" not in str(refused)
        assert not server.jobs


def test_a_batch_that_somebody_cancelled_ends_the_run_and_the_same_command_submits_the_rest(tmp_path: Path) -> None:
    with serve_batches(switches=Switches(held=True)) as server:

        async def cancelled(client: Client) -> Got:
            asked = asyncio.ensure_future(asking(*several(4))(client))
            await asyncio.to_thread(server.wait_for, "look", 2)
            server.jobs[0].cancelled, server.jobs[0].fates = True, _half(server.jobs[0].fates)
            server.release()
            return await asked

        got = run(tmp_path, settings(server), cancelled)
        assert [isinstance(each, Reply) for each in got] == [True, True, False, False]
        stopped = got[3]
        assert isinstance(stopped, Stopped)
        assert "batch_1 of openai/m was cancelled" in stopped.message
        assert "submits again" in stopped.hint
        replies(run(tmp_path, settings(server), asking(*several(4))))
        assert [len(job.asked) for job in server.jobs] == [4, 2]


def _half(table: dict[str, str]) -> dict[str, str]:
    return {key: "answered" if i < len(table) // 2 else "canceled" for i, key in enumerate(table)}


def test_a_full_queue_makes_the_batches_smaller(tmp_path: Path) -> None:
    with serve_batches(switches=Switches(ending=lambda number: "failed" if number == 1 else "completed")) as server:
        assert not any(r.error for r in replies(run(tmp_path, settings(server), asking(*several(8)))))
        assert [len(job.asked) for job in server.jobs] == [8, 4, 4]


def test_a_batch_that_fails_for_good_ends_the_run_with_its_reason(tmp_path: Path) -> None:
    switches = Switches(ending=lambda _number: "failed", failure=("model_not_found", "The model `m` does not exist."))
    with serve_batches(switches=switches) as server:
        (refused,) = run(tmp_path, settings(server), asking(request("a")))
        assert isinstance(refused, ModelError)
        assert "The model `m` does not exist." in refused.message


def test_more_than_a_batch_takes_is_split_by_number_and_by_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OpenAIBatches, "most_requests", 3)
    with serve_batches(switches=Switches(most_requests=3)) as server:
        replies(run(tmp_path, settings(server), asking(*several(8))))
        assert [len(job.asked) for job in server.jobs] == [3, 3, 2]
    monkeypatch.setattr(OpenAIBatches, "most_bytes", 700)
    (tmp_path / "other").mkdir()
    with serve_batches() as server:
        replies(run(tmp_path / "other", settings(server), asking(*(request(str(i) * 300) for i in range(3)))))
        assert [len(job.asked) for job in server.jobs] == [1, 1, 1]


def test_a_submission_that_broke_off_is_looked_for_and_repeated_only_if_it_was_not_received(tmp_path: Path) -> None:
    with serve_batches(switches=Switches(refusals={"create": [(0, "")]})) as server:
        replies(run(tmp_path, settings(server), asking(*several(3))))
        assert server.seen["list"] >= 1
        assert set(server.submitted.values()) == {1}
        server.switches.silent = frozenset({"created"})
        chosen = replace(settings(server), timeout=0.2)
        replies(run(tmp_path, chosen, asking(request("another"))))
        assert server.submitted[request("another").key()] == 1


def test_a_busy_provider_is_tried_again(tmp_path: Path) -> None:
    busy = {
        "upload": [(429, "slow down")],
        "create": [(429, "slow down")],
        "look": [(500, "?")],
        "results": [(503, "?")],
    }
    with serve_batches(switches=Switches(refusals={k: list(v) for k, v in busy.items()})) as server:
        replies(run(tmp_path, settings(server), asking(*several(3))))
        assert len(server.jobs) == 1


def test_a_provider_that_cannot_be_reached_any_more_ends_the_run_as_waiting(tmp_path: Path) -> None:
    with serve_batches(switches=Switches(held=True, refusals={"look": [(500, "?")] * 10_000})) as server:
        (waiting,) = run(tmp_path, settings(server), asking(request("a")))
        assert isinstance(waiting, Waiting)
        assert "batch_1 (1 request)" in waiting.message
        server.switches.refusals.clear()
        server.release()
        replies(run(tmp_path, settings(server), asking(request("a"))))
        assert set(server.submitted.values()) == {1}


def test_a_batch_that_is_gone_says_how_to_give_it_up(tmp_path: Path) -> None:
    with serve_batches(switches=Switches(refusals={"look": [(404, "No batch found")]})) as server:
        (gone,) = run(tmp_path, settings(server), asking(request("a")))
        assert isinstance(gone, ModelError)
        assert "satsuma batches RUN batch_1 --forget" in gone.hint


@BOTH
def test_an_answer_that_was_cut_off_is_asked_for_once_more_with_twice_the_room(tmp_path: Path, model: str) -> None:
    cut = request("long", model, max_tokens=5)
    with serve_batches(script=lambda _question: "x" * 32) as server:
        (reply,) = replies(run(tmp_path, settings(server, model), asking(cut)))
        assert (reply.finish_reason, len(server.jobs)) == ("stop", 2)
        replies(run(tmp_path, settings(server, model), asking(cut, request("other", model, max_tokens=50))))
        assert set(server.submitted.values()) == {1}
    with Journal.open(tmp_path / "journal.sqlite") as journal:
        entry = journal.entry(cut.key())
        assert entry is not None
        assert (entry.attempts, entry.wasted.output_tokens) == (2, 5)


def test_batches_cost_half_and_what_was_asked_live_costs_all(tmp_path: Path) -> None:
    async def spending(client: Client) -> float | None:
        await asking(*several(4))(client)
        return client.totals.usd

    with serve_batches() as server:
        chosen = replace(settings(server), price=(1.0, 2.0))
        half = run(tmp_path, chosen, spending)
        assert half == run(tmp_path, replace(chosen, model="openai/m"), spending)
        (tmp_path / "live").mkdir()
        whole = run(tmp_path / "live", replace(chosen, model="openai/m"), spending)
    assert whole is not None
    assert half == pytest.approx(whole / 2, rel=0.01)


def test_the_budget_is_reserved_before_anything_is_submitted(tmp_path: Path) -> None:
    with serve_batches() as server:
        chosen = replace(settings(server), max_requests=3)
        got = run(tmp_path, chosen, asking(*several(5)))
        assert Counter(type(each) for each in got) == {Reply: 3, BudgetSpent: 2}
        assert [len(job.asked) for job in server.jobs] == [3]
        (tmp_path / "none").mkdir()
        got = run(tmp_path / "none", replace(settings(server), max_tokens=10), asking(*several(2)))
        assert [type(each) for each in got] == [BudgetSpent, BudgetSpent]
        assert len(server.jobs) == 1


def test_what_an_earlier_process_submitted_is_held_against_the_budget(tmp_path: Path) -> None:
    with serve_batches(switches=Switches(held=True)) as server:

        async def left(client: Client) -> Got:
            asked = asyncio.ensure_future(asking(*several(2))(client))
            await asyncio.to_thread(server.wait_for, "look", 1)
            client.stop()
            return await asked

        got = run(tmp_path, settings(server), left)
        assert all("is under way: batch_1 (2 requests)" in str(each) for each in got)
        server.release()
        got = run(tmp_path, replace(settings(server), max_requests=3), asking(*several(4)))
        assert Counter(type(each) for each in got) == {Reply: 3, BudgetSpent: 1}


def test_two_identical_questions_are_one_request(tmp_path: Path) -> None:
    with serve_batches() as server:
        one, other = replies(run(tmp_path, settings(server), asking(request("a"), request("a"))))
        assert one == other
        assert server.submitted == {request("a").key(): 1}


def test_what_goes_over_the_wire_is_what_goes_over_it_outside_of_a_batch(tmp_path: Path) -> None:
    with serve_batches(record=True) as server:
        run(tmp_path, settings(server), asking(request("a")))
        (tmp_path / "live").mkdir()
        run(tmp_path / "live", replace(settings(server), model="openai/m"), asking(request("a")))
        live = server._model.tally.bodies
        assert live == list(server.jobs[0].asked.values())
        assert orjson.loads(server.bodies[0])["metadata"]["satsuma_batch"].startswith("satsuma-")


def test_a_provider_without_known_batches_is_refused_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GROQ_API_KEY", "gsk_0123456789")
    with pytest.raises(SettingsError, match="batch API of groq") as refused:
        run(tmp_path, Settings(1, "batch:groq/m"), asking())
    assert "--model groq/m" in refused.value.hint


def test_a_batch_of_somebody_else_that_may_be_ours_is_waited_for_and_told_apart(tmp_path: Path) -> None:
    with serve_batches(switches=Switches(looks=3, refusals={"create": []})) as server:
        params = {"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "theirs"}]}
        body = orjson.dumps({"requests": [{"custom_id": "theirs_other", "params": params}]})
        asked = urllib.request.Request(f"{server.url}/messages/batches", body, method="POST")
        urllib.request.urlopen(asked).read()
        server.switches.refusals["create"] = [(0, "")]
        replies(run(tmp_path, settings(server, ANTHROPIC), asking(request("ours", ANTHROPIC))))
        assert [next(iter(job.asked)).partition("_")[0] for job in server.jobs] == [
            "theirs",
            request("ours", ANTHROPIC).key(),
        ]
        assert server.jobs[0].ended


def test_a_key_that_an_answer_repeats_is_taken_out(tmp_path: Path) -> None:
    with serve_batches(script=lambda _question: "my key is sk-test-0123456789") as server:
        (reply,) = replies(run(tmp_path, settings(server), asking(request("a"))))
    assert reply.content == "my key is [redacted]"
