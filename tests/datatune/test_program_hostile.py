"""Whatever a program does in its sandbox, each row ends as an outcome, within its limits, and the next one runs."""

from __future__ import annotations

import asyncio
import textwrap
import time
from collections.abc import Iterator, Mapping

import pytest

from satsuma.datatune.program import (
    ASKS,
    MEMORY,
    SAMPLES,
    SECONDS,
    SOURCE,
    Ask,
    Attempt,
    Done,
    Failed,
    Outcome,
    Program,
)
from satsuma.datatune.program_runs import Programs
from satsuma.datatune.program_sandbox import Job, Sandbox
from satsuma.llm.request import Json

pytest.importorskip("pydantic_monty", reason="the sandbox is an extra: pip install 'satsuma[datatune]'")

GOOD = Program("def transform(row):\n    return {'text': row['text'].upper()}", ("text",))
ROW = {"text": "a"}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(1) as opened:
        yield opened


def outcome(sandbox: Sandbox, body: str, answers: Mapping[Ask, str] | None = None) -> Done | Failed:
    """What becomes of one row under a program with this body; then a good program has to run as ever."""
    text = body if "def transform" in body else "def transform(row):\n" + textwrap.indent(body, "    ")
    begun = time.monotonic()
    (result,) = sandbox.run(Program(text, ("text",)), [Job(Attempt(ROW, answers or {}), {}, set())])
    assert time.monotonic() - begun < SECONDS + 5
    assert sandbox.run(GOOD, [Job(Attempt(ROW), {}, set())]) == [Done({"text": "A"})]
    assert isinstance(result, Done | Failed)
    return result


LOOPS = {
    "a loop": "while True: pass",
    "a loop that catches everything": "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
    "a loop in the module": "while True: pass\ndef transform(row): return None",
    "a sum": "return {'text': sum(range(10 ** 13))}",
    "asking and catching": "while True:\n    try: ask('?')\n    except BaseException: pass",
}
MEMORIES = {
    "a list": "x = [0] * 10 ** 10",
    "a text": "x = 'a'\nwhile True: x += x",
    "a number": "x = 9 ** 9 ** 9",
    "many small things": "x = []\nwhile True: x.append('abc' * 100)",
    "a joined text": "return {'text': ','.join(['a' * 1000] * 10 ** 6)}",
    "a format": "return {'text': f'{1:>1000000000}'}",
    "a result of 50 MB": "return {'text': 'a' * 50_000_000}",
    "an exception's message": "raise ValueError('x' * 10 ** 9)",
}
FORBIDDEN = {
    "os": "import os\ndef transform(row): return {'text': os.getcwd()}",
    "os, inside": "import os\nreturn None",
    "os, from": "from os import path\nreturn None",
    "os, behind a semicolon": "x = 1; import os\nreturn None",
    "os, behind a comma": "import math, os as o\nreturn None",
    "os, over two lines": "from os \\\n  import path\nreturn None",
    "subprocess": "import subprocess",
    "sys": "import sys",
    "a package's neighbour": "from . import x",
    "open": "return {'text': open('/etc/passwd').read()}",
    "open for writing": "open('x', 'w').write('x')",
    "exec": "exec('import os')",
    "eval": "return {'text': eval('1')}",
    "__import__": "return {'text': __import__('os').getcwd()}",
    "__builtins__": "return {'text': str(__builtins__)}",
    "the class of a tuple": "return {'text': str(().__class__.__mro__[1].__subclasses__())}",
    "the class, by getattr": "return {'text': str(getattr((), '__class__'))}",
    "the class, by a format": "return {'text': '{0.__class__}'.format(1)}",
    "the globals of a function": "return {'text': str(ask.__globals__)}",
    "the code of a function": "return {'text': str(transform.__code__)}",
    "what a door holds": "return {'text': str(ask.__closure__)}",
    "globals": "return {'text': str(globals())}",
    "input": "return {'text': input()}",
}
RESULTS = {
    "a list": "return [1]",
    "a text": "return 'x'",
    "an empty dict": "return {}",
    "an unknown field": "return {'text': 'x', 'other': 'y'}",
    "a field that is no text": "return {1: 'x'}",
    "NaN": "return {'text': float('nan')}",
    "infinity": "return {'text': [float('inf')]}",
    "bytes": "return {'text': b'\\xff\\xfe'}",
    "a set": "return {'text': {1, 2}}",
    "a function": "return {'text': transform}",
    "a class": "class A:\n    pass\nreturn {'text': A()}",
    "a circle": "x = []\nx.append(x)\nreturn {'text': x}",
    "a depth": "x = []\nfor i in range(100000): x = [x]\nreturn {'text': x}",
    "a huge number": "return {'text': 10 ** 30}",
    "a number of many digits": "return {'text': 10 ** 5000}",
    "a million characters": "return {'text': 'a' * 2_000_000}",
}


