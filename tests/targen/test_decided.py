"""Verdicts on names that are recalled are those that would be found, and what follows them is."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from satsuma.targen.decided import UNTOLD, DecidedNames
from satsuma.targen.repeats import Names

_WORDS = [f"{first}{last}" for first in ("bar", "den", "gor", "lim", "tus") for last in ("ak", "ol", "um", "ys")]


def asked(count: int) -> list[tuple[str, tuple[str, ...]]]:
    """Names, a third of which say what an earlier one says, and what they are inside of."""
    draw = random.Random(4)
    inside = [(), ("the market",), ("the market", "a fish stall")]
    return [(" ".join(draw.sample(_WORDS, draw.randint(1, 3))), draw.choice(inside)) for _ in range(count)]


def verdicts(names: DecidedNames, these: Sequence[tuple[str, tuple[str, ...]]]) -> list[str | None]:
    return [names.repeated(*one) for one in these]


@pytest.mark.parametrize("kept", [0, 1, 60, 150, 300])
def test_what_is_recalled_and_what_follows_is_as_it_was(kept: int, monkeypatch: pytest.MonkeyPatch) -> None:
    first, these = DecidedNames(), asked(300)
    plain = Names()
    expected = [plain.repeated(*one) for one in these]
    assert verdicts(first, these[:kept]) == expected[:kept]
    lines = first.taken()
    assert first.taken() == []
    again, searched = DecidedNames(), list[str]()
    again.recall(lines)
    really = Names.repeated

    def repeated(self: Names, name: str, within: Sequence[str]) -> str | None:
        searched.append(name)
        return really(self, name, within)

    monkeypatch.setattr(Names, "repeated", repeated)
    assert verdicts(again, these) == expected
    assert searched == [name for name, _ in these[kept:]]
    assert 20 < sum(verdict is not None for verdict in expected) < 280
    whole = DecidedNames()
    whole.recall([*lines, *again.taken()])
    searched.clear()
    assert verdicts(whole, these) == expected
    assert searched == []


def test_from_another_name_on_they_are_found_anew() -> None:
    first, these = DecidedNames(), asked(100)
    verdicts(first, these)
    again = DecidedNames()
    again.recall(first.taken())
    changed = [*these[:40], ("something else", ()), *these[41:]]
    plain = Names()
    assert verdicts(again, changed) == [plain.repeated(*one) for one in changed]


def test_a_gap_ends_what_is_recalled_and_what_is_there_twice_counts_once() -> None:
    first, these = DecidedNames(), [("a harbour", ()), ("a harbour", ()), ("a mill", ())]
    expected = verdicts(first, these)
    assert expected == [None, "a harbour", None]
    lines = first.taken()
    for kept in (lines[1:], [lines[0], lines[2]], [*lines[:2], *lines]):
        again = DecidedNames()
        again.recall(kept)
        assert verdicts(again, these) == expected


def test_a_verdict_that_has_no_line_ends_what_is_recalled() -> None:
    first = DecidedNames()
    these = [("a \ud800 b", ()), ("b \ud800 a", ()), ("a harbour", ())]
    expected = verdicts(first, these)
    assert expected == [None, "a \ud800 b", None]
    lines = first.taken()
    assert lines[1] == UNTOLD
    again = DecidedNames()
    again.recall(lines)
    assert verdicts(again, these) == expected
