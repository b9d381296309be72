"""`litellm/NAME`: whatever litellm reaches and satsuma does not itself (Bedrock, Vertex, Azure, …), as an extra.

Rule: litellm translates and sends; everything else keeps its one owner. It retries nothing, logs nothing, counts no
prices and fetches no price list (`LITELLM_LOCAL_MODEL_COST_MAP`). Keys are read by litellm from the variables that its
documentation names, or from LITELLM_API_KEY; whatever the environment holds under a name like a key's is taken out of
every message that comes back.

The schema goes as `response_format` where litellm says that the model takes one, else into the prompt; what is refused
nevertheless is learned as for any endpoint (`refusals.py`). Parameters that a model does not know are left out by
litellm (`drop_params`).

It costs 3 to 4 ms of CPU per request, thirty times what the direct way costs, and 2.7 s to import: name a model
directly (`openai/…`, `anthropic/…`, or any other with --base-url) wherever that goes.

Source: https://docs.litellm.ai/docs/completion/input, https://docs.litellm.ai/docs/exception_mapping
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from satsuma.llm.local_loading import require
from satsuma.llm.openai import FINISH, text_of, usage_of
from satsuma.llm.parse import encodable
from satsuma.llm.provider import Answer, CallFailed, FailureKind
from satsuma.llm.refusals import ADAPTATIONS, Refusals, with_schema_in_prompt
from satsuma.llm.request import Reply
from satsuma.llm.retry import Complaint, kind_of, retry_after
from satsuma.llm.secrets import redact, spellings

if TYPE_CHECKING:
    from types import ModuleType

    from satsuma.llm.models import Setup
    from satsuma.llm.provider import Provider
    from satsuma.llm.request import Request

COST_MAP = "LITELLM_LOCAL_MODEL_COST_MAP"
"""The variable that keeps litellm from asking a remote price list when it is imported."""

KINDS: tuple[tuple[str, FailureKind], ...] = (
    ("ContextWindowExceededError", FailureKind.CONTEXT_LENGTH),
    ("ContentPolicyViolationError", FailureKind.CONTENT_FILTER),
    ("RejectedRequestError", FailureKind.CONTENT_FILTER),
    ("PaymentRequiredError", FailureKind.BILLING),
    ("AuthenticationError", FailureKind.AUTH),
    ("PermissionDeniedError", FailureKind.AUTH),
    ("NotFoundError", FailureKind.NOT_FOUND),
    ("LiteLLMUnknownProvider", FailureKind.NOT_FOUND),
    ("Timeout", FailureKind.TIMEOUT),
    ("APIConnectionError", FailureKind.TRANSPORT),
    ("APIResponseValidationError", FailureKind.MALFORMED),
)
"""litellm's exceptions that say what happened, whatever their status."""
PREFIX = "llm_provider-"
"""What litellm puts before the names of a provider's headers."""
_SECRETIVE = re.compile("KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL")


def open_litellm(setup: Setup) -> Provider:
    """A model through litellm; litellm is loaded with the first request.

    Raises:
        ExtraError: litellm is not installed.
    """
    require("litellm", "litellm")
    return LiteLlm(setup)


