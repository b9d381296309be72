"""A part of a run: a share of its indices, so that several machines can work on one dataset without knowing each other.

`--part 2/8` computes blocks 1, 9, 17, … of the indices, counted from 0. A block is what a block of contexts gives, so a
context and its seeds belong to one part, where a model names as many contexts as it is asked for. Every part grows the
same tree of contexts as far as it needs it, which takes one request for some two hundred candidates of all parts.

What that gives up: near-duplicates of other parts are not seen, and labels are made up for within a part alone. Both
are put right where the parts are joined (`satsuma blend`). Models that do not answer alike name other contexts for each
part, which makes the whole more varied and not less.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from satsuma.errors import SettingsError
from satsuma.task.card import Card

_FORM = re.compile(r"(\d{1,6})/(\d{1,6})")
_HINT = "It is written NUMBER/OF: --part 1/4, --part 2/4, --part 3/4 and --part 4/4 make up the whole."


@dataclass(frozen=True, slots=True)
class Part:
    """Part `number` (from 0) of `of`, in blocks of `size` indices."""

    number: int = 0
    of: int = 1
    size: int = 1

    def index(self, at: int) -> int:
        """The index of the whole run that a part's own index is."""
        if self.of == 1:
            return at
        block, offset = divmod(at, self.size)
        return (block * self.of + self.number) * self.size + offset


def part_of(text: str, card: Card) -> Part:
    """The part that a text such as `2/8` names; the whole for an empty one.

    Raises:
        SettingsError: it names none.
    """
    number, of = numbers(text)
    contexts = len(card.contexts.given) or (1 if card.seed_spec.given else card.contexts.per_block)
    per_context = 1 if card.seed_spec.given else card.seed_spec.per_context
    return Part(number, of, contexts * per_context * card.seed_spec.uses)


def share(text: str, n: int) -> int:
    """How many of n instances a part makes, all of them without one; the parts add up to n.

    Raises:
        SettingsError: it names no part, or one that would be empty.
    """
    if not text:
        return n
    number, of = numbers(text)
    mine = n * (number + 1) // of - n * number // of
    if mine == 0:
        raise SettingsError(f"part {text} of {n} instances has none", "Make fewer parts.")
    return mine


def numbers(text: str) -> tuple[int, int]:
    """The number of a part, from 0, and of how many.

    Raises:
        SettingsError: the text is no part.
    """
    if not text:
        return 0, 1
    match = _FORM.fullmatch(text.strip())
    number, of = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 1 <= number <= of:
        raise SettingsError(f"{text!r} is no part of a run", _HINT)
    return number - 1, of
