"""`vllm/NAME`: a model in this process under vLLM's engine, which batches continuously by itself.

Rule: as for `hf/…`: the model's own chat template, control tokens in texts made harmless, the schema in the prompt and
held by the engine's structured outputs, and a seed for each request that comes from the request alone. vLLM's sums
depend on what else is in a batch more than transformers' do, so a sampled reply may differ between runs; the journal
is what makes a run repeatable.

Mechanism: `AsyncLLM` (vLLM's asynchronous engine, the one behind its server) takes requests one by one; retries and
batches are its own business. It is made when the first request comes, in the event loop, as vLLM's server makes it:
that takes minutes in which nothing else happens. Errors of a request are read by their words, as those of a server.

Written against vLLM 0.33 (`vllm/v1/engine/async_llm.py`, `vllm/sampling_params.py`) and tested against a stand-in with
the same interface: neither the engine nor a GPU was run.

Not covered: engine options besides the number of GPUs (`--tensor-parallel`). For quantisation or adapters run
`vllm serve` and ask `vllm-server/NAME`.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from satsuma.errors import ModelError
from satsuma.llm.local_hf import in_this_process
from satsuma.llm.local_loading import located, require, unusable
from satsuma.llm.local_prompts import Prompts, seed_of
from satsuma.llm.parse import encodable
from satsuma.llm.provider import Answer, CallFailed, FailureKind
from satsuma.llm.refusals import ADAPTATIONS, Refusals
from satsuma.llm.request import Reply, Usage
from satsuma.llm.retry import Complaint, kind_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping, Sequence

    from satsuma.llm.local_prompts import Tokenizer
    from satsuma.llm.models import Setup
    from satsuma.llm.provider import Provider
    from satsuma.llm.request import Request

LONGEST = 2048
"""Tokens of an answer for which no limit was set."""
TAKEN_OVER = ("temperature", "top_p", "top_k", "min_p", "repetition_penalty", "presence_penalty", "frequency_penalty")
"""Parameters of sampling that a model's own generation_config.json may set."""


class Completion(Protocol):
    """One answer of the engine."""

    text: str
    token_ids: Sequence[int]
    finish_reason: str | None


class Output(Protocol):
    """What the engine has to say about a request."""

    outputs: Sequence[Completion]


class ModelConfig(Protocol):
    """What the engine knows of its model."""

    max_model_len: int

    def get_diff_sampling_param(self) -> Mapping[str, float]:
        """The parameters that the model's generation_config.json sets."""
        ...


class Engine(Protocol):
    """What is used of `vllm.v1.engine.async_llm.AsyncLLM`."""

    model_config: ModelConfig

    def get_tokenizer(self) -> Tokenizer:
        """The model's tokenizer."""
        ...

    def generate(self, prompt: object, sampling_params: object, request_id: str) -> AsyncGenerator[Output, None]:
        """Answer a request."""
        ...

    def shutdown(self) -> None:
        """End its processes."""
        ...


def open_vllm(setup: Setup) -> Provider:
    """A model under vLLM's engine; nothing is loaded yet.

    Raises:
        ExtraError: vllm is not installed.
        ModelError: there is no such folder.
        SettingsError: it was given an address.
    """
    in_this_process(setup)
    require("vllm", "vllm")
    located("vllm", setup.model)
    return LocalVllm(setup.model, tensor_parallel=setup.tensor_parallel, note=setup.note)


