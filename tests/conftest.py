"""Every test starts from the same environment: no keys, no proxies, no colours, no way to a hub."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

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


# Machines that run tests are slow and noisy: how long one example takes says nothing.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
