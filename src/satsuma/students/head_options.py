"""A choice on an encoder: every option is scored by one linear output on the pair of the question and the option.

One right option: softmax over the options of the instance and cross entropy, as BERT is used on SWAG (Devlin et al.
2018). Several: a logistic output per option, the mean of their losses, and those are right whose probability is over
one half. The number of options may differ from instance to instance, and may exceed the card's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from satsuma.students.head import Prediction
from satsuma.students.items import IGNORED, Item, inputs_of
from satsuma.students.tokens import tokenized

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

    from satsuma.students.checkpoints import Base, Body
    from satsuma.students.labelled import Labelled
    from satsuma.task.card import Card


class OptionsHead:
    """One output, for how right an option is."""

    body: Body = "classifier"
    labels = 1

    def __init__(self, card: Card, base: Base, longest: int) -> None:
        self._several = card.output.kind == "choices"
        self._base = base
        self._longest = longest

    def items(self, instances: Sequence[Labelled], *, learn: bool) -> list[Item]:
        """One item per instance, with a sequence per option."""
        kept = [(at, one) for at, one in enumerate(instances) if one.options and (not learn or one.output is not None)]
        firsts = ["\n".join(one.shown) for _, one in kept for _ in one.options]
        made = tokenized(self._base, firsts, [option for _, one in kept for option in one.options], self._longest)
        items, start = [], 0
        for at, one in kept:
            part = slice(start, start + len(one.options))
            items.append(Item(at, made.ids[part], made.types[part], target=one.output if learn else None))
            start += len(one.options)
        return items

    def loss(self, model: Module, items: Sequence[Item], device: str) -> Tensor:
        """Cross entropy over the options of each instance."""
        import torch
        from torch.nn import functional

        scores = list(self._scores(model, items, device))
        if self._several:
            losses = [
                functional.binary_cross_entropy_with_logits(score, _held(item, len(score), device))
                for score, item in zip(scores, items, strict=True)
            ]
            return torch.stack(losses).sum()
        matrix = torch.nn.utils.rnn.pad_sequence(scores, batch_first=True, padding_value=float(IGNORED * 100))
        targets = torch.tensor([int(str(item.target)) for item in items], device=device)
        return functional.cross_entropy(matrix, targets, reduction="sum")

    def _scores(self, model: Module, items: Sequence[Item], device: str) -> Iterator[Tensor]:
        flat = model(**inputs_of(items, self._base.pad, device)).logits.float().squeeze(-1)
        start = 0
        for item in items:
            yield flat[start : start + len(item.rows)]
            start += len(item.rows)

    def results(self, model: Module, items: Sequence[Item], device: str) -> list[object]:
        """The probabilities of the options."""
        scores = self._scores(model, items, device)
        return [(score.sigmoid() if self._several else score.softmax(dim=0)).tolist() for score in scores]

    def prediction(self, instance: Labelled, results: Sequence[object]) -> Prediction:
        """The most probable option, or all that hold."""
        found = results[0] if results else []
        chances = [float(p) for p in found] if isinstance(found, list) else []
        return chosen(instance, chances, several=self._several)


def chosen(instance: Labelled, chances: Sequence[float], *, several: bool) -> Prediction:
    """What the chances of an instance's options mean."""
    named = {f"{at}": chance for at, chance in enumerate(chances)}
    if not chances:
        return Prediction(instance.id, None, "")
    if several:
        right = tuple(at for at, chance in enumerate(chances) if chance > 0.5)
        return Prediction(instance.id, right, "; ".join(instance.options[at] for at in right) or "none", named)
    best = max(range(len(chances)), key=lambda at: chances[at])
    return Prediction(instance.id, best, instance.options[best], named)


def _held(item: Item, count: int, device: str) -> Tensor:
    import torch

    right = item.target if isinstance(item.target, tuple) else ()
    return torch.tensor([float(at in right) for at in range(count)], device=device)
