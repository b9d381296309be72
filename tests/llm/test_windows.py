from __future__ import annotations

import math
import random

import pytest

from satsuma.errors import SettingsError
from satsuma.llm.windows import Observation, Pace, Quota, Resource, amounts, parse_count, parse_duration, read_headers

OPENAI = {
    "x-ratelimit-limit-requests": "60",
    "x-ratelimit-remaining-requests": "59",
    "x-ratelimit-reset-requests": "1s",
    "x-ratelimit-limit-tokens": "150000",
    "x-ratelimit-remaining-tokens": "149984",
    "x-ratelimit-reset-tokens": "6m0s",
}
NEW_YEAR = 1_767_225_600.0  # 2026-01-01T00:00:00Z


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1s", 1.0),
        ("6m0s", 360.0),
        ("20ms", 0.02),
        ("1h2m3.5s", 3723.5),
        ("1m20ms", 60.02),
        ("12.5", 12.5),
        ("0", 0.0),
        ("24h0m0s", 86_400.0),
        ("250us", 0.00025),
        (" 7s ", 7.0),
    ],
)
def test_a_duration_is_read_as_the_providers_write_it(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text",
    ["", "s", "-1s", "nan", "inf", "1e9", "2d", "1s1h", "٣s", "9" * 30 + "s", "1" * 10_000, "soon", "1 s 2", "\x00"],
)
def test_a_hostile_duration_is_none(text: str) -> None:
    assert parse_duration(text) is None


@pytest.mark.parametrize("text", ["", "-1", "1.5", "nan", "1e3", "٣", "9" * 400, "10000000000000", "many", "0x10"])
def test_a_hostile_count_is_none(text: str) -> None:
    assert parse_count(text) is None


def test_openai_headers_are_read() -> None:
    assert read_headers(OPENAI, 0) == [
        Observation(Resource.REQUESTS, 60, 59, 1.0),
        Observation(Resource.TOKENS, 150_000, 149_984, 360.0),
    ]


@pytest.mark.parametrize("name", ["requests", "tokens", "input-tokens", "output-tokens"])
def test_each_of_anthropics_windows_is_read(name: str) -> None:
    headers = {
        f"anthropic-ratelimit-{name}-limit": "50",
        f"anthropic-ratelimit-{name}-remaining": "49",
        f"anthropic-ratelimit-{name}-reset": "2026-01-01T00:00:30Z",
    }
    resource = Resource[name.upper().replace("-", "_")]
    assert read_headers(headers, NEW_YEAR + 10) == [Observation(resource, 50, 49, 20.0)]


def test_a_time_is_read_against_the_providers_clock_and_not_ours() -> None:
    headers = {
        "date": "Thu, 01 Jan 2026 00:00:03 GMT",
        "anthropic-ratelimit-requests-remaining": "0",
        "anthropic-ratelimit-requests-reset": "2026-01-01T01:00:10+01:00",
    }
    assert read_headers(headers, wall=5.0) == [Observation(Resource.REQUESTS, None, 0, 7.0)]


def test_a_reset_in_the_past_is_now() -> None:
    headers = {
        "anthropic-ratelimit-requests-remaining": "3",
        "anthropic-ratelimit-requests-reset": "2026-01-01T00:00:00Z",
    }
    assert read_headers(headers, NEW_YEAR + 100)[0].reset == 0.0


@pytest.mark.parametrize(
    "changed",
    [
        {"x-ratelimit-remaining-requests": "-5"},
        {"x-ratelimit-remaining-requests": "NaN"},
        {"x-ratelimit-remaining-requests": "1" * 300},
        {"x-ratelimit-reset-requests": "never"},
        {"x-ratelimit-reset-requests": "999999h"},
        {"x-ratelimit-reset-requests": ""},
        {"x-ratelimit-limit-requests": "0"},
    ],
)
def test_hostile_headers_are_as_if_they_were_not_there(changed: dict[str, str]) -> None:
    seen = read_headers({**OPENAI, **changed}, 0)
    assert [each.resource for each in seen] == [Resource.TOKENS]


