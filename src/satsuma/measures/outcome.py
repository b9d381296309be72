"""What a measurement comes to: its figures, or why there are none.

Figures are frozen dataclasses; the names of their fields are the names in `satsuma analyze --format json`, and
docs/measures.md lists them.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from satsuma.run.plain import no_surrogates

if TYPE_CHECKING:
    from satsuma.llm.request import Json


@dataclass(frozen=True, slots=True)
class NotDefined:
    """A measurement that a dataset does not have. not_defined: why, in words."""

    not_defined: str


def as_json(value: object) -> Json:
    """Figures as JSON: dataclasses by field, numbers as they are; what is not finite null, half a character U+FFFD."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: as_json(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {no_surrogates(str(name)): as_json(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(inner) for inner in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        return no_surrogates(value)
    if value is None or isinstance(value, bool | int):
        return value
    raise TypeError(f"a figure is {type(value).__name__}, which JSON has no form for")
