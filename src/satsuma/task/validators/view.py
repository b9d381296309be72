"""What a validator sees of an instance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from satsuma.task.instance import OutputValue, Value


@dataclass(frozen=True, slots=True)
class View:
    """An instance as validators see it.

    fields: every input, scratch among them. options: name → text. output: as the dataset stores it. shown: as people
    see it. labels: the labels that it has; empty where the output has no labels.
    """

    fields: Mapping[str, Value]
    options: Mapping[str, str]
    output: OutputValue
    shown: str
    labels: tuple[str, ...] = ()

    def text(self, field: str) -> str:
        """A field as text: options in lines."""
        value = self.fields.get(field, "")
        return "\n".join(value) if isinstance(value, tuple) else str(value)

    def texts(self, field: str) -> tuple[str, ...]:
        """The texts of a field: one, or its options."""
        value = self.fields.get(field, "")
        return value if isinstance(value, tuple) else (str(value),)


class Validator(Protocol):
    """Looks at one instance."""

    def __call__(self, view: View) -> str:
        """What is wrong with it, in a few words; empty if nothing is."""
        ...
