"""The recorded runs that come with the package: a folder per card with `journal.sqlite` and `provenance.json`.

provenance.json says which card, how many instances, the seed, which model answered and how, and the rates of rejects,
duplicates and corrections that were measured when it was recorded. `satsuma demo` replays one through the ordinary
pipeline.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from satsuma.errors import SettingsError

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Recording:
    """A recorded run. n: instances that it is good for. model: who answered. how: in which way, in a sentence."""

    card: str
    n: int
    seed: int
    model: str
    how: str
    journal: Path


def recorded_cards() -> list[str]:
    """The names of the cards that have a recording."""
    return sorted(p.parent.name for p in _HERE.glob("*/provenance.json"))


def recording(card: str) -> Recording:
    """The recording of a card.

    Raises:
        SettingsError: there is none.
    """
    folder = _HERE / card
    if card not in recorded_cards():
        raise SettingsError(
            f"there is no recording of a card {card!r}",
            f"Recorded are: {', '.join(recorded_cards())}. With a live model: satsuma generate {card} -n 20 --model …",
        )
    about = json.loads((folder / "provenance.json").read_text("utf-8"))
    return Recording(card, about["n"], about["seed"], about["model"], about["how"], folder / "journal.sqlite")
