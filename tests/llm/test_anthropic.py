"""Anthropic's messages API: what goes over the wire and what comes back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Literal, TypeVar

import orjson
import pytest
from pydantic import BaseModel, Field

from satsuma.llm.anthropic import MAX_TOKENS
from satsuma.llm.models import Setup, open_anthropic
from satsuma.llm.provider import Answer, CallFailed, FailureKind, Provider
from satsuma.llm.request import Message, Reply, Request, Sampling, Usage
from satsuma.llm.schema import schema_of
from satsuma.testing.wire import Connection, HttpRequest, Response

T = TypeVar("T")


class Routed(BaseModel):
    """Where it goes."""

    label: Literal["billing", "bug"]
    minimum: Annotated[int, Field(ge=1, le=5)]
    reasons: Annotated[list[str], Field(min_length=2, max_length=4)]


MESSAGES = (
    Message("system", "Be brief."),
    Message("user", "Where to?"),
    Message("assistant", "Hm."),
    Message("system", "Now."),
    Message("user", "Well?"),
)
REQUEST = Request("anthropic/c", MESSAGES, schema_of(Routed), Sampling(temperature=0.7, seed=3), step="instance")
GOOD: dict[str, object] = {
    "type": "message",
    "model": "c-1",
    "content": [
        {"type": "thinking", "thinking": "hm"},
        {"type": "text", "text": "hel"},
        {"type": "text", "text": "lo"},
    ],
    "stop_reason": "end_turn",
    "usage": {
        "input_tokens": 5,
        "cache_read_input_tokens": 30,
        "cache_creation_input_tokens": None,
        "output_tokens": 2,
    },
}


def ok(**changed: object) -> Response:
    return Response(200, orjson.dumps({**GOOD, **changed}))


def refused(status: int, kind: str, message: str) -> Response:
    return Response(status, orjson.dumps({"type": "error", "error": {"type": kind, "message": message}}))


@asynccontextmanager
async def serving(answers: Callable[[dict[str, object]], Response], seen: list[HttpRequest]) -> AsyncIterator[str]:
    def handle(request: HttpRequest, respond: Callable[[Response], None]) -> None:
        seen.append(request)
        respond(answers(orjson.loads(request.body)))

    connections: set[Connection] = set()
    server = await asyncio.get_running_loop().create_server(lambda: Connection(handle, connections), "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for connection in tuple(connections):
            connection.abort()
        await server.wait_closed()


def talk(
    answers: Callable[[dict[str, object]], Response], do: Callable[[Provider], Awaitable[T]]
) -> tuple[T, list[HttpRequest]]:
    seen: list[HttpRequest] = []

    async def main() -> T:
        async with serving(answers, seen) as url:
            provider = open_anthropic(Setup("anthropic/c", "c", url, "planted-key"))
            try:
                return await do(provider)
            finally:
                await provider.close()

    return asyncio.run(main()), seen


def once(response: Response, request: Request = REQUEST) -> Answer:
    return talk(lambda _: response, lambda p: p.complete(request))[0]


def test_a_request_is_sent_in_the_form_that_anthropic_takes() -> None:
    _, (sent,) = talk(lambda _: ok(), lambda p: p.complete(REQUEST))
    assert (sent.path, sent.headers["x-api-key"], sent.headers["anthropic-version"]) == (
        "/v1/messages",
        "planted-key",
        "2023-06-01",
    )
    assert "authorization" not in sent.headers
    body = orjson.loads(sent.body)
    form = body.pop("output_config")["format"]
    assert body == {
        "model": "c",
        "max_tokens": MAX_TOKENS,
        "system": "Be brief.\n\nNow.",
        "messages": [
            {"role": "user", "content": "Where to?"},
            {"role": "assistant", "content": "Hm."},
            {"role": "user", "content": "Well?"},
        ],
        "temperature": 0.7,
    }
    assert form["type"] == "json_schema"
    assert form["schema"]["properties"]["label"]["enum"] == ["billing", "bug"]


def test_keywords_that_are_refused_are_left_out_and_fields_of_their_names_are_not() -> None:
    _, (sent,) = talk(lambda _: ok(), lambda p: p.complete(REQUEST))
    properties = orjson.loads(sent.body)["output_config"]["format"]["schema"]["properties"]
    assert properties["minimum"] == {"type": "integer"}
    assert properties["reasons"] == {"type": "array", "items": {"type": "string"}}


def test_a_reply_is_read_with_everything_that_was_billed() -> None:
    assert once(ok()).reply == Reply("hello", "stop", Usage(35, 2), "c-1")


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("refusal", "content_filter"),
        ("stop_sequence", "stop"),
        (None, "stop"),
    ],
)
def test_stop_reasons_are_translated(reason: str | None, finish: str) -> None:
    assert once(ok(stop_reason=reason)).reply.finish_reason == finish


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (refused(503, "overloaded_error", "Overloaded"), FailureKind.OVERLOAD),
        (refused(401, "authentication_error", "invalid x-api-key"), FailureKind.AUTH),
        (refused(404, "not_found_error", "model: c"), FailureKind.NOT_FOUND),
        (refused(400, "invalid_request_error", "Your credit balance is too low"), FailureKind.BILLING),
        (refused(400, "invalid_request_error", "prompt is too long: 9 tokens > 8 maximum"), FailureKind.CONTEXT_LENGTH),
        (refused(429, "rate_limit_error", "slow down"), FailureKind.RATE),
        (Response(200, b'{"content": "text"}'), FailureKind.MALFORMED),
        (Response(200, b"null"), FailureKind.MALFORMED),
    ],
)
def test_failures_are_classified(response: Response, kind: FailureKind) -> None:
    with pytest.raises(CallFailed) as caught:
        once(response)
    assert caught.value.kind is kind


def test_a_model_without_structured_answers_gets_the_schema_in_its_prompt() -> None:
    refusal = refused(400, "invalid_request_error", "'c' does not support output format: output_config.format")
    _, sent = talk(lambda b: refusal if "output_config" in b else ok(), lambda p: p.complete(REQUEST))
    bodies = [orjson.loads(s.body) for s in sent]
    assert ["output_config" in b for b in bodies] == [True, False]
    assert "matches this JSON Schema" in bodies[1]["messages"][-1]["content"]


def test_of_two_parameters_that_exclude_each_other_one_is_left_out() -> None:
    request = Request("anthropic/c", MESSAGES, sampling=Sampling(temperature=0.5, top_p=0.9))
    refusal = refused(
        400, "invalid_request_error", "`temperature` and `top_p` cannot both be specified for this model."
    )
    _, sent = talk(lambda b: refusal if "top_p" in b else ok(), lambda p: p.complete(request))
    assert "temperature" in orjson.loads(sent[1].body)
