"""The paths that the server answers, as a table from (method, path) to a function.

Under /v1 is OpenAI's API as far as it is simulated, in its forms, errors included; beside it stand the server's own
pages: GET /counters, GET /questions, GET /bodies, and two that answer when it is time, GET /wait?count=N as soon as N
requests have arrived and GET /idle as soon as none is at work. A further API is a further module with a table like
`ROUTES`, given to `Model`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from urllib.parse import parse_qs

import orjson

from satsuma.llm.request import Json
from satsuma.testing.behaviour import Behaviour
from satsuma.testing.counters import Tally
from satsuma.testing.faults import Fault
from satsuma.testing.question import Asked, read
from satsuma.testing.teacher import Said, say
from satsuma.testing.windows import Windows
from satsuma.testing.wire import HttpRequest, Respond, Response
from satsuma.testing.words import Draw

UNKNOWN_MODEL = "no-such-model"
"""A model's name that is never known."""
_CREATED = 1_750_000_000


class Model:
    """The state of one server: how it behaves, what it has counted, and its routes."""

    def __init__(self, behaviour: Behaviour, routes: Mapping[tuple[str, str], Route] | None = None) -> None:
        self.behaviour = behaviour
        self.tally = Tally(record=behaviour.record)
        self.windows = Windows(behaviour.rpm, behaviour.tpm, behaviour.burst, time.monotonic)
        self.says_limits = behaviour.rate_headers or behaviour.rpm is not None or behaviour.tpm is not None
        self._routes = {**ROUTES, **(routes or {})}

    def handle(self, request: HttpRequest, respond: Respond) -> None:
        """Answer a request."""
        route = self._routes.get((request.method, request.path))
        if route is None:
            respond(
                error(
                    404, f"Unknown request URL: {request.method} {request.path}", "invalid_request_error", "unknown_url"
                )
            )
            return
        if request.path.startswith("/v1/") and (refused := self._refused(request)):
            respond(refused)
            return
        route(self, request, respond)

    def _refused(self, request: HttpRequest) -> Response | None:
        key = self.behaviour.key
        given = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        if key is None or given == key:
            return None
        self.tally.by_status[401] += 1
        shown = f"{given[:3]}***" if given else "none"
        return error(401, f"Incorrect API key provided: {shown}.", "invalid_request_error", "invalid_api_key")


Route = Callable[[Model, HttpRequest, Respond], None]


def error(
    status: int,
    message: str,
    kind: str,
    code: str | None = None,
    *,
    param: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """An error in OpenAI's form."""
    body = {"error": {"message": message, "type": kind, "param": param, "code": code}}
    return Response(status, orjson.dumps(body), headers or {})


def _chat(model: Model, request: HttpRequest, respond: Respond) -> None:
    """POST /v1/chat/completions."""
    tally = model.tally
    tally.arrived()
    body = _parsed(request.body)
    refusal = _mistake(body, model.behaviour)
    if refusal is not None or body is None:
        refusal = refusal or error(400, "We could not parse the JSON body of your request.", "invalid_request_error")
        respond(_counted(refusal, tally))
        return
    if tally.bodies is not None:
        tally.bodies.append(body)
    asked = read(body)
    if (early := model.windows.take(_estimate(asked))) > 0:
        respond(_counted(_too_early(early, model), tally))
        return
    attempt = tally.attempt(asked.question.digest, asked.question.step)
    respond(_attempted(asked, attempt, body, model))


def _parsed(raw: bytes) -> dict[str, Json] | None:
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    return body if isinstance(body, dict) else None


def _mistake(body: Mapping[str, Json] | None, behaviour: Behaviour) -> Response | None:
    """What is wrong with a body, as OpenAI says it; None if nothing is."""
    if body is None:
        return None
    name = body.get("model")
    if not isinstance(name, str) or not name:
        return error(400, "you must provide a model parameter", "invalid_request_error", param="model")
    if name == UNKNOWN_MODEL or (behaviour.models and name not in behaviour.models):
        message = f"The model `{name}` does not exist or you do not have access to it."
        return error(404, message, "invalid_request_error", "model_not_found", param="model")
    if not isinstance(body.get("messages"), list) or not body["messages"]:
        return error(
            400,
            "Missing required parameter: 'messages'.",
            "invalid_request_error",
            "missing_required_parameter",
            param="messages",
        )
    if behaviour.reject_response_format and "response_format" in body:
        message = "Unsupported parameter: 'response_format' is not supported with this model."
        return error(400, message, "invalid_request_error", "unsupported_parameter", param="response_format")
    return None


def _counted(response: Response, tally: Tally, digest: str = "") -> Response:
    """The response, counted when it is done."""
    status = response.status
    return replace(response, done=lambda written: tally.left(status, digest, written=written))


def _estimate(asked: Asked) -> int:
    return sum(len(text) for _, text in asked.question.messages) // 4 + (asked.max_tokens or 0)


def _too_early(seconds: float, model: Model) -> Response:
    headers = {"retry-after": f"{seconds:.3f}", "retry-after-ms": f"{seconds * 1000:.0f}", **model.windows.headers()}
    return error(429, "Rate limit reached. Please try again later.", "requests", "rate_limit_exceeded", headers=headers)


def _attempted(asked: Asked, attempt: int, body: Mapping[str, Json], model: Model) -> Response:
    """What this attempt comes to: an answer, late as it may be, or a fault."""
    behaviour, tally, digest = model.behaviour, model.tally, asked.question.digest
    luck = Draw(behaviour.seed, digest, attempt, "on the way")
    fault = behaviour.faults.on_the_way(luck, attempt)
    delay = behaviour.latency.seconds(luck)
    if fault is not None:
        tally.faults[fault] += 1
    headers = model.windows.headers() if model.says_limits else {}
    if fault in _REFUSALS:
        status, message, kind, code = _REFUSALS[fault]
        if fault is Fault.RATE:
            headers = {**headers, "retry-after": f"{behaviour.faults.retry_after:g}"}
        refusal = error(status, message, kind, code, headers=headers)
        return _counted(refusal, tally)
    said = say(asked, behaviour)
    tally.input_tokens += said.input_tokens
    tally.output_tokens += said.output_tokens
    streams = body.get("stream") is True
    written = _streamed(asked, said, body) if streams else _completion(asked, said, body)
    kind = "text/event-stream" if streams else "application/json"
    response = Response(200, written, headers, kind, delay, fault, behaviour.faults.slow_seconds)
    return _counted(response, tally, digest)


_REFUSALS = {
    Fault.RATE: (429, "Rate limit reached for this model. Please try again later.", "requests", "rate_limit_exceeded"),
    Fault.ERROR: (
        500,
        "The server had an error while processing your request. Sorry about that!",
        "server_error",
        None,
    ),
}


def _message(asked: Asked, said: Said) -> tuple[dict[str, Json], str]:
    if not asked.tool:
        return {"role": "assistant", "content": said.content}, said.finish_reason
    function: Json = {"name": asked.tool, "arguments": said.content}
    call: Json = {"id": f"call_{asked.question.digest}", "type": "function", "function": function}
    reason = "tool_calls" if said.finish_reason == "stop" else said.finish_reason
    return {"role": "assistant", "content": None, "tool_calls": [call]}, reason


def _completion(asked: Asked, said: Said, body: Mapping[str, Json]) -> bytes:
    message, reason = _message(asked, said)
    return orjson.dumps(
        {
            "id": f"chatcmpl-{asked.question.digest}",
            "object": "chat.completion",
            "created": _CREATED,
            "model": body["model"],
            "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": reason}],
            "usage": _usage(said),
        }
    )


