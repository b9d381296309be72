"""Programs of plans on a cluster of two nodes: every row becomes what it becomes without one, whatever dies."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from satsuma.datatune.program import Ask, Asked, Attempt, Done, Failed, Irrelevant, Outcome, Program
from satsuma.datatune.program_runs import Programs
from satsuma.datatune.program_sandbox import Job, Wants
from satsuma.llm.request import Json
from tests.cluster.conftest import WELL, Nodes
from tests.datatune.test_transform import files, folder, model, rows, transformed

pytest.importorskip("ray", reason="not installed (the extra ray)")
pytest.importorskip("pydantic_monty", reason="the sandbox is an extra: pip install 'satsuma[datatune]'")

TEXT = """
import random
def transform(row):
    n = row["n"]
    busy = sum([i for i in range(60000)])
    if n % 7 == 0:
        return None
    if n % 11 == 0:
        return {"x": ask("Is " + str(n) + " many?", ["yes", "no"])}
    if n % 13 == 0:
        raise ValueError("no " + str(n))
    return {"x": str(n) + sample("n") + sample("n") + str(random.random())}
"""
PROGRAM = Program(TEXT, ("x",))


def drawn(column: str, number: int) -> Json:
    return f" {column}{number}"


ATTEMPTS = [Attempt({"n": n}, sample=drawn, seed=n) for n in range(1, 301)]


def outcomes(opened: AbstractAsyncContextManager[Programs], then: Callable[[], None] = lambda: None) -> list[Outcome]:
    """What becomes of all rows. then: done when the first row has become something, and others are under way."""

    async def run() -> list[Outcome]:
        async with opened as programs:
            running = [asyncio.create_task(programs.run(PROGRAM, attempt)) for attempt in ATTEMPTS]
            await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            then()
            return await asyncio.gather(*running)

    return asyncio.run(run())


@pytest.fixture(scope="module")
def here() -> list[Outcome]:
    """Without a cluster."""
    made = outcomes(Programs(2))
    assert {type(outcome) for outcome in made} == {Done, Irrelevant, Asked, Failed}
    assert made[10] == Asked((Ask("Is 11 many?", ("yes", "no")),))
    return made


def test_rows_become_on_two_nodes_what_they_become_here(nodes: Nodes, here: list[Outcome]) -> None:
    from satsuma.cluster.programs import programs_on

    nodes.have(WELL, WELL)
    assert outcomes(programs_on(nodes.address)) == here


def test_killed_workers_change_nothing(nodes: Nodes, here: list[Outcome]) -> None:
    from satsuma.cluster.programs import programs_on

    killed: list[int] = []

    def kill() -> None:
        killed.extend(nodes.working("done"))
        for process in killed:
            os.kill(process, signal.SIGKILL)

    nodes.have(WELL, WELL)
    assert outcomes(programs_on(nodes.address), kill) == here
    assert killed


def test_a_killed_node_changes_nothing(nodes: Nodes, here: list[Outcome]) -> None:
    from satsuma.cluster.programs import programs_on

    nodes.have(WELL, WELL)
    assert outcomes(programs_on(nodes.address), lambda: nodes.kill(0)) == here


def test_a_transformation_by_a_program_has_the_bytes_of_the_one_without_a_cluster(
    nodes: Nodes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from satsuma.cluster.programs import ClusterSandbox

    sent: list[int] = []
    run_there = ClusterSandbox.run

    def counted(sandbox: ClusterSandbox, program: Program, jobs: Sequence[Job]) -> list[Outcome | Wants]:
        sent.append(len(jobs))
        return run_there(sandbox, program, jobs)

    monkeypatch.setattr(ClusterSandbox, "run", counted)
    nodes.have(WELL, WELL)
    shop = folder(tmp_path, "shop", rows(500, "shop"))
    made = []
    for out, options in (("here", {}), ("there", {"ray": nodes.address})):
        with model() as server:
            run = transformed(server, tmp_path / out, [shop], n=300, execute="program", **options)
        made.append((files(run), run.state.transformed))
    assert made[0] == made[1]
    assert sum(sent) > 300
    assert made[0][1] is not None
    assert [use.by for use in made[0][1].datasets] == ["program"]
