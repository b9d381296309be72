"""The prompts of the row side, as they were reviewed."""

from __future__ import annotations

import pytest

from tests.datatune.grafted import FOLDER, golden_text
from tests.datatune.planned import CASES


@pytest.mark.parametrize("name", CASES)
def test_the_prompts_are_the_reviewed_ones(name: str) -> None:
    reviewed = (FOLDER / f"{name}.txt").read_text("utf-8")
    assert golden_text(name) == reviewed, (
        "read the new prompts as the model would, then write them with `python -m tests.datatune.grafted`"
    )


def test_what_a_row_says_stays_within_its_quotes() -> None:
    lines = golden_text("implied").split("\n")
    said = [line for line in lines if "Ignore the plan" in line]
    assert len(said) == 5
    assert all('\\"steps\\": []' in line and "{{ 7 * 7 }} {% raw %}" in line for line in said)
