"""The solved examples of a few-shot question: never from the set that is measured, the same ones for every instance.

They are the card's examples, or rows of a file of training data. What has the text of a measured instance (but for case
and space) is left out, whatever the file is called. The labels take turns, most of all k different ones, in an order
of chance by the seed; another seed takes other examples. That they are the same for every instance makes the beginning
of all prompts the same, which providers charge less for.

Not covered: paraphrases of measured instances among the examples.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from satsuma import chance
from satsuma.errors import SettingsError
from satsuma.examining.sets import measured, sameness, with_named_option
from satsuma.run.frozen import refuse_frozen
from satsuma.students.labelled import Labelled, Reader

if TYPE_CHECKING:
    from satsuma.llm.request import Json
    from satsuma.task.card import Card

SUITE_SHOTS = 2
"""Examples that BIG-bench's tasks are shown with unless it is said otherwise."""


def shots_of(
    card: Card, k: int | None, measured_on: Sequence[Labelled], train: str | Path | None, seed: int
) -> tuple[tuple[Labelled, ...], tuple[str, ...]]:
    """The examples, in the order in which they are shown, and what there is to tell.

    k: how many; None for the suite's two where the card is one of BIG-bench's, else none. measured_on: the whole set.

    Raises:
        SettingsError: k is negative, there are fewer examples, or the training data is a frozen benchmark.
        DataError: the training data cannot be read.
    """
    wanted = k if k is not None else SUITE_SHOTS if of_the_suite(card) else 0
    if wanted < 0:
        raise SettingsError(f"shots is {wanted}, but has to be 0 or more", "--shots 0 shows no examples.")
    if not wanted:
        return (), ()
    pool = list(_pool(card, train))
    there = {sameness(one.text) for one in measured_on}
    fit = [one for one in pool if sameness(one.text) not in there]
    gone = len(pool) - len(fit)
    told = (f"{gone:,} examples are in the measured set and are not shown",) if gone else ()
    found = _taken(fit, wanted, seed)
    if len(found) < wanted:
        raise SettingsError(_lacking(card, train, wanted, len(found), gone), "Name more: --train FILE; or --shots 0.")
    return found, told


def of_the_suite(card: Card) -> bool:
    """Whether a card is measured as BIG-bench's tasks are."""
    return card.metric == "multiple-choice-grade"


def _lacking(card: Card, train: str | Path | None, wanted: int, there: int, gone: int) -> str:
    source = str(train) if train is not None else f"the card {card.name}"
    besides = f" ({gone:,} more are in the measured set)" if gone else ""
    return f"{wanted} examples are wanted, and {source} has {there}{besides}"


def _pool(card: Card, train: str | Path | None) -> Iterator[Labelled]:
    if train is not None:
        refuse_frozen([train], "shown to a model as examples")
        yield from measured(train, card).instances
        return
    reader = Reader(card)
    for number, example in enumerate(card.examples):
        yield reader.instance(with_named_option(_row(example), card), number)


def _row(example: Mapping[str, object]) -> dict[str, Json]:
    """A card's example as a row of a file."""
    return {
        name: [str(one) for one in value] if isinstance(value, list | tuple) else str(value)
        for name, value in example.items()
    }


def _taken(pool: Sequence[Labelled], k: int, seed: int) -> tuple[Labelled, ...]:
    """K of them, label by label; each text once."""
    groups: dict[str, list[Labelled]] = {}
    seen: set[str] = set()
    for at in sorted(range(len(pool)), key=lambda at: chance.number(seed, "shots", at)):
        if (same := sameness(pool[at].text)) not in seen:
            seen.add(same)
            groups.setdefault(str(pool[at].output), []).append(pool[at])
    turns = list(groups.values())
    found: list[Labelled] = []
    while len(found) < k and any(turns):
        for group in turns:
            if group and len(found) < k:
                found.append(group.pop(0))
    return tuple(sorted(found, key=lambda one: chance.number(seed, "shown", one.id)))
