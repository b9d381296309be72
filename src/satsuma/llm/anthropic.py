"""Anthropic's messages API.

How it differs from chat completions: system text is apart from the messages, the length of an answer has to be
limited, an answer's schema goes into `output_config.format` and knows fewer keywords, there is no seed (draws differ
by sampling alone), and overload has a status of its own (529).

Not covered: streaming, tools, thinking, prompt caching.

Source: https://platform.claude.com/docs/en/api/messages, …/build-with-claude/structured-outputs,
…/handling-stop-reasons
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from satsuma.llm.openai import encoded, may_be_refusal, parsed, text_of, usage_of
from satsuma.llm.parse import encodable
from satsuma.llm.provider import Answer, CallFailed, FailureKind
from satsuma.llm.refusals import ADAPTATIONS, Refusals, with_schema_in_prompt
from satsuma.llm.request import Reply
from satsuma.llm.retry import classify, complaint, kind_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from satsuma.llm.http import Endpoint
    from satsuma.llm.request import Json, Request

VERSION = "2023-06-01"
"""The `anthropic-version` that is spoken."""
MAX_TOKENS = 4096
"""Tokens of an answer when the request does not say."""
FINISH = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "content_filter",
}
REFUSED_KEYWORDS = frozenset(
    {
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "maxItems",
        "minItems",
        "pattern",
        "format",
    }
)
"""Keywords of a schema that constrained decoding refuses here; answers are validated against them anyway."""


class Anthropic:
    """One model behind the messages API."""

    def __init__(self, endpoint: Endpoint, model: str, *, note: Callable[[str], None] | None = None) -> None:
        self._endpoint = endpoint
        self._model = model
        self._refusals = Refusals(model, note)

    async def complete(self, request: Request) -> Answer:
        """Make one attempt.

        Raises:
            CallFailed: classified.
        """
        refusals = self._refusals
        for _ in range(ADAPTATIONS):
            lessons, schema = refusals.lessons, request.schema is not None and not refusals.schema
            parameters = self._parameters(request)
            status, headers, answer = await self._endpoint.post(self._encoded(request, parameters, schema=schema))
            if status < 300:
                return Answer(decoded(answer), headers)
            failure = classify(status, headers, answer, self._endpoint.secrets)
            learned = may_be_refusal(status, failure.kind) and refusals.learn(
                complaint(answer), parameters, schema=schema
            )
            if not learned and lessons == refusals.lessons:
                break
        raise failure

    def body(self, request: Request) -> bytes:
        """The body that a request is sent as, for what has been learned so far."""
        schema = request.schema is not None and not self._refusals.schema
        return self._encoded(request, self._parameters(request), schema=schema)

    def learn(self, request: Request, status: int, answer: bytes) -> bool:
        """Learn from the refusal of a body that was not sent from here; True if `body` is another one now."""
        schema = request.schema is not None and not self._refusals.schema
        said = complaint(answer)
        return may_be_refusal(status, kind_of(status, said)) and self._refusals.learn(
            said, self._parameters(request), schema=schema
        )

    async def close(self) -> None:
        """Let go of connections."""
        await self._endpoint.close()

    def _parameters(self, request: Request) -> dict[str, float]:
        """The sampling parameters that may be refused."""
        given = {"temperature": request.sampling.temperature, "top_p": request.sampling.top_p}
        return {k: v for k, v in given.items() if v is not None and k not in self._refusals.dropped}

    def _encoded(self, request: Request, parameters: Mapping[str, float], *, schema: bool) -> bytes:
        """The body of the request."""
        wanted = request.schema
        messages = request.messages if wanted is None or schema else with_schema_in_prompt(request, wanted)
        system = encodable("\n\n".join(m.content for m in messages if m.role == "system"))
        body: dict[str, object] = {
            "model": self._model,
            "max_tokens": request.sampling.max_tokens or MAX_TOKENS,
            "messages": [m for m in messages if m.role != "system"],
            **parameters,
        }
        if system:
            body["system"] = system
        if wanted is not None and schema:
            body["output_config"] = {"format": {"type": "json_schema", "schema": portable(wanted)}}
        return encoded(body)


def portable(schema: Mapping[str, Json]) -> dict[str, Json]:
    """The schema without the keywords that are refused here; names of properties are left alone."""
    made: dict[str, Json] = {}
    for key, value in schema.items():
        if key == "properties" and isinstance(value, dict):
            made[key] = {name: portable(node) if isinstance(node, dict) else node for name, node in value.items()}
        elif key not in REFUSED_KEYWORDS:
            made[key] = _portable(value)
    return made


def _portable(value: Json) -> Json:
    if isinstance(value, list):
        return [_portable(x) for x in value]
    return portable(value) if isinstance(value, dict) else value


def decoded(body: bytes) -> Reply:
    """The reply in the body of a successful answer.

    Raises:
        CallFailed: malformed.
    """
    data = parsed(body)
    used = usage_of(
        data.get("usage"), "input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens"
    )
    if not isinstance(data.get("content"), list):
        raise CallFailed(FailureKind.MALFORMED, "the answer has no list of content", usage=used)
    finish = str(data.get("stop_reason") or "end_turn")
    return Reply(
        content=encodable(text_of(cast("list[object]", data["content"]))),
        finish_reason=FINISH.get(finish, finish),
        usage=used,
        model=encodable(str(data.get("model") or "")),
    )