@pytest.mark.parametrize("body", LOOPS.values(), ids=LOOPS)
def test_a_program_without_end_is_ended(sandbox: Sandbox, body: str) -> None:
    assert outcome(sandbox, body) == Failed("time", f"it computes for more than {SECONDS:g} s")


@pytest.mark.parametrize("body", MEMORIES.values(), ids=MEMORIES)
def test_a_program_cannot_take_more_memory_than_it_may(sandbox: Sandbox, body: str) -> None:
    assert outcome(sandbox, body) == Failed("memory", f"it holds more than {MEMORY >> 20} MB")


@pytest.mark.parametrize("body", FORBIDDEN.values(), ids=FORBIDDEN)
def test_a_program_finds_no_way_out(sandbox: Sandbox, body: str) -> None:
    result = outcome(sandbox, body)
    assert isinstance(result, Failed)
    assert result.kind == "forbidden", result


@pytest.mark.parametrize("body", RESULTS.values(), ids=RESULTS)
def test_what_is_no_dict_of_data_is_no_result(sandbox: Sandbox, body: str) -> None:
    result = outcome(sandbox, body)
    assert isinstance(result, Failed)
    assert result.kind == "result", result
    assert len(result.reason) < 400


def test_lists_that_share_their_elements_do_not_unfold_out_here(sandbox: Sandbox) -> None:
    result = outcome(sandbox, "x = []\nfor i in range(12): x = [x] * 10\nreturn {'text': x}")
    assert isinstance(result, Failed)
    assert result.kind in ("memory", "time"), result


def test_recursion_ends(sandbox: Sandbox) -> None:
    result = outcome(sandbox, "def f(x): return f(x)\nreturn f(1)")
    assert isinstance(result, Failed)
    assert result.kind == "recursion"


@pytest.mark.parametrize("catch", ["Exception", "BaseException"])
def test_ten_thousand_questions_are_too_many_even_if_all_are_answered(sandbox: Sandbox, catch: str) -> None:
    body = f"for i in range(10000):\n    try: ask('?')\n    except {catch}: pass\nreturn {{'text': 'done'}}"
    expected = Failed("asks", f"more than {ASKS} questions for one row")
    assert outcome(sandbox, body, {Ask("?"): "yes"}) == expected
    assert outcome(sandbox, "ask_all(['?'] * 10000)", {Ask("?"): "yes"}) == expected


def test_too_many_samples_end_the_row() -> None:
    program = Program("def transform(row):\n    while sample('text'): pass", ("text",))

    async def run() -> Outcome:
        async with Programs(1) as programs:
            return await programs.run(program, Attempt(ROW, sample=lambda column, draw: f"{column} {draw}"))

    assert asyncio.run(run()) == Failed("samples", f"more than {SAMPLES} values of other rows for one row")


