"""How a run grows with the replicas of its model, and what Ray costs the driver.

python -m benchmarks.cluster [INSTANCES]

Two measurements on this machine, each checked to give the same bytes as the run without Ray:

* a model in a process that works on 16 requests at a time for 300 ms, as one GPU would: without Ray, then with 1, 2
  and 4 replicas. The CPU is not the limit, so the rate should grow with the replicas;
* a model behind an address that answers at once: asked from the driver, then by 1 and 2 actors. Here the CPU is the
  limit, and what Ray adds to it shows.

The rate is that between the first and the last reply that the driver saw, without the start of Ray and of the actors.

Not covered: GPUs, several machines, a network between them.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import satsuma
import satsuma.testing
from satsuma.llm.models import ProviderKind, Setup
from satsuma.llm.provider import Answer
from satsuma.llm.request import Json, Reply, Request, Usage
from satsuma.progress import Silent, Snapshot
from satsuma.testing.behaviour import Behaviour
from satsuma.testing.question import read
from satsuma.testing.teacher import say

if TYPE_CHECKING:
    from satsuma.settings import Options

ROOT = Path(__file__).resolve().parent.parent
ROWS, SECONDS = 16, 0.3
"""Requests that one replica works on at a time, and how long."""


class Model:
    """The simulated teacher behind a queue of `ROWS` places."""

    def __init__(self) -> None:
        self._room = asyncio.Semaphore(ROWS)
        self._behaviour = Behaviour(seed=1)

    async def complete(self, request: Request) -> Answer:
        """Answer, when there is room."""
        async with self._room:
            await asyncio.sleep(SECONDS)
            said = say(read(_body(request)), self._behaviour)
        return Answer(Reply(said.content, said.finish_reason, Usage(said.input_tokens, said.output_tokens)))

    async def close(self) -> None:
        """Nothing to let go of."""


def _body(request: Request) -> dict[str, Json]:
    schema: Json = {"name": request.step, "schema": dict(request.schema or {})}
    return {
        "model": request.model,
        "messages": [{"role": m.role, "content": m.content} for m in request.messages],
        "seed": request.wire_seed(),
        "response_format": {"type": "json_schema", "json_schema": schema},
    }


def _open(_: Setup) -> Model:
    return Model()


PROVIDER = ProviderKind("slots", "", (), _open, needs_key=False, in_process=True)


@dataclass(slots=True)
class Watch(Silent):
    """Sees when replies came: (seconds, requests, CPU seconds of this process)."""

    seen: list[tuple[float, int, float]] = field(default_factory=list)

    def update(self, snapshot: Snapshot) -> None:
        """One more look."""
        if snapshot.requests:
            self.seen.append((time.monotonic(), snapshot.requests, time.process_time()))

    def figures(self) -> tuple[int, float, float]:
        """Requests, requests per second, CPU milliseconds of the driver per request."""
        (begun, first, busy), (ended, last, busy_then) = self.seen[0], self.seen[-1]
        asked = max(1, last - first)
        return last, asked / (ended - begun), 1000 * (busy_then - busy) / asked


def main() -> None:
    """Measure, and print two tables."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        _install(place / "site")
        os.chdir(place)
        from satsuma.cluster.joining import join, leave

        join("local")
        try:
            print("| model in a process | requests | req/s | driver CPU ms/request |\n|---|---|---|---|")
            alone = _row("without Ray", n, "slots/m", "none")
            for count in (1, 2, 4):
                name = f"{count} replica{'s' * (count > 1)}"
                same = _row(name, n, "slots/m", f"{count}", ray="local", ray_replicas=count)
                _check(alone, same)
            with satsuma.testing.serve(process=True, seed=1) as server:
                print("\n| model behind an address | requests | req/s | driver CPU ms/request |\n|---|---|---|---|")
                alone = _row("from the driver", 4 * n, "test/m", "driver", base_url=server.url)
                for count in (1, 2):
                    same = _row(
                        f"{count} actor{'s' * (count > 1)}", 4 * n, "test/m", f"http-{count}", base_url=server.url,
                        ray="local", ray_http=count,
                    )  # fmt: skip
                    _check(alone, same)
        finally:
            leave()


def _install(site: Path) -> None:
    """The model, installed as a plugin for this process and for those of Ray."""
    information = site / "slots-1.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text("Name: slots\nVersion: 1\n")
    (information / "entry_points.txt").write_text("[satsuma.providers]\nslots = benchmarks.cluster:PROVIDER\n")
    sys.path.insert(0, str(site))
    os.environ["PYTHONPATH"] = os.pathsep.join([str(site), str(ROOT), str(ROOT / "src")])


def _row(name: str, n: int, model: str, out: str, **options: Unpack[Options]) -> Path:
    watch = Watch()
    satsuma.generate("copa", n=n, model=model, out=out, progress=watch, **options)
    requests, rate, cpu = watch.figures()
    print(f"| {name} | {requests:,} | {rate:,.0f} | {cpu:.2f} |", flush=True)
    return Path(out, "data", "train.parquet")


def _check(one: Path, other: Path) -> None:
    if one.read_bytes() != other.read_bytes():
        sys.exit(f"{other} is not {one}")


if __name__ == "__main__":
    main()
