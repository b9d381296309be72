"""`--ray [ADDRESS]`: an option whose value may be left out.

Rule: the word after `--ray` is its value if it can only be an address (it has a colon, or is `local` or `auto`); else
Ray is started on this machine, and the word is what it would be without `--ray`. So `--ray` may be the last word, and
may stand before the card.

Mechanism: the parser knows only options with a value and options without, so a bare `--ray` is given its value before
it reads the line.
"""

from __future__ import annotations

from collections.abc import Sequence

from typer.core import TyperCommand

LOCAL, AUTO = "local", "auto"
"""Addresses that are no address: Ray on this machine, and whichever runs here or RAY_ADDRESS names."""


class WithRay(TyperCommand):
    """A command that has `--ray`."""

    def parse_args(self, ctx: object, args: list[str]) -> list[str]:
        """Read the words of the command line."""
        return list(super().parse_args(ctx, filled(args)))  # type: ignore[arg-type]  # whose name is typer's own


def filled(words: Sequence[str]) -> list[str]:
    """The words, with an address after each `--ray` that has none."""
    made: list[str] = []
    for at, word in enumerate(words):
        if word == "--":
            return [*made, *words[at:]]
        made.append(word)
        if word == "--ray" and not (at + 1 < len(words) and is_address(words[at + 1])):
            made.append(LOCAL)
    return made


def is_address(word: str) -> bool:
    """Whether a word can only be an address of Ray."""
    return word in (LOCAL, AUTO) or (":" in word and not word.startswith("-"))
