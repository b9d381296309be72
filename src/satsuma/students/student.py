"""A student that is finished, opened to be used.

    student = Student("students/copa")
    student.predict([{"premise": "It rained.", "question": "effect", "choice1": "...", "choice2": "..."}])

Opening reads the record; the model is loaded with the first prediction and stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from satsuma.errors import ModelError, SettingsError
from satsuma.students.before import Before
from satsuma.students.head import Head, Prediction
from satsuma.students.items import TOKENS, Item, prediction_batches
from satsuma.students.labelled import Labelled, Reader
from satsuma.students.record import Record, StudentDirectory, opened
from satsuma.students.settings import TrainSettings
from satsuma.task.loader import load_card

if TYPE_CHECKING:
    from torch.nn import Module

    from satsuma.llm.request import Json
    from satsuma.students.checkpoints import Base, Body
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
        self._weights = _Weights(self.record, self.directory, device)
        self._task: Card | None = None
        self._shots: tuple[Labelled, ...] = ()

    @property
    def path(self) -> Path:
        """Its directory."""
        return self.directory.path

    @cached_property
    def tasks(self) -> Mapping[str, Card]:
        """The cards of a student that has learned several tasks, by name; empty where it has learned one."""
        return {card.name: card for card in (load_card(task.card) for task in self.record.tasks)}

    @cached_property
    def card(self) -> Card:
        """The card that it has learned, or that of the task that it is asked.

        Raises:
            SettingsError: it has learned several, and none is asked.
        """
        if self._task is not None:
            return self._task
        if self.tasks:
            raise SettingsError(
                f"{self.path} has learned several tasks: {', '.join(self.tasks)}",
                f"Say which is meant: --card {next(iter(self.tasks))}",
            )
        return self.record.loaded_card()

    def asked(self, card: Card, shots: Sequence[Labelled] = ()) -> Student:
        """The same student, answering this card's task, with solved examples before each text; one model for all."""
        made = copy(self)
        for name in ("card", "reader", "predictor"):
            made.__dict__.pop(name, None)
        made._task, made._shots = card, tuple(shots)
        return made

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
        if self.record.kind == "frozen":
            return _frozen(self)
        return self._weights.predictor(self.card, self._shots)

    def predict(self, rows: Sequence[Mapping[str, Json]]) -> list[Prediction]:
        """What the student says of rows with the card's inputs, in order.

        Raises:
            DataError: a row lacks an input.
        """
        return self.predictor.predictions([self.reader.instance(row, at) for at, row in enumerate(rows)])

    def __repr__(self) -> str:
        told = ", ".join(self.tasks) or self.card.name
        return f"Student({str(self.path)!r}, {self.record.kind}, {told}, {self.record.data.instances} instances)"


def settings_of(record: Record) -> TrainSettings:
    """The settings that a student was trained with."""
    return TrainSettings(**record.settings)  # type: ignore[arg-type]


def _frozen(student: Student) -> Predictor:
    from satsuma.embedding.opening import open_embedder
    from satsuma.students.frozen import FrozenStudent, load_weights

    embedder = open_embedder(settings_of(student.record).student)
    return FrozenStudent(student.card, embedder, load_weights(student.directory.model))


class _Weights:
    """A student's model, loaded once for all tasks that it is asked."""

    def __init__(self, record: Record, directory: StudentDirectory, device: str) -> None:
        self._record, self._directory, self._wanted = record, directory, device
        self._settings = settings_of(record)

    @cached_property
    def _base(self) -> Base:
        from satsuma.students.checkpoints import ADAPTER, find_base

        adapted = (self._directory.model / ADAPTER).is_file()
        return find_base(self._settings.student if adapted else str(self._directory.path))

    @cached_property
    def _device(self) -> str:
        from satsuma.students.devices import device_of

        return device_of(self._wanted)

    @cached_property
    def _loaded(self) -> dict[tuple[Body, int], Module]:
        return {}

    def predictor(self, card: Card, shots: Sequence[Labelled]) -> TorchPredictor:
        """What answers a card's task."""
        from satsuma.students.checkpoints import load_trained
        from satsuma.students.devices import uses_bf16

        head = self._head(card, shots)
        kind = (head.body, head.labels)
        if kind not in self._loaded:
            found = load_trained(self._base, self._directory.model, head.body, head.labels)
            self._loaded[kind] = found.to(self._device)
        bf16 = uses_bf16(self._device, self._settings.precision)
        return TorchPredictor(self._loaded[kind], head, self._device, bf16=bf16)

    def _head(self, card: Card, shots: Sequence[Labelled]) -> Head:
        """The head; with examples there is as much room for each of them as for a text."""
        from satsuma.students.head import head_of
        from satsuma.students.head_writer import WRITTEN

        known = card.name in [task.card.get("name") for task in self._record.tasks] or self._record.has_only(card.name)
        targets = self._record.targets if known else WRITTEN
        longest = self._base.longest(self._settings.longest * (1 + len(shots)) + (0 if known else WRITTEN))
        before = Before.of(card, shots, instruction=self._settings.instruction)
        return head_of(card, self._base, longest, targets, before)
