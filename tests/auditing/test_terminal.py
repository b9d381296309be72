"""Keys of a real terminal: what they do, and that the terminal is left as it was, however an audit ends."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from satsuma.run.run import Run
from satsuma.task.instance import OutputValue, Value
from tests.auditing.runs import card, messages, written
from tests.terminals import Typed, typed

HOSTILE = "\x1b[2J\x1b]0;owned\x07\u202egnp"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return written(tmp_path / "run", messages(6))


def verdicts(run: Run) -> list[dict[str, object]]:
    return [json.loads(line) for line in (run.path / "audit.jsonl").read_text().splitlines()]


def asked(screen: Typed) -> str:
    """What is shown up to the next question."""
    return screen.until("? help")


def test_keys_judge_undo_and_quit_and_the_next_sitting_goes_on(run: Run) -> None:
    with typed(["audit", "run", "-n", 4], run.path.parent) as screen:
        before = screen.modes()
        asked(screen)
        assert screen.modes() != before
        for keys in ("y", "n1", "\x1b[A\x1bOPs", "u"):
            screen.type(keys)
            asked(screen)
        screen.type("q")
        assert screen.end() == 0
        assert screen.modes() == before
        assert "2 judged of a sample of 4" in screen.screen
    assert [line["verdict"] for line in verdicts(run)][2:] == ["skip", "undone"]
    with typed(["audit", "run"], run.path.parent) as screen:
        assert "[3/4]" in asked(screen)
        screen.type("yy")
        screen.until("any other key ends")
        screen.type("u")
        assert "[4/4]" in asked(screen)
        screen.type("2")
        screen.until("any other key ends")
        screen.type("q")
        assert screen.end() == 0
    assert Run(run.path).state.audit is not None


@pytest.mark.parametrize("how", ["\x03", signal.SIGTERM, signal.SIGHUP])
def test_an_interrupt_keeps_every_verdict_and_puts_the_terminal_back(run: Run, how: str | signal.Signals) -> None:
    with typed(["audit", "run"], run.path.parent) as screen:
        before = screen.modes()
        asked(screen)
        screen.type("y")
        asked(screen)
        if isinstance(how, str):
            screen.type(how)
        else:
            screen.send(how)
        assert screen.end() == 130
        assert screen.modes() == before
        assert "stopped: interrupted; 1 of 6 are judged and kept" in screen.screen
        assert "Go on with: satsuma audit run" in screen.screen
    audit = Run(run.path).state.audit
    assert audit is not None
    assert audit.judged == 1


def test_a_kill_loses_no_verdict(run: Run) -> None:
    with typed(["audit", "run"], run.path.parent) as screen:
        asked(screen)
        screen.type("y")
        asked(screen)
        screen.send(signal.SIGKILL)
        assert screen.end() == -9
    assert len(verdicts(run)) == 1


def test_a_suspended_audit_gives_the_terminal_back_and_goes_on(run: Run) -> None:
    with typed(["audit", "run"], run.path.parent, under_a_shell=True) as screen:
        asked(screen)
        single = screen.modes()
        screen.type("\x1a")
        screen.until("suspended, whole lines")
        screen.type("y")
        assert "[2/6]" in asked(screen)
        assert screen.modes() == single
        screen.type("q")
        screen.until("1 judged")
        screen.end()
    assert len(verdicts(run)) == 1


def test_numbers_of_two_digits_and_typed_names(tmp_path: Path) -> None:
    labels = tuple(f"intent {chr(97 + i)}" for i in range(12))
    run = written(tmp_path / "run", messages(12, labels), card({"labels": list(labels)}))
    with typed(["audit", "run", "--blind", "-n", 5], tmp_path) as screen:
        assert "label =" not in asked(screen)
        for keys in ("12", "1\r", "7"):
            screen.type(keys)
            asked(screen)
        screen.type("/")
        screen.until("name:")
        screen.type("intent c\r")
        asked(screen)
        screen.type("\x04")
        assert screen.end() == 0
    assert [line["label"] for line in verdicts(run)] == ["intent l", "intent a", "intent g", "intent c"]


@pytest.mark.parametrize("columns", [12, 30])
def test_a_narrow_terminal_and_hostile_text_are_shown_in_lines_that_fit(tmp_path: Path, columns: int) -> None:
    rows: list[tuple[dict[str, Value], OutputValue]] = [
        ({"message": f"{HOSTILE} {'word ' * 30}{i}"}, "bug") for i in range(2)
    ]
    run = written(tmp_path / "run", rows)
    with typed(["audit", "run"], tmp_path, columns=columns) as screen:
        shown = screen.until("q ?")
        assert max(map(len, shown.splitlines())) <= columns
        for active in ("\x1b", "\x07", "\u202e"):
            assert active not in shown
        screen.type("y")
        screen.until("q ?")
        screen.type("q")
        assert screen.end() == 0
    assert len(verdicts(run)) == 1


def test_a_megabyte_without_a_space_is_shown_when_asked_for(tmp_path: Path) -> None:
    written(tmp_path / "run", [({"message": "x" * 900_000 + "END"}, "bug")])
    with typed(["audit", "run"], tmp_path, columns=1_000) as screen:
        assert "898,003 more characters; m shows them]" in asked(screen)
        screen.type("m")
        screen.until("END")
        asked(screen)
        screen.type("q")
        assert screen.end() == 0
