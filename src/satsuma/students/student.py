"""A student that is finished, opened to be used.

    student = Student("students/copa")
    student.predict([{"premise": "It rained.", "question": "effect", "choice1": "...", "choice2": "..."}])

Opening reads the record; the model is loaded with the first prediction and stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from satsuma.errors import ModelError
from satsuma.students.head import Head, Prediction
from satsuma.students.items import TOKENS, Item, prediction_batches
from satsuma.students.labelled import Labelled, Reader
from satsuma.students.record import Record, StudentDirectory, opened
from satsuma.students.settings import TrainSettings

if TYPE_CHECKING:
    from torch.nn import Module

    from satsuma.llm.request import Json
    from satsuma.task.card import Card


class Predictor(Protocol):
    """What says something of instances."""

    def predictions(self, instances: Sequence[Labelled]) -> list[Prediction]:
        """One for each, in order."""
        ...


class TorchPredictor:
    """A model with a head."""

    def __init__(self, model: Module, head: Head, device: str, *, bf16: bool = False) -> None:
        self._model = model.eval()
        self._head = head
        self._device = device
        self._bf16 = bf16
        self._tokens = TOKENS

    def predictions(self, instances: Sequence[Labelled]) -> list[Prediction]:
        """One for each, in order; batches are halved where memory is full.

        Raises:
            ModelError: not even one instance fits into memory.
        """
        items = self._head.items(instances, learn=False)
        results: dict[int, list[object]] = {at: [] for at in range(len(instances))}
        for item, result in zip(items, self._results(items), strict=True):
            results[item.at].append(result)
        return [self._head.prediction(one, results[at]) for at, one in enumerate(instances)]

    def _results(self, items: Sequence[Item]) -> list[object]:
        from satsuma.students.devices import out_of_memory

        while True:
            try:
                return self._all(items)
            except RuntimeError as error:
                if not out_of_memory(error):
                    raise
                if self._tokens <= 1:
                    raise ModelError("there is not enough memory for a single instance") from error
                self._tokens //= 2

    def _all(self, items: Sequence[Item]) -> list[object]:
        import torch

        from satsuma.students.devices import autocast

        found: list[object] = [None] * len(items)
        with torch.inference_mode(), autocast(self._device, bf16=self._bf16):
            for batch in prediction_batches(items, self._tokens):
                said = self._head.results(self._model, [items[at] for at in batch], self._device)
                for at, one in zip(batch, said, strict=True):
                    found[at] = one
        return found


class Student:
    """A trained student. path: its directory. device: where it runs."""

    def __init__(self, path: str | Path, device: str = "auto") -> None:
        """Open the student at `path`.

        Raises:
            RunError: there is none, or it is not finished.
        """
        self.directory: StudentDirectory
        self.record: Record
        self.directory, self.record = opened(path)
        self._device = device

    @property
    def path(self) -> Path:
        """Its directory."""
        return self.directory.path

    @cached_property
    def card(self) -> Card:
        """The card that it has learned."""
        return self.record.loaded_card()

    @cached_property
    def reader(self) -> Reader:
        """What makes instances of rows."""
        return Reader(self.card)

    @cached_property
    def predictor(self) -> Predictor:
        """The model, loaded.

        Raises:
            ModelError: it cannot be loaded.
            ExtraError: a package that it needs is not installed.
        """
        return _frozen(self) if self.record.kind == "frozen" else _torch(self, self._device)

    def predict(self, rows: Sequence[Mapping[str, Json]]) -> list[Prediction]:
        """What the student says of rows with the card's inputs, in order.

        Raises:
            DataError: a row lacks an input.
        """
        return self.predictor.predictions([self.reader.instance(row, at) for at, row in enumerate(rows)])

    def __repr__(self) -> str:
        return (
            f"Student({str(self.path)!r}, {self.record.kind}, {self.card.name}, {self.record.data.instances} instances)"
        )


def settings_of(record: Record) -> TrainSettings:
    """The settings that a student was trained with."""
    return TrainSettings(**record.settings)  # type: ignore[arg-type]


def _frozen(student: Student) -> Predictor:
    from satsuma.embedding.opening import open_embedder
    from satsuma.students.frozen import FrozenStudent, load_weights

    embedder = open_embedder(settings_of(student.record).student)
    return FrozenStudent(student.card, embedder, load_weights(student.directory.model))


def _torch(student: Student, wanted: str) -> Predictor:
    from satsuma.students.checkpoints import find_base, load_trained
    from satsuma.students.devices import device_of, uses_bf16
    from satsuma.students.head import head_of

    record, settings = student.record, settings_of(student.record)
    has_adapters = bool(settings.lora)
    base = find_base(settings.student if has_adapters else str(student.path))
    head = head_of(student.card, base, base.longest(settings.longest), record.targets)
    device = device_of(wanted)
    model = load_trained(base, student.directory.model, head.body, head.labels).to(device)
    return TorchPredictor(model, head, device, bf16=uses_bf16(device, settings.precision))
