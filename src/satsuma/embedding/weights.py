"""Weights from a safetensors file, mapped and not read: what a forward pass does not touch stays on the disk.

The format is eight bytes that say how long the header is, a header in JSON (name → type, shape, first and last byte),
and the numbers. Everything that the header says is checked against the file before it is believed.

Source: https://github.com/huggingface/safetensors#format. Not covered: types other than float32 and float16 (they are
left out), writing.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np

from satsuma.embedding.embedder import Floats
from satsuma.errors import ModelError

MAX_HEADER = 100_000_000
"""Bytes; the limit that the format itself sets."""
_TYPES = {"F32": np.dtype("<f4"), "F16": np.dtype("<f2")}
_AGAIN = "Install the package that it came with again."


def read_weights(path: Path) -> dict[str, Floats]:
    """The tensors of floating point numbers, as float32.

    Raises:
        ModelError: the file is cut off or does not hold what it says.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 2 <= length <= min(MAX_HEADER, size - 8):
            raise ModelError(f"{path} is not a safetensors file, or it is cut off", _AGAIN)
        try:
            header = json.loads(file.read(length))
        except ValueError:
            header = None
    if not isinstance(header, dict):
        raise ModelError(f"{path} has a damaged header", _AGAIN)
    data = np.memmap(path, dtype=np.uint8, mode="r", offset=8 + length) if size > 8 + length else np.zeros(0, np.uint8)
    found = {name: _tensor(data, said) for name, said in header.items() if _is_wanted(said)}
    if damaged := sorted(name for name, tensor in found.items() if tensor is None):
        raise ModelError(f"{path} does not hold {damaged[0]}, which its header promises", _AGAIN)
    return {name: tensor for name, tensor in found.items() if tensor is not None}


def _is_wanted(said: object) -> bool:
    return isinstance(said, dict) and said.get("dtype") in _TYPES


def _tensor(data: Floats, said: dict[str, object]) -> Floats | None:
    match said:
        case {"dtype": str(kind), "shape": [*shape], "data_offsets": [int(first), int(last)]}:
            pass
        case _:
            return None
    dtype = _TYPES[kind]
    sizes = [n for n in shape if isinstance(n, int) and n >= 0]
    if len(sizes) != len(shape) or not 0 <= first <= last <= data.size:
        return None
    if last - first != math.prod(sizes) * dtype.itemsize:
        return None
    tensor = np.frombuffer(data[first:last], dtype=dtype).reshape(shape)
    return tensor if kind == "F32" else tensor.astype(np.float32)
