"""What a training gets of a cluster, and what it cannot ask for."""

from __future__ import annotations

from pathlib import Path

import pytest

import satsuma
from satsuma.cluster.sizing import Machine, Seat, largest, seat
from satsuma.errors import SettingsError


def test_a_training_gets_a_gpu_or_all_cpus_of_the_largest_machine() -> None:
    small, large, gpus = Machine("a", 2.0, 0.0), Machine("b", 8.0, 0.0), Machine("c", 4.0, 2.0)
    assert seat("auto", [small, gpus, large]) == Seat(0.1, 1)
    assert seat("cpu", [small, gpus, large]) == Seat(8.0)
    assert seat("auto", [small, large], quantize=False) == Seat(8.0)
    assert largest([Machine("head", 0.0, 0.0)]) == Seat(1.0)
    assert largest([Machine("half", 0.5, 0.0)]) == Seat(0.5)


@pytest.mark.parametrize("device", ["cuda:1", "mps"])
def test_a_device_that_only_a_machine_of_ones_own_has_is_refused(device: str, tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="not installed (the extra ray)")
    with pytest.raises(SettingsError, match=f"--device {device} makes no sense with --ray"):
        satsuma.train(tmp_path / "nothing.jsonl", out=tmp_path / "student", ray="127.0.0.1:1", device=device)
