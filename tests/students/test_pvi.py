"""PVI (`satsuma.measures.pvi_student`) with real tiny students of all three families."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="needs the extra train")
pytest.importorskip("peft", reason="needs the extra train")
pytest.importorskip("sklearn", reason="needs the extra train")

import numpy as np

from satsuma.measures.classifier import folds
from satsuma.measures.pvi import Pvi, pvi
from satsuma.measures.pvi_student import StudentFamily
from satsuma.measures.shortcuts import Labelled
from satsuma.students.settings import TrainOptions
from tests.students.conftest import LABELS, THINGS, message

FAST: TrainOptions = {
    "epochs": 12, "batch": 4, "learning_rate": 5e-3, "dev": 0.0, "device": "cpu", "lora": 0, "longest": 24,
}  # fmt: skip
TOLD = [message(n) for n in range(48)]
ANSWERS = [LABELS[n % len(THINGS) >= 4] for n in range(48)]


def test_where_the_input_tells_the_label_it_is_worth_most_of_a_bit(models: dict[str, Path]) -> None:
    student = StudentFamily(str(models["encoder"]), 0, FAST)
    found = pvi(Labelled(TOLD, list(ANSWERS), {}), [str(n) for n in range(48)], 0, family=student)
    assert isinstance(found, Pvi)
    assert found.family == f"student ({models['encoder']}), trained with the input and without it"
    assert found.mean > 0.5, "of one bit"
    assert set(found.per_label) == set(LABELS)


@pytest.mark.parametrize("family", ["encoder", "encoder-decoder", "decoder"])
def test_every_family_gives_probabilities_and_without_the_input_all_of_a_fold_and_label_are_alike(
    family: str, models: dict[str, Path]
) -> None:
    data = Labelled(TOLD[:24], list(ANSWERS[:24]), {})
    dealt = folds(ANSWERS[:24], None, 0)
    student = StudentFamily(str(models[family]), 0, {**FAST, "epochs": 1})
    informed, blind = student.probabilities(data, dealt), student.blind(data, dealt)
    assert informed is not None
    assert np.all((informed > 0) & (informed < 1))
    assert len({round(float(p), 4) for p in informed}) > 10
    alike = {(fold, label, round(float(p), 4)) for fold, label, p in zip(dealt, ANSWERS, blind, strict=False)}
    assert len(alike) == len({(fold, label) for fold, label, _ in alike})