class LocalVllm:
    """One model under vLLM's engine.

    name: as for `hf/…`. tensor_parallel: GPUs of this machine that it is spread over. note: takes lines for people.
    """

    def __init__(self, name: str, *, tensor_parallel: int = 1, note: Callable[[str], None] | None = None) -> None:
        self._name = name
        self._tensor_parallel = tensor_parallel
        self._note = note
        self._refusals = Refusals(f"vllm/{name}", note)
        self._opened: tuple[Engine, Prompts] | None = None
        self._numbers = itertools.count()

    async def complete(self, request: Request) -> Answer:
        """Answer a request.

        Raises:
            CallFailed: the engine refuses it, or failed.
            ModelError: the model cannot be loaded.
        """
        if self._opened is None:
            self._opened = self._open()
        engine, prompts = self._opened
        tokens = prompts.tokens(request)
        for _ in range(ADAPTATIONS):
            held = request.schema is not None and not self._refusals.schema
            try:
                return self._answer(await self._generate(engine, request, tokens, held=held), tokens)
            except CallFailed as failure:
                refused = failure.kind is FailureKind.BAD_REQUEST
                if not (refused and self._refusals.learn(Complaint(failure.message), (), schema=held)):
                    raise
        raise CallFailed(FailureKind.BAD_REQUEST, "the engine refuses the request in whatever form")

    async def close(self) -> None:
        """End the engine's processes."""
        if self._opened is not None:
            self._opened[0].shutdown()
            self._opened = None

    def _open(self) -> tuple[Engine, Prompts]:
        """The engine, with the model loaded.

        Raises:
            ModelError: it cannot be.
        """
        from vllm import AsyncEngineArgs
        from vllm.v1.engine.async_llm import AsyncLLM

        place, revision = located("vllm", self._name)
        # In a Ray actor vLLM would look for further machines; all of an engine's GPUs are on this one.
        spread = {"distributed_executor_backend": "mp"} if self._tensor_parallel > 1 else {}
        try:
            engine: Engine = AsyncLLM.from_engine_args(
                AsyncEngineArgs(
                    model=place, revision=revision, disable_log_stats=True,
                    tensor_parallel_size=self._tensor_parallel, **spread,
                )
            )  # fmt: skip
        except (OSError, ValueError, ImportError, RuntimeError) as error:
            raise unusable("vllm", self._name, error, folder=Path(place).is_dir()) from error
        prompts = Prompts(f"vllm/{self._name}", engine.get_tokenizer())
        if not prompts.has_template and self._note is not None:
            self._note(f"vllm/{self._name}: has no chat template; conversations are given to it as plain text")
        return engine, prompts

    async def _generate(self, engine: Engine, request: Request, tokens: list[int], *, held: bool) -> Output:
        """The engine's last word on a request.

        Raises:
            CallFailed: it refuses, or failed.
        """
        from vllm.exceptions import VLLMClientError
        from vllm.v1.engine.exceptions import EngineDeadError, EngineGenerateError

        room = engine.model_config.max_model_len - len(tokens)
        if room < 1:
            raise CallFailed(FailureKind.CONTEXT_LENGTH, f"the prompt has {len(tokens)} tokens, which is too long")
        last: Output | None = None
        try:
            parameters = self._parameters(engine, request, tokens, room, held=held)
            prompt = {"prompt_token_ids": tokens}
            async for output in engine.generate(prompt, parameters, f"satsuma-{next(self._numbers)}"):
                last = output
        except EngineDeadError as error:
            raise ModelError(
                f"the engine of vllm/{self._name} has died: {error}",
                "What it says above tells why. The same command goes on from here.",
            ) from error
        except EngineGenerateError as error:
            why = error.__cause__ or error
            raise CallFailed(FailureKind.OVERLOAD, f"the engine failed: {why}") from error
        except (VLLMClientError, ValueError, TypeError) as error:
            raise CallFailed(kind_of(400, Complaint(str(error))), str(error)[:500]) from error
        if last is None or not last.outputs:
            raise CallFailed(FailureKind.MALFORMED, "the engine ended without an answer")
        return last

    def _parameters(self, engine: Engine, request: Request, tokens: Sequence[int], room: int, *, held: bool) -> object:
        """The request's sampling parameters in vLLM's form, on top of the model's own."""
        from vllm import SamplingParams
        from vllm.sampling_params import RequestOutputKind, StructuredOutputsParams

        s = request.sampling
        own = {k: v for k, v in engine.model_config.get_diff_sampling_param().items() if k in TAKEN_OVER}
        asked = {"temperature": s.temperature, "top_p": s.top_p}
        schema = dict(request.schema) if request.schema is not None and held else None
        return SamplingParams(
            **{**own, **{name: value for name, value in asked.items() if value is not None}},
            max_tokens=min(room, s.max_tokens or LONGEST),
            seed=seed_of(request, tokens),
            output_kind=RequestOutputKind.FINAL_ONLY,
            structured_outputs=StructuredOutputsParams(json=schema) if schema is not None else None,
        )

    def _answer(self, output: Output, tokens: Sequence[int]) -> Answer:
        """The engine's answer as a reply.

        Raises:
            CallFailed: it was broken off.
        """
        made = output.outputs[0]
        used = Usage(len(tokens), len(made.token_ids))
        finish = made.finish_reason or "stop"
        if finish in ("abort", "error"):
            raise CallFailed(FailureKind.OVERLOAD, f"the engine broke the answer off ({finish})", usage=used)
        return Answer(Reply(encodable(made.text), finish, used, model=self._name))
