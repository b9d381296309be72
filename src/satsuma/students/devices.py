"""Which device trains, in which precision, and what happens when its memory is full."""

from __future__ import annotations

import contextlib
from contextlib import AbstractContextManager

from satsuma.errors import SettingsError
from satsuma.students.settings import Precision


def device_of(wanted: str) -> str:
    """The device that is asked for, or the best there is.

    Raises:
        SettingsError: it is not there, or is no device.
    """
    import torch

    if wanted == "auto":
        if torch.cuda.is_available():
            return "cuda"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        named = torch.device(wanted)
    except RuntimeError:
        raise SettingsError(f"{wanted!r} is no device", "Name cpu, cuda, cuda:1 or mps, or leave it out.") from None
    there = {"cuda": torch.cuda.device_count(), "mps": int(torch.backends.mps.is_available()), "cpu": 1}
    if (named.index or 0) >= there.get(named.type, 0):
        raise SettingsError(
            f"the device {wanted} is not there; torch {torch.__version__} finds {there['cuda']} GPUs",
            "Leave --device out to train on what there is: --device cpu is always there.",
        )
    return wanted


def uses_bf16(device: str, precision: Precision) -> bool:
    """Whether products are computed in bfloat16: by itself only on a GPU that has it, so that a CPU is exact."""
    import torch

    if precision != "auto":
        return precision == "bf16"
    return device.startswith("cuda") and bool(torch.cuda.is_bf16_supported())


def autocast(device: str, *, bf16: bool) -> AbstractContextManager[object]:
    """Products inside are bfloat16, where wanted."""
    import torch

    if not bf16:
        return contextlib.nullcontext()
    made: AbstractContextManager[object] = torch.autocast(device.partition(":")[0], dtype=torch.bfloat16)
    return made


def out_of_memory(error: BaseException) -> bool:
    """Whether an error of torch means that memory is full."""
    import torch

    return (
        isinstance(error, torch.OutOfMemoryError)
        or "not enough memory" in str(error)
        or "t allocate memory" in str(error)
    )