@pytest.mark.parametrize(
    "moment",
    ["tomorrow", "2026-13-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-01-01", "0" * 5000, "2026-01-01T00:00:00"],
)
def test_a_hostile_time_is_as_if_it_were_not_there(moment: str) -> None:
    headers = {"anthropic-ratelimit-requests-remaining": "0", "anthropic-ratelimit-requests-reset": moment}
    assert read_headers(headers, NEW_YEAR) == []


def test_no_header_raises() -> None:
    dice = random.Random(3)
    alphabet = "0123456789.-+:TZzhmsµu ,;eE\x00\ud800٣days GMTJan"
    names = [*OPENAI, "date", "anthropic-ratelimit-tokens-remaining", "anthropic-ratelimit-tokens-reset"]
    for _ in range(3000):
        headers = {name: "".join(dice.choices(alphabet, k=dice.randrange(25))) for name in names}
        for seen in read_headers(headers, NEW_YEAR):
            assert 0 <= seen.reset <= 86_400
            assert seen.remaining >= 0


@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf])
def test_a_pace_that_is_no_positive_number_is_refused(value: float) -> None:
    with pytest.raises(SettingsError, match="--rpm"):
        Pace(Resource.REQUESTS, value, "--rpm")


@pytest.mark.parametrize("per_minute", [1, 3, 60, 600, 10_000])
def test_no_minute_holds_more_requests_than_were_allowed(per_minute: int) -> None:
    pace = Pace(Resource.REQUESTS, per_minute, "--rpm")
    now, sent = 0.0, []
    while now < 200:
        now = pace.ready_at(1, now)
        pace.charge(1, now)
        sent.append(now)
    for first, last in zip(sent, sent[per_minute:], strict=False):
        assert last - first >= 60 - 1e-6
    assert len(sent) >= 200 / 60 * per_minute * 0.98


def test_a_request_larger_than_a_seconds_worth_goes_out_and_is_waited_off() -> None:
    pace = Pace(Resource.TOKENS, 6_000, "--tpm")
    assert pace.ready_at(3_000, 10.0) == 10.0
    pace.charge(3_000, 10.0)
    assert 38 < pace.ready_at(1, 10.0) < 41


def test_a_pace_is_corrected_by_what_was_used() -> None:
    pace = Pace(Resource.TOKENS, 6_000, "--tpm")
    pace.charge(3_000, 0.0)
    pace.correct(500 - 3_000)
    assert 3 < pace.ready_at(100, 0.0) < 6


def test_correcting_downwards_never_saves_up_more_than_a_second() -> None:
    pace = Pace(Resource.TOKENS, 6_000, "--tpm")
    for _ in range(10):
        pace.charge(3_000, 0.0)
        pace.correct(-3_000)
    pace.charge(200, 0.0)
    assert pace.ready_at(100, 0.0) > 0.5


def test_what_was_sent_after_the_answered_request_is_taken_off() -> None:
    quota = Quota(Resource.REQUESTS)
    quota.hear(Observation(Resource.REQUESTS, 10, 3, 60.0), number=7, position=7, now=0.0)
    assert quota.ready_at(1, sent=9, now=1.0) == 1.0
    assert quota.ready_at(1, sent=10, now=1.0) == 60.0


def test_a_reply_to_an_older_request_is_old_news() -> None:
    quota = Quota(Resource.REQUESTS)
    assert quota.hear(Observation(Resource.REQUESTS, 10, 0, 60.0), number=9, position=9, now=0.0)
    assert not quota.hear(Observation(Resource.REQUESTS, 10, 8, 60.0), number=2, position=2, now=0.5)
    assert quota.ready_at(1, sent=9, now=1.0) == 60.0


def test_at_the_reset_as_much_is_back_as_was_ever_seen() -> None:
    quota = Quota(Resource.REQUESTS)
    quota.hear(Observation(Resource.REQUESTS, 600, 9, 1.0), number=1, position=1, now=0.0)
    quota.hear(Observation(Resource.REQUESTS, 600, 0, 1.0), number=10, position=10, now=0.0)
    assert quota.ready_at(1, sent=10, now=1.0) == 1.0
    assert quota.ready_at(1, sent=18, now=1.0) == 1.0
    assert quota.ready_at(1, sent=19, now=1.0) == math.inf


def test_an_amount_counts_for_each_resource() -> None:
    assert amounts(1, 30, 12) == (1, 42, 30, 12)
