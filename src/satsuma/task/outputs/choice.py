"""Output: the position of the right one among options that belong to the instance.

The options are fields of their own (COPA's choice1 and choice2) or one list-valued field (BIG-bench's multiple
choice). The model writes the right and the wrong options; their order is the program's: where the number of options
is fixed, positions are labels with equal shares; where it varies, the number and the position are drawn by the seed.
So no position is favoured.
"""

from __future__ import annotations

import string
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

from pydantic import BaseModel

from satsuma import chance
from satsuma.selecting.shares import even
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


class ChoiceOutput:
    """A choice. described: option field → what it is. listed: whether one field holds the list of options."""

    kind = "choice"

    def __init__(
        self,
        name: str,
        written: Mapping[str, str],
        described: Mapping[str, str],
        count: tuple[int, int],
        *,
        listed: bool,
    ) -> None:
        self.name = name
        self._written = dict(written)
        self._what = next(iter(described.values())) or "an option"
        self._list_field = next(iter(described)) if listed else None
        self._names = tuple(string.ascii_uppercase[: count[1]]) if listed else tuple(described)
        self._count = count
        self._answer = lru_cache(maxsize=32)(self._answer_for)
        self._correction = lru_cache(maxsize=32)(self._correction_for)

    @property
    def _fixed(self) -> bool:
        return self._count[0] == self._count[1]

    def weights(self) -> Mapping[str, int]:
        """Equal shares of the positions, or one share of everything where the number of options varies."""
        return even(self._names) if self._fixed else {ALL: 1}

    def wanted(self, asked: Asked) -> tuple[str, ...]:  # noqa: ARG002
        """None: where the right option stands is the program's."""
        return ()

    def instance_answer(self, asked: Asked) -> type[BaseModel]:
        """The inputs that are still to be written, the right option, and the wrong ones."""
        low, high = self._count
        size = low if self._fixed else chance.choose(range(low, high + 1), asked.seed, "options", asked.index)
        return self._answer(size - 1)

    def _answer_for(self, wrong: int) -> type[BaseModel]:
        fields = {**texts(self._written), **self._right_and_wrong(wrong, wrong)}
        return answer_model("Instance", "An instance with its right and its wrong options.", fields)

    def _right_and_wrong(self, least: int, most: int) -> dict[str, tuple[object, str]]:
        """The right option, and from `least` to `most` wrong ones: a list unless it is always one."""
        fields: dict[str, tuple[object, str]] = {"correct": (Text, f"the right option: {self._what}")}
        if most == 1:
            fields["wrong"] = (Text, f"the wrong option: {self._what}")
        else:
            number = str(most) if least == most else f"{least} to {most}"
            fields["wrong"] = (several(Text, least, most), f"{number} wrong options, each: {self._what}")
        return fields

    def draft(self, given: Mapping[str, Value], answer: BaseModel, asked: Asked) -> Draft:
        """The options in the order that the asked position, or the seed, puts them in.

        Raises:
            Mistake: two options are the same.
        """
        return self.row_draft({**given, **taken(answer, tuple(self._written))}, answer, asked)

    def row_fields(self) -> dict[str, tuple[object, str]]:
        """The right option, and as many wrong ones as an instance can have."""
        low, high = self._count
        return self._right_and_wrong(low - 1, high - 1)

    def row_draft(self, fields: Mapping[str, Value], answer: BaseModel, asked: Asked) -> Draft:
        """The fields, with the options in the order that the asked position, or the seed, puts them in.

        Raises:
            Mistake: two options are the same.
        """
        wrong: object = getattr(answer, "wrong")  # noqa: B009 - the model is made at run time
        options = [str(w) for w in wrong] if isinstance(wrong, list) else [str(wrong)]
        size = len(options) + 1
        position = self._position(asked, size)
        options.insert(position, str(getattr(answer, "correct")))  # noqa: B009
        if len({o.casefold() for o in options}) < size:
            raise Mistake("two options are the same")
        made: dict[str, Value] = dict(fields)
        if self._list_field is None:
            made.update(zip(self._names, options, strict=True))
        else:
            made[self._list_field] = tuple(options)
        return Draft(made, position, self._label(position), self._names[position])

    def _position(self, asked: Asked, size: int) -> int:
        if self._fixed and asked.label in self._names:
            return self._names.index(asked.label)
        return chance.choose(range(size), asked.seed, "position", asked.index)

    def _label(self, position: int) -> str:
        return self._names[position] if self._fixed else ALL

    def correction_answer(self, fields: Mapping[str, Value]) -> type[BaseModel]:
        """A reason and the name of one of the options."""
        return self._correction(tuple(self.options(fields)))

    def _correction_for(self, names: tuple[str, ...]) -> type[BaseModel]:
        return answer_model(
            "Correction",
            "The right option of an instance.",
            {"reason": (Text, "one sentence that says why"), self.name: (Literal[names], "the right option")},
        )

    def judgement(self, draft: Draft, answer: BaseModel) -> Judgement:  # noqa: ARG002
        """The position of the option that was named."""
        position = self._names.index(str(getattr(answer, self.name)))
        return Judgement(position, self._label(position), self._names[position])

    def options(self, fields: Mapping[str, Value]) -> dict[str, str]:
        """The option fields, or the list's options under the letters A, B, C and so on."""
        if self._list_field is None:
            return {name: str(fields[name]) for name in self._names}
        listed = fields[self._list_field]
        return dict(zip(self._names, listed if isinstance(listed, tuple) else (), strict=False))

    def shown(self, fields: Mapping[str, Value], output: object) -> str:  # noqa: ARG002
        """The name of the option at the position."""
        return self._names[int(str(output))]

    def read(self, fields: Mapping[str, Value], value: object) -> int:  # noqa: ARG002
        """The position."""
        return int(str(value))

    def example(self, fields: Mapping[str, Value], asked: Asked) -> int:  # noqa: ARG002
        """The first option."""
        return 0
