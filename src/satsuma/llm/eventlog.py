"""`--log FILE`: what happened between satsuma and the models, one JSON object a line.

The rule: an event is written whole, at once, at the end of the file, so that the log of a killed run is readable up to
its last line and several runs can follow each other in one file. Each event has a `time` (seconds since 1970) and an
`event`.

Who tells an event chooses its fields; no headers, keys or prompts are among them, and the writer adds none. The log is
never the reason for a run to end: when it cannot be written any more (a full disk), it falls silent.

Not covered: rotation.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

import orjson

from satsuma.errors import SettingsError


class EventLog:
    """Appends events to a file; called with one, like `Limiter`'s `log`.

    Raises:
        SettingsError: the file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: int | None = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise SettingsError(
                f"the log {path} cannot be written: {error.strerror}", "Name a file that can with --log FILE."
            ) from error

    def __call__(self, event: Mapping[str, object]) -> None:
        """Write an event; what JSON has no form for is written as text."""
        if self._file is None:
            return
        line = _line({"time": time.time(), **event})
        try:
            # One write for each line: lines of several processes stay whole.
            os.write(self._file, line)
        except OSError:
            self.close()

    def close(self) -> None:
        """Close the file; events after this are dropped."""
        if self._file is not None:
            file, self._file = self._file, None
            os.close(file)

    def __enter__(self) -> EventLog:
        """The log itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _line(event: Mapping[str, object]) -> bytes:
    try:
        return orjson.dumps(event, default=str, option=orjson.OPT_APPEND_NEWLINE)
    except orjson.JSONEncodeError:
        # A lone surrogate in what a provider said, or a number beyond 64 bits: the slow writer escapes them.
        return json.dumps(event, default=str).encode() + b"\n"
