"""Output: the positions of the right ones among options in one list-valued field, of which several can be right.

How many options there are, how many of them are right, and their order are drawn by the seed.
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Literal

from pydantic import BaseModel

from satsuma import chance
from satsuma.task.card_output import OptionList
from satsuma.task.instance import Value
from satsuma.task.outputs.kind import (
    ALL,
    Asked,
    Draft,
    Judgement,
    Mistake,
    Text,
    answer_model,
    several,
    taken,
    texts,
)


class ChoicesOutput:
    """A choice of several. what: what an option is."""

    kind = "choices"

    def __init__(self, name: str, written: Mapping[str, str], options: OptionList, what: str) -> None:
        self.name = name
        self._written = dict(written)
        self._what = what or "an option"
        self._field = options.field
        self._count = options.count
        self._right = options.right or (1, 1)
        self._names = tuple(string.ascii_uppercase[: options.count[1]])
        self._answer = lru_cache(maxsize=256)(self._answer_for)
        self._correction = lru_cache(maxsize=32)(self._correction_for)

    def weights(self) -> Mapping[str, int]:
        """One share of everything."""
        return {ALL: 1}

    def wanted(self, asked: Asked) -> tuple[str, ...]:  # noqa: ARG002
        """None."""
        return ()

    def instance_answer(self, asked: Asked) -> type[BaseModel]:
        """The inputs that are still to be written, the right options, and the wrong ones."""
        return self._answer(*self._sizes(asked))

    def _sizes(self, asked: Asked) -> tuple[int, int]:
        """How many options are right, and how many wrong."""
        size = chance.choose(range(self._count[0], self._count[1] + 1), asked.seed, "options", asked.index)
        right = chance.choose(range(self._right[0], self._right[1] + 1), asked.seed, "right", asked.index)
        return right, size - right

    def _answer_for(self, right: int, wrong: int) -> type[BaseModel]:
        fields = texts(self._written)
        for name, number in (("correct", right), ("wrong", wrong)):
            sort = "right" if name == "correct" else "wrong"
            plural = "option" if number == 1 else "options, each"
            fields[name] = (several(Text, number, number), f"{number} {sort} {plural}: {self._what}")
        return answer_model("Instance", "An instance with its right and its wrong options.", fields)

    def draft(self, given: Mapping[str, Value], answer: BaseModel, asked: Asked) -> Draft:
        """The options in the order of chance.

        Raises:
            Mistake: two options are the same.
        """
        return self.row_draft({**given, **taken(answer, tuple(self._written))}, answer, asked)

    def row_fields(self) -> dict[str, tuple[object, str]]:
        """The right options and the wrong ones, as many as an instance can have."""
        (least, most), (few, many) = self._right, self._count
        return {
            "correct": (several(Text, least, most), f"{_range(least, most)} right options, each: {self._what}"),
            "wrong": (
                several(Text, max(1, few - most), many - least),
                f"the wrong options, so that there are {_range(few, many)} in all, each: {self._what}",
            ),
        }

    def row_draft(self, fields: Mapping[str, Value], answer: BaseModel, asked: Asked) -> Draft:
        """The fields, with the options in the order of chance.

        Raises:
            Mistake: two options are the same, or there are too few or too many.
        """
        right = [str(o) for o in getattr(answer, "correct")]  # noqa: B009 - the model is made at run time
        options = right + [str(o) for o in getattr(answer, "wrong")]  # noqa: B009
        if len({o.casefold() for o in options}) < len(options):
            raise Mistake("two options are the same")
        if not self._count[0] <= len(options) <= self._count[1]:
            raise Mistake(f"there have to be {_range(*self._count)} options, not {len(options)}")
        order = sorted(range(len(options)), key=lambda at: chance.number(asked.seed, "order", asked.index, at))
        positions = tuple(place for place, at in enumerate(order) if at < len(right))
        made = {**fields, self._field: tuple(options[at] for at in order)}
        return Draft(made, positions, ALL, self._said(positions))

    def correction_answer(self, fields: Mapping[str, Value]) -> type[BaseModel]:
        """A reason and the names of the right options."""
        return self._correction(tuple(self.options(fields)))

    def _correction_for(self, names: tuple[str, ...]) -> type[BaseModel]:
        return answer_model(
            "Correction",
            "The right options of an instance.",
            {
                "reason": (Text, "one sentence that says why"),
                self.name: (several(Literal[names], 0, len(names)), "every right option"),
            },
        )

    def judgement(self, draft: Draft, answer: BaseModel) -> Judgement:  # noqa: ARG002
        """The positions of the options that were named."""
        positions = tuple(sorted({self._names.index(str(name)) for name in getattr(answer, self.name)}))
        return Judgement(positions, ALL, self._said(positions))

    def options(self, fields: Mapping[str, Value]) -> dict[str, str]:
        """The options under the letters A, B, C and so on."""
        listed = fields[self._field]
        return dict(zip(self._names, listed if isinstance(listed, tuple) else (), strict=False))

    def shown(self, fields: Mapping[str, Value], output: object) -> str:
        """The letters of the right options."""
        return self._said(self.read(fields, output))

    def read(self, fields: Mapping[str, Value], value: object) -> tuple[int, ...]:  # noqa: ARG002
        """The positions."""
        listed = value if isinstance(value, Iterable) and not isinstance(value, str) else (value,)
        return tuple(sorted(int(str(one)) for one in listed))

    def _said(self, positions: tuple[int, ...]) -> str:
        return ", ".join(self._names[at] for at in positions) or "none"

    def example(self, fields: Mapping[str, Value], asked: Asked) -> tuple[int, ...]:  # noqa: ARG002
        """The first option."""
        return (0,)


def _range(low: int, high: int) -> str:
    return str(low) if low == high else f"{low} to {high}"
