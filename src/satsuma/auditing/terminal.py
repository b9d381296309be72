"""Where an auditor's answers come from: single keys of a terminal, or the lines of a pipe.

On a terminal a key counts at once, a number of several digits when it can be no longer one or Enter says so, and `/`
begins a name that Enter ends. Ctrl-C interrupts as it always does. The terminal's modes are put back on every way out:
the end, an exception, Ctrl-C, SIGTERM and SIGHUP (which interrupt too), and Ctrl-Z, after which they are set again.
Not covered: SIGKILL, after which `stty sane` helps.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Protocol, TypeAlias

from satsuma.run.plain import plain

_END, _ESCAPE, _ERASE = "\x04", "\x1b", ("\x7f", "\x08")
_Modes: TypeAlias = "list[int | list[bytes | int]] | list[int | list[bytes]] | list[int | list[int]]"
"""What `termios` gives and takes."""
_SEQUENCE = 0.02
"""Seconds in which the rest of an arrow key follows its first byte."""
NARROWEST = 8
_LONG = 10_000
"""Characters of a line beyond which it is broken anywhere: looking for spaces would take seconds."""


class Terminal(Protocol):
    """What asks and shows."""

    interactive: bool

    def say(self, text: str) -> None:
        """Show lines; what a terminal would obey is shown as its escape."""
        ...

    def ask(self, prompt: str, most: int) -> str | None:
        """The next answer: a key, a number up to `most`, or a name; None at the end of input."""
        ...

    def line(self, prompt: str) -> str | None:
        """A line of text; None at the end of input."""
        ...

    @property
    def width(self) -> int:
        """Columns."""
        ...


class _Output:
    """Standard output, wrapped between words where it is a terminal."""

    interactive = False

    @property
    def width(self) -> int:
        """Columns."""
        return max(NARROWEST, shutil.get_terminal_size().columns)

    def say(self, text: str) -> None:
        """Show lines."""
        for line in plain(text, keep="\n").split("\n"):
            sys.stdout.write("\n".join(self._wrapped(line)) + "\n")
        sys.stdout.flush()

    def _wrapped(self, line: str) -> list[str]:
        if not sys.stdout.isatty():
            return [line]
        if len(line) > _LONG:
            return [line[start : start + self.width] for start in range(0, len(line), self.width)]
        indent = line[: len(line) - len(line.lstrip(" "))][: self.width // 2]
        return textwrap.wrap(line, self.width, subsequent_indent=indent, drop_whitespace=True) or [""]


class Lines(_Output):
    """Answers from a pipe or a file, one a line."""

    def ask(self, prompt: str, most: int) -> str | None:  # noqa: ARG002 - a line says where it ends
        """The next line that is not empty."""
        while (text := self.line(prompt)) is not None:
            if text:
                return text
        return None

    def line(self, prompt: str) -> str | None:
        """The next line."""
        self.say(prompt)
        text = sys.stdin.readline() if sys.stdin is not None else ""
        return text.strip() if text else None


class Keys(_Output):
    """Answers from the keys of a terminal; made by `keys`."""

    interactive = True

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def ask(self, prompt: str, most: int) -> str | None:
        """The next key, number or name."""
        self.say(prompt)
        while True:
            key = self._key()
            if key in ("", _END):
                return None
            if key == "/":
                return self.line("name:")
            if key.isascii() and key.isdigit() and key != "0":
                key = self._number(key, most)
            if key.isprintable() and key.strip():
                self.say(f"> {key}")
                return key

    def line(self, prompt: str) -> str | None:
        """A line, with the terminal's own editing."""
        sys.stdout.write(f"{plain(prompt)} ")
        sys.stdout.flush()
        with _mode(self._fd, single=False):
            text = os.read(self._fd, 4096)
        return text.decode("utf-8", "replace").strip() if text else None

    def _number(self, digits: str, most: int) -> str:
        """A number, once no further digit could follow; empty if it was taken back."""
        while int(digits) * 10 <= most:
            key = self._key()
            if key in _ERASE:
                digits = digits[:-1]
            elif key.isascii() and key.isdigit() and int(digits + key) <= most:
                digits += key
            else:
                break
            if not digits:
                break
        return digits

    def _key(self) -> str:
        """One character; empty when the terminal is gone. What arrow and function keys send is passed over."""
        while True:
            try:
                first = os.read(self._fd, 1)
            except OSError:  # the terminal was closed
                return ""
            if first == _ESCAPE.encode():
                self._pass_over()
                continue
            return self._whole(first).decode("utf-8", "replace")

    def _pass_over(self) -> None:
        """The rest of an escape sequence: `[`, parameters and a letter; `O` and a letter; or one key with Alt."""
        begun = self._soon()
        following = self._soon() if begun in (b"[", b"O") else b""
        while begun == b"[" and following and not b"@" <= following <= b"~":
            following = self._soon()

    def _soon(self) -> bytes:
        """The next byte if it is there already; none after a bare Escape."""
        return os.read(self._fd, 1) if select.select([self._fd], [], [], _SEQUENCE)[0] else b""

    def _whole(self, first: bytes) -> bytes:
        """A character of UTF-8 from its first byte on."""
        lead = first[0] if first else 0
        more = 3 if lead >= 0xF0 else 2 if lead >= 0xE0 else 1 if lead >= 0xC0 else 0
        return first + b"".join(os.read(self._fd, 1) for _ in range(more))


@contextmanager
def terminal() -> Iterator[Terminal]:
    """Keys where standard input is a terminal, else its lines. SIGTERM and SIGHUP interrupt like Ctrl-C."""
    with _handled(_interrupt, signal.SIGTERM, signal.SIGHUP):
        if sys.stdin is None or not sys.stdin.isatty():
            yield Lines()
            return
        fd = sys.stdin.fileno()
        with _mode(fd, single=True) as before, _suspended(fd, before):
            yield Keys(fd)


@contextmanager
def _mode(fd: int, *, single: bool) -> Iterator[_Modes]:
    """Single keys without an echo, or whole lines with it; the mode before, which is given, is put back."""
    import termios

    before = termios.tcgetattr(fd)
    wanted = termios.tcgetattr(fd)
    flags = termios.ICANON | termios.ECHO
    wanted[3] = wanted[3] & ~flags if single else wanted[3] | flags
    wanted[6][termios.VMIN], wanted[6][termios.VTIME] = 1, 0
    try:
        termios.tcsetattr(fd, termios.TCSADRAIN, wanted)
        yield before
    finally:
        with suppress(termios.error):  # of a terminal that was closed
            termios.tcsetattr(fd, termios.TCSADRAIN, before)


@contextmanager
def _suspended(fd: int, before: _Modes) -> Iterator[None]:
    """Ctrl-Z gives the shell its terminal back, and going on takes it again."""
    import termios

    def suspend(number: int, frame: object) -> None:  # noqa: ARG001 - the form of a signal handler
        single = termios.tcgetattr(fd)
        termios.tcsetattr(fd, termios.TCSADRAIN, before)
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTSTP)
        signal.signal(signal.SIGTSTP, suspend)
        termios.tcsetattr(fd, termios.TCSADRAIN, single)

    with _handled(suspend, signal.SIGTSTP):
        yield


@contextmanager
def _handled(handler: Callable[[int, object], None], *numbers: signal.Signals) -> Iterator[None]:
    """These signals are handled; nothing changes outside of the main thread, which alone can handle any."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


def _interrupt(number: int, frame: object) -> None:  # noqa: ARG001 - the form of a signal handler
    raise KeyboardInterrupt
