"""OpenAI's chat completions: what goes over the wire, what comes back, and what an endpoint does not take."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Literal, TypeVar

import orjson
import pytest
from pydantic import BaseModel

from satsuma.llm.http import Endpoint
from satsuma.llm.openai import Dialect, OpenAI
from satsuma.llm.provider import Answer, CallFailed, FailureKind
from satsuma.llm.request import Message, Reply, Request, Sampling, Usage
from satsuma.llm.schema import schema_of
from satsuma.testing.wire import Connection, HttpRequest, Response

T = TypeVar("T")
Answers = Callable[[dict[str, object]], Response]


class Routed(BaseModel):
    """An instance whose label is "bug"."""

    label: Literal["billing", "bug"]


SCHEMA = schema_of(Routed)
MESSAGES = (Message("system", "Be brief."), Message("user", "Where to?"))
REQUEST = Request("openai/m", MESSAGES, SCHEMA, Sampling(temperature=0.7, max_tokens=50, seed=3), step="instance")
GOOD: dict[str, object] = {
    "model": "m-2026",
    "choices": [{"message": {"role": "assistant", "content": "hello"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 7, "completion_tokens": 2},
}


def ok(body: object = GOOD, headers: Mapping[str, str] | None = None) -> Response:
    return Response(200, body if isinstance(body, bytes) else orjson.dumps(body), headers or {})


def refused(message: str, status: int = 400, **more: object) -> Response:
    return Response(status, orjson.dumps({"error": {"message": message, **more}}))


def said(content: object = "hello", finish: object = "stop", **message: object) -> dict[str, object]:
    return {**GOOD, "choices": [{"message": {"content": content, **message}, "finish_reason": finish}]}


@asynccontextmanager
async def serving(answers: Answers, seen: list[dict[str, object]]) -> AsyncIterator[str]:
    """A server that gives these answers; the bodies it sees go into `seen`."""

    def handle(request: HttpRequest, respond: Callable[[Response], None]) -> None:
        body = orjson.loads(request.body)
        seen.append(body)
        respond(answers(body))

    connections: set[Connection] = set()
    server = await asyncio.get_running_loop().create_server(lambda: Connection(handle, connections), "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/chat/completions"
    finally:
        server.close()
        for connection in tuple(connections):
            connection.abort()
        await server.wait_closed()


def talk(
    answers: Answers,
    do: Callable[[OpenAI], Awaitable[T]],
    dialect: Dialect | None = None,
    notes: list[str] | None = None,
) -> tuple[T, list[dict[str, object]]]:
    """What `do` gets from a provider whose server answers so, and the bodies that were sent."""
    seen: list[dict[str, object]] = []

    async def main() -> T:
        async with serving(answers, seen) as url:
            endpoint = Endpoint(url, {"Authorization": "Bearer planted-key"}, timeout=5, secrets=["planted-key"])
            provider = OpenAI(endpoint, "m", dialect=dialect, note=notes.append if notes is not None else None)
            try:
                return await do(provider)
            finally:
                await provider.close()

    return asyncio.run(main()), seen


def once(answer: Response, request: Request = REQUEST) -> Answer:
    """The answer to one request."""
    return talk(lambda _: answer, lambda p: p.complete(request))[0]


def test_a_request_is_sent_in_the_form_that_openai_takes() -> None:
    _, (body,) = talk(lambda _: ok(), lambda p: p.complete(REQUEST))
    assert body == {
        "model": "m",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Where to?"}],
        "seed": REQUEST.wire_seed(),
        "temperature": 0.7,
        "max_tokens": 50,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "instance", "strict": True, "schema": SCHEMA},
        },
    }


def test_a_dialect_names_the_parameters() -> None:
    dialect = Dialect(limit="max_completion_tokens", seed="random_seed")
    _, (body,) = talk(lambda _: ok(), lambda p: p.complete(REQUEST), dialect)
    assert (body["max_completion_tokens"], body["random_seed"]) == (50, REQUEST.wire_seed())
    assert not {"max_tokens", "seed"} & body.keys()


def test_what_is_not_set_is_not_sent() -> None:
    plain = Request("openai/m", MESSAGES)
    _, (body,) = talk(lambda _: ok(), lambda p: p.complete(plain))
    assert body.keys() == {"model", "messages", "seed"}


def test_two_draws_are_sent_with_different_seeds() -> None:
    async def both(provider: OpenAI) -> None:
        await provider.complete(REQUEST)
        await provider.complete(Request("openai/m", MESSAGES, draw=1))

    _, bodies = talk(lambda _: ok(), both)
    assert bodies[0]["seed"] != bodies[1]["seed"]


def test_a_reply_is_read_with_its_usage_and_its_headers() -> None:
    answer = once(ok(headers={"X-RateLimit-Remaining-Requests": "59"}))
    assert answer.reply == Reply("hello", "stop", Usage(7, 2), "m-2026")
    assert answer.headers.get("x-ratelimit-remaining-requests") == "59"


@pytest.mark.parametrize(
    ("body", "reply"),
    [
        (said(None, "length"), Reply("", "length", Usage(7, 2), "m-2026")),
        (said(None, "stop", refusal="I can't."), Reply("I can't.", "content_filter", Usage(7, 2), "m-2026")),
        (said("x", "SAFETY"), Reply("x", "content_filter", Usage(7, 2), "m-2026")),
        (said("x", None), Reply("x", "stop", Usage(7, 2), "m-2026")),
        (said([{"type": "thinking"}, {"type": "text", "text": "x"}]), Reply("x", "stop", Usage(7, 2), "m-2026")),
        ({**said("x"), "usage": None, "model": None}, Reply("x")),
        ({**said("x"), "usage": {"prompt_tokens": "many", "completion_tokens": -3}}, Reply("x", model="m-2026")),
    ],
)  # fmt: skip
def test_replies_of_other_makers_are_read_as_well(body: dict[str, object], reply: Reply) -> None:
    assert once(ok(body)).reply == reply


def test_text_that_is_no_utf8_is_read_with_replacements() -> None:
    body = orjson.dumps(said("a@b")).replace(b"@", b"\\ud800")
    assert once(ok(body)).reply.content == "a\ufffdb"
    body = orjson.dumps(said("a@b")).replace(b"@", b"\xff")
    assert once(ok(body)).reply.content == "a\ufffdb"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>busy</html>",
        b'{"choices": [',
        b"[" * 100_000,
        b"[]",
        b"{}",
        b'{"choices": []}',
        b'{"choices": [{"message": null}]}',
        b'{"choices": {"0": 1}}',
        orjson.dumps(said(5)),
    ],
    ids=lambda body: repr(body[:40]),
)
def test_a_body_that_is_not_a_completion_is_malformed(body: bytes) -> None:
    with pytest.raises(CallFailed) as caught:
        once(ok(body))
    assert caught.value.kind is FailureKind.MALFORMED


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"error": {"message": "Rate limit exceeded", "code": 429}}, FailureKind.RATE),
        ({"error": {"message": "Provider returned error", "code": 502}}, FailureKind.OVERLOAD),
        ({"error": "gone"}, FailureKind.OVERLOAD),
        ({"choices": [{"message": {"content": "x"}, "error": {"code": 502, "message": "m"}}]}, FailureKind.OVERLOAD),
        (said("x", "error"), FailureKind.OVERLOAD),
    ],
)
def test_an_error_with_the_status_of_a_success_is_an_error(body: dict[str, object], kind: FailureKind) -> None:
    with pytest.raises(CallFailed) as caught:
        once(ok(body))
    assert caught.value.kind is kind


REFUSALS = [
    refused("Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model."),
    refused("This response_format type is unavailable now"),
    refused("Invalid schema for response_format 'x'", param="response_format"),
    refused("model does not support structured outputs", 422),
    refused("failed to parse grammar", 500),
    refused("Bad Request"),
]


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda r: r.body.decode()[:60])
def test_a_refused_schema_goes_into_the_prompt_and_is_never_sent_again(refusal: Response) -> None:
    async def twice(provider: OpenAI) -> list[Answer]:
        return [await provider.complete(REQUEST), await provider.complete(REQUEST)]

    notes: list[str] = []
    answers, bodies = talk(lambda body: refusal if "response_format" in body else ok(), twice, notes=notes)
    assert [a.reply.content for a in answers] == ["hello", "hello"]
    assert ["response_format" in b for b in bodies] == [True, False, False]
    messages = bodies[1]["messages"]
    assert isinstance(messages, list)
    asked, form = messages[-1]["content"].rsplit("\nAnswer with one JSON object that matches this JSON Schema:\n")
    assert (asked, orjson.loads(form)) == ("Where to?\n", SCHEMA)
    assert len(notes) == 1
    assert "the schema is put into the prompt" in notes[0]


def test_an_unexplained_refusal_is_reported_if_the_schema_was_not_its_reason() -> None:
    async def fail(provider: OpenAI) -> CallFailed:
        with pytest.raises(CallFailed) as caught:
            await provider.complete(REQUEST)
        return caught.value

    failure, bodies = talk(lambda _: refused("Bad Request"), fail)
    assert failure.kind is FailureKind.BAD_REQUEST
    assert ["response_format" in b for b in bodies] == [True, False]


def test_a_schema_that_was_taken_before_is_not_blamed() -> None:
    answers = iter([ok(), refused("Bad Request")])

    async def do(provider: OpenAI) -> CallFailed:
        await provider.complete(REQUEST)
        with pytest.raises(CallFailed) as caught:
            await provider.complete(REQUEST)
        return caught.value

    _, bodies = talk(lambda _: next(answers), do)
    assert all("response_format" in b for b in bodies)


@pytest.mark.parametrize(
    ("message", "param", "gone"),
    [
        ("Unsupported value: 'temperature'. Only the default (1) is taken.", "temperature", "temperature"),
        ('Invalid JSON payload received. Unknown name "seed": Cannot find field.', None, "seed"),
        ('[{"type":"extra_forbidden","loc":["body","seed"],"msg":"Extra inputs are not permitted"}]', None, "seed"),
        ("`temperature` is deprecated for this model", None, "temperature"),
        ("Unrecognized request argument supplied: max_tokens", None, "max_tokens"),
    ],
)  # fmt: skip
def test_a_parameter_that_is_refused_by_name_is_left_out(message: str, param: str | None, gone: str) -> None:
    async def twice(provider: OpenAI) -> None:
        await provider.complete(REQUEST)
        await provider.complete(REQUEST)

    _, bodies = talk(lambda body: refused(message, param=param) if gone in body else ok(), twice)
    assert [gone in b for b in bodies] == [True, False, False]
    assert all("response_format" in b for b in bodies)


def test_a_parameter_that_has_another_name_is_sent_by_it() -> None:
    message = (
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
    )
    _, bodies = talk(
        lambda body: (
            refused(message, param="max_tokens", code="unsupported_parameter") if "max_tokens" in body else ok()
        ),
        lambda p: p.complete(REQUEST),
    )
    assert bodies[1]["max_completion_tokens"] == 50
    assert "max_tokens" not in bodies[1]


def test_an_endpoint_that_refuses_everything_is_not_asked_for_ever() -> None:
    async def fail(provider: OpenAI) -> CallFailed:
        with pytest.raises(CallFailed) as caught:
            await provider.complete(REQUEST)
        return caught.value

    failure, bodies = talk(lambda _: refused("Unsupported: seed, temperature, max_tokens, response_format"), fail)
    assert failure.kind is FailureKind.BAD_REQUEST
    assert len(bodies) <= 6


def test_a_refused_value_is_the_users_to_repair() -> None:
    with pytest.raises(CallFailed, match="temperature must be between 0 and 2"):
        once(
            refused("temperature must be between 0 and 2"),
            Request("openai/m", MESSAGES, sampling=Sampling(temperature=9)),
        )


def test_requests_that_were_on_their_way_when_something_was_learned_learn_with_it() -> None:
    async def many(provider: OpenAI) -> list[Answer]:
        return await asyncio.gather(*(provider.complete(REQUEST) for _ in range(8)))

    notes: list[str] = []
    answers, bodies = talk(lambda body: REFUSALS[0] if "response_format" in body else ok(), many, notes=notes)
    assert len(answers) == 8
    assert len(bodies) <= 16
    assert len(notes) == 1


def test_a_lone_surrogate_in_a_prompt_does_not_stop_the_request() -> None:
    _, (body,) = talk(lambda _: ok(), lambda p: p.complete(Request("openai/m", (Message("user", "a\ud800b"),))))
    assert body["messages"] == [{"role": "user", "content": "a\ufffdb"}]


def test_the_key_is_in_no_error_and_in_no_reply() -> None:
    with pytest.raises(CallFailed) as caught:
        once(refused("You sent planted-key", 401))
    assert "planted" not in str(caught.value)
    assert once(ok(said("your key is planted-key"))).reply.content == "your key is [redacted]"
