"""OpenAI's chat completions, as spoken by OpenAI and by everyone who is compatible with it.

Mechanism: a request becomes bytes in one pass of orjson; the schema of an answer type, which is the same object for
every request that has it, is turned into bytes once. A reply is picked out of the parsed body by hand, and whatever
is not where it should be is `malformed`. What an endpoint refuses is learned (`refusals.py`).

Not covered: streaming, tools, images, several choices.

Source: https://platform.openai.com/docs/api-reference/chat/create
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import orjson

from satsuma.llm.parse import encodable
from satsuma.llm.provider import Answer, CallFailed, FailureKind
from satsuma.llm.refusals import ADAPTATIONS, Refusals, with_schema_in_prompt
from satsuma.llm.request import Message, Reply, Usage
from satsuma.llm.retry import VERDICTS, Verdict, classify, complaint, kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from satsuma.llm.http import Endpoint
    from satsuma.llm.request import Json, Request

FINISH = {
    "eos": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_calls": "stop",
    "model_length": "length",
    "max_tokens": "length",
    "max_output_tokens": "length",
    "safety": "content_filter",
    "recitation": "content_filter",
    "prohibited_content": "content_filter",
}
"""Other providers' words for OpenAI's finish reasons, in lower case."""
MOST_SCHEMAS = 512
"""Wire forms of schemas that are kept."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a provider's chat completions differ.

    limit: the parameter for tokens of the answer. seed: the one for the seed.
    """

    limit: str = "max_tokens"
    seed: str = "seed"


class OpenAI:
    """One model behind an OpenAI-compatible endpoint."""

    def __init__(
        self,
        endpoint: Endpoint,
        model: str,
        *,
        dialect: Dialect | None = None,
        note: Callable[[str], None] | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._model = model
        self._dialect = dialect or Dialect()
        self._refusals = Refusals(model, note)
        self._formats: dict[tuple[int, str], tuple[Mapping[str, Json], orjson.Fragment]] = {}

    async def complete(self, request: Request) -> Answer:
        """Make one attempt.

        Raises:
            CallFailed: classified.
        """
        refusals, doubted = self._refusals, None
        for _ in range(ADAPTATIONS):
            lessons, schema = refusals.lessons, request.schema is not None and not refusals.schema and doubted is None
            parameters = self._parameters(request)
            body = self._encoded(request, parameters, schema=schema)
            status, headers, answer = await self._endpoint.post(body)
            if status < 300:
                reply = decoded(answer)
                if doubted is not None and not refusals.schema:
                    refusals.refuse_schema()
                refusals.accepted(schema=schema)
                return Answer(reply, headers)
            failure = classify(status, headers, answer, self._endpoint.secrets)
            said = complaint(answer)
            if lessons != refusals.lessons or (
                may_be_refusal(status, failure.kind)
                and refusals.learn(said, parameters if status < 500 else (), schema=schema)
            ):
                continue
            if failure.kind is not FailureKind.BAD_REQUEST or not refusals.may_be_schema(schema=schema):
                break
            doubted = failure
        raise doubted if doubted is not None and failure.kind is FailureKind.BAD_REQUEST else failure

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

    def _parameters(self, request: Request) -> dict[str, float | int]:
        """The sampling parameters by the names that this endpoint takes."""
        s, dialect, refusals = request.sampling, self._dialect, self._refusals
        given = {
            dialect.seed: request.wire_seed(),
            "temperature": s.temperature,
            "top_p": s.top_p,
            dialect.limit: s.max_tokens,
        }
        renamed = refusals.renamed
        named = {renamed.get(name, name): value for name, value in given.items() if value is not None}
        return (
            {name: value for name, value in named.items() if name not in refusals.dropped}
            if refusals.dropped
            else named
        )

    def _encoded(self, request: Request, parameters: Mapping[str, float | int], *, schema: bool) -> bytes:
        """The body of the request."""
        wanted = request.schema
        body: dict[str, object] = {"model": self._model, "messages": request.messages, **parameters}
        if wanted is not None and schema:
            body["response_format"] = self._format(wanted, request.step or "answer")
        elif wanted is not None:
            body["messages"] = with_schema_in_prompt(request, wanted)
        return encoded(body)

    def _format(self, schema: Mapping[str, Json], step: str) -> orjson.Fragment:
        """`response_format`, made once for each schema; the schema is kept, so that its id stays its own."""
        kept = self._formats.get((id(schema), step))
        if kept is None:
            if len(self._formats) >= MOST_SCHEMAS:
                self._formats.clear()
            named = {"name": re.sub(r"[^a-zA-Z0-9_-]", "_", step)[:64], "strict": True, "schema": schema}
            made = orjson.Fragment(orjson.dumps({"type": "json_schema", "json_schema": named}))
            kept = self._formats[id(schema), step] = (schema, made)
        return kept[1]


def encoded(body: dict[str, object]) -> bytes:
    """A body with `messages` as JSON; a lone surrogate, which JSON in UTF-8 cannot hold, is replaced."""
    try:
        return bytes(memoryview(orjson.dumps(body)))  # a copy: orjson's own holds a buffer of many times the size
    except TypeError:
        messages = cast("Sequence[Message]", body["messages"])
        return orjson.dumps({**body, "messages": [Message(m.role, encodable(m.content)) for m in messages]})


def may_be_refusal(status: int, kind: FailureKind) -> bool:
    """Whether a failure may say that something which was sent is not taken."""
    return (VERDICTS[kind] is Verdict.STOP and status in (400, 404, 415, 422)) or status in (500, 501)


def parsed(body: bytes) -> dict[str, object]:
    """The object in a body; text that orjson refuses (lone surrogates, broken UTF-8) is read tolerantly.

    Raises:
        CallFailed: malformed.
    """
    data: object
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        try:
            data = json.loads(body.decode("utf-8", "replace"), strict=False)
        except (ValueError, RecursionError):
            start = body[:60].decode("utf-8", "replace")
            raise CallFailed(FailureKind.MALFORMED, f"the answer is not JSON: it begins with {start!r}") from None
    if not isinstance(data, dict):
        raise CallFailed(FailureKind.MALFORMED, "the answer is not a JSON object")
    return data


def decoded(body: bytes) -> Reply:
    """The reply in the body of a successful answer.

    Raises:
        CallFailed: malformed, or an error that came with the status of a success (as OpenRouter's do).
    """
    data = parsed(body)
    if data.get("error"):
        raise _error_within(data, body)
    used = usage_of(data.get("usage"), "prompt_tokens", "completion_tokens")
    choices = data.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(choice, dict) or not isinstance(message, dict):
        raise CallFailed(FailureKind.MALFORMED, "the answer has no choices[0].message", usage=used)
    if choice.get("error"):
        raise _error_within(choice, body)
    content, refusal = message.get("content"), message.get("refusal")
    finish = str(choice.get("finish_reason") or "stop").lower()
    if finish == "error":
        raise CallFailed(FailureKind.OVERLOAD, "the provider broke off the answer", usage=used)
    if not content and isinstance(refusal, str) and refusal:
        content, finish = refusal, "content_filter"
    return Reply(
        content=encodable(text_of(content)),
        finish_reason=FINISH.get(finish, finish),
        usage=used,
        model=encodable(str(data.get("model") or "")),
    )


def text_of(content: object) -> str:
    """The text of a message: a string, or the text among a list of parts.

    Raises:
        CallFailed: malformed.
    """
    if isinstance(content, str):
        return content
    if content is None:
        return ""
    if isinstance(content, list):
        parts = [p for p in content if isinstance(p, dict) and p.get("type", "text") in ("text", "output_text")]
        return "".join(str(p.get("text") or "") for p in parts)
    raise CallFailed(FailureKind.MALFORMED, f"the answer's content is {type(content).__name__}, not text")


def usage_of(data: object, *names: str) -> Usage:
    """Tokens from a usage object: the last name is the output's, the others are parts of the input."""
    if not isinstance(data, dict):
        return Usage()
    counts = [n if isinstance(n := data.get(name), int) and n > 0 else 0 for name in names]
    return Usage(sum(counts[:-1]), counts[-1])


def _error_within(data: Mapping[str, object], body: bytes) -> CallFailed:
    """The failure that a successful status hides."""
    inner = data["error"]
    code = inner.get("code") if isinstance(inner, dict) else None
    status = code if isinstance(code, int) and 400 <= code <= 599 else 500
    said = complaint(body if "choices" not in data else orjson.dumps({"error": inner}))
    return CallFailed(kind_of(status, said), f"error {status} in the answer: {said.message[:500]}")
