"""What each failure means, and when the next attempt comes."""

from __future__ import annotations

import time
from email.utils import formatdate

import orjson
import pytest

from satsuma.llm.provider import FailureKind
from satsuma.llm.retry import VERDICTS, Complaint, RetryPolicy, Verdict, classify, complaint, retry_after

F = FailureKind


def error(message: str = "", code: str | int | None = None, type_: str = "") -> bytes:
    return orjson.dumps({"error": {"message": message, "type": type_, "code": code}})


CASES: list[tuple[int, bytes, FailureKind]] = [
    (401, error("Incorrect API key provided", "invalid_api_key"), F.AUTH),
    (403, error("Country not supported"), F.AUTH),
    (400, b'[{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT"}}]', F.AUTH),
    (402, error("Insufficient credits", 402), F.BILLING),
    (429, error("You exceeded your current quota", "insufficient_quota", "insufficient_quota"), F.BILLING),
    (400, error("Your credit balance is too low to access the API", None, "invalid_request_error"), F.BILLING),
    (404, error("The model `x` does not exist", "model_not_found"), F.NOT_FOUND),
    (400, error("x/y is not a valid model ID", 400), F.NOT_FOUND),
    (404, b"<html><body><h1>404 Not Found</h1></body></html>", F.NOT_FOUND),
    (405, b"", F.NOT_FOUND),
    (400, error("Invalid 'temperature': above maximum"), F.BAD_REQUEST),
    (422, b'{"detail":[{"loc":["body","n"],"msg":"too small"}]}', F.BAD_REQUEST),
    (400, error("This model's maximum context length is 8192 tokens", "context_length_exceeded"), F.CONTEXT_LENGTH),
    (400, b'{"type":"error","error":{"message":"prompt is too long: 9 > 8"}}', F.CONTEXT_LENGTH),
    (413, b"", F.CONTEXT_LENGTH),
    (400, error("filtered", "content_filter"), F.CONTENT_FILTER),
    (403, error("Your chosen model requires moderation and your input was flagged", 403), F.CONTENT_FILTER),
    (429, error("Rate limit reached for tokens per min. The context window …", "rate_limit_exceeded"), F.RATE),
    (429, b'[{"error":{"code":429,"message":"You exceeded your current quota, check your plan and billing"}}]', F.RATE),
    (408, b"", F.TIMEOUT),
    (409, b"", F.OVERLOAD),
    (500, error("unknown model loaded"), F.OVERLOAD),
    (503, b"no capacity", F.OVERLOAD),
    (529, b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}', F.OVERLOAD),
]  # fmt: skip


@pytest.mark.parametrize(("status", "body", "kind"), CASES, ids=[f"{n} {s} {k}" for n, (s, _, k) in enumerate(CASES)])
def test_a_failure_is_told_by_what_the_provider_says_before_its_status(status: int, body: bytes, kind: F) -> None:
    assert classify(status, {}, body).kind is kind


def test_every_kind_has_a_verdict() -> None:
    assert set(VERDICTS) == set(FailureKind)
    stops = {kind for kind, verdict in VERDICTS.items() if verdict is Verdict.STOP}
    assert stops == {F.AUTH, F.BILLING, F.NOT_FOUND, F.BAD_REQUEST}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (error("m", "c", "t"), Complaint("m", "t", "c")),
        (b'{"error":"plain"}', Complaint("plain")),
        (b'{"object":"error","message":"m","type":"t","param":"seed","code":3}', Complaint("m", "t", "3", "seed")),
        (b'{"detail":"m"}', Complaint("m")),
        (b"<p>not <b>here</b></p>", Complaint("not here")),
        (b"\xff\xfe", Complaint("\ufffd\ufffd")),
        (b"[]", Complaint("[]")),
        (b'"text"', Complaint('"text"')),
    ],
)
def test_complaints_are_read_in_every_form(body: bytes, expected: Complaint) -> None:
    assert complaint(body) == expected


def test_a_message_has_no_key_in_it() -> None:
    body = error("Incorrect API key provided: planted-key-123. Header was Bearer planted-key-123")
    failure = classify(401, {}, body, ["planted-key-123"])
    assert "planted" not in failure.message
    assert failure.message.startswith("HTTP 401: Incorrect API key provided: [redacted]")


@pytest.mark.parametrize(
    ("headers", "body", "seconds"),
    [
        ({"retry-after": "7"}, b"", 7),
        ({"retry-after-ms": "250", "retry-after": "7"}, b"", 0.25),
        ({"retry-after": "-3"}, b"", 0),
        ({"retry-after": "soon"}, b"", None),
        ({}, b'"retryDelay": "23.5s"', 23.5),
        ({}, b"Please try again in 1m2.5s.", 62.5),
        ({}, b"Please try again in 340ms.", 0.34),
        ({}, b"busy", None),
    ],
)
def test_what_the_provider_asks_to_wait_is_read(headers: dict[str, str], body: bytes, seconds: float | None) -> None:
    assert retry_after(headers, body) == seconds


def test_a_retry_after_may_be_a_date() -> None:
    seconds = retry_after({"retry-after": formatdate(time.time() + 100, usegmt=True)})
    assert seconds is not None
    assert 95 < seconds <= 100


def test_pauses_are_jittered_below_a_bound_that_triples() -> None:
    policy = RetryPolicy()
    for failures, bound in enumerate((0.5, 1.5, 4.5, 13.5, 40.5), 1):
        pauses = [policy.pause(failures, None, 0.0) for _ in range(200)]
        seen = [p for p in pauses if p is not None]
        assert len(seen) == 200
        assert max(seen) <= bound
        assert max(seen) - min(seen) > bound / 2
    assert policy.pause(6, None, 0.0) is None


def test_a_retry_after_is_waited_for_in_full_or_not_at_all() -> None:
    policy = RetryPolicy()
    pauses = [policy.pause(1, 30.0, 0.0) for _ in range(50)]
    assert all(p is not None and 30 <= p <= 31 for p in pauses)
    assert policy.pause(1, 601.0, 0.0) is None
    assert policy.pause(1, 30.0, 590.0) is None
