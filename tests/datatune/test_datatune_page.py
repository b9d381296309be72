"""docs/datatune.md says what is there."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

import pytest

from satsuma.datatune import program as limit
from satsuma.datatune.program import Ask, Asked, Attempt, Done, FailureKind, Irrelevant, Outcome, Program
from satsuma.datatune.program_runs import Programs
from satsuma.datatune.program_source import MODULES
from satsuma.llm.request import Json
from satsuma.sources import jsonrows, rows, show, source
from satsuma.sources.places import SUFFIXES

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "datatune.md").read_text("utf-8")
(EXAMPLE,) = re.findall(r"^```python\n(import random\n.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def test_the_page_has_every_limit_as_it_is() -> None:
    table = PAGE[PAGE.index("### Limits") : PAGE.index("Further kinds")]
    for number in (limit.DEPTH, limit.ASKS, limit.SAMPLES, limit.QUESTION, limit.RESULT, limit.SOURCE):
        assert f"{number:,}" in table, number
    assert f"| {limit.SECONDS:g} s |" in table
    assert f"| {limit.MEMORY >> 20} MB |" in table
    for number in (source.ROWS, show.CELL_TOKENS, show.ROW_TOKENS):
        assert f"{number:,}" in PAGE, number
    for size in (rows.ROW_BYTES, jsonrows.WHOLE):
        assert f"{size >> 20} MB" in PAGE, size
    assert f"{source.BYTES >> 30} GB" in PAGE


def test_the_page_has_every_kind_of_failure_every_module_and_every_suffix() -> None:
    told = set(re.findall(r"`([^`\n]+)`", PAGE))
    assert set(get_args(FailureKind)) <= told
    assert set(SUFFIXES) <= told
    imports = PAGE[PAGE.index("What can be imported") : PAGE.index("The\ninterpreter")]
    assert set(re.findall(r"`(\w+)`", imports)) == MODULES - {"__future__"}


def test_the_program_of_the_page_runs() -> None:
    pytest.importorskip("pydantic_monty", reason="the sandbox is an extra: pip install 'satsuma[datatune]'")
    row: Mapping[str, Json] = {"ask_for": "cause", "premise": "The ground was wet."}
    question = Ask("Is this sentence about people or about things? The ground was wet.", ("people", "things"))

    async def run() -> list[Outcome]:
        program = Program(EXAMPLE, ("choices", "answer", "style"))
        async with Programs(1) as programs:
            return [
                await programs.run(program, Attempt({"ask_for": "effect", "premise": ""})),
                await programs.run(program, Attempt(row, sample=lambda *_: "It rained.")),
                await programs.run(program, Attempt(row, {question: "things"}, lambda *_: "It rained.", seed=1)),
            ]

    irrelevant, asked, done = asyncio.run(run())
    assert irrelevant == Irrelevant()
    assert asked == Asked((question,))
    assert isinstance(done, Done)
    choices, answer = done.value["choices"], done.value["answer"]
    assert isinstance(choices, list)
    assert isinstance(answer, int)
    assert sorted(map(str, choices)) == ["It rained.", "The ground was wet."]
    assert choices[answer] == "The ground was wet."
    assert done.value["style"] == "things"
