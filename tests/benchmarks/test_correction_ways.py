"""The benchmark of the correction counts wrong labels by the texts, and its other model is another one."""

from __future__ import annotations

import os

from benchmarks.correction import NOISE, WAYS, measure

BY_NAME = {way.name: way for way in WAYS}


def test_without_correction_as_many_are_wrong_as_the_teacher_makes_wrong() -> None:
    found = measure(BY_NAME["no correction"], 200)
    assert NOISE / 2 < found.wrong < NOISE * 1.5
    assert found.noise is None
    assert found.requests < 1.5


def test_the_other_model_is_asked_and_is_more_careful() -> None:
    before = os.environ.get("OLLAMA_HOST")
    found = measure(BY_NAME["another model, blind, 3 votes"], 100)
    assert found.wrong <= 0.03
    assert found.requests > 3
    assert found.noise is not None
    assert os.environ.get("OLLAMA_HOST") == before
