"""The next token of every row of a batch, each drawn from its row's own randomness."""

from __future__ import annotations

import random
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from satsuma.llm.token_choice import Choice, choose

if TYPE_CHECKING:
    from torch import Tensor

pytestmark = pytest.mark.skipif(find_spec("torch") is None, reason="torch is not installed (the extra hf)")

CHOICES = (Choice(0.0), Choice(1.0), Choice(0.7, 0.9), Choice(1.5, 1.0, 5), Choice(0.3, 0.5, 40), Choice(1.0, 0.999))


def made(rows: int, width: int, seed: int = 0) -> Tensor:
    import torch

    return 3 * torch.randn(rows, width, generator=torch.Generator().manual_seed(seed))


def shares(logits: list[float], choice: Choice, points: int = 2000) -> list[float]:
    """How often each token is drawn when the points are spread evenly."""
    import torch

    rows = torch.tensor([logits] * points)
    tokens = choose(rows, [choice] * points, [(i + 0.5) / points for i in range(points)])
    return [tokens.count(token) / points for token in range(len(logits))]


@pytest.mark.parametrize("width", [50, 5000])
def test_a_rows_token_does_not_depend_on_the_rows_beside_it(width: int) -> None:
    chance = random.Random(1)
    logits = made(60, width)
    choices = [CHOICES[i % len(CHOICES)] for i in range(60)]
    points = [chance.random() for _ in choices]
    together = choose(logits, choices, points)
    assert together == [choose(logits[i : i + 1], [choices[i]], [points[i]])[0] for i in range(60)]
    assert len(set(together)) > 20


def test_temperature_0_takes_the_most_probable() -> None:
    assert choose(made(4, 100), [Choice(0.0)] * 4, [0.9] * 4) == made(4, 100).argmax(-1).tolist()


def test_tokens_are_drawn_as_often_as_they_are_probable() -> None:
    import torch

    logits = [0.0, 1.0, 2.0, -1.0]
    for temperature in (1.0, 0.5):
        expected = (torch.tensor(logits) / temperature).softmax(-1).tolist()
        assert shares(logits, Choice(temperature)) == pytest.approx(expected, abs=0.001)


def test_top_k_and_top_p_leave_out_the_improbable() -> None:
    logits = [0.0, 3.0, 2.0, 1.0]  # 0.03, 0.64, 0.24, 0.09
    assert [s > 0 for s in shares(logits, Choice(1.0, 1.0, 2))] == [False, True, True, False]
    assert [s > 0 for s in shares(logits, Choice(1.0, 0.7))] == [False, True, True, False]
    assert shares(logits, Choice(1.0, 0.1)) == [0, 1, 0, 0]
    assert shares(logits, Choice(1.0, 0.8, 3)) == shares(logits, Choice(1.0, 1.0, 2))


def test_of_equally_probable_tokens_all_are_kept() -> None:
    assert shares([1.0, 1.0, 1.0, -9.0], Choice(1.0, 1.0, 2)) == pytest.approx([1 / 3, 1 / 3, 1 / 3, 0], abs=0.001)


@pytest.mark.parametrize("point", [0.0, 0.5, 1 - 2**-53])
@pytest.mark.parametrize("choice", CHOICES)
def test_a_forbidden_token_is_never_drawn(choice: Choice, point: float) -> None:
    logits = made(1, 3000)
    logits[:, :1000] = logits[:, 1003:] = float("-inf")
    assert 1000 <= choose(logits, [choice], [point])[0] < 1003
