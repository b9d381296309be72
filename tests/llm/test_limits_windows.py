"""What the limiter makes of rate windows: those set by hand and those that a provider's headers tell of."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping

import pytest

from satsuma.errors import SettingsError
from satsuma.llm.provider import FailureKind
from satsuma.llm.request import Usage
from tests.llm.instant_loop import limiter, now, run, said, turns


def test_a_cancelled_head_of_the_queue_does_not_hold_up_the_next() -> None:
    async def scene() -> float:
        limits = limiter(tpm=6000)
        await limits.acquire(3000)
        large, small = asyncio.create_task(limits.acquire(3000)), asyncio.create_task(limits.acquire(1))
        await turns()
        large.cancel()
        await small
        return now()

    assert run(scene) == pytest.approx(30, abs=1)


def test_when_nothing_remains_everyone_waits_for_the_reset() -> None:
    async def scene() -> list[float]:
        limits = limiter()
        limits.release(await limits.acquire(1), None, said(3, "12s"))
        limits.release(await limits.acquire(1), None, said(0, "10s"))
        granted = []

        async def ask() -> None:
            slot = await limits.acquire(1)
            granted.append(now())
            limits.release(slot, None, {})

        await asyncio.gather(*(ask() for _ in range(3)))
        return granted

    assert run(scene) == [10.0, 10.0, 10.0]


def test_anthropics_output_tokens_pace_too() -> None:
    async def scene() -> float:
        limits = limiter()
        headers = {
            "anthropic-ratelimit-output-tokens-limit": "8000",
            "anthropic-ratelimit-output-tokens-remaining": "100",
            "anthropic-ratelimit-output-tokens-reset": "1970-01-01T00:17:20Z",  # 40 s after wall
        }
        limits.release(await limits.acquire(10, 500), None, headers)
        await limits.acquire(7000, 100)
        await limits.acquire(1, 500)
        return now()

    assert run(scene) == 40.0


class Minute:
    """A provider with so many requests in each minute by the clock, or in a bucket that fills all the time."""

    def __init__(self, limit: int, *, bucket: bool) -> None:
        self.limit, self.bucket = limit, bucket
        self.left, self.at = float(limit), 0.0
        self.refused = self.answered = 0

    def ask(self) -> tuple[FailureKind | None, dict[str, str]]:
        if self.bucket:
            self.left = min(self.limit, self.left + (now() - self.at) * self.limit / 60)
            self.at = now()
            reset = (self.limit - self.left + 1) / self.limit * 60
        else:
            if now() >= self.at + 60:
                self.left, self.at = float(self.limit), now() // 60 * 60
            reset = self.at + 60 - now()
        if self.left < 1:
            self.refused += 1
            return FailureKind.RATE, said(0, f"{reset:.3f}s", self.limit)
        self.left -= 1
        self.answered += 1
        return None, said(int(self.left), f"{reset:.3f}s", self.limit)


@pytest.mark.parametrize("bucket", [True, False])
def test_it_paces_before_the_provider_has_to_refuse(bucket: bool) -> None:
    async def scene() -> tuple[Minute, float]:
        limits, minute, dice = limiter(), Minute(200, bucket=bucket), random.Random(5)

        async def ask() -> None:
            while True:
                slot = await limits.acquire(1)
                kind, headers = minute.ask()
                await asyncio.sleep(dice.expovariate(1))
                limits.release(slot, kind, headers)
                if kind is None:
                    return

        await asyncio.gather(*(ask() for _ in range(2000)))
        return minute, now()

    minute, seconds = run(scene)
    assert minute.answered == 2000
    assert minute.refused == 0
    assert seconds < 2000 / 200 * 60 * 1.25


def test_headers_that_stop_coming_do_not_stop_the_run() -> None:
    async def scene() -> float:
        limits = limiter()
        limits.release(await limits.acquire(1), None, said(0, "5s"))
        for _ in range(100):
            limits.release(await limits.acquire(1), None, {})
        return now()

    assert run(scene) == 5.0


def test_hostile_headers_change_nothing() -> None:
    async def scene() -> float:
        limits = limiter()
        for remaining, reset in (("-1", "5s"), ("nan", "5s"), ("0", "-5s"), ("0", "1e99"), ("0", "9" * 99 + "h")):
            headers = {"x-ratelimit-remaining-requests": remaining, "x-ratelimit-reset-requests": reset}
            limits.release(await limits.acquire(1), None, headers)
        await limits.acquire(1)
        return now()

    assert run(scene) == 0.0


@pytest.mark.parametrize("rpm", [30, 600])
def test_rpm_set_by_hand_is_kept_in_every_minute(rpm: int) -> None:
    async def scene() -> list[float]:
        limits, sent = limiter(rpm=rpm), []

        async def ask() -> None:
            slot = await limits.acquire(1)
            sent.append(now())
            limits.release(slot, None, {})

        await asyncio.gather(*(ask() for _ in range(2 * rpm)))
        return sent

    sent = run(scene)
    assert all(last - first >= 60 - 1e-3 for first, last in zip(sent, sent[rpm:], strict=False))
    assert sent[-1] < 125


def test_tpm_is_reserved_by_estimate_and_corrected_by_usage() -> None:
    async def spent(usage: Usage) -> float:
        limits = limiter(tpm=6000)
        for _ in range(10):
            limits.release(await limits.acquire(1000, 1000), None, {}, usage)
        return now()

    assert run(lambda: spent(Usage())) == pytest.approx(180, rel=0.05)
    assert run(lambda: spent(Usage(400, 100))) == pytest.approx(45, rel=0.05)


def test_a_slot_that_was_never_used_is_not_counted() -> None:
    async def scene() -> float:
        limits = limiter(tpm=6000)
        limits.abandon(await limits.acquire(6000), sent=False)
        await limits.acquire(6000)
        return now()

    assert run(scene) == 0.0


def test_a_request_larger_than_tpm_is_an_error_at_once_even_in_a_queue() -> None:
    async def scene() -> None:
        limits = limiter(ceiling=1, tpm=6000)
        await limits.acquire(1)
        with pytest.raises(SettingsError, match=r"about 6,001 tokens can never be sent: --tpm allows 6,000"):
            await limits.acquire(6000, 1)
        assert now() == 0.0
        assert (limits.in_flight, limits.waiting) == (1, 0)

    run(scene)


def test_a_request_larger_than_what_the_provider_allows_is_an_error_when_that_is_learned() -> None:
    async def scene() -> None:
        limits = limiter(ceiling=1)
        slot = await limits.acquire(1)
        large, small = asyncio.create_task(limits.acquire(900)), asyncio.create_task(limits.acquire(1))
        await turns()
        limits.release(slot, None, said(500, "60s", limit=800, what="tokens"))
        with pytest.raises(SettingsError, match="the provider allows 800"):
            await large
        await small
        assert now() == 0.0

    run(scene)


def test_what_is_learned_and_what_is_waited_for_is_logged() -> None:
    events: list[Mapping[str, object]] = []

    async def scene() -> None:
        limits = limiter(log=events.append)
        limits.release(await limits.acquire(1), None, said(0, "10s"))
        waiting = [asyncio.create_task(limits.acquire(1)) for _ in range(5)]
        await waiting[0]
        for task in waiting[1:]:
            task.cancel()

    run(scene)
    assert [(e["event"], e["old"], e["new"]) for e in events[:2]] == [("window", 0, 100), ("wait", 0, 10.0)]
    assert "back in 10.000 s" in str(events[1]["reason"])
    assert all(set(e) == {"event", "old", "new", "reason", "time"} for e in events)


def test_what_is_given_back_unused_is_taken_off_no_quota() -> None:
    async def scene() -> float:
        limits = limiter()
        limits.release(await limits.acquire(1), None, said(3, "60s"))
        for _ in range(10):
            limits.abandon(await limits.acquire(1), sent=False)
        for _ in range(3):
            await limits.acquire(1)
        return now()

    assert run(scene) == 0.0
