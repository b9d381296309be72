"""A key reaches the model and nothing else: no file, no log, no message, no traceback."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

import satsuma.testing
from satsuma.testing import Faults

if TYPE_CHECKING:
    from tests.acceptance.conftest import Shell

KEY = "sk-planted-Zk7pQ2vX9wLr4TnB8mJc"
MARKS = (KEY.encode(), KEY[3:].encode(), base64.b64encode(KEY.encode())[:-4], KEY[::-1].encode())


def _nowhere(shell: Shell, *texts: str) -> None:
    places = {name: data for name, (_, data) in shell.tree().items()}
    places |= {f"output {i}": text.encode() for i, text in enumerate(texts)}
    for name, data in places.items():
        assert not [mark for mark in MARKS if mark in data], name


def test_a_key_is_in_no_file_and_no_line_of_a_good_run(shell: Shell) -> None:
    with satsuma.testing.serve(key=KEY, faults=Faults(rate=0.1, error=0.1, malformed=0.05)) as server:
        result = shell.run(
            "generate", "tickets.yaml", "-n", 12, "--model", "openai/m", "--base-url", server.url, "-o", "run",
            "--jsonl", "--log", "events.jsonl", env={"OPENAI_API_KEY": KEY},
        )  # fmt: skip
        assert result.returncode == 0, result.stderr
    shown = shell.run("show", "run", env={"OPENAI_API_KEY": KEY})
    models = shell.run("models", env={"OPENAI_API_KEY": KEY})
    assert shown.returncode == models.returncode == 0
    assert (shell.cwd / "events.jsonl").stat().st_size > 0
    _nowhere(shell, *(p.stdout + p.stderr for p in (result, shown, models)))


@pytest.mark.parametrize("fault", ["refused", "redirected into a card", "bug"])
def test_a_key_is_in_no_message_of_a_run_that_fails(shell: Shell, fault: str) -> None:
    env = {"OPENAI_API_KEY": KEY}
    card = "tickets.yaml"
    if fault == "bug":
        (shell.cwd / "sitecustomize.py").write_text(
            "import os, satsuma.session as session\n"
            "def broken(*a, **k): raise RuntimeError('with ' + os.environ['OPENAI_API_KEY'])\n"
            "session.collect = broken\n"
        )
        env["PYTHONPATH"] = f"{shell.cwd}:{shell.sources}"
    if fault == "redirected into a card":
        (shell.cwd / "mine.yaml").write_text((shell.cwd / card).read_text() + f"api_key: {KEY}\n")
        card = "mine.yaml"
    with satsuma.testing.serve(key="another") as server:
        result = shell.run(
            "generate", card, "-n", 4, "--model", "openai/m", "--base-url", server.url, "-o", "run",
            "--log", "events.jsonl", env=env,
        )  # fmt: skip
    assert result.returncode == (1 if fault == "bug" else 2), result.stderr
    assert ("Traceback" in result.stderr) == (fault == "bug")
    (shell.cwd / "mine.yaml").unlink(missing_ok=True)
    _nowhere(shell, result.stdout, result.stderr)
