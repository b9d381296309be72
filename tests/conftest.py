"""Every test starts from the same environment: no keys, no proxies, no colours, no way to a hub.

The command line can be called in this process.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

Call = Callable[..., "subprocess.CompletedProcess[str]"]

SECRETIVE = ("_API_KEY", "_TOKEN", "_PROXY", "_BASE_URL")
"""Endings of variables that would let a test reach, or pass because of, something outside of it."""


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the tests and the processes they start see, whoever runs them."""
    for name in list(os.environ):
        if name.upper().endswith(SECRETIVE) or name in {"FORCE_COLOR", "CLICOLOR_FORCE", "OLLAMA_HOST"}:
            monkeypatch.delenv(name)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Call:
    """Calls `satsuma` with these arguments, in a directory of its own."""
    from satsuma.cli.main import main

    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        monkeypatch.setattr(sys, "argv", ["satsuma", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
        printed = capsys.readouterr()
        assert isinstance(left.value.code, int)
        return subprocess.CompletedProcess(sys.argv, left.value.code, printed.out, printed.err)

    return run


# Machines that run tests are slow and noisy: how long one example takes says nothing.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
