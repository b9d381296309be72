"""`satsuma check`: all mistakes at once with their lines, warnings that do not matter, and the prompts."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import Call


def test_a_card_that_can_run_exits_0(call: Call, card: Path) -> None:
    result = call("check", card)
    assert result.returncode == 0, result.stdout
    assert "can run" in result.stdout


def test_a_warning_exits_0(call: Call, card: Path) -> None:
    card.write_text(card.read_text().replace("One message from a customer.", '""'))
    result = call("check", card)
    assert result.returncode == 0
    assert "warning: " in result.stdout


def test_every_mistake_is_told_with_its_line_and_exits_2(call: Call, card: Path) -> None:
    card.write_text(card.read_text().replace("    bug: something is broken\n", "") + "licence: mit\nlanguage: [1]\n")
    result = call("check", card)
    assert result.returncode == 2
    for line, word in ((8, "license"), (9, "language"), (6, "label")):
        assert [x for x in result.stdout.splitlines() if f"{card}:{line}" in x and word in x], result.stdout


def test_the_prompts_are_shown_when_asked_for(call: Call, card: Path) -> None:
    assert "[user]" not in call("check", card).stdout
    shown = call("check", card, "--prompts").stdout
    steps = [line for line in shown.splitlines() if line.startswith("── ")]
    assert "── contexts" in steps
    assert "── correction" in steps
    assert "Route a customer's message" in shown


def test_hostile_text_in_a_card_is_shown_and_not_obeyed(call: Call, card: Path) -> None:
    card.write_text(card.read_text().replace("One message from a customer.", '"a message \\u202e [red]"'))
    shown = call("check", card, "--prompts").stdout
    assert "\u202e" not in shown
    assert r"a message \u202e [red]" in shown


def test_no_such_card_exits_2_with_what_was_meant(call: Call) -> None:
    result = call("check", "support-ticket")
    assert (result.returncode, result.stdout) == (2, "")
    assert "support-tickets" in result.stderr
