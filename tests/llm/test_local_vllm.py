"""vLLM's engine, played by a stand-in that has what is used of its interface (0.33); the engine is not run here."""

from __future__ import annotations

import asyncio
import enum
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from importlib.machinery import ModuleSpec
from types import ModuleType, SimpleNamespace

import pytest

from satsuma.errors import ExtraError, ModelError, SettingsError
from satsuma.llm.models import open_model
from satsuma.llm.provider import CallFailed, FailureKind
from satsuma.llm.refusals import SCHEMA_LINE
from satsuma.llm.request import Json, Message, Reply, Request, Sampling, Usage

SCHEMA: dict[str, Json] = {"type": "object", "properties": {}, "additionalProperties": False}
REQUEST = Request("vllm/o/m", (Message("user", "Hi"),), SCHEMA, Sampling(temperature=0.7, max_tokens=50), step="seeds")


class VLLMClientError(Exception):
    pass


class EngineDeadError(Exception):
    pass


class EngineGenerateError(Exception):
    pass


class RequestOutputKind(enum.Enum):
    FINAL_ONLY = 2


@dataclass
class StructuredOutputsParams:
    json: dict[str, Json]


@dataclass
class SamplingParams:
    """Only parameters that vLLM's has."""

    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    repetition_penalty: float = 1.0
    max_tokens: int | None = 16
    seed: int | None = None
    output_kind: RequestOutputKind | None = None
    structured_outputs: StructuredOutputsParams | None = None


@dataclass
class AsyncEngineArgs:
    model: str
    revision: str | None
    disable_log_stats: bool
    tensor_parallel_size: int = 1
    distributed_executor_backend: str | None = None


class Letters:
    """A tokenizer with one token for each character, and a template."""

    chat_template = "yes"
    all_special_tokens = ("<|end|>",)

    def apply_chat_template(self, conversation: list[dict[str, str]], **_: bool) -> str:
        return "".join(f"{turn['content']}<|end|>" for turn in conversation)

    def encode(self, text: str, *, add_special_tokens: bool) -> list[int]:
        assert not add_special_tokens
        return [ord(c) for c in text]


@dataclass
class AsyncLLM:
    """The engine. failures: raised instead of an answer, in order. refuses_schemas: as for one it cannot hold."""

    args: AsyncEngineArgs
    failures: list[Exception] = field(default_factory=list)
    refuses_schemas: bool = False
    finish: str = "stop"
    context: int = 1000
    seen: list[tuple[dict[str, list[int]], SamplingParams, str]] = field(default_factory=list)
    running: bool = True

    @property
    def model_config(self) -> SimpleNamespace:
        own = {"top_k": 20, "temperature": 0.6, "max_tokens": 7}
        return SimpleNamespace(max_model_len=self.context, get_diff_sampling_param=lambda: own)

    def get_tokenizer(self) -> Letters:
        return Letters()

    async def generate(
        self, prompt: dict[str, list[int]], sampling_params: SamplingParams, request_id: str
    ) -> AsyncIterator[SimpleNamespace]:
        await asyncio.sleep(0)
        self.seen.append((prompt, sampling_params, request_id))
        if self.failures:
            raise self.failures.pop(0)
        if self.refuses_schemas and sampling_params.structured_outputs is not None:
            raise VLLMClientError("The provided JSON schema contains features not supported by xgrammar.")
        yield SimpleNamespace(outputs=[SimpleNamespace(text="{}", token_ids=[1, 2], finish_reason=self.finish)])

    def shutdown(self) -> None:
        self.running = False


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> AsyncLLM:
    """vLLM's modules with the stand-ins; the engine that will be made."""
    made = AsyncLLM(AsyncEngineArgs("", None, disable_log_stats=False))

    def from_engine_args(args: AsyncEngineArgs) -> AsyncLLM:
        made.args = args
        return made

    parts: dict[str, dict[str, object]] = {
        "vllm": {"AsyncEngineArgs": AsyncEngineArgs, "SamplingParams": SamplingParams},
        "vllm.sampling_params": {
            "RequestOutputKind": RequestOutputKind,
            "StructuredOutputsParams": StructuredOutputsParams,
        },
        "vllm.exceptions": {"VLLMClientError": VLLMClientError},
        "vllm.v1": {},
        "vllm.v1.engine": {},
        "vllm.v1.engine.async_llm": {"AsyncLLM": SimpleNamespace(from_engine_args=from_engine_args)},
        "vllm.v1.engine.exceptions": {
            "EngineDeadError": EngineDeadError,
            "EngineGenerateError": EngineGenerateError,
        },
    }
    for name, contents in parts.items():
        module = ModuleType(name)
        module.__spec__ = ModuleSpec(name, None)
        vars(module).update(contents)
        monkeypatch.setitem(sys.modules, name, module)
    return made


def ask(*requests: Request, notes: list[str] | None = None, model: str = "vllm/o/m@v2") -> list[Reply]:
    async def main() -> list[Reply]:
        provider = open_model(model, note=notes.append if notes is not None else None)
        try:
            return [(await provider.complete(request)).reply for request in requests]
        finally:
            await provider.close()

    return asyncio.run(main())


