"""Rows that come one by one: the same results in any block, and workers that are replaced and do not stay behind."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from satsuma.datatune.program import Ask, Asked, Attempt, Done, Failed, Irrelevant, Outcome, Program
from satsuma.datatune.program_runs import Programs
from satsuma.datatune.program_samples import Sampler
from satsuma.llm.request import Json

pytest.importorskip("pydantic_monty", reason="the sandbox is an extra: pip install 'satsuma[datatune]'")

ROWS: Sequence[Mapping[str, Json]] = [{"n": n, "word": f"word {n}"} for n in range(200)]

EVERYTHING = Program(
    textwrap.dedent("""
        import random

        seen = []

        def transform(row):
            seen.append(row["n"])
            n = row["n"]
            if n % 10 == 0:
                return None
            if n % 10 == 1:
                return {"word": row["nothing"]}
            if n % 10 == 2:
                return {"word": ask("What is " + row["word"] + "?", options=["this", "that"])}
            if n == 33:
                while True:
                    pass
            choices = [row["word"], sample("word"), sample("word")]
            random.shuffle(choices)
            return {"word": row["word"], "choices": choices, "seen": len(seen), "draw": random.random()}
    """),
    ("word", "choices", "seen", "draw"),
)


def attempt(index: int, answers: Mapping[Ask, str] | None = None) -> Attempt:
    return Attempt(ROWS[index], answers or {}, Sampler(7, index, len(ROWS), ROWS.__getitem__), seed=index)


def outcomes(program: Program, indices: Sequence[int], *, workers: int = 2, together: int = 1000) -> dict[int, Outcome]:
    async def run() -> dict[int, Outcome]:
        found: dict[int, Outcome] = {}
        async with Programs(workers) as programs:
            for first in range(0, len(indices), together):
                some = indices[first : first + together]
                results = await asyncio.gather(*(programs.run(program, attempt(i)) for i in some))
                found |= dict(zip(some, results, strict=True))
        return found

    return asyncio.run(run())


def test_a_row_becomes_the_same_in_any_block_in_any_order_with_any_number_of_workers() -> None:
    forwards = outcomes(EVERYTHING, range(120))
    assert forwards == outcomes(EVERYTHING, range(119, -1, -1), workers=1, together=17)
    alone = [0, 1, 2, 3, 4, 118, 119]
    assert {i: forwards[i] for i in alone} == outcomes(EVERYTHING, alone, workers=1, together=1)
    assert isinstance(forwards[33], Failed)
    assert forwards[33].kind == "time"
    assert forwards[20] == Irrelevant()
    assert forwards[21] == Failed("raised", "line 12: KeyError: 'nothing'")
    assert forwards[22] == Asked((Ask("What is word 22?", ("this", "that")),))
    values = [o.value for o in forwards.values() if isinstance(o, Done)]
    assert {value["seen"] for value in values} == {1}
    assert len({str(value["draw"]) for value in values}) == len(values)


def test_a_row_that_asks_is_run_again_from_its_beginning_with_what_was_answered() -> None:
    text = """
        def transform(row):
            first, second = ask_all([row["word"] + ", first?", row["word"] + ", second?"])
            third = ask(f"{first} and {second}, third?")
            return {"word": third, "n": len(ask_all(["1?", "1?"]))}
    """
    program = Program(textwrap.dedent(text), ("word", "n"))

    async def run() -> tuple[list[tuple[Ask, ...]], Outcome]:
        answers: dict[Ask, str] = {}
        rounds = []
        async with Programs(1) as programs:
            while isinstance(outcome := await programs.run(program, attempt(5, answers)), Asked):
                rounds.append(outcome.questions)
                answers |= {ask: ask.question.removesuffix("?").split(", ")[-1] for ask in outcome.questions}
        return rounds, outcome

    rounds, outcome = asyncio.run(run())
    assert rounds == [
        (Ask("word 5, first?"), Ask("word 5, second?")),
        (Ask("first and second, third?"),),
        (Ask("1?"),),
    ]
    assert outcome == Done({"word": "third", "n": 2})


def test_a_program_that_catches_everything_still_waits_for_its_answer() -> None:
    text = "def transform(row):\n    try: return {'word': ask('?')}\n    except BaseException: return {'word': 'none'}"
    assert outcomes(Program(text, ("word",)), [1]) == {1: Asked((Ask("?"),))}


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ("ask('')", "takes a question"),
        ("ask(3)", "takes a question"),
        ("ask('?', options=['a'])", "two or more"),
        ("ask('?', options=['a', 'a'])", "two or more"),
        ("ask('?', options='ab')", "list of texts"),
        ("ask('x' * 30000)", "at most 20000 characters"),
        ("sample('nothing')", "no such column"),
    ],
)
def test_a_door_says_what_is_wrong_with_a_call(call: str, reason: str) -> None:
    (outcome,) = outcomes(Program(f"def transform(row):\n    {call}", ("word",)), [1]).values()
    assert isinstance(outcome, Failed)
    assert outcome.kind == "raised"
    assert outcome.reason.startswith("line 2: ")
    assert reason in outcome.reason


def test_samples_are_other_rows_never_twice_and_the_same_row_for_every_column() -> None:
    lists = ", ".join(f"'{c}': [sample('{c}') for i in range(20)]" for c in ("word", "n"))
    for index, outcome in outcomes(
        Program(f"def transform(row):\n    return {{{lists}}}", ("word", "n")), range(0, 200, 20)
    ).items():
        assert isinstance(outcome, Done)
        numbers, words = outcome.value["n"], outcome.value["word"]
        assert isinstance(numbers, list)
        assert len({str(n) for n in numbers}) == 20
        assert index not in numbers
        assert words == [f"word {n}" for n in numbers]


def test_samples_come_to_an_end_where_the_rows_do_and_pass_by_what_cannot_be_read() -> None:
    rows = [{"word": "own"}, {"word": "b"}, None, {"word": "c"}]
    text = "def transform(row):\n    return {'word': [sample('word') for i in range(int(row['n']))]}"
    program = Program(text, ("word",))

    async def run(count: int) -> Outcome:
        async with Programs(1) as programs:
            row: Mapping[str, Json] = {"n": count, "word": "own"}
            return await programs.run(program, Attempt(row, sample=Sampler(1, 0, 4, rows.__getitem__)))

    two = asyncio.run(run(2))
    assert isinstance(two, Done)
    assert sorted(map(str, two.value["word"])) == ["b", "c"]  # type: ignore[arg-type]
    three = asyncio.run(run(3))
    assert isinstance(three, Failed)
    assert "no other row is left to draw from" in three.reason


def test_a_program_is_judged_before_its_first_row() -> None:
    async def run() -> list[str | None]:
        async with Programs(1) as programs:
            texts = ["def transform(row", "x = 1", "import os", "def transform(row): return row['x']"]
            found = [await programs.check(Program(text, ("x",))) for text in texts]
            return [None if failed is None else failed.kind for failed in found]

    assert asyncio.run(run()) == ["syntax", "undefined", "forbidden", None]


def children(of: int | str = "self") -> set[int]:
    """Processes of this one, or another, that are there, or were and have not been seen off."""
    tasks = Path(f"/proc/{of}/task").iterdir()
    return {int(pid) for task in tasks for pid in (task / "children").read_text().split()}


def test_a_worker_that_is_killed_is_replaced_and_its_row_run_again_and_none_is_left_behind() -> None:
    before = children()
    slow = Program("def transform(row):\n    for i in range(300000): pass\n    return {'word': row['word']}", ("word",))

    async def run() -> list[Outcome]:
        async with Programs(1) as programs:
            runs = [asyncio.create_task(programs.run(slow, attempt(i))) for i in range(3)]
            await asyncio.sleep(0)
            (worker,) = children() - before
            os.kill(worker, signal.SIGKILL)
            results = await asyncio.gather(*runs)
            assert children() - before != {worker}
            return results

    assert asyncio.run(run()) == [Done({"word": f"word {i}"}) for i in range(3)]
    assert children() == before


def test_leaving_ends_what_waits_and_what_runs() -> None:
    before = children()
    loop = Program("def transform(row):\n    while True: pass", ("word",))

    async def run() -> list[asyncio.Task[Outcome]]:
        async with Programs(1) as programs:
            runs = [asyncio.create_task(programs.run(loop, attempt(i))) for i in range(100)]
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            runs[-1].cancel()
        return runs

    begun = time.monotonic()
    runs = asyncio.run(run())
    assert time.monotonic() - begun < 15
    assert runs[-1].cancelled()
    assert children() == before


CTRL_C = """
import asyncio, sys
from satsuma.datatune.program import Attempt, Program
from satsuma.datatune.program_runs import Programs
from satsuma.door import Interrupts, enter

