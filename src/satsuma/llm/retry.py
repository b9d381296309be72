"""What a failed attempt means, and when the next one comes. The only owner of retries.

Rule: every failure is of one kind, each kind has one of three verdicts:

    AGAIN    rate, overload, transport, timeout, malformed        try again, at most `tries` times and `seconds` long
    GIVE_UP  context length, content filter                       this request can never be answered; the others can
    STOP     auth, billing, not found, bad request                no request can be answered; the run stops at the first

Mechanism: `classify` reads the status and whatever the provider says in its body; providers disagree about statuses
(a spent quota is 429 at OpenAI, a wrong key 400 at Gemini, a filter 403 at OpenRouter), so codes and words come
before the status. The pause before the next attempt is drawn anew each time (full jitter) below a bound that triples;
a Retry-After is waited for as it is, by its own request only. The draw never affects what is asked.

Not covered: how many requests may be in flight (`limits.py`).
"""

from __future__ import annotations

import random
import re
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import TYPE_CHECKING

import orjson

from satsuma.llm.provider import CallFailed, FailureKind
from satsuma.llm.secrets import redact

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Verdict(Enum):
    """What follows from a failure."""

    AGAIN = "again"
    GIVE_UP = "give up"
    STOP = "stop"


VERDICTS = {
    FailureKind.AUTH: Verdict.STOP,
    FailureKind.BILLING: Verdict.STOP,
    FailureKind.NOT_FOUND: Verdict.STOP,
    FailureKind.BAD_REQUEST: Verdict.STOP,
    FailureKind.CONTEXT_LENGTH: Verdict.GIVE_UP,
    FailureKind.CONTENT_FILTER: Verdict.GIVE_UP,
    FailureKind.RATE: Verdict.AGAIN,
    FailureKind.OVERLOAD: Verdict.AGAIN,
    FailureKind.TRANSPORT: Verdict.AGAIN,
    FailureKind.TIMEOUT: Verdict.AGAIN,
    FailureKind.MALFORMED: Verdict.AGAIN,
}
"""The verdict on each kind of failure."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how long one request is tried.

    tries: attempts. seconds: from the first attempt to the start of the last. first: bound of the first pause in
    seconds; each later bound is three times the one before, at most `longest`. unreached: attempts at an endpoint
    that has never been reached.
    """

    tries: int = 6
    seconds: float = 600.0
    first: float = 0.5
    longest: float = 60.0
    unreached: int = 3

    def pause(self, failures: int, retry_after: float | None, elapsed: float) -> float | None:
        """Seconds to the next attempt after so many failures, or None if there is none.

        retry_after: what the provider asked for, in seconds. elapsed: seconds since the first attempt began.
        """
        if failures >= self.tries:
            return None
        pause = random.uniform(0, min(self.longest, self.first * 3 ** (failures - 1)))
        if retry_after is not None:
            pause = retry_after + min(pause, 1.0)
        return pause if elapsed + pause <= self.seconds else None


@dataclass(frozen=True, slots=True)
class Complaint:
    """What a provider says in the body of an error, whatever its form. param: the parameter it is about."""

    message: str
    type: str = ""
    code: str = ""
    param: str = ""

    @property
    def words(self) -> str:
        """All of it in lower case, to look for words in."""
        return f"{self.message} {self.type} {self.code} {self.param}".lower()


def complaint(body: bytes) -> Complaint:
    """The complaint in the body of an error: OpenAI's form, Anthropic's, Gemini's, FastAPI's, or plain text."""
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        return Complaint(_plain_text(body))
    if isinstance(data, list) and data:
        data = data[0]
    if not isinstance(data, dict):
        return Complaint(_plain_text(body))
    inner = data.get("error")
    if isinstance(inner, str):
        return Complaint(inner)
    said = inner if isinstance(inner, dict) else data
    message = said.get("message") or said.get("detail") or said.get("error") or _plain_text(body)
    return Complaint(
        message if isinstance(message, str) else orjson.dumps(message).decode(),
        *(str(said.get(name) or "") for name in ("type", "code", "param")),
    )


def _plain_text(body: bytes) -> str:
    """The text of a body that is not JSON; of a page of HTML, what a reader would see."""
    text = body[:20_000].decode("utf-8", "replace")
    return " ".join(re.sub(r"<[^<>]{0,500}>", " ", text).split())[:2000]


