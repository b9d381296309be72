"""Where candidates grow: which context, which seed and which use of it, by the candidate's index.

The tree of contexts that a model grows is in `contexts.py`; here are the orders that need no model:

* a user's own contexts, in rounds: every context once, then every context's next seed, without end; or, where they
  have weights, each as often as its own says, spread over a round, each turn early or late in its time by chance, so
  that they make no pattern with labels or with what is varied;
* no contexts: seed after seed, without end;
* a user's own texts as seeds: one after the other until they end, with the user's contexts, if there are any, in turn.

In all of them the uses of one seed (`seed.uses`) stand next to each other, so that a small dataset has what a large one
has: several instances of each passage. It also asks for the fewest seeds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, Protocol

from satsuma import chance
from satsuma.task.instance import Reject


@dataclass(frozen=True, slots=True)
class Context:
    """A setting. path: from the root of the tree to it, its own name last."""

    index: int
    path: tuple[str, ...]

    @property
    def name(self) -> str:
        """The setting and what it is inside of, the widest first."""
        return " › ".join(self.path)


class Place(NamedTuple):
    """Where a candidate grows: seed number `slot` of a context, for the time `use` (from 0) of `uses`.

    context: None where there are none. seeded: False where there are no seeds; slot then counts the candidates.
    """

    context: Context | None
    slot: int
    use: int = 0
    uses: int = 1
    seeded: bool = True

    @property
    def id(self) -> str:
        """The candidate's path: `context 3 / seed 2`, `context 3 / seed 2 / use 1`, `seed 12`, `instance 7`."""
        parts = [f"context {self.context.index}"] if self.context else []
        parts.append(f"{'seed' if self.seeded else 'instance'} {self.slot}")
        if self.uses > 1:
            parts.append(f"use {self.use}")
        return " / ".join(parts)

    @property
    def setting(self) -> str:
        """The context's name, empty without one."""
        return self.context.name if self.context else ""

    @property
    def draw(self) -> int:
        """Which draw an instance is, as those that grow from the same may be asked for in the same words."""
        return self.use if self.seeded else self.slot


@dataclass(frozen=True, slots=True)
class Ended:
    """There is no place at an index and none beyond. id: of the place that it would have been."""

    id: str
    reason: str
    hint: str


class Places(Protocol):
    """The places of a run's candidates."""

    async def place(self, index: int) -> Place | Ended:
        """The place of candidate `index`."""
        ...

    def rejects(self, index: int) -> Sequence[Reject]:
        """What was dropped on the way to candidate `index`, handed out once."""
        ...


@lru_cache
def _round(weights: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    """The contexts of a round by their places, each with how often it came up in it before."""
    turns = [
        ((count + chance.number(0, "turn", at, count) / 2**64) / weight, at, count)
        for at, weight in enumerate(weights)
        for count in range(weight)
    ]
    return tuple((at, count) for _, at, count in sorted(turns))


@dataclass(frozen=True, slots=True)
class GivenContexts:
    """The user's own contexts, in rounds; with none of them, seeds alone. Needs no model and never ends.

    weights: how often each comes up in a round; once where left out.
    """

    names: Sequence[str]
    uses: int = 1
    seeded: bool = True
    weights: tuple[int, ...] = ()

    async def place(self, index: int) -> Place:
        """The place of candidate `index`: every context once, then every context's next seed."""
        unit, use = divmod(index, self.uses)
        if not self.names:
            return Place(None, unit, use, self.uses, self.seeded)
        if not self.weights:
            slot, at = divmod(unit, len(self.names))
        else:
            order = _round(self.weights)
            rounds, turn = divmod(unit, len(order))
            at, earlier = order[turn]
            slot = rounds * self.weights[at] + earlier
        return Place(Context(at, (self.names[at],)), slot, use, self.uses, self.seeded)

    def rejects(self, index: int) -> Sequence[Reject]:  # noqa: ARG002
        """None: the list is used as it is."""
        return ()


@dataclass(frozen=True, slots=True)
class GivenTexts:
    """As many seeds as the user has texts, one after the other. names: contexts, which take turns."""

    count: int
    names: Sequence[str] = ()
    uses: int = 1

    async def place(self, index: int) -> Place | Ended:
        """The place of candidate `index`, until the texts end."""
        slot, use = divmod(index, self.uses)
        at = slot % len(self.names) if self.names else 0
        context = Context(at, (self.names[at],)) if self.names else None
        place = Place(context, slot, use, self.uses)
        return place if slot < self.count else Ended(place.id, self._end(), self._hint())

    def rejects(self, index: int) -> Sequence[Reject]:  # noqa: ARG002
        """None: the texts are used as they are."""
        return ()

    def _end(self) -> str:
        one = self.count == 1
        what = "the one text that was given as a seed has" if one else f"all {self.count:,} texts given as seeds have"
        return f"{what} been used{'' if self.uses == 1 else f' {self.uses} times'}"

    def _hint(self) -> str:
        return (
            f"What there is by now is in place. More texts, or `uses: {self.uses + 1}` under `seed` of the card, "
            "which grows that many instances from each, give more."
        )
