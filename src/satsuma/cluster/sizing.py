"""How many replicas a model gets, and what each may use.

Rule: a model that runs in a process gets one replica for each GPU (for each `--tensor-parallel` GPUs of one machine),
without GPUs one for each machine; `--ray-replicas` says otherwise. A model behind an address gets the `--ray-http`
actors that were asked for. Actors claim a tenth of a CPU: what they use of it is small, and a pool that claims more
CPUs than there are never comes up. A training gets one GPU, or all CPUs of one machine.

Not covered: growing and shrinking while a run goes on. Ray's autoscaler adds machines for replicas that wait for room.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from satsuma.errors import ClusterError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from satsuma.cluster.wire import Order

CPUS = 0.1
"""CPUs that an actor claims."""


@dataclass(frozen=True, slots=True)
class Size:
    """So many replicas, each with so many GPUs."""

    replicas: int
    gpus: int = 0


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine of the cluster that is alive."""

    address: str
    cpus: float
    gpus: float


@dataclass(frozen=True, slots=True)
class Seat:
    """What one training has of a machine."""

    cpus: float
    gpus: int = 0

    def told(self) -> str:
        """In words."""
        return f"{self.gpus} GPU" if self.gpus else f"{self.cpus:g} CPU{'s' * (self.cpus != 1)}"


def machines() -> list[Machine]:
    """The machines of the cluster that this process has joined."""
    import ray

    alive = (n for n in ray.nodes() if n["Alive"])
    return [
        Machine(n["NodeManagerAddress"], n["Resources"].get("CPU", 0.0), n["Resources"].get("GPU", 0.0)) for n in alive
    ]


def sized(order: Order, wanted: int, there: Sequence[Machine]) -> Size:
    """The replicas of a model that runs in a process. wanted: how many, 0 for as many as there is room for.

    Raises:
        ClusterError: no machine has the GPUs that one replica needs.
    """
    only_gpu = order.model.startswith("vllm/")
    gpus = order.tensor_parallel if only_gpu else 1
    room = sum(int(machine.gpus // gpus) for machine in there)
    if room or (only_gpu and wanted):  # an autoscaler may bring what is not there yet
        return Size(wanted or room, gpus)
    if only_gpu:
        most = max((int(machine.gpus) for machine in there), default=0)
        raise ClusterError(
            f"{order.model} needs {gpus} GPU{'s' * (gpus > 1)} on one machine, "
            f"and the Ray cluster's {len(there)} machines have at most {most}",
            "Lower --tensor-parallel, or name the replicas (--ray-replicas N) if the cluster grows by itself.",
        )
    return Size(wanted or max(1, sum(machine.cpus > 0 for machine in there)))


def seat(device: str, there: Sequence[Machine], *, quantize: bool = False) -> Seat:
    """What a training gets: a GPU if a machine has one, else all CPUs of the largest. device: auto, cpu or cuda.

    Raises:
        ClusterError: it needs a GPU, and no machine has one.
    """
    if device != "cpu" and any(machine.gpus >= 1 for machine in there):
        return Seat(CPUS, 1)
    if device == "cuda" or quantize:
        cpus = sum(machine.cpus for machine in there)
        raise ClusterError(
            f"{'--device cuda' if device == 'cuda' else '--quantize'} needs a GPU, and the Ray cluster has none: "
            f"{len(there)} machine{'s' * (len(there) != 1)} with {cpus:g} CPUs",
            "Start one with a GPU (`ray start --address=HEAD:6379` there), or leave the option out.",
        )
    return largest(there)


def largest(there: Sequence[Machine]) -> Seat:
    """All CPUs of the largest machine; one, where an autoscaler has still to bring a machine that has some."""
    most = max((machine.cpus for machine in there), default=0.0)
    return Seat(float(int(most)) if most >= 1 else most or 1.0)
