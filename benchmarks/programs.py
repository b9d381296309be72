"""How fast plans that are programs run in their sandbox, beside the same function in plain CPython.

Rows come through the ordered stream, one task each, as a transformation runs them; the sandbox has a worker per core.
The floor calls the same function in a loop in this process, with nothing around it. `python -m benchmarks.programs
[ROWS]` prints rows per second, and the CPU time per row of this process and of the workers.
"""

from __future__ import annotations

import asyncio
import random
import resource
import sys
import textwrap
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import aclosing

from satsuma import chance
from satsuma.datatune.program import Attempt, Done, Outcome, Program
from satsuma.datatune.program_runs import Programs
from satsuma.datatune.program_samples import Sampler
from satsuma.llm.request import Json
from satsuma.stream import END, End, ordered

WINDOW = 256
SEED = 7

PROGRAMS = {
    "formatting": """
        def transform(row):
            context = row["context"].strip()
            return {"question": context + " " + row["question"].capitalize(), "answer": row["answer"].title()}
        """,
    "selection": """
        import re

        def transform(row):
            words = re.findall(r"[A-Za-z]+", row["context"])
            if len(words) % 7 == 0:
                return None
            return {"question": "Which is longest?", "answer": max(words, key=len), "words": words[:5]}
        """,
    "distractors": """
        import random

        def transform(row):
            choices = [row["answer"]]
            while len(choices) < 4:
                other = sample("answer")
                if other not in choices:
                    choices.append(other)
            random.shuffle(choices)
            return {"question": row["question"], "choices": choices, "answer": "ABCD"[choices.index(row["answer"])]}
        """,
    "arithmetic": """
        def transform(row):
            a, b = row["a"], row["b"]
            total = sum([(a * i + b) % 97 for i in range(20)])
            return {"question": f"What is {a} * {b} + {total}?", "answer": a * b + total}
        """,
}


def rows(count: int) -> list[Mapping[str, Json]]:
    """Rows of about 400 characters."""
    return [
        {
            "context": f"In the year {1000 + n} a town of {n * 7} people stood by the river. " * 4,
            "question": f"how many people lived there in {1000 + n}?",
            "answer": f"{n * 7} people",
            "a": n % 113,
            "b": n % 71,
        }
        for n in range(count)
    ]


def plain(text: str, table: Sequence[Mapping[str, Json]]) -> float:
    """Rows per second in this process."""
    samplers: list[Callable[[str], Json]] = []

    def sample(column: str) -> Json:
        return samplers[-1](column)

    names: dict[str, object] = {"sample": sample}
    exec(text, names)
    transform = names["transform"]
    assert callable(transform)
    begun = time.perf_counter()
    for index, row in enumerate(table):
        draws = iter(range(100))
        sampler = Sampler(SEED, index, len(table), table.__getitem__)
        samplers[:] = [lambda column, sampler=sampler, draws=draws: sampler(column, next(draws))]  # type: ignore[misc]
        random.seed(index)
        transform(row)
    return len(table) / (time.perf_counter() - begun)


async def sandboxed(text: str, table: Sequence[Mapping[str, Json]]) -> tuple[float, float]:
    """Rows per second through the stream and the sandbox, and this process's CPU microseconds per row."""
    program = Program(text, ("question", "answer", "choices", "words"))

    async def one(index: int) -> Outcome:
        sampler = Sampler(SEED, index, len(table), table.__getitem__)
        return await programs.run(program, Attempt(table[index], {}, sampler, chance.number(SEED, "row", index)))

    def make(index: int) -> Coroutine[object, object, Outcome | End]:
        return one(index) if index < len(table) else ended()

    async def ended() -> End:
        return END

    async with Programs() as programs:
        assert isinstance(await one(1), Done)
        begun, cpu = time.perf_counter(), time.process_time()
        async with aclosing(ordered(make, lambda: WINDOW)) as stream:
            async for _ in stream:
                pass
        seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
    return len(table) / seconds, cpu / len(table) * 1e6


def main() -> None:
    """Print the table."""
    table = rows(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
    print("| program | CPython rows/s | sandbox rows/s | CPU µs/row here | CPU µs/row in the workers |")
    print("|---|---|---|---|---|")
    for name, text in PROGRAMS.items():
        program = textwrap.dedent(text)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        ours, cpu = asyncio.run(sandboxed(program, table))
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        inside = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / len(table) * 1e6
        print(f"| {name} | {plain(program, table):,.0f} | {ours:,.0f} | {cpu:.0f} | {inside:.0f} |", flush=True)


if __name__ == "__main__":
    main()
