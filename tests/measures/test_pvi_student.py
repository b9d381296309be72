"""PVI by students: the definition, with a checkpoint trained with the input and without it, cross-validated."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

for package in ("numpy", "sklearn"):
    pytest.importorskip(package, reason="needs the extra analyze")

import numpy as np  # noqa: E402 - needs the extra

from satsuma.errors import ExtraError, ModelError  # noqa: E402 - needs the extra
from satsuma.measures.analysis import analyze_dataset  # noqa: E402 - needs the extra
from satsuma.measures.classifier import folds  # noqa: E402 - needs the extra
from satsuma.measures.corpus import Options  # noqa: E402 - needs the extra
from satsuma.measures.outcome import NotDefined  # noqa: E402 - needs the extra
from satsuma.measures.pvi import Pvi, pvi, pvi_values  # noqa: E402 - needs the extra
from satsuma.measures.pvi_student import StudentFamily  # noqa: E402 - needs the extra
from satsuma.measures.shortcuts import Labelled  # noqa: E402 - needs the extra
from tests.students.conftest import LABELS, THINGS, message  # noqa: E402 - needs the extra
from tests.tiny_checkpoint import write_checkpoint  # noqa: E402 - needs the extra


def told(numbers: Sequence[int]) -> Labelled:
    """Messages whose things tell the label, a third of which is `bug`."""
    texts, labels = [message(n) for n in numbers], [LABELS[n % len(THINGS) >= 4] for n in numbers]
    return Labelled(texts, list(labels), {})


def ids(data: Labelled) -> list[str]:
    return [str(at) for at in range(len(data.texts))]


def test_without_the_input_only_the_shares_of_the_labels_are_learned(tmp_path: Path) -> None:
    pytest.importorskip("tokenizers", reason="needs the extra train")
    embedder = str(write_checkpoint(tmp_path / "bert"))
    data = Labelled([f"code {n}" for n in range(60)], [LABELS[n % 3 == 0] for n in range(60)], {})
    family = StudentFamily(f"frozen:{embedder}", 0)
    dealt = folds([label or "" for label in data.labels], None, 0)
    blind = family.blind(data, dealt)
    expected = [2 / 3 if label == LABELS[0] else 1 / 3 for label in data.labels]
    assert blind == pytest.approx(expected, abs=0.03)
    informed = family.probabilities(data, dealt)
    values = pvi_values(data, family, 0)
    assert values == pytest.approx(np.log2(informed) - np.log2(blind))
    grouped = Labelled(data.texts, data.labels, {}, groups=[str(n // 6) for n in range(60)])
    assert family.blind(grouped, dealt) == pytest.approx(expected, abs=0.06)


def test_what_a_student_cannot_learn_is_not_defined_and_says_why() -> None:
    class Refusing(StudentFamily):
        def probabilities(self, data: Labelled, dealt: Sequence[int]) -> np.ndarray:  # noqa: ARG002
            from satsuma.errors import DataError

            raise DataError("all of them are alike")

    data = told(range(40))
    found = pvi(data, ids(data), 0, family=Refusing("minilm", 0))
    assert isinstance(found, NotDefined)
    assert found.not_defined.endswith("cannot learn it: all of them are alike")


def test_the_analysis_says_whose_bits_they_are_and_a_student_that_is_not_there_is_an_error(
    tmp_path: Path,
) -> None:
    pytest.importorskip("tokenizers", reason="needs the extra train")
    for package in ("babel", "vaderSentiment"):
        pytest.importorskip(package, reason="needs the extra analyze")
    rows = [{"text": message(n), "label": LABELS[n % len(THINGS) >= 4]} for n in range(40)]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    embedder = str(write_checkpoint(tmp_path / "bert"))

    def by(student: str) -> object:
        options = Options(embedder=None, only=("pvi",), student=student)
        return analyze_dataset(path, options=options).measures["pvi"]

    default, student = by(""), by(f"frozen:{embedder}")
    assert isinstance(default, Pvi)
    assert isinstance(student, Pvi)
    assert default.family == "logistic model on words"
    assert student.family.startswith("student (frozen:")
    assert student.instances == 40
    with pytest.raises((ModelError, ExtraError)):
        by("frozen:./nowhere")
