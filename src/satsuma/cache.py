"""Where satsuma keeps what can be made again."""

from __future__ import annotations

import os
from pathlib import Path


def cache_directory() -> Path:
    """Where satsuma keeps what can be made again: `$SATSUMA_CACHE`, else `satsuma` in the user's cache directory."""
    if own := os.environ.get("SATSUMA_CACHE"):
        return Path(own).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").expanduser() / "satsuma"
