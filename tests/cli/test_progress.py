"""What is shown while a run goes on: rarely, plainly, and never in the way of the run."""

from __future__ import annotations

import io
import os
import pty
import sys
import timeit
from collections.abc import Callable

import pytest

from satsuma.cli.progress import LiveScreen, PlainScreen, Rates, Shown, duration, labels_line, short, shown, status_line
from satsuma.progress import Progress, Silent, Snapshot


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def snapshot(accepted: int, **more: object) -> Snapshot:
    """A snapshot with so many of 100 accepted."""
    return Snapshot(accepted={"bug": accepted}, share={"bug": 100}, **more)  # type: ignore[arg-type]


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


def test_it_draws_at_once_then_every_so_often_and_always_at_the_end(stream: io.StringIO) -> None:
    clock = Clock()
    progress = Shown(PlainScreen(stream), 5.0, clock)
    for i in range(1, 13):
        progress.update(snapshot(i))
        clock.now += 1.0
    progress.draw()
    progress.draw()
    assert [line.split(" ")[0] for line in stream.getvalue().splitlines()] == ["1/100", "6/100", "11/100", "12/100"]


def test_an_update_that_is_not_drawn_costs_less_than_five_microseconds(stream: io.StringIO) -> None:
    progress = Shown(PlainScreen(stream), 1e9)
    state = snapshot(1)
    progress.update(state)
    assert min(timeit.repeat(lambda: progress.update(state), number=2000, repeat=5)) / 2000 < 5e-6


def test_the_line_has_everything_that_a_person_asks_for() -> None:
    rates = Rates(0.0)
    state = Snapshot(
        accepted={"billing": 20, "bug": 30},
        share={"billing": 50, "bug": 50},
        rejects={"duplicate": 2, "instance": 1},
        requests=1000,
        replayed=56,
        in_flight=32,
        input_tokens=45_000,
        output_tokens=1_200_000,
        usd=0.126,
        seconds=20.0,
    )
    rates.see(20.0, state)
    assert status_line(state, rates) == (
        "50/100 · billing 20/50, bug 30/50 · 3 rejected · 32 in flight · 1,000 requests (56 replayed) · "
        "45.0k+1.2M tokens · $0.13 · 50.0/s · ETA 0:20"
    )


@pytest.mark.parametrize(
    ("accepted", "candidates", "seconds", "there"),
    [(4, 4, 9.0, False), (5, 5, 9.0, True), (1, 20, 9.0, True), (1, 19, 9.0, False), (50, 50, 2.9, False)],
)
def test_an_eta_waits_until_it_means_something(accepted: int, candidates: int, seconds: float, there: bool) -> None:
    state, rates = snapshot(accepted, candidates=candidates, requests=9, seconds=seconds), Rates(0.0)
    rates.see(seconds, state)
    assert ("ETA" in status_line(state, rates)) == there


def test_replies_of_a_recording_are_no_requests() -> None:
    state, rates = snapshot(50, replayed=85, usd=0.0, seconds=1.0), Rates(0.0)
    rates.see(1.0, state)
    assert status_line(state, rates) == "50/100 · bug 50/100 · 0 in flight · 85 replayed · 0:01"


def test_rates_forget_what_was_long_ago() -> None:
    rates = Rates(0.0)
    for second in range(1, 100):
        rates.see(float(second), snapshot(0, requests=1000 + second))
    assert rates.requests == pytest.approx(1.0, rel=0.1)


def test_many_labels_are_the_one_that_lacks_most() -> None:
    share = {f"intent {i}": 10 for i in range(77)}
    assert labels_line(Snapshot({"intent 0": 10}, share)) == "77 labels, least complete intent 1 0/10"


@pytest.mark.parametrize(("seconds", "text"), [(7, "0:07"), (750, "12:30"), (10_800, "3:00:00"), (0.4, "0:00")])
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(("count", "text"), [(950, "950"), (12_345, "12.3k"), (4_500_000, "4.5M"), (2 * 10**9, "2.0G")])
def test_counts_are_short(count: int, text: str) -> None:
    assert short(count) == text


def test_a_label_that_is_an_escape_sequence_does_nothing(stream: io.StringIO) -> None:
    progress = Shown(PlainScreen(stream), 1.0)
    progress.update(Snapshot({"\x1b[31m[red]": 1}, {"\x1b[31m[red]": 2}))
    progress.note("imported \x07 from [bold]\nfile")
    assert "\x1b" not in stream.getvalue()
    assert "\\x1b[31m[red] 1/2" in stream.getvalue()
    assert stream.getvalue().endswith("imported \\x07 from [bold] file\n")


@pytest.mark.parametrize("error", [BrokenPipeError, SystemExit])
def test_a_screen_that_goes_away_ends_the_showing_and_not_the_run(error: type[BaseException]) -> None:
    calls = []

    class Gone:
        def status(self, text: str) -> None:
            calls.append(text)
            raise error

        def note(self, text: str) -> None:
            calls.append(text)

    progress = Shown(Gone(), 0.0)
    progress.update(snapshot(1))
    progress.update(snapshot(2))
    progress.note("never shown")
    assert len(calls) == 1


def on_a_terminal(draw: Callable[[Progress], None], monkeypatch: pytest.MonkeyPatch) -> str:
    """What a terminal gets to see of `shown`."""
    master, slave = pty.openpty()
    monkeypatch.setenv("TERM", "xterm")
    with os.fdopen(slave, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        with shown() as progress:
            draw(progress)
    seen = os.read(master, 100_000).decode()
    os.close(master)
    return seen


def test_a_terminal_has_one_live_line_and_notes_above(monkeypatch: pytest.MonkeyPatch) -> None:
    def draw(progress: Progress) -> None:
        progress.update(snapshot(1))
        progress.note("a fallback [b]was[/b] taken")
        progress.update(snapshot(2))

    seen = on_a_terminal(draw, monkeypatch)
    assert "1/100" in seen
    assert "a fallback [b]was[/b] taken" in seen
    assert seen.rindex("2/100") > seen.rindex("a fallback")
    assert "\x1b[2K" in seen


def test_quiet_is_silent() -> None:
    with shown(quiet=True) as progress:
        assert isinstance(progress, Silent)


def test_without_a_terminal_the_last_state_is_printed_however_the_run_ends(
    monkeypatch: pytest.MonkeyPatch, stream: io.StringIO
) -> None:
    monkeypatch.setattr(sys, "stderr", stream)
    with pytest.raises(ZeroDivisionError), shown() as progress:
        progress.update(snapshot(1))
        progress.update(snapshot(9))
        _ = 1 / 0
    assert stream.getvalue().splitlines()[-1].startswith("9/100")


def test_a_live_screen_can_be_closed_after_its_stream_is_gone() -> None:
    read, write = os.pipe()
    os.close(read)
    stream = os.fdopen(write, "w")
    screen = LiveScreen(stream)
    progress = Shown(screen, 0.0)
    progress.update(snapshot(1))
    screen.close()
    progress.update(snapshot(2))
    with pytest.raises(BrokenPipeError):
        stream.close()
