"""A machine of the cluster on which satsuma is not installed."""

from __future__ import annotations

from pathlib import Path

import pytest

import satsuma
from satsuma.errors import ModelError
from tests.cluster.conftest import Nodes

pytest.importorskip("ray", reason="not installed (the extra ray)")


def test_a_worker_without_satsuma_says_so(nodes: Nodes, tmp_path: Path) -> None:
    (tmp_path / "satsuma.py").write_text('raise ModuleNotFoundError("No module named \'satsuma\'", name="satsuma")\n')
    nodes.have({"PYTHONPATH": str(tmp_path)})
    with pytest.raises(ModelError, match="satsuma is not installed there") as wrong:
        satsuma.generate("tickets.yaml", n=2, model="teller/it-5ms", out="run", ray=nodes.address)
    assert "pip install 'satsuma[ray]==" in wrong.value.hint