def test_an_answer_is_read_with_its_usage(engine: AsyncLLM) -> None:
    (reply,) = ask(REQUEST)
    assert reply == Reply("{}", "stop", Usage(len(engine.seen[0][0]["prompt_token_ids"]), 2), "o/m@v2")
    assert engine.args == AsyncEngineArgs("o/m", "v2", disable_log_stats=True)
    assert not engine.running


def test_one_engine_is_spread_over_as_many_gpus_as_asked_for(engine: AsyncLLM) -> None:
    async def main() -> None:
        provider = open_model("vllm/o/m", tensor_parallel=4)
        try:
            await provider.complete(REQUEST)
        finally:
            await provider.close()

    asyncio.run(main())
    assert (engine.args.tensor_parallel_size, engine.args.distributed_executor_backend) == (4, "mp")


def test_the_schema_is_held_by_the_engine_and_is_in_the_prompt(engine: AsyncLLM) -> None:
    ask(REQUEST)
    prompt, parameters, _ = engine.seen[0]
    assert parameters.structured_outputs == StructuredOutputsParams(json=SCHEMA)
    assert SCHEMA_LINE in "".join(map(chr, prompt["prompt_token_ids"]))


def test_what_a_request_does_not_set_is_as_the_model_says(engine: AsyncLLM) -> None:
    ask(REQUEST, Request("vllm/o/m", REQUEST.messages))
    asked, default = (parameters for _, parameters, _ in engine.seen)
    assert (asked.temperature, asked.top_k, asked.max_tokens) == (0.7, 20, 50)
    assert (default.temperature, default.top_k) == (0.6, 20)
    assert default.structured_outputs is None
    assert default.output_kind is RequestOutputKind.FINAL_ONLY


def test_an_answer_never_goes_beyond_the_context(engine: AsyncLLM) -> None:
    engine.context = 20
    ask(Request("vllm/o/m", (Message("user", "Hi"),), sampling=Sampling(max_tokens=50)))
    assert engine.seen[0][1].max_tokens == 20 - len("Hi<|end|>")


def test_seeds_differ_by_draw_and_by_prompt_and_by_nothing_else(engine: AsyncLLM) -> None:
    other = Request("vllm/o/m", (Message("user", "Ho"),), SCHEMA, REQUEST.sampling)
    drawn = Request("vllm/o/m", REQUEST.messages, SCHEMA, REQUEST.sampling, draw=1)
    ask(REQUEST, other, drawn, REQUEST)
    seeds = [parameters.seed for _, parameters, _ in engine.seen]
    assert len(set(seeds)) == 3
    assert seeds[0] == seeds[3]
    assert len({request_id for _, _, request_id in engine.seen}) == 4


def test_a_schema_that_the_engine_cannot_hold_is_left_in_the_prompt_which_is_said_once(engine: AsyncLLM) -> None:
    engine.refuses_schemas = True
    notes: list[str] = []
    assert [reply.content for reply in ask(REQUEST, REQUEST, notes=notes)] == ["{}", "{}"]
    assert [parameters.structured_outputs is None for _, parameters, _ in engine.seen] == [False, True, True]
    (note,) = notes
    assert note.startswith("vllm/o/m@v2 does not take a JSON schema")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (VLLMClientError("This model's maximum context length is 10 tokens"), FailureKind.CONTEXT_LENGTH),
        (ValueError("The decoder prompt (length 9) exceeds the maximum model length"), FailureKind.CONTEXT_LENGTH),
        (VLLMClientError("top_p must be in (0, 1], got 7"), FailureKind.BAD_REQUEST),
        (EngineGenerateError("boom"), FailureKind.OVERLOAD),
    ],
)
def test_the_engines_errors_are_classified(engine: AsyncLLM, error: Exception, kind: FailureKind) -> None:
    engine.failures = [error]
    with pytest.raises(CallFailed) as caught:
        ask(REQUEST)
    assert caught.value.kind is kind
    assert str(error) in caught.value.message


def test_a_prompt_that_leaves_no_room_is_not_sent(engine: AsyncLLM) -> None:
    engine.context = 5
    with pytest.raises(CallFailed) as caught:
        ask(REQUEST)
    assert caught.value.kind is FailureKind.CONTEXT_LENGTH
    assert not engine.seen


def test_an_answer_that_was_broken_off_is_none(engine: AsyncLLM) -> None:
    engine.finish = "abort"
    with pytest.raises(CallFailed) as caught:
        ask(REQUEST)
    assert caught.value.kind is FailureKind.OVERLOAD


def test_an_engine_that_died_ends_the_run(engine: AsyncLLM) -> None:
    engine.failures = [EngineDeadError("see above")]
    with pytest.raises(ModelError, match="has died: see above"):
        ask(REQUEST)


@pytest.mark.usefixtures("engine")
def test_a_model_in_this_process_has_no_address() -> None:
    with pytest.raises(SettingsError, match="has no address"):
        open_model("vllm/o/m", base_url="http://localhost:8000/v1")


def test_without_vllm_the_command_that_installs_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("satsuma.llm.local_loading.find_spec", lambda _: None)
    with pytest.raises(ExtraError, match=r"pip install 'satsuma\[vllm\]'"):
        open_model("vllm/o/m")
