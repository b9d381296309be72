"""litellm, against a model server on loopback: the real one where it is installed, else what is ours alone."""

from __future__ import annotations

import asyncio
import os
import sys
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType, SimpleNamespace
from typing import cast

import pytest

from satsuma import testing
from satsuma.errors import ExtraError
from satsuma.llm.litellm import COST_MAP
from satsuma.llm.models import open_model
from satsuma.llm.provider import Answer, CallFailed, FailureKind
from satsuma.llm.refusals import SCHEMA_LINE
from satsuma.llm.request import Json, Message, Reply, Request, Sampling, Usage

needs_litellm = [
    pytest.mark.skipif(find_spec("litellm") is None, reason="litellm is not installed (the extra litellm)"),
    pytest.mark.filterwarnings("default"),  # litellm's own
]
KEY = "planted-key-0123456789"
KNOWN = "litellm/openai/gpt-4o-mini"
"""A model of which litellm knows that it takes a schema."""
SCHEMA: dict[str, Json] = {
    "type": "object",
    "properties": {"label": {"type": "string", "enum": ["billing", "bug"]}},
    "required": ["label"],
    "additionalProperties": False,
}
MESSAGES = (Message("system", "Be brief."), Message("user", "Where to?"))
REQUEST = Request(KNOWN, MESSAGES, SCHEMA, Sampling(temperature=0.7, max_tokens=50, seed=3), step="instance")


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LITELLM_API_KEY", KEY)
    monkeypatch.setenv(COST_MAP, "")


def ask(url: str, *requests: Request, model: str = KNOWN, notes: list[str] | None = None) -> list[Answer]:
    async def main() -> list[Answer]:
        provider = open_model(model, base_url=url, timeout=10, note=notes.append if notes is not None else None)
        try:
            return [await provider.complete(request) for request in requests]
        finally:
            await provider.close()

    return asyncio.run(main())


def failure(url: str, *requests: Request, model: str = KNOWN) -> CallFailed:
    with pytest.raises(CallFailed) as caught:
        ask(url, *requests, model=model)
    assert KEY not in caught.value.message
    return caught.value


class TestTheRealOne:
    pytestmark = needs_litellm

    def test_an_answer_comes_back_with_its_usage_and_its_headers(self) -> None:
        with testing.serve(seed=1, key=KEY, record=True, rpm=600) as server:
            (answer,) = ask(server.url, REQUEST)
            (body,) = server.bodies
        assert answer.reply.content in ('{"label":"billing"}', '{"label":"bug"}')
        assert answer.reply.usage.input_tokens > 0
        assert answer.headers["x-ratelimit-limit-requests"] == "600"
        assert body["seed"] == REQUEST.wire_seed()
        assert (body["temperature"], body["max_tokens"]) == (0.7, 50)
        sent = cast("dict[str, Json]", body["response_format"])
        assert sent["json_schema"] == {"name": "instance", "strict": True, "schema": SCHEMA}
        assert os.environ[COST_MAP] == "True"

    def test_a_model_that_litellm_does_not_know_gets_the_schema_in_the_prompt(self) -> None:
        with testing.serve(seed=1, record=True) as server:
            ask(server.url, REQUEST, model="litellm/openai/my-own")
            (body,) = server.bodies
        assert "response_format" not in body
        assert SCHEMA_LINE in str(body["messages"])

    def test_a_schema_that_is_refused_goes_into_the_prompt_from_then_on(self) -> None:
        notes: list[str] = []
        with testing.serve(seed=1, reject_response_format=True) as server:
            assert len(ask(server.url, REQUEST, REQUEST, notes=notes)) == 2
            assert server.counters.requests == 3
        assert len(notes) == 1

    def test_a_wrong_key_is_one_attempt_and_is_not_shown(self) -> None:
        with testing.serve(key="another-key-0123456789") as server:
            refused = failure(server.url, REQUEST)
            assert server.counters.by_status == {401: 1}
        assert refused.kind is FailureKind.AUTH

    def test_a_rate_limit_says_how_long_to_wait_and_is_not_tried_again(self) -> None:
        with testing.serve(rpm=1, burst=1) as server:
            refused = failure(server.url, REQUEST, REQUEST)
            assert server.counters.requests == 2
        assert refused.kind is FailureKind.RATE
        assert refused.retry_after is not None
        assert 0 < refused.retry_after <= 60

    def test_a_failing_server_is_one_attempt(self) -> None:
        with testing.serve(faults=testing.Faults(error=1.0)) as server:
            assert failure(server.url, REQUEST).kind is FailureKind.OVERLOAD
            assert server.counters.requests == 1

    def test_a_model_that_is_not_there_is_not_found(self) -> None:
        with testing.serve(models=("other",)) as server:
            assert failure(server.url, REQUEST).kind is FailureKind.NOT_FOUND

    def test_a_server_that_does_not_answer_the_door_was_not_reached(self) -> None:
        with testing.serve() as server:
            url = server.url
        gone = failure(url, REQUEST)
        assert (gone.kind, gone.reached) == (FailureKind.TRANSPORT, False)

    def test_a_provider_that_litellm_does_not_know_is_not_found(self) -> None:
        assert failure("", REQUEST, model="litellm/no-such-provider/m").kind is FailureKind.NOT_FOUND


