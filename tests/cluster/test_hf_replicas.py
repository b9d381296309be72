"""A model of transformers as replicas: the replies of the one in this process, on a small random model."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from satsuma.cluster.opening import open_on_ray
from satsuma.llm.request import Reply
from satsuma.settings import Settings
from tests.cluster.conftest import WELL, Nodes
from tests.llm.test_local_hf import SCHEMA, ask_together, make_model, needs_hf, question

pytest.importorskip("ray", reason="not installed (the extra ray)")


@needs_hf
def test_replicas_of_a_model_of_transformers_reply_as_it_does_here(
    nodes: Nodes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nodes.have(WELL, WELL)
    make_model(tmp_path / "tiny")
    requests = [question(f"Number {n}?", SCHEMA if n % 2 else None, max_tokens=20 + n) for n in range(12)]

    async def replies() -> list[Reply]:
        settings = Settings(1, "hf/./tiny", ray=nodes.address, ray_replicas=2)
        provider = open_on_ray("hf/./tiny", "", settings)
        assert provider is not None
        try:
            return [answer.reply for answer in await asyncio.gather(*map(provider.complete, requests))]
        finally:
            await provider.close()

    monkeypatch.chdir(tmp_path)  # where the workers are not
    assert asyncio.run(replies()) == ask_together(tmp_path / "tiny", requests)
