"""How votes are counted: the majority of equal answers, with no more votes taken than it needs.

A tie goes to the answer that was asked for if it is among the tied, else to the one that was named first. So the
outcome is settled as soon as no answer, named or new, could still come out first if it got every vote that is left; an
abstention takes one of these away and gives it to nobody. `needed` is the number of votes that have to be taken before
it can be settled at all: whoever takes so many at once never takes more than one by one would.

What was not voted on is not known to agree: the share of the votes *cast* that the winner got is larger than its share
of all votes would be on average. `satsuma.selecting.noise` does not use it.

Not covered: answers between which there is a middle (the steps of a scale), which are equal or not like any other.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TypeVar

A = TypeVar("A", bound=Hashable)


def needed(cast: Sequence[Hashable], left: int, asked: Hashable) -> int:
    """How many of the votes that are left to take at once: the fewest that can settle it; 0 if it is settled."""
    if left == 0 or (left == 1 and not cast):
        return left
    leaders = dict.fromkeys([asked, *cast])
    return next(
        more
        for more in range(left + 1)
        if left == more or any(_settled([*cast, *[leader] * more], left - more, asked) for leader in leaders)
    )


def winner(cast: Sequence[A], asked: A) -> A:
    """The answer that the votes decide for, in the order in which they were drawn.

    Raises:
        ValueError: there are no votes.
    """
    if not cast:
        raise ValueError("nobody voted")
    return max(dict.fromkeys([asked, *cast]), key=cast.count)


def _settled(cast: Sequence[Hashable], left: int, asked: Hashable) -> bool:
    if not cast:
        return left == 0
    ranked = dict.fromkeys([asked, *cast])
    standing = [(cast.count(answer), -place) for place, answer in enumerate(ranked)]
    best = max(standing)
    unheard = (0, -len(ranked))
    return all((votes + left, place) < best for votes, place in [*standing, unheard] if (votes, place) != best)
