"""How a run is shown while it goes on: one live line on a terminal, else a plain line every few seconds, on stderr.

`update` is called for every change: until it is time to draw again it costs one look at the clock. Nothing runs beside
the run: it is drawn only when it gets further, and once more at the end. A terminal that goes away ends the showing,
never the run.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, Protocol

from satsuma.progress import Progress, Silent, Snapshot
from satsuma.run.plain import one_line

LIVE_EVERY = 0.1
"""Seconds between two drawings of the live line."""
PLAIN_EVERY = 5.0
"""Seconds between two plain lines."""
_WINDOW = 30.0
"""Seconds over which rates are taken, so that what was replayed from the journal does not count for long."""
_LABELS = 6
FEWEST_CANDIDATES, FEWEST_PART, FEWEST_SECONDS = 20, 0.05, 3.0
"""How far a run has to be for an ETA: candidates judged, or a part of what is wanted; and seconds."""


class Screen(Protocol):
    """Where lines go: `status` replaces the line of before where that can be done, `note` stays."""

    def status(self, text: str) -> None:
        """Show how far it is."""
        ...

    def note(self, text: str) -> None:
        """Show something that a person should read."""
        ...


class PlainScreen:
    """Lines for a log."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def status(self, text: str) -> None:
        """Print a line."""
        self.note(text)

    def note(self, text: str) -> None:
        """Print a line."""
        self._stream.write(f"{text}\n")
        self._stream.flush()


class LiveScreen:
    """One line that is drawn over again, for a terminal."""

    def __init__(self, stream: IO[str]) -> None:
        from rich.console import Console
        from rich.live import Live

        console = Console(file=stream, markup=False, highlight=False, emoji=False)
        # Its own thread would draw at intervals; drawing follows the run instead.
        self._live = Live(console=console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False)
        self._live.start()

    def status(self, text: str) -> None:
        """Replace the line."""
        from rich.text import Text

        self._live.update(Text(text), refresh=True)

    def note(self, text: str) -> None:
        """Print a line above."""
        from rich.text import Text

        self._live.console.print(Text(text), soft_wrap=True)

    def close(self) -> None:
        """Leave the line as it is."""
        with suppress(OSError, SystemExit):
            self._live.stop()


class Shown:
    """Progress on a screen, drawn every so often. clock: seconds, for tests."""

    def __init__(self, screen: Screen, every: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._screen: Screen | None = screen
        self._every = every
        self._clock = clock
        self._due = 0.0
        self._last: Snapshot | None = None
        self._drawn: Snapshot | None = None
        self._rates = Rates(clock())

    def update(self, snapshot: Snapshot) -> None:
        """Draw it if it is time to."""
        self._last = snapshot
        if self._clock() >= self._due:
            self.draw()

    def note(self, text: str) -> None:
        """Show a text, one line."""
        self._to_screen(lambda screen: screen.note(one_line(text)))

    def draw(self) -> None:
        """Draw the latest snapshot, unless it is drawn already."""
        snapshot, now = self._last, self._clock()
        self._due = now + self._every
        if snapshot is None or snapshot is self._drawn:
            return
        self._drawn = snapshot
        self._rates.see(now, snapshot)
        self._to_screen(lambda screen: screen.status(status_line(snapshot, self._rates)))

    def _to_screen(self, show: Callable[[Screen], None]) -> None:
        if self._screen is None:
            return
        try:
            show(self._screen)
        except (OSError, SystemExit):  # rich leaves the program when its stream is a broken pipe
            self._screen = None


class Rates:
    """Requests and accepted instances per second, over the last half minute."""

    def __init__(self, now: float) -> None:
        self._seen: deque[tuple[float, int, int]] = deque([(now, 0, 0)])

    def see(self, now: float, snapshot: Snapshot) -> None:
        """One more look."""
        self._seen.append((now, snapshot.requests, sum(snapshot.accepted.values())))
        while now - self._seen[0][0] > _WINDOW and len(self._seen) > 2:
            self._seen.popleft()

    @property
    def requests(self) -> float:
        """Per second."""
        return self._per_second(1)

    @property
    def accepted(self) -> float:
        """Per second."""
        return self._per_second(2)

    def _per_second(self, which: int) -> float:
        first, last = self._seen[0], self._seen[-1]
        seconds = last[0] - first[0]
        return (last[which] - first[which]) / seconds if seconds > 0 else 0.0


def status_line(snapshot: Snapshot, rates: Rates) -> str:
    """Where the run stands, in one line of plain text."""
    accepted, wanted = sum(snapshot.accepted.values()), sum(snapshot.share.values())
    rejected = sum(snapshot.rejects.values())
    tokens = f"{short(snapshot.input_tokens)}+{short(snapshot.output_tokens)} tokens"
    eta = (wanted - accepted) / rates.accepted if rates.accepted > 0 and _tells(snapshot, accepted, wanted) else None
    parts = [
        f"{accepted:,}/{wanted:,}",
        labels_line(snapshot),
        f"{rejected:,} rejected" if rejected else "",
        f"{snapshot.in_flight:,} in flight",
        _replies(snapshot),
        tokens if snapshot.requests else "",
        f"${snapshot.usd:.2f}" if snapshot.usd else "",
        f"{rates.requests:.1f}/s" if snapshot.requests else "",
        f"ETA {duration(eta)}" if eta is not None and accepted < wanted else duration(snapshot.seconds),
    ]
    return " · ".join(part for part in parts if part)


def _tells(snapshot: Snapshot, accepted: int, wanted: int) -> bool:
    """Whether there is enough of the run to say how long the rest takes."""
    enough = snapshot.candidates >= FEWEST_CANDIDATES or accepted >= FEWEST_PART * wanted
    return enough and snapshot.seconds >= FEWEST_SECONDS


def _replies(snapshot: Snapshot) -> str:
    """`1,000 requests (56 replayed)`, or `85 replayed` where no model was asked."""
    if not snapshot.replayed:
        return f"{snapshot.requests:,} requests"
    replayed = f"{snapshot.replayed:,} replayed"
    return f"{snapshot.requests:,} requests ({replayed})" if snapshot.requests else replayed


def labels_line(snapshot: Snapshot) -> str:
    """Accepted of wanted per label; where there are many, the one that lacks most."""
    share = snapshot.share
    if len(share) <= _LABELS:
        return ", ".join(f"{one_line(x, 24)} {snapshot.accepted.get(x, 0):,}/{n:,}" for x, n in share.items())
    worst = max(share, key=lambda x: share[x] - snapshot.accepted.get(x, 0))
    lacking = f"{one_line(worst, 24)} {snapshot.accepted.get(worst, 0):,}/{share[worst]:,}"
    return f"{len(share)} labels, least complete {lacking}"


def short(count: int) -> str:
    """`950`, `12.3k`, `4.5M`."""
    for limit, unit in ((1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")):
        if count >= limit:
            return f"{count / limit:.1f}{unit}"
    return str(count)


def duration(seconds: float) -> str:
    """`0:07`, `12:30`, `3:00:00`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@contextmanager
def shown(*, quiet: bool = False) -> Iterator[Progress]:
    """Progress as suits standard error, for the time of a run."""
    if quiet:
        yield Silent()
        return
    stream = sys.stderr
    if not stream.isatty():
        progress = Shown(PlainScreen(stream), PLAIN_EVERY)
        try:
            yield progress
        finally:
            progress.draw()
        return
    live = LiveScreen(stream)
    progress = Shown(live, LIVE_EVERY)
    try:
        yield progress
    finally:
        progress.draw()
        live.close()
