"""What an error of Ray's, or of a replica's, means to the reader: the machine, what is wrong there and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from satsuma import __version__
from satsuma.errors import ClusterError, ExtraError, ModelError, SatsumaError

if TYPE_CHECKING:
    from satsuma.cluster.wire import Refused

EVERYWHERE = "On every machine of the cluster, before `ray start` there: "


def on_machine(where: str, identity: str, refused: Refused) -> ModelError:
    """The refusal of a replica, with its machine."""
    hint = f"{EVERYWHERE}{refused.hint}" if refused.hint else ""
    return ModelError(f"{identity} cannot be asked on {where}: {refused.message}", hint)


def this_machine() -> str:
    """The address by which Ray knows the machine of this worker."""
    import ray

    return str(ray.util.get_node_ip_address())


def on_this_machine(error: SatsumaError) -> SatsumaError:
    """An error of this worker's, as the driver raises it: with the machine, and what is missing as the cluster's."""
    said = f"{error.message}, on {this_machine()}"
    if isinstance(error, ExtraError):
        return ClusterError(said, f"{EVERYWHERE}{error.hint}")
    return type(error)(said, error.hint)


def cannot_start(what: str, error: Exception) -> ModelError | None:
    """The error that ends the run if nothing of the kind can ever start, None if another one may.

    what: that does not start: a replica, a worker.
    """
    said = str(error)
    if "No module named 'satsuma" in said:
        return ModelError(
            f"a machine of the Ray cluster cannot start {what}: satsuma is not installed there",
            f"{EVERYWHERE}pip install 'satsuma[ray]=={__version__}' with the extras that the model needs.",
        )
    if "No module named" in said or "failed to import" in said or "ImportError" in said:
        return ModelError(
            f"a machine of the Ray cluster cannot start {what}: {cause_of(error)}",
            f"{EVERYWHERE}install what is installed here, in the same version.",
        )
    return None


def cause_of(error: Exception) -> str:
    """An error of Ray's in one line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    telling = [line for line in lines if "Error" in line or "exit" in line.lower() or "died" in line.lower()]
    return (telling[-1] if telling else lines[0] if lines else type(error).__name__)[:200]
