"""Which of a run's models go to Ray, and as what.

Rule: a model that runs in this process (`hf/…`, `vllm/…`) becomes replicas. A model behind an address is asked from
this process, which takes more than a thousand requests a second, unless `--ray-http N` asks for N actors: they pay
where one machine's connections or one process's CPU for them are the limit.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from satsuma.cluster.fleet import Fleet
from satsuma.cluster.joining import checked_address
from satsuma.cluster.sizing import Machine, Size, sized
from satsuma.cluster.wire import Order
from satsuma.extras import require
from satsuma.llm.models import find

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from satsuma.llm.provider import Provider
    from satsuma.settings import Settings


def open_on_ray(
    model: str, base_url: str, settings: Settings, note: Callable[[str], None] | None = None
) -> Provider | None:
    """A model on Ray; None if it is asked from this process. Nothing is started yet.

    Raises:
        ExtraError: ray is not installed.
        SettingsError: the address cannot be used.
        ModelError: there is no such provider.
    """
    require("ray", "ray", needed_by="--ray")
    address = checked_address(settings.ray)
    kind, name = find(model, base_url=base_url)
    if kind.in_process:
        order = Order(
            f"{kind.name}/{absolute(name)}", base_url, settings.timeout, settings.concurrency, settings.tensor_parallel
        )  # fmt: skip
        return Fleet(model, order, address, lambda there: sized(order, settings.ray_replicas, there), note)
    if not settings.ray_http:
        if note is not None:
            note(f"{model}: asked from this process, without Ray (--ray-http N asks by N actors)")
        return None
    order = Order(model, base_url or kind.address(), settings.timeout, settings.concurrency)
    return Fleet(model, order, address, _fixed(settings.ray_http), note)


def _fixed(count: int) -> Callable[[Sequence[Machine]], Size]:
    return lambda _: Size(count)


def absolute(name: str) -> str:
    """A folder by its whole path: workers are somewhere else."""
    folder = Path(name).expanduser()
    return str(folder.resolve()) if folder.is_dir() else name