class LiteLlm:
    """One model through litellm."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._secrets = spellings([setup.key, *(v for k, v in os.environ.items() if _SECRETIVE.search(k.upper()))])
        self._refusals = Refusals(setup.identity, setup.note)
        self._loading: asyncio.Task[ModuleType] | None = None

    async def complete(self, request: Request) -> Answer:
        """Make one attempt.

        Raises:
            CallFailed: classified.
        """
        if self._loading is None:
            self._loading = asyncio.create_task(asyncio.to_thread(loaded))
        litellm = await asyncio.shield(self._loading)
        refusals = self._refusals
        for _ in range(ADAPTATIONS):
            schema = request.schema is not None and not refusals.schema and takes_schema(litellm, self._setup.model)
            parameters = self._parameters(request)
            try:
                answer = await litellm.acompletion(**self._call(request, parameters, schema=schema))
            except Exception as error:
                failure = self._failure(litellm, error)
                said = Complaint(failure.message)
                refused = failure.kind is FailureKind.BAD_REQUEST
                if not (refused and refusals.learn(said, parameters, schema=schema)):
                    raise failure from None
                continue
            refusals.accepted(schema=schema)
            return self._answer(answer.model_dump(), answered_headers(answer))
        raise CallFailed(FailureKind.BAD_REQUEST, "the model refuses the request in whatever form")

    async def close(self) -> None:
        """Let go of litellm's connections."""
        if self._loading is not None and self._loading.done() and not self._loading.exception():
            await self._loading.result().close_litellm_async_clients()
        self._loading = None

    def _parameters(self, request: Request) -> dict[str, float | int]:
        """The sampling parameters that are sent."""
        s = request.sampling
        given = {
            "seed": request.wire_seed(),
            "temperature": s.temperature,
            "top_p": s.top_p,
            "max_tokens": s.max_tokens,
        }
        renamed = self._refusals.renamed
        named = {renamed.get(name, name): value for name, value in given.items() if value is not None}
        return {name: value for name, value in named.items() if name not in self._refusals.dropped}

    def _call(self, request: Request, parameters: Mapping[str, float | int], *, schema: bool) -> dict[str, object]:
        """The arguments of the call."""
        setup, wanted = self._setup, request.schema
        messages = request.messages if wanted is None or schema else with_schema_in_prompt(request, wanted)
        call: dict[str, object] = {
            "model": setup.model,
            "messages": [{"role": m.role, "content": encodable(m.content)} for m in messages],
            "timeout": setup.timeout,
            "max_retries": 0,
            "num_retries": 0,
            "drop_params": True,
            **parameters,
        }
        if schema and wanted is not None:
            named = {"name": request.step or "answer", "strict": True, "schema": dict(wanted)}
            call["response_format"] = {"type": "json_schema", "json_schema": named}
        if setup.url:
            call["api_base"] = setup.url
        if setup.key:
            call["api_key"] = setup.key
        return call

    def _answer(self, data: Mapping[str, object], headers: Mapping[str, str]) -> Answer:
        """The reply in litellm's answer, which has the form of OpenAI's.

        Raises:
            CallFailed: malformed.
        """
        used = usage_of(data.get("usage"), "prompt_tokens", "completion_tokens")
        choices = data.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        message = choice.get("message") if isinstance(choice, dict) else None
        if not isinstance(choice, dict) or not isinstance(message, dict):
            raise CallFailed(FailureKind.MALFORMED, "the answer has no choices[0].message", usage=used)
        finish = str(choice.get("finish_reason") or "stop").lower()
        content = redact(text_of(message.get("content")), self._secrets)
        model = encodable(str(data.get("model") or ""))
        return Answer(Reply(encodable(content), FINISH.get(finish, finish), used, model), headers)

    def _failure(self, litellm: ModuleType, error: Exception) -> CallFailed:
        """The failure that an exception of litellm is, with nothing secret in it."""
        message = redact(" ".join(str(getattr(error, "message", "") or error).split()), self._secrets)[:500]
        headers = _named(getattr(error, "litellm_response_headers", None))
        kind = next((k for name, k in KINDS if isinstance(error, getattr(litellm, name, ()))), None)
        if "connection error" in message.lower():
            kind = FailureKind.TRANSPORT
        elif "LLM Provider NOT provided" in message:
            kind = FailureKind.NOT_FOUND
        return CallFailed(
            kind or _by_status(error, message),
            message or type(error).__name__,
            retry_after=retry_after(headers),
            headers=headers,
            reached=kind is not FailureKind.TRANSPORT,
        )


def _by_status(error: Exception, message: str) -> FailureKind:
    """The kind that the status and the words of an exception say; a mistake of ours or litellm's is a bad request."""
    status = str(getattr(error, "status_code", ""))
    return kind_of(int(status) if status.isdigit() else 400, Complaint(message))


def _named(headers: object) -> dict[str, str]:
    """Headers with their names in lower case, those of the provider without litellm's prefix."""
    given = dict(headers) if isinstance(headers, Mapping) else {}
    return {str(k).lower().removeprefix(PREFIX): str(v) for k, v in given.items()}


def answered_headers(answer: object) -> dict[str, str]:
    """The headers that came with an answer, where litellm hands them on."""
    hidden = getattr(answer, "_hidden_params", None)
    return _named(hidden.get("additional_headers")) if isinstance(hidden, Mapping) else {}


def loaded() -> ModuleType:
    """litellm, imported without its network, and silenced."""
    os.environ[COST_MAP] = "True"
    import litellm

    litellm.suppress_debug_info = True
    litellm.telemetry = False
    litellm.set_verbose = False
    module: ModuleType = litellm
    return module


def takes_schema(litellm: ModuleType, model: str) -> bool:
    """Whether litellm says that a model takes a JSON Schema."""
    return bool(litellm.supports_response_schema(model=model))
