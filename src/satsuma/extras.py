"""Packages of optional extras: looked for without being loaded, and named with the command that installs them."""

from __future__ import annotations

from importlib.util import find_spec

from satsuma.errors import ExtraError


def require(extra: str, *packages: str, needed_by: str) -> None:
    """Check that packages can be imported.

    Raises:
        ExtraError: one cannot; the hint is the command that installs the extra.
    """
    missing = [name for name in packages if find_spec(name) is None]
    if missing:
        raise ExtraError(
            f"{needed_by} needs {' and '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not installed",
            f"Install it: pip install 'satsuma[{extra}]'",
        )