class ContextWindowExceededError(Exception):
    message = "the prompt is too long"


class Odd(Exception):
    """An exception with a status and a secret."""

    status_code = 402
    message = f"pay first, {KEY}"


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """A module in litellm's place; what it answers, in order: an exception is raised."""
    answers: list[object] = []

    async def acompletion(**arguments: object) -> object:
        assert (arguments["max_retries"], arguments["num_retries"], arguments["api_key"]) == (0, 0, KEY)
        await asyncio.sleep(0)
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return SimpleNamespace(model_dump=lambda: answer, _hidden_params={})

    async def close_litellm_async_clients() -> None:
        await asyncio.sleep(0)

    module = ModuleType("litellm")
    module.__spec__ = ModuleSpec("litellm", None)
    vars(module).update(
        acompletion=acompletion,
        close_litellm_async_clients=close_litellm_async_clients,
        supports_response_schema=lambda model: model == "openai/gpt-4o-mini",
        ContextWindowExceededError=ContextWindowExceededError,
    )
    monkeypatch.setitem(sys.modules, "litellm", module)
    return answers


def test_an_answer_is_read_without_the_secrets_that_it_repeats(stand_in: list[object]) -> None:
    message = {"content": f"hello {KEY}"}
    stand_in.append(
        {"model": "m-1", "choices": [{"message": message, "finish_reason": "max_tokens"}],
         "usage": {"prompt_tokens": 7, "completion_tokens": 2}}
    )  # fmt: skip
    (answer,) = ask("", REQUEST)
    assert answer.reply == Reply("hello [redacted]", "length", Usage(7, 2), "m-1")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ContextWindowExceededError(), FailureKind.CONTEXT_LENGTH),
        (Odd(), FailureKind.BILLING),
        (KeyError("a mistake in litellm"), FailureKind.BAD_REQUEST),
    ],
)
def test_exceptions_are_classified(stand_in: list[object], error: Exception, kind: FailureKind) -> None:
    stand_in.append(error)
    assert failure("", REQUEST).kind is kind


def test_an_answer_without_a_message_is_malformed(stand_in: list[object]) -> None:
    stand_in.append({"choices": []})
    assert failure("", REQUEST).kind is FailureKind.MALFORMED


def test_without_litellm_the_command_that_installs_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("satsuma.llm.local_loading.find_spec", lambda _: None)
    with pytest.raises(ExtraError, match=r"pip install 'satsuma\[litellm\]'"):
        open_model(KNOWN)