def test_what_is_printed_goes_nowhere(sandbox: Sandbox, capfd: pytest.CaptureFixture[str]) -> None:
    body = "for i in range(100000): print('x' * 1000)\nreturn {'text': 'done'}"
    assert outcome(sandbox, body) == Done({"text": "done"})
    assert outcome(sandbox, MEMORIES["a result of 50 MB"]) == Failed("memory", f"it holds more than {MEMORY >> 20} MB")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("pattern", ["(a+)+$", "(x+x+)+y", r"(.*a){20}\\1", r"(\\w+\\s?)*\\1$"])
def test_a_catastrophic_pattern_ends(sandbox: Sandbox, pattern: str) -> None:
    body = f"import re\nre.search(r'{pattern}', 'a' * 5000 + 'b')\nreturn {{'text': 'done'}}"
    result = outcome(sandbox, body)
    assert isinstance(result, Done) or result.kind in ("raised", "time")


def test_what_a_row_becomes_inside_is_not_what_it_is_outside(sandbox: Sandbox) -> None:
    row: dict[str, Json] = {"text": "a", "list": [1]}
    text = "def transform(row):\n    row['text'] = 'b'\n    row['list'].append(2)\n    return row"
    program = Program(text, ("text", "list"))
    (result,) = sandbox.run(program, [Job(Attempt(row), {}, set())])
    assert result == Done({"text": "b", "list": [1, 2]})
    assert row == {"text": "a", "list": [1]}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("def transform(row:", "SyntaxError"),
        ("(" * 20000, "SyntaxError"),
        ("-" * 40000 + "1", "SyntaxError"),
        ("def transform(row):\n    yield 1", "does not yet support yield"),
        ("#" * (SOURCE + 1), f"at most {SOURCE:,} are run"),
    ],
)
def test_a_text_that_is_no_program_is_refused_before_any_row(sandbox: Sandbox, text: str, reason: str) -> None:
    (result,) = sandbox.run(Program(text, ("text",)), [Job(Attempt(ROW), {}, set())])
    assert isinstance(result, Failed)
    assert result.kind == "syntax"
    assert reason in result.reason


@pytest.mark.parametrize("text", ["", "x = 1", "class Transform:\n    pass"])
def test_without_transform_there_is_nothing_to_run(sandbox: Sandbox, text: str) -> None:
    (result,) = sandbox.run(Program(text, ("text",)), [Job(Attempt(ROW), {}, set())])
    assert result == Failed("undefined", "it defines no function transform(row)")


@pytest.mark.parametrize(
    "text", ["transform = 3", "def transform(): return {}", "async def transform(row): return row"]
)
def test_a_transform_that_cannot_be_called_with_a_row_fails(sandbox: Sandbox, text: str) -> None:
    (result,) = sandbox.run(Program(text, ("text",)), [Job(Attempt(ROW), {}, set())])
    assert isinstance(result, Failed)
    assert result.kind in ("raised", "result"), result


def test_a_reason_names_the_line_and_is_short(sandbox: Sandbox) -> None:
    text = "import math\n\ndef other(row):\n    return row['nothing']\n\ndef transform(row):\n    return other(row)\n"
    (result,) = sandbox.run(Program(text, ("text",)), [Job(Attempt(ROW), {}, set())])
    assert result == Failed("raised", "line 4: KeyError: 'nothing'")
    result = outcome(sandbox, "raise ValueError('x' * 100000)")
    assert isinstance(result, Failed)
    assert len(result.reason) < 400


def test_a_row_of_50_mb_or_with_half_a_character_is_the_rows_failure(sandbox: Sandbox) -> None:
    huge, broken = Attempt({"text": "x" * 50_000_000}), Attempt({"text": "a\ud800"})
    results = sandbox.run(GOOD, [Job(a, {}, set()) for a in (Attempt(ROW), huge, broken, Attempt(ROW))])
    kinds = [r.kind if isinstance(r, Failed) else r for r in results]
    assert kinds == [Done({"text": "A"}), "memory", "result", Done({"text": "A"})]
