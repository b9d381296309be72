"""A program in a terminal of its own, as a person has one: keys in, screen out, and the terminal's modes."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

_OWN = "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"
_PROGRAM = f"{_OWN}from satsuma.cli.main import main; main()"
_SHELL = f"""{_OWN}
import os, signal, sys
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
child = os.fork()
if child == 0:
    os.setpgid(0, 0)
    os.tcsetpgrp(0, os.getpid())
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)
    from satsuma.cli.main import main
    main()
while os.WIFSTOPPED(os.waitpid(child, os.WUNTRACED)[1]):
    whole = termios.tcgetattr(0)[3] & termios.ICANON
    print("suspended,", "whole lines" if whole else "single keys", flush=True)
    os.kill(child, signal.SIGCONT)
"""
"""Runs the program as a shell with job control does, and lets it go on when it was suspended."""
_PATIENCE = 60.0
"""Seconds until a text that does not come is given up."""


class Typed:
    """The program and its terminal. screen: everything it has shown."""

    def __init__(self, process: subprocess.Popen[bytes], master: int, slave: int) -> None:
        self._process = process
        self._master = master
        self._slave = slave
        self.screen = ""
        self._unread = ""

    def until(self, text: str) -> str:
        """What is shown up to and with `text`, from where the last call ended."""
        shown, deadline = self._unread, time.monotonic() + _PATIENCE
        while text not in shown:
            if not select.select([self._master], [], [], max(0, deadline - time.monotonic()))[0]:
                raise AssertionError(f"{text!r} did not come: {shown!r}")
            self._unread += os.read(self._master, 65_536).decode("utf-8", "replace")
            shown = self._unread
        end = shown.index(text) + len(text)
        self._unread = shown[end:]
        self.screen += shown[:end]
        return shown[:end]

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._master, keys.encode())

    def send(self, number: signal.Signals) -> None:
        """Send the program a signal."""
        self._process.send_signal(number)

    def modes(self) -> list[object]:
        """What `stty` tells of the terminal."""
        return list(termios.tcgetattr(self._slave))

    def end(self) -> int:
        """The exit code, once the program has ended."""
        while select.select([self._master], [], [], 0)[0] or self._process.poll() is None:
            if select.select([self._master], [], [], 0.05)[0]:
                self._unread += os.read(self._master, 65_536).decode("utf-8", "replace")
        self.screen, self._unread = f"{self.screen}{self._unread}", ""
        return self._process.wait(_PATIENCE)


@contextmanager
def typed(
    arguments: Sequence[object], place: Path, *, columns: int = 100, under_a_shell: bool = False
) -> Iterator[Typed]:
    """`satsuma` with these arguments in a terminal of so many columns, in a directory; killed if it is still there."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    command = [sys.executable, "-c", _SHELL if under_a_shell else _PROGRAM, *map(str, arguments)]
    process = subprocess.Popen(
        command,
        stdin=slave, stdout=slave, stderr=slave, cwd=place, start_new_session=True,
        env={name: value for name, value in os.environ.items() if name != "COLUMNS"},
    )  # fmt: skip
    try:
        yield Typed(process, master, slave)
    finally:
        process.kill()
        process.wait()
        os.close(master)
        os.close(slave)
