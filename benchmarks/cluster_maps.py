"""What Ray costs the driver in maps over rows, and what it takes off it: programs of plans, MinHash signatures.

python -m benchmarks.cluster_maps        # needs satsuma[ray,curate,datatune]

Each is done in this process and by Ray on this machine, with the same results. CPU time is this process's, all threads.
What remains to the driver bounds the rows a second on any number of machines, so it says from which time a row on the
cluster pays.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from satsuma.cluster.joining import joined
from satsuma.cluster.programs import programs_on
from satsuma.curation.minhash import signed
from satsuma.datatune.program import Attempt, Outcome, Program
from satsuma.datatune.program_runs import Programs

PROGRAM = Program(
    'def transform(row):\n    words = row["text"].split()\n    return {"x": " ".join(words[:10]) + str(len(words))}\n',
    ("x",),
)
ROWS, TEXTS = 10_000, 20_000
WORDS = [
    a + b + c for a in ("ba", "do", "fe", "li", "mu") for b in ("ber", "dul", "gan", "lo") for c in ("", "s", "er")
]


def text(draw: random.Random, count: int) -> str:
    """A text of so many words."""
    return " ".join(draw.choices(WORDS, k=count))


def ran(opened: AbstractAsyncContextManager[Programs], attempts: list[Attempt]) -> tuple[list[Outcome], float, float]:
    """What becomes of rows, the seconds and the CPU seconds that it took once the workers were up."""

    async def run() -> tuple[list[Outcome], float, float]:
        async with opened as programs:
            await asyncio.gather(*(programs.run(PROGRAM, attempt) for attempt in attempts[:256]))
            return await timed(lambda: asyncio.gather(*(programs.run(PROGRAM, attempt) for attempt in attempts)))

    async def timed(work: Callable[[], asyncio.Future[list[Outcome]]]) -> tuple[list[Outcome], float, float]:
        began, busy = time.perf_counter(), time.process_time()
        made = await work()
        return made, time.perf_counter() - began, time.process_time() - busy

    return asyncio.run(run())


def signing(texts: list[str], ray: str) -> tuple[list[object], float, float]:
    """The digests of texts, the seconds and the CPU seconds that they took once the workers were up."""
    if ray:
        list(signed(texts[:4000], 1, ray))
    began, busy = time.perf_counter(), time.process_time()
    made = list(signed(texts, 1, ray))
    taken = time.perf_counter() - began, time.process_time() - busy
    return [one.digest() if one else None for one in made], *taken


def tell(name: str, here: tuple[object, float, float], there: tuple[object, float, float], count: int) -> None:
    """A line of the table."""
    if here[0] != there[0]:
        sys.exit(f"{name}: Ray's results are others")
    each = (f"{1e6 * here[2] / count:.0f}", f"{1e6 * there[2] / count:.0f}")
    print(f"| {name} | {' | '.join(each)} | {count / here[1]:,.0f} | {count / there[1]:,.0f} |", flush=True)


def main() -> None:
    """Measure, and print a table."""
    draw = random.Random(1)
    attempts = [Attempt({"text": text(draw, 60), "n": number}, seed=number) for number in range(ROWS)]
    print("| map | CPU µs a row here | driver CPU µs a row with Ray | rows/s here | rows/s with Ray |")
    print("|---|---|---|---|---|")
    with joined("local"):
        tell("a program", ran(Programs(2), attempts), ran(programs_on("local"), attempts), ROWS)
        for words in (30, 150):
            texts = [text(draw, words) for _ in range(TEXTS)]
            tell(f"signatures of {words} words", signing(texts, ""), signing(texts, "local"), TEXTS)


if __name__ == "__main__":
    main()
