"""The state of a training on disk, so that one that was killed goes on from its last checkpoint.

`checkpoint/state.pt` holds the trained weights, the optimizer's moments, the random state and where the loop stands;
`checkpoint/best.pt` the best weights so far. Both are put in place whole. They are read with `weights_only`: no code of
a file is ever run.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from satsuma.errors import RunError
from satsuma.run.atomic import part_of, put_in_place, writing
from satsuma.students.record import Epoch

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

    from satsuma.students.loop import Loop


STATE = "state.pt"


class _Saved(TypedDict, total=False):
    """What the files hold."""

    weights: dict[str, Tensor]
    optimizer: dict[str, object]
    state: dict[str, object]
    history: list[dict[str, object]]
    random: Tensor
    cuda: list[Tensor]


class Keeper:
    """Saves and restores, in the folder of a student's checkpoint. saved: told of each file that is in its place."""

    def __init__(self, folder: Path, saved: Callable[[Path], None] = lambda _: None) -> None:
        self._state = folder / STATE
        self._best = folder / "best.pt"
        self._saved = saved

    def save(self, loop: Loop) -> None:
        """Save where a training stands.

        Raises:
            RunError: it could not be written.
        """
        import torch

        state = {f.name: getattr(loop.state, f.name) for f in dataclasses.fields(loop.state) if f.name != "history"}
        cuda = torch.cuda.get_rng_state_all() if loop.work.device.startswith("cuda") else []
        self._write(self._state, {
            "weights": _trained(loop.work.model), "optimizer": loop.optimizer.state_dict(), "state": state,
                "history": [one.model_dump() for one in loop.state.history],
            "random": torch.get_rng_state(), "cuda": cuda,
        })  # fmt: skip

    def save_best(self, loop: Loop) -> None:
        """Save the weights as the best so far.

        Raises:
            RunError: they could not be written.
        """
        self._write(self._best, {"weights": _trained(loop.work.model)})

    def restore(self, loop: Loop) -> bool:
        """Bring a training to where it stood; False if nothing was saved.

        Raises:
            RunError: what was saved cannot be read.
        """
        import torch

        if not self._state.is_file():
            return False
        saved = self._read(self._state)
        _put_back(loop.work.model, saved["weights"])
        loop.optimizer.load_state_dict(saved["optimizer"])
        torch.set_rng_state(saved["random"])
        if saved["cuda"]:
            torch.cuda.set_rng_state_all(saved["cuda"])
        for name, value in saved["state"].items():
            setattr(loop.state, name, value)
        loop.state.history = [Epoch.model_validate(one) for one in saved["history"]]
        return True

    def restore_best(self, model: Module) -> None:
        """Give the model its best weights.

        Raises:
            RunError: they cannot be read.
        """
        _put_back(model, self._read(self._best)["weights"])

    def _write(self, path: Path, document: object) -> None:
        import torch

        part = part_of(path)
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                torch.save(document, part)
                put_in_place(part, path)
            finally:
                part.unlink(missing_ok=True)
        self._saved(path)

    def _read(self, path: Path) -> _Saved:
        import torch

        try:
            found: _Saved = torch.load(path, map_location="cpu", weights_only=True)
        except Exception as error:  # torch raises what zip, pickle and the disk raise
            raise RunError(
                f"{path} cannot be read: {error}", f"Begin again: remove {path.parent} and run the same command."
            ) from error
        return found


def _trained(model: Module) -> dict[str, Tensor]:
    return {name: p.detach() for name, p in model.named_parameters() if p.requires_grad}


def _put_back(model: Module, weights: dict[str, Tensor]) -> None:
    import torch

    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.requires_grad:
                parameter.copy_(weights[name])
