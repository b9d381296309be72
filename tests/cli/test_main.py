"""The command line as a whole: help, version, errors, pipes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import satsuma
from satsuma.errors import CardError, RunError, SatsumaError, Waiting
from tests.conftest import Call

COMMANDS = ["generate", "tasks", "tasks show", "check", "models", "show", "demo"]


def raising(error: BaseException) -> Callable[..., None]:
    """A function that raises."""

    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_every_command_has_help(call: Call, command: str) -> None:
    result = call(*command.split(), "--help")
    assert result.returncode == 0
    assert f"Usage: satsuma{f' {command}' if command else ''}" in result.stdout


def test_help_names_every_command(call: Call) -> None:
    out = call("--help").stdout
    assert all(f"\n  {command.split()[0]} " in out for command in COMMANDS)


def test_version(call: Call) -> None:
    assert call("--version").stdout == f"satsuma {satsuma.__version__}\n"


def test_a_mistyped_command_or_option_exits_2_and_names_what_was_meant(call: Call) -> None:
    wrong = call("genrate")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "generate" in wrong.stderr
    assert "--concurency" in call("generate", "copa", "-n", "3", "--concurency", "3").stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["generate", "copa", "-n", "many"], "Invalid value for '-n' / '--n': 'many' is not a whole number"),
        (["generate", "copa", "-n", "2", "--tries", "1.5"], "Invalid value for '--tries': '1.5' is not a whole number"),
        (["generate", "copa", "-n", "2", "--rpm", "x"], "Invalid value for '--rpm': 'x' is not a number"),
        (["generate", "copa", "-n", "2", "--policy", "x"], "'x' is not one of 'relabel', 'drop', 'keep'"),
        (["show", "run", "--instances", "-1"], "Invalid value for '--instances': -1 is less than 0"),
    ],
)
def test_a_value_that_an_option_cannot_have_is_told_in_plain_words(call: Call, arguments: list[str], said: str) -> None:
    wrong = call(*arguments)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert said in wrong.stderr
    assert "Input should" not in wrong.stderr
    assert "Value error" not in wrong.stderr


@pytest.mark.parametrize(
    ("error", "lines"),
    [
        (RunError("runs/x is in use by process 7", "Wait."), ["error: runs/x is in use by process 7", "Wait."]),
        (SatsumaError("bad"), ["error: bad"]),
        (CardError("a.yaml:3: task: missing", ""), ["a.yaml:3: task: missing"]),
        (Waiting("40 answers are open", "Put them there."),
         ["stopped: 40 answers are open", "Put them there.", "Go on with: satsuma models"]),
    ],
)  # fmt: skip
def test_an_error_is_its_lines_and_its_exit_code(
    call: Call, monkeypatch: pytest.MonkeyPatch, error: SatsumaError, lines: list[str]
) -> None:
    monkeypatch.setattr("satsuma.llm.models.list_models", raising(error))
    result = call("models")
    assert result.stderr.splitlines() == lines
    assert (result.returncode, result.stdout) == (error.exit_code, "")


def test_an_error_is_shown_without_keys_and_without_escape_sequences(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "planted-Secret-123")
    monkeypatch.setattr(
        "satsuma.llm.models.list_models", raising(SatsumaError("\x1b[2J key planted-Secret-123 is wrong [red]"))
    )
    assert call("models").stderr == "error: \\x1b[2J key [redacted] is wrong [red]\n"


def test_a_bug_shows_its_traceback_without_keys(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "planted-Secret-123")
    monkeypatch.setattr("satsuma.llm.models.list_models", raising(ZeroDivisionError("planted-Secret-123")))
    result = call("models")
    assert result.returncode == 1
    assert "Traceback" in result.stderr
    assert "ZeroDivisionError: [redacted]" in result.stderr
    assert "planted" not in result.stderr


def test_a_reader_that_goes_away_makes_no_noise(tmp_path: Path) -> None:
    code = "import sys; sys.argv = ['satsuma', 'tasks', 'show', 'copa']; from satsuma.cli.main import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait() == 1


def test_python_m_satsuma_is_the_same_command(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "satsuma"]
    done = subprocess.run([*command, "--version"], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert done.stdout == f"satsuma {satsuma.__version__}\n"
    help_ = subprocess.run([*command, "show", "--help"], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert help_.stdout.startswith("Usage: satsuma show ")
    wrong = subprocess.run([*command, "show"], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert "Try 'satsuma show --help' for help." in wrong.stderr
