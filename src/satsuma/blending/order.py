"""What is wanted of a blend, checked before anything is read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from satsuma.errors import SettingsError

if TYPE_CHECKING:
    from satsuma.task.card import Card

Balance: TypeAlias = Literal["card", "even", "none"]
BALANCES: tuple[Balance, ...] = get_args(Balance)
_RATIO = "A ratio has a whole number for each source: --ratio 2:1"


@dataclass(frozen=True, slots=True)
class Order:
    """What is wanted.

    sources: runs and files, the first ones kept where they repeat each other. out: the directory. ratio: of the
    sources; None takes all. n: instances; None takes the most that the ratio allows. balance: the labels' shares: the
    card's, even, or as they come. as_card: the card of all sources. partial: take runs that are not complete.
    """

    sources: tuple[Path, ...]
    out: Path
    ratio: tuple[int, ...] | None = None
    n: int | None = None
    balance: Balance = "card"
    as_card: Card | str | Path | None = None
    partial: bool = False

    def __post_init__(self) -> None:
        """Check what can be checked without reading.

        Raises:
            SettingsError: a value that cannot be.
        """
        if len(self.sources) < 2:
            raise SettingsError("a blend needs two sources or more", "satsuma blend runs/a runs/b -o data/mix")
        places = [source.expanduser().resolve() for source in self.sources]
        if self.out.expanduser().resolve() in places:
            raise SettingsError(f"{self.out} is one of the sources, and cannot be the result", "Choose another -o.")
        for at, place in enumerate(places):
            if place in places[:at]:
                raise SettingsError(f"{self.sources[at]} is named twice", "Name each source once; --ratio weighs them.")
        if self.ratio is not None and (len(self.ratio) != len(self.sources) or min(self.ratio) < 1):
            given = ":".join(map(str, self.ratio))
            raise SettingsError(f"the ratio {given} does not fit {len(self.sources)} sources", _RATIO)
        if self.n is not None and self.n < 1:
            raise SettingsError(f"n is {self.n}, but has to be 1 or more", "Leave -n out to have as many as there are.")
        if self.balance not in BALANCES:
            raise SettingsError(f"there is no balance {self.balance!r}", f"There are {', '.join(BALANCES)}.")


def ratio_of(text: str | Sequence[int]) -> tuple[int, ...]:
    """`2:1` as numbers without a common divisor.

    Raises:
        SettingsError: it is none.
    """
    parts = text.split(":") if isinstance(text, str) else [str(one) for one in text]
    if not parts or not all(part.strip().isdecimal() and int(part) > 0 for part in parts):
        raise SettingsError(f"{text!r} is no ratio", _RATIO)
    numbers = [int(part) for part in parts]
    divisor = math.gcd(*numbers)
    return tuple(number // divisor for number in numbers)
