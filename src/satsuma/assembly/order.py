"""What is to be built: read and checked before anything is asked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from satsuma.datatune.options import TransformKeywords
from satsuma.errors import CardError, SettingsError
from satsuma.settings import Options
from satsuma.task.builtin import builtin_names
from satsuma.task.card import Card
from satsuma.task.loader import load_card

OF_CORRECTION = ("votes", "blind", "policy", "without", "recipe")
"""Settings of generating that transforming does not have."""
_WORDS = 4
"""Words from which a text that names no card is a task in a sentence."""


class BuildKeywords(TransformKeywords, total=False):
    """The settings besides n and model, the options of a transformation, and those of a build, as keyword arguments."""

    share: float
    student: bool


@dataclass(frozen=True, slots=True)
class Order:
    """A dataset to be built.

    card: None where it has to be drafted of the sentence `task`. share: of n, that is to come from datasets; 0 without
    a catalog or datasets. settings: of every run; transforming: of the transformation besides.
    """

    card: Card | None
    task: str
    n: int
    model: str
    out: Path
    share: float
    student: bool
    settings: Mapping[str, object]
    transforming: Mapping[str, object]


def order_of(
    task: Card | str | Path | Mapping[str, object], n: int, model: str, out: str | Path | None, options: BuildKeywords
) -> Order:
    """The order that arguments make.

    Raises:
        SettingsError: an argument makes no sense.
        CardError: the card cannot be used.
    """
    share = options.get("share", 0.5)
    if n < 1:
        raise SettingsError(f"n is {n}, but has to be 1 or more", "Say how many instances you want: -n 1000")
    if not 0 <= share <= 1:
        raise SettingsError(f"share is {share:g}, but has to be from 0 to 1", "0.5 takes half from datasets.")
    if options.get("part"):
        raise SettingsError("a build has no parts", "Parts are for `satsuma generate`.")
    searched = bool(options.get("catalog") or options.get("datasets"))
    card, sentence = _card(task)
    names = set(Options.__annotations__)
    return Order(
        card=card,
        task=sentence,
        n=n,
        model=model,
        out=Path(out) if out is not None else Path("builds") / (card.name if card else _slug(sentence)),
        share=share if searched else 0.0,
        student=options.get("student", False),
        settings={name: value for name, value in options.items() if name in names},
        transforming={
            name: value for name, value in options.items() if name not in names and name not in ("share", "student")
        },
    )


def _card(task: Card | str | Path | Mapping[str, object]) -> tuple[Card | None, str]:
    if not isinstance(task, str):
        return load_card(task), ""
    is_card = task in builtin_names() or task.endswith((".yaml", ".yml")) or Path(task).exists()
    if is_card or len(task.split()) < _WORDS:
        try:
            return load_card(task), ""
        except CardError as error:
            if is_card:
                raise
            hint = f"{error.hint} A task in a sentence has {_WORDS} words or more."
            raise CardError(error.message, hint) from None
    return None, task


def _slug(sentence: str) -> str:
    words = re.findall(r"[a-z0-9]+", sentence.lower())
    return "-".join(words[:6]) or "task"
