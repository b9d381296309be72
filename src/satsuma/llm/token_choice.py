"""The next token of every row of a batch, each drawn from its row's own randomness.

Rule: which token a row gets is a function of its own logits, its own parameters and its own number between 0 and 1,
and of nothing else in the batch. So the same request gives the same text alone and among others, as far as the logits
are the same (floating point sums depend on the shape of a batch; a last digit rarely decides a draw).

Mechanism: inversion. The probabilities are summed up in the order of the vocabulary, in double precision, and the
number says where to stop: one number per token instead of one per entry of the vocabulary, which Gumbel noise or
`torch.multinomial` would need. top_k and top_p become a least probability, and what is below it is left out; of
tokens that are equally probable, which half precision makes frequent, all are kept or none.

Order of the restrictions as in transformers and vLLM: temperature, top_k, top_p.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

FEW = 1024
"""Tokens among which top_p is looked for first; sorting a whole vocabulary takes several times as long."""


@dataclass(frozen=True, slots=True)
class Choice:
    """How a row's tokens are drawn.

    temperature: 0 takes the most probable. top_p: 1 for no restriction. top_k: 0 for none.
    """

    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0

    @property
    def restricted(self) -> bool:
        """Whether the improbable are left out."""
        return self.top_p < 1 or self.top_k > 0


def choose(logits: Tensor, choices: Sequence[Choice], points: Sequence[float]) -> list[int]:
    """One token for each row.

    logits: rows by vocabulary. choices, points: one for each row; a point is at least 0 and less than 1.
    """
    if logits.device.type == "mps":
        logits = logits.cpu()  # which has double precision
    chosen: list[int] = logits.argmax(-1).tolist()
    drawn = [row for row, c in enumerate(choices) if c.temperature > 0]
    if not drawn:
        return chosen
    own = logits[drawn].float()
    probabilities = (own / _column([choices[row].temperature for row in drawn], own)).softmax(-1)
    restricted = [at for at, row in enumerate(drawn) if choices[row].restricted]
    if restricted:
        some = probabilities[restricted]
        floor = _least(some, [choices[drawn[at]] for at in restricted])
        probabilities[restricted] = some.masked_fill(some < floor, 0.0)
    tokens = _draw(probabilities.double(), [points[row] for row in drawn])
    for row, token in zip(drawn, tokens.tolist(), strict=True):
        chosen[row] = token
    return chosen


def _column(values: Sequence[float], like: Tensor) -> Tensor:
    import torch

    return torch.tensor(values, dtype=like.dtype, device=like.device).unsqueeze(-1)


def _least(probabilities: Tensor, choices: Sequence[Choice]) -> Tensor:
    """Each row's least probability that is kept: rows by 1."""
    import torch

    width = probabilities.shape[-1]
    most = [min(c.top_k or width, width) for c in choices]
    top_p = _column([c.top_p for c in choices], probabilities)
    enough = max(k if k < width else min(FEW, width) for k in most)
    falling = probabilities.topk(enough).values
    if falling.shape[-1] < max(most) and bool((falling.sum(-1, keepdim=True) < top_p).any()):
        falling = probabilities.sort(dim=-1, descending=True).values
    place = torch.arange(falling.shape[-1], device=falling.device)
    falling = falling.masked_fill(place >= _column(most, place), 0.0)
    share = falling.double() / falling.double().sum(-1, keepdim=True)
    before = share.cumsum(-1) - share
    kept = ((before < top_p) | (place == 0)) & (falling > 0)
    return falling.masked_fill(~kept, float("inf")).amin(-1, keepdim=True)


def _draw(probabilities: Tensor, points: Sequence[float]) -> Tensor:
    """The first token at which the sum passes the row's point; never one after the last that is possible."""
    import torch

    sums = probabilities.cumsum(-1)
    total = sums[:, -1:].contiguous()
    last = torch.searchsorted(sums, total)
    return torch.searchsorted(sums, _column(points, sums) * total, right=True).minimum(last).squeeze(-1)
