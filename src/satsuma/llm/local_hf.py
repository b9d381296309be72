"""`hf/NAME`: a model of transformers in this process, on the CPU or a GPU.

Rule: a request's reply depends on the request alone. Requests are worked on in batches of like length
(`gathering.py`), each row drawn from its own seed (`token_choice.py`, `local_prompts.seed_of`), constrained to its own
schema (`constrained.py`) and ended at its own limit; with whom it shared the batch changes at most the last digit of a
floating point sum. Without a temperature, top_p or top_k of its own a request is drawn as the model's
`generation_config.json` says; else with temperature 1. Repetition penalties and other settings there are not applied:
they look at the padding, too.

The model is loaded in the thread that works on the batches, when the first request comes: a run that only replays its
journal loads nothing. A batch that does not fit into memory is halved, which is said once. A batch takes as long as
its longest answer.

Not covered: models over several processes; for those `vllm serve` and `vllm-server/NAME`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from satsuma.errors import SettingsError
from satsuma.llm.constrained import Grammars, UnusableSchemaError
from satsuma.llm.gathering import Gatherer, OutOfMemoryError
from satsuma.llm.local_batches import Row, answer
from satsuma.llm.local_loading import load, located, require
from satsuma.llm.local_prompts import Prompts, seed_of
from satsuma.llm.parse import encodable
from satsuma.llm.provider import Answer, CallFailed, FailureKind
from satsuma.llm.request import Reply, Usage
from satsuma.llm.token_choice import Choice

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from satsuma.llm.local_loading import Loaded
    from satsuma.llm.models import Setup
    from satsuma.llm.provider import Provider
    from satsuma.llm.request import Request

ROWS = {"cpu": 16, "mps": 16}
"""Requests in a batch at most, by the kind of device; `ROWS_ON_A_GPU` elsewhere."""
ROWS_ON_A_GPU = 64
LONGEST = 2048
"""Tokens of an answer for which no limit was set."""


def open_hf(setup: Setup) -> Provider:
    """A model of transformers in this process; nothing is loaded yet.

    Raises:
        ExtraError: torch, transformers or llguidance is not installed.
        ModelError: there is no such folder.
        SettingsError: it was given an address.
    """
    in_this_process(setup)
    require("hf", "torch", "transformers", "llguidance")
    located("hf", setup.model)
    return LocalHf(setup.model, concurrency=setup.concurrency, note=setup.note)


def in_this_process(setup: Setup) -> None:
    """Refuse an address for a model that has none.

    Raises:
        SettingsError: there is one.
    """
    if setup.url:
        raise SettingsError(
            f"{setup.identity} runs in this process and has no address, but --base-url is {setup.url}",
            f"Leave --base-url out, or ask the server there: --model {setup.model}",
        )


class LocalHf:
    """One model of transformers.

    name: a folder, or a repository with or without `@REVISION`. concurrency: requests in a batch at most. note: takes
    lines for people.
    """

    def __init__(self, name: str, *, concurrency: int = 256, note: Callable[[str], None] | None = None) -> None:
        self._name = name
        self._note = note
        self._concurrency = concurrency
        self._gatherer: Gatherer[Row] = Gatherer(self._work, rows=concurrency, note=self._tell)
        self._ready: asyncio.Task[tuple[Loaded, Prompts]] | None = None
        self._model: Loaded | None = None
        self._grammars: Grammars | None = None
        self._unconstrained = ""
        self._unheld = False

    async def complete(self, request: Request) -> Answer:
        """Answer a request, together with others.

        Raises:
            CallFailed: the prompt is too long, or the model failed.
            ModelError: the model cannot be loaded.
        """
        if self._ready is None:
            self._ready = asyncio.create_task(self._load())
            self._ready.add_done_callback(lambda done: done.cancelled() or done.exception())  # seen, if nobody is left
        loaded, prompts = await asyncio.shield(self._ready)
        row = self._row(request, loaded, prompts.tokens(request))
        await self._gatherer.submit(row)
        if row.unheld:
            self._say_unheld(row.unheld)
        text = loaded.tokenizer.decode(row.chosen, skip_special_tokens=True)
        return Answer(Reply(encodable(text), row.finish or "stop", Usage(len(row.prompt), row.spent), model=self._name))

    async def close(self) -> None:
        """End what is being worked on and let go of the model."""
        await self._gatherer.close()
        if self._ready is not None and not self._ready.done():
            self._ready.cancel()
        self._ready = self._model = self._grammars = None

    async def _load(self) -> tuple[Loaded, Prompts]:
        """The model, loaded in the thread of the batches."""
        loop = asyncio.get_running_loop()
        loaded = await loop.run_in_executor(self._gatherer.thread, self._load_now)
        prompts = Prompts(f"hf/{self._name}", loaded.tokenizer)
        if not prompts.has_template:
            self._tell("has no chat template; conversations are given to it as plain text (System: …, User: …)")
        if self._unconstrained:
            self._say_unheld(self._unconstrained)
        self._gatherer.rows = min(self._concurrency, ROWS.get(loaded.model.device.type, ROWS_ON_A_GPU))
        return loaded, prompts

    def _load_now(self) -> Loaded:
        loaded = self._model = load(self._name)
        try:
            self._grammars = Grammars(loaded.tokenizer, loaded.width, loaded.ends)
        except UnusableSchemaError as error:
            self._unconstrained = str(error)
        return loaded

    def _row(self, request: Request, loaded: Loaded, tokens: Sequence[int]) -> Row:
        """A request as a row.

        Raises:
            CallFailed: there is no room for an answer.
        """
        room = loaded.context - len(tokens)
        if room < 1:
            raise CallFailed(
                FailureKind.CONTEXT_LENGTH,
                f"the prompt has {len(tokens)} tokens and the model's context length is {loaded.context}",
            )
        s, default = request.sampling, loaded.default
        choice = Choice(
            default.temperature if s.temperature is None else s.temperature,
            default.top_p if s.top_p is None else s.top_p,
            default.top_k,
        )
        limit = min(room, s.max_tokens or LONGEST)
        return Row(tokens, limit, choice, seed_of(request, tokens), request.schema)

    def _work(self, rows: Sequence[Row]) -> None:
        """Work on a batch, in the thread."""
        if self._model is None:
            return
        try:
            answer(self._model, self._grammars, rows)
        except (OutOfMemoryError, CallFailed):
            raise
        except Exception as error:
            said = f"the model failed: {type(error).__name__}: {' '.join(str(error).split())[:300]}"
            raise CallFailed(FailureKind.BAD_REQUEST, said) from error

    def _say_unheld(self, why: str) -> None:
        """Say once that answers are not constrained."""
        if not self._unheld:
            self._unheld = True
            self._tell(f"answers without constrained decoding, the schema is only in the prompt: {why[:200]}")

    def _tell(self, what: str) -> None:
        if self._note is not None:
            self._note(f"hf/{self._name}: {what}")
