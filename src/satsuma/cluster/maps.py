"""Pure functions over many items on a cluster: cut into ranges of the index, put together in its order.

Rule: a range's result depends on its items alone, so that it is the same wherever and however often it is computed; a
machine that dies costs the ranges that it was at, which Ray computes again elsewhere. The ranges are as large as the
caller says, never as the number of workers would have them.

Mechanism: Ray tasks. Twice as many as there are CPUs are under way, so that neither the driver nor the cluster's
memory holds more than that. `work` is stored once and fetched by each machine once, however much it carries. Ray Data
would do the same with pandas and twice the size; what it adds (shuffles, joins) has no use here.

Not covered: items that the driver cannot hold.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, TypeVar

from satsuma.cluster.causes import EVERYWHERE, cause_of, on_this_machine
from satsuma.cluster.joining import checked_address, join, leave
from satsuma.cluster.sizing import machines
from satsuma.errors import ClusterError, ExtraError, SatsumaError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Item = TypeVar("Item")
Result = TypeVar("Result")


def over_ranges(
    work: Callable[[Sequence[Item]], Result], items: Sequence[Item], size: int, address: str
) -> Iterator[Result]:
    """`work` of each range of `size` items, in order. work: a function of a module, so that workers can import it.

    Raises:
        ExtraError: ray is not installed.
        SettingsError: the address cannot be used.
        ClusterError: there is no cluster, or a worker failed or lacks a package.
        SatsumaError: what `work` raises.
    """
    join(checked_address(address))
    try:
        yield from _computed(work, items, size)
    finally:
        leave()


def _computed(work: Callable[[Sequence[Item]], Result], items: Sequence[Item], size: int) -> Iterator[Result]:
    import ray

    task = ray.remote(done).options(num_cpus=1)
    stored = ray.put(work)
    most = at_once()
    under_way: deque[object] = deque()
    for begin in range(0, len(items), size):
        if len(under_way) == most:
            yield got(work, under_way.popleft())
        under_way.append(task.remote(stored, items[begin : begin + size]))
    while under_way:
        yield got(work, under_way.popleft())


def at_once() -> int:
    """Tasks that are under way at a time."""
    return max(2, 2 * int(sum(machine.cpus for machine in machines())))


def done(work: Callable[[Sequence[Item]], Result], items: Sequence[Item]) -> Result:
    """What a worker does.

    Raises:
        ClusterError: this machine lacks a package.
        SatsumaError: what `work` raises.
    """
    try:
        return work(items)
    except ExtraError as missing:
        raise on_this_machine(missing) from None


def got(_: Callable[[Sequence[Item]], Result], reference: object) -> Result:
    """The result of a task, of the type that the work has.

    Raises:
        ClusterError: a worker failed, or lacks a package.
        SatsumaError: what the work raised.
    """
    import ray
    from ray.exceptions import RayError, RayTaskError

    try:
        result: Result = ray.get(reference)
    except RayError as error:
        if isinstance(error, RayTaskError) and isinstance(error.cause, SatsumaError):
            raise error.cause from None
        raise ClusterError(
            f"a worker of the Ray cluster failed: {cause_of(error)}",
            f"{EVERYWHERE}install what is installed here, in the same version.",
        ) from error
    return result
