"""Small matrix products on one thread.

A query is a few small products, and several threads spend more time waiting for one another, spinning, than they
save: 5 times the CPU, and as much time where the machine does anything else. Indexing keeps all threads.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController


@contextmanager
def one_thread() -> Iterator[None]:
    """Products inside run on one thread, in the whole process."""
    with _controller().limit(limits=1, user_api="blas"):
        yield


@lru_cache(maxsize=1)
def _controller() -> ThreadpoolController:
    """The libraries of numpy, looked up once: that takes milliseconds."""
    import numpy as np  # noqa: F401 - has to be loaded for its libraries to be found
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
