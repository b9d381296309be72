"""PVI by students: the same checkpoint trained twice on each fold's rest, once with the input and once without it.

This is PVI as Ethayarajh et al. (2022) define it: g' learns from the text, g from the same rows with one and the same
text in the place of all (`NOTHING`), so that it can learn the labels' shares and no more. Both are trained as
`satsuma train` trains (early stopping on a part of their own training rows, groups kept together), from the text as
students read it and a card with the labels alone. Two trainings for each of five folds: for a student that is trained
whole that takes as long as ten trainings, for a `frozen` one seconds.

Its bits are those of this student: they are comparable with bits of the same student alone. Not covered: outputs that
are no closed set of labels; averages over several seeds.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import orjson

from satsuma.measures.classifier import FOLDS, Array
from satsuma.measures.shortcuts import Labelled

if TYPE_CHECKING:
    from satsuma.llm.request import Json
    from satsuma.students.settings import TrainOptions

NOTHING = "-"
"""What stands for the input where there is none; empty texts are nothing to some tokenizers."""
FROZEN = "frozen"


class StudentFamily:
    """Students of one checkpoint. student: as for `satsuma train`; `frozen` or `frozen:NAME` is a linear head."""

    def __init__(self, student: str, seed: int, options: TrainOptions | None = None) -> None:
        """options: of the trainings, where they are not to be the defaults."""
        self._student = student
        self._options: TrainOptions = {**_named(student), "seed": seed, **(options or {})}

    @property
    def name(self) -> str:
        """Which student."""
        return f"student ({self._student}), trained with the input and without it"

    def probabilities(self, data: Labelled, dealt: Sequence[int]) -> Array | None:
        """What a student that was trained with the input gives each label.

        Raises:
            DataError: a fold's rest cannot be trained on.
            ExtraError, ModelError, SettingsError: the student, a package or the device is not there.
        """
        return self._crossed(data, data.texts, data.groups, dealt)

    def blind(self, data: Labelled, dealt: Sequence[int]) -> Array:
        """What a student that was trained without the input gives each label.

        Raises:
            SatsumaError: as from `probabilities`.
        """
        apart = data.groups if data.groups is not None else [str(at) for at in range(len(data.texts))]
        return self._crossed(data, [NOTHING] * len(data.texts), apart, dealt)

    def _crossed(
        self, data: Labelled, texts: Sequence[str], groups: Sequence[str] | None, dealt: Sequence[int]
    ) -> Array:
        import numpy as np

        labels = [label or "" for label in data.labels]
        rows = [_row(text, label, at, groups) for at, (text, label) in enumerate(zip(texts, labels, strict=True))]
        found = np.zeros(len(rows))
        for number in range(FOLDS):
            own = [at for at, fold in enumerate(dealt) if fold == number]
            rest = [at for at, fold in enumerate(dealt) if fold != number]
            if own:
                found[own] = self._fold([rows[at] for at in rest], [rows[at] for at in own], sorted(set(labels)))
        return found

    def _fold(
        self, rest: Sequence[dict[str, Json]], own: Sequence[dict[str, Json]], labels: Sequence[str]
    ) -> list[float]:
        """Train on the rest; the probability of each own row's label."""
        from satsuma.students.doors import train

        card = {
            "name": "pvi", "task": "Tell the label.", "inputs": {"input": "a text"},
            "output": {"labels": list(labels)}, "verbalize": {"text": "{{ fields.input }}"},
        }  # fmt: skip
        with TemporaryDirectory(prefix="satsuma-pvi-") as folder:
            file = Path(folder) / "rest.jsonl"
            file.write_bytes(b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rest))
            student = train(file, out=Path(folder) / "student", card=card, **self._options)
            said = student.predict([{"input": row["input"]} for row in own])
        return [float(one.probabilities[str(row["label"])]) for one, row in zip(said, own, strict=True)]


def _named(student: str) -> TrainOptions:
    kind, _, name = student.partition(":")
    if kind != FROZEN:
        return {"student": student}
    return {"frozen": True, "student": name} if name else {"frozen": True}


def _row(text: str, label: str, number: int, groups: Sequence[str] | None) -> dict[str, Json]:
    row: dict[str, Json] = {"id": str(number), "input": text, "label": label}
    return row if groups is None else {**row, "provenance": {"context": groups[number]}}
