"""What can be named as the right label of an instance, and what an auditor's words mean.

    labels            one of the card's
    several labels    some of the card's, or none
    a choice          one of the instance's options; several of them where several can be right
    spans, free text  nothing: it is right or wrong

A name can be given by its number (from 1), in full, or by a beginning that no other shares.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from satsuma.auditing.verdicts import Label
from satsuma.task.card import Card
from satsuma.task.card_output import NONE
from satsuma.task.instance import OutputValue, Value
from satsuma.task.outputs import OutputKind

_SEVERAL = frozenset({"multiple", "choices"})
_UNNAMED = frozenset({"spans", "span", "text"})


class NotAName(ValueError):
    """What an auditor said is no label of the instance; the message says what can be said."""


@dataclass(frozen=True, slots=True)
class Naming:
    """The labels of a card's instances, as auditors name them."""

    card: Card
    output: OutputKind

    @property
    def possible(self) -> bool:
        """Whether a right label can be named at all."""
        return self.card.output.kind not in _UNNAMED

    @property
    def several(self) -> bool:
        """Whether several can hold at once."""
        return self.card.output.kind in _SEVERAL

    def names(self, fields: Mapping[str, Value]) -> tuple[str, ...]:
        """What can be named for an instance with these fields."""
        if not self.possible:
            return ()
        return tuple(self.card.output.labels or self.output.options(fields))

    def given(self, fields: Mapping[str, Value], value: object) -> Label:
        """The label that an instance has; None where it cannot be named."""
        if not self.possible:
            return None
        if not self.several:
            return self.output.shown(fields, value)
        held, names = self.output.read(fields, value), self.names(fields)
        several = held if isinstance(held, tuple) else ()
        return tuple(names[one] if isinstance(one, int) else str(one) for one in several)

    def output_of(self, fields: Mapping[str, Value], label: Label) -> OutputValue:
        """The output, as the dataset stores it, that a label is.

        Raises:
            NotAName: the instance cannot have it.
        """
        chosen = self.checked(fields, label)
        names = self.names(fields)
        if self.card.output.labels is not None:
            return tuple(n for n in names if n in chosen) if self.several else chosen[0]
        positions = tuple(sorted(names.index(one) for one in chosen))
        return positions if self.several else positions[0]

    def checked(self, fields: Mapping[str, Value], label: Label) -> tuple[str, ...]:
        """The names that a label consists of, in the instance's order.

        Raises:
            NotAName: the instance cannot have it.
        """
        names = self.names(fields)
        chosen = (label,) if isinstance(label, str) else label or ()
        if unknown := [one for one in chosen if one not in names]:
            raise NotAName(f"{unknown[0]!r} is none of {_listed(names)}")
        if label is None or (not self.several and len(chosen) != 1):
            raise NotAName(f"one of {_listed(names)} is needed")
        return tuple(name for name in names if name in chosen)

    def meant(self, fields: Mapping[str, Value], said: str) -> Label:
        """The label that an auditor's words mean: a number or a name, or several with commas between them.

        Raises:
            NotAName: they mean none.
        """
        names = self.names(fields)
        if not self.several:
            return _one(said, names)
        if said.strip() in names:
            return (said.strip(),)
        if said.strip().casefold() in ("0", NONE):
            return ()
        chosen = {_one(part, names) for part in said.replace(",", " ").split()} if _numbers(said) else set()
        chosen = chosen or {_one(part, names) for part in said.split(",") if part.strip()}
        if not chosen:
            raise NotAName(f"name some of {_listed(names)} with commas between them, or 0 for none")
        return tuple(name for name in names if name in chosen)


def text_of(label: Label) -> str:
    """A label as a person reads it; what could not be named is empty."""
    if isinstance(label, tuple):
        return ", ".join(label) or NONE
    return label or ""


def _numbers(said: str) -> bool:
    return said.replace(",", "").replace(" ", "").isascii() and said.replace(",", "").replace(" ", "").isdigit()


def _one(said: str, names: tuple[str, ...]) -> str:
    text = said.strip()
    if text in names:
        return text
    if text.isascii() and text.isdigit() and 1 <= int(text) <= len(names):
        return names[int(text) - 1]
    folded = text.casefold()
    exact = [name for name in names if name.casefold() == folded]
    begun = [name for name in names if folded and name.casefold().startswith(folded)]
    for found in (exact, begun):
        if len(found) == 1:
            return found[0]
    if len(begun) > 1:
        raise NotAName(f"{text!r} begins {_listed(tuple(begun))}: say more of it, or its number")
    raise NotAName(f"{text!r} is none of {_listed(names)}")


def _listed(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:12])
    return f"{shown} and {len(names) - 12} more" if len(names) > 12 else shown
