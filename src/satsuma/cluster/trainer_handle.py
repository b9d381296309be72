"""The driver's hand on the worker of a training.

Rule: nothing is asked of Ray twice (`max_restarts` and `max_task_retries` are 0): what died is the training's to begin
again, from the checkpoint that the driver has.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from satsuma.cluster.causes import cannot_start
from satsuma.cluster.trainer import Trainer
from satsuma.errors import SatsumaError

if TYPE_CHECKING:
    from satsuma.cluster.parcels import Piece
    from satsuma.cluster.sizing import Seat
    from satsuma.cluster.trainer import Said
    from satsuma.cluster.wire import Ready

FAREWELL = 5.0
"""Seconds that a worker is given to tidy up."""


class TrainerHandle:
    """A `Trainer` on Ray; it may still be looking for room."""

    def __init__(self, needs: Seat) -> None:
        import ray

        self._actor = (
            ray.remote(Trainer)
            .options(num_cpus=needs.cpus, num_gpus=needs.gpus, max_restarts=0, max_concurrency=2)
            .remote()
        )
        self._begun = self._actor.begin.remote()

    def has_begun(self, seconds: float) -> bool:
        """Whether it has found room, or died, after so long."""
        import ray

        return bool(ray.wait([self._begun], timeout=seconds)[0])

    def ready(self, student: str) -> Ready:
        """How it has begun.

        Raises:
            RayError: it died.
            ModelError: no worker can begin there.
        """
        from ray.exceptions import RayError

        try:
            return cast("Ready", _got(self._begun))
        except (RayError, RuntimeError) as error:  # a worker that cannot import the class: RuntimeError
            if (unusable := cannot_start(f"a worker that trains {student}", error)) is not None:
                raise unusable from error
            raise

    def take(self, piece: Piece) -> None:
        """Send a piece, and wait until it has arrived."""
        _got(self._actor.take.remote(piece))

    def train(self, course: object) -> None:
        """Have it begin."""
        _got(self._actor.train.remote(course))

    def give(self) -> Callable[[], Said]:
        """Ask for the next thing, and wait for it with what is returned."""
        reference = self._actor.give.remote()
        return lambda: cast("Said", _got(reference))

    def dismiss(self) -> None:
        """Have it tidy up, and end it."""
        import ray
        from ray.exceptions import RayError

        try:
            with suppress(RayError):
                ray.get(self._actor.stop.remote(), timeout=FAREWELL)
        finally:
            self.kill()

    def kill(self) -> None:
        """End the process, also one that has not found room."""
        import ray

        ray.kill(self._actor)


def _got(reference: object) -> object:
    """What a worker returned.

    Raises:
        RayError: it died.
        SatsumaError: that it raised.
    """
    import ray
    from ray.exceptions import RayTaskError

    try:
        found: object = ray.get(reference)
    except RayTaskError as error:
        if isinstance(error.cause, SatsumaError):
            raise error.cause from None
        raise RuntimeError(f"a bug in a worker:\n{error}") from error
    return found