PROGRAM = Program("def transform(row):\\n    for i in range(1000000): pass\\n    return row", ("n",))

async def job(interrupts):
    finish = asyncio.Event()
    async with Programs(1) as programs:
        with interrupts.answered(finish.set, finish.set):
            running = asyncio.create_task(programs.run(PROGRAM, Attempt({"n": 1})))
            await asyncio.sleep(0)
            print("ready", flush=True)
            await finish.wait()
            print(await running)

enter(job)
"""


def test_ctrl_c_reaches_satsuma_and_not_the_workers() -> None:
    command, pipe = [sys.executable, "-c", CTRL_C], subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (out, err, process.returncode) == ("Done(value={'n': 1})\n", "", 0)


def test_a_satsuma_that_is_killed_leaves_no_worker_that_computes_for_ever() -> None:
    code = CTRL_C.replace("for i in range(1000000): pass", "while True: pass")
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        workers = [os.pidfd_open(pid) for pid in children(process.pid)]
        process.kill()
        assert workers
        for worker in workers:
            ended, _, _ = select.select([worker], [], [], 20)
            os.close(worker)
            assert ended


def test_two_thousand_rows_a_second_are_little() -> None:
    text = """
        import random

        def transform(row):
            choices = [row["word"].title()] + [sample("word") for i in range(3)]
            random.shuffle(choices)
            return {"word": f"{row['n']:,} of {sum([len(c) for c in choices])}", "choices": choices}
    """
    program = Program(textwrap.dedent(text), ("word", "choices"))

    async def run() -> float:
        async with Programs(2) as programs:
            await programs.run(program, attempt(0))
            begun = time.process_time() + children_cpu()
            results = await asyncio.gather(*(programs.run(program, attempt(n % 200)) for n in range(4000)))
            assert all(isinstance(result, Done) for result in results)
            return time.process_time() + children_cpu() - begun

    assert asyncio.run(run()) < 4000 / 2000 * 2  # seconds of CPU that two cores have in this time


def children_cpu() -> float:
    """Seconds of CPU that the living children have used."""
    ticks = 0
    for pid in children():
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")
