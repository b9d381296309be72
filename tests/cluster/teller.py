"""A model in the process that asks it: the simulated teacher, without a server. Installed as a plugin of the tests'.

`teller/NAME-20ms` takes 20 ms for an answer; `teller/pid-0ms` says as its name which process it is. Each process that
opens it leaves a file with its number in the folder that TELLER_OPENED names. `teller/broken` lacks an extra.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from satsuma.errors import ExtraError
from satsuma.llm.models import ProviderKind, Setup
from satsuma.llm.provider import Answer
from satsuma.llm.request import Json, Reply, Request, Usage
from satsuma.testing.behaviour import Behaviour
from satsuma.testing.faults import Faults
from satsuma.testing.question import read
from satsuma.testing.teacher import say

OPENED = "TELLER_OPENED"
BEHAVIOUR = Behaviour(seed=3, noise=0.2, faults=Faults(malformed=0.05, wrong_label=0.04))


class Teller:
    """Answers by the request alone. seconds: that it takes."""

    def __init__(self, name: str, seconds: float) -> None:
        self._name = name
        self._seconds = seconds

    async def complete(self, request: Request) -> Answer:
        """Answer."""
        await asyncio.sleep(self._seconds)
        asked = read(body_of(request))
        said = say(asked, BEHAVIOUR)
        return Answer(Reply(said.content, said.finish_reason, Usage(said.input_tokens, said.output_tokens), self._name))

    async def close(self) -> None:
        """Nothing to let go of."""


def body_of(request: Request) -> dict[str, Json]:
    """The request as the teacher reads it."""
    body: dict[str, Json] = {
        "model": request.model,
        "messages": [{"role": m.role, "content": m.content} for m in request.messages],
        "seed": request.wire_seed(),
    }
    if request.sampling.max_tokens is not None:
        body["max_tokens"] = request.sampling.max_tokens
    if request.schema is not None:
        named: Json = {"name": request.step, "schema": dict(request.schema)}
        body["response_format"] = {"type": "json_schema", "json_schema": named}
    return body


def open_teller(setup: Setup) -> Teller:
    """The model of a setup."""
    if setup.model == "broken":
        raise ExtraError("teller/… needs tellers, which are not installed", "Install it: pip install 'satsuma[teller]'")
    if folder := os.environ.get(OPENED):
        (Path(folder) / str(os.getpid())).touch()
    name, _, milliseconds = setup.model.partition("-")
    return Teller(str(os.getpid()) if name == "pid" else name, float(milliseconds.removesuffix("ms") or 0) / 1000)


PROVIDER = ProviderKind("teller", "", (), open_teller, needs_key=False, in_process=True)
