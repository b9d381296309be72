"""Text that is safe to look at, and keys that never show."""

from __future__ import annotations

import pytest

from satsuma.run.plain import no_surrogates, one_line, plain
from satsuma.run.redact import redact


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("\x1b[2J\x07", r"\x1b[2J\x07"),
        ("\x9b31m", r"\x9b31m"),
        ("\u202egpj.exe", r"\u202egpj.exe"),
        ("a\u2066b\u2029", r"a\u2066b\u2029"),
        ("\ud800", r"\ud800"),
        ("\U000e0041", r"\U000e0041"),
        ("caf\u00e9 \u4e2d\u6587 \u0645\u06cc\u200c\u062e", "caf\u00e9 \u4e2d\u6587 \u0645\u06cc\u200c\u062e"),
        ("[red]bold[/red]", "[red]bold[/red]"),
    ],
)  # fmt: skip
def test_what_a_terminal_would_obey_is_shown_as_its_escape(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_a_line_break_stays_where_it_is_wanted() -> None:
    assert plain("a\nb\x00", keep="\n") == "a\nb\\x00"


def test_one_line_is_one_line_and_no_wider_than_asked() -> None:
    assert one_line("a\n b\t\tc") == "a b c"
    assert one_line("abcdef", 4) == "abc…"
    assert one_line("abcd", 4) == "abcd"


def test_surrogates_are_the_only_thing_that_utf8_loses() -> None:
    assert no_surrogates("é\x00\ud800") == "é\x00\ufffd"


def test_the_value_of_a_variable_named_like_a_secret_is_taken_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_HOST_TOKEN", "correct-horse-battery")
    monkeypatch.setenv("KEYBOARD", "qwertzuiop")
    assert redact("sent correct-horse-battery by qwertzuiop") == "sent [redacted] by qwertzuiop"


def test_a_short_value_is_a_word_and_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_API_KEY", "none")
    assert redact("none of it") == "none of it"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://me:pw@host/v1", "https://[redacted]@host/v1"),
        ("https://host/v1?key=abc&x=1", "https://host/v1?key=[redacted]&x=1"),
        ("mail me@example.org", "mail me@example.org"),
    ],
)
def test_keys_in_addresses_are_taken_out(text: str, shown: str) -> None:
    assert redact(text) == shown
