"""Weights are believed only as far as the file bears them out."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from satsuma.embedding.weights import read_weights
from satsuma.errors import ModelError
from tests.tiny_checkpoint import write_safetensors


def written(path: Path, header: object, data: bytes = b"\0" * 16) -> Path:
    said = json.dumps(header).encode()
    path.write_bytes(len(said).to_bytes(8, "little") + said + data)
    return path


def test_tensors_come_back_as_they_were(tmp_path: Path) -> None:
    tensors = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.array([1.5], dtype=np.float32)}
    write_safetensors(tmp_path / "w", tensors)
    found = read_weights(tmp_path / "w")
    assert {name: value.tolist() for name, value in found.items()} == {"a": [[0, 1, 2], [3, 4, 5]], "b": [1.5]}


def test_half_precision_is_widened_and_other_types_are_left_out(tmp_path: Path) -> None:
    header = {
        "half": {"dtype": "F16", "shape": [2], "data_offsets": [0, 4]},
        "whole": {"dtype": "I64", "shape": [1], "data_offsets": [4, 12]},
    }
    found = read_weights(written(tmp_path / "w", header, np.array([1, 2], dtype="<f2").tobytes() + b"\0" * 8))
    assert list(found) == ["half"]
    assert found["half"].tolist() == [1.0, 2.0]
    assert found["half"].dtype == np.float32


@pytest.mark.parametrize(
    "said",
    [
        {"dtype": "F32", "shape": [4], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [8], "data_offsets": [0, 32]},
        {"dtype": "F32", "shape": [-2], "data_offsets": [8, 0]},
        {"dtype": "F32", "shape": ["2"], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [10**12], "data_offsets": [0, 4 * 10**12]},
        {"dtype": "F32", "shape": [2]},
    ],
)
def test_a_header_that_promises_what_is_not_there_is_refused(tmp_path: Path, said: dict[str, object]) -> None:
    with pytest.raises(ModelError, match="does not hold lie"):
        read_weights(written(tmp_path / "w", {"lie": said}))


@pytest.mark.parametrize("content", [b"", b"short", b"\xff" * 64, (10).to_bytes(8, "little") + b"not json!!"])
def test_what_is_no_such_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "w").write_bytes(content)
    with pytest.raises(ModelError):
        read_weights(tmp_path / "w")