_BY_WORDS: tuple[tuple[FailureKind, re.Pattern[str]], ...] = (
    (FailureKind.CONTEXT_LENGTH, re.compile(
        r"context_length_exceeded|string_too_long|request_too_large|context (length|window|size|limit)"
        r"|prompt is too long|input is too long|too many (input )?tokens|reduce the length"
        r"|exceeds? the (maximum|max)[\w ]* (length|tokens)"
    )),
    (FailureKind.CONTENT_FILTER, re.compile(
        r"content[_ ]?(filter|policy|management)|responsibleaipolicy|moderation"
        r"|(was|been|input) flagged|safety (system|filter)|usage polic|prohibited_content|data_inspection"
    )),
    (FailureKind.BILLING, re.compile(
        r"insufficient_quota|insufficient[ _](balance|credit|fund)|billing_(hard_limit|not_active|error)|credit balance"
        r"|not enough credit|spend(ing)? limit|payment required|arrear"
    )),
    (FailureKind.AUTH, re.compile(
        r"invalid_api_key|api_key_invalid|api key not valid|authentication_error|incorrect api key|invalid api key"
        r"|unauthorized|unauthenticated"
    )),
    (FailureKind.NOT_FOUND, re.compile(
        r"model_not_found|not a valid model|invalid model|unknown model"
        r"|model\b.{0,80}(does not exist|not found|is not available|not supported for)"
    )),
)  # fmt: skip
"""Words that say more than the status does, tried in this order on errors of the client's side (4xx)."""

_BY_STATUS = {
    401: FailureKind.AUTH,
    402: FailureKind.BILLING,
    403: FailureKind.AUTH,
    404: FailureKind.NOT_FOUND,
    405: FailureKind.NOT_FOUND,
    408: FailureKind.TIMEOUT,
    409: FailureKind.OVERLOAD,
    410: FailureKind.NOT_FOUND,
    413: FailureKind.CONTEXT_LENGTH,
    425: FailureKind.OVERLOAD,
    429: FailureKind.RATE,
}


def kind_of(status: int, said: Complaint) -> FailureKind:
    """What kind of failure an error response is."""
    words = said.words
    if status >= 500 or status in (408, 409, 425):
        return _BY_STATUS.get(status, FailureKind.OVERLOAD)
    for kind, pattern in _BY_WORDS:
        if pattern.search(words) and not (status == 429 and kind not in (FailureKind.BILLING,)):
            return kind
    return _BY_STATUS.get(status, FailureKind.BAD_REQUEST)


def classify(status: int, headers: Mapping[str, str], body: bytes, secrets: Iterable[str] = ()) -> CallFailed:
    """The failure that an error response is, with nothing secret in it.

    headers: names in lower case, or a mapping that does not mind the case.
    """
    said = complaint(body)
    message = redact(said.message, secrets)
    shown = f"HTTP {status}: {message[:500]}" if message else f"HTTP {status}"
    wait = retry_after(headers, body) if status in (408, 409, 425, 429) or status >= 500 else None
    return CallFailed(kind_of(status, said), shown, retry_after=wait, headers=headers)


_SAID_WAIT = re.compile(
    rb'"retryDelay"\s*:\s*"(?P<s>\d+(?:\.\d+)?)s"|try again in (?:(?P<m>\d+)m)?(?P<t>\d+(?:\.\d+)?)(?P<u>ms|s)'
)


def retry_after(headers: Mapping[str, str], body: bytes = b"") -> float | None:
    """Seconds that the provider asks to wait: from its headers, else from what it says; None if it does not ask."""
    milliseconds, seconds = headers.get("retry-after-ms"), headers.get("retry-after")
    try:
        if milliseconds:
            return max(0.0, float(milliseconds) / 1000)
        if seconds:
            return max(0.0, float(seconds))
    except ValueError:
        return _until(seconds or "")
    found = _SAID_WAIT.search(body[:20_000])
    if not found:
        return None
    if found["s"]:
        return float(found["s"])
    return int(found["m"] or 0) * 60 + float(found["t"]) / (1000 if found["u"] == b"ms" else 1)


def _until(date: str) -> float | None:
    """Seconds until an HTTP date; None if it is not one."""
    try:
        return max(0.0, parsedate_to_datetime(date).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None