def _usage(said: Said) -> dict[str, int]:
    total = said.input_tokens + said.output_tokens
    return {"prompt_tokens": said.input_tokens, "completion_tokens": said.output_tokens, "total_tokens": total}


def _streamed(asked: Asked, said: Said, body: Mapping[str, Json]) -> bytes:
    """The answer as a stream of events: all of it in one, why it ended in the next."""
    message, reason = _message(asked, said)
    shared = {
        "id": f"chatcmpl-{asked.question.digest}",
        "object": "chat.completion.chunk",
        "created": _CREATED,
        "model": body["model"],
    }
    calls = message.get("tool_calls")
    if isinstance(calls, list):
        message["tool_calls"] = [{"index": i, **call} for i, call in enumerate(calls) if isinstance(call, dict)]
    chunks: list[object] = [
        {**shared, "choices": [{"index": 0, "delta": message, "finish_reason": None}]},
        {**shared, "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]},
    ]
    options = body.get("stream_options")
    if isinstance(options, dict) and options.get("include_usage"):
        chunks.append({**shared, "choices": [], "usage": _usage(said)})
    return b"".join(b"data: " + orjson.dumps(chunk) + b"\n\n" for chunk in chunks) + b"data: [DONE]\n\n"


def _models(model: Model, _request: HttpRequest, respond: Respond) -> None:
    """GET /v1/models."""
    names = model.behaviour.models or ("satsuma-test",)
    listed = [{"id": name, "object": "model", "created": _CREATED, "owned_by": "satsuma"} for name in names]
    respond(Response(200, orjson.dumps({"object": "list", "data": listed})))


def _counters(model: Model, _request: HttpRequest, respond: Respond) -> None:
    """GET /counters."""
    respond(Response(200, orjson.dumps(asdict(model.tally.snapshot()), option=orjson.OPT_NON_STR_KEYS)))


def _questions(model: Model, _request: HttpRequest, respond: Respond) -> None:
    """GET /questions: digest → [attempts, complete answers]."""
    respond(Response(200, orjson.dumps(model.tally.questions())))


def _bodies(model: Model, _request: HttpRequest, respond: Respond) -> None:
    """GET /bodies: every body, in order of arrival, if they are recorded."""
    respond(Response(200, orjson.dumps(model.tally.bodies or [])))


def _wait(model: Model, request: HttpRequest, respond: Respond) -> None:
    """GET /wait?count=N."""
    count = parse_qs(request.query).get("count", [""])[0]
    if not count.isdigit():
        respond(error(400, "count is missing: ask for /wait?count=N", "invalid_request_error", param="count"))
        return
    model.tally.when(int(count), lambda: _counters(model, request, respond))


def _idle(model: Model, request: HttpRequest, respond: Respond) -> None:
    """GET /idle."""
    model.tally.when_idle(lambda: _counters(model, request, respond))


ROUTES: Mapping[tuple[str, str], Route] = {
    ("POST", "/v1/chat/completions"): _chat,
    ("GET", "/v1/models"): _models,
    ("GET", "/counters"): _counters,
    ("GET", "/questions"): _questions,
    ("GET", "/bodies"): _bodies,
    ("GET", "/wait"): _wait,
    ("GET", "/idle"): _idle,
}
