"""Labels on an encoder: one of a closed set, or several at once, by a linear head on the text or the pair of texts.

One label: softmax and cross entropy. Several: a logistic output per label, the mean of their losses, and those labels
hold whose probability is over one half; the card's least and most are kept to.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from satsuma.students.head import Prediction
from satsuma.students.items import Item, inputs_of
from satsuma.students.tokens import is_pair, tokenized

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

    from satsuma.students.checkpoints import Base, Body
    from satsuma.students.labelled import Labelled
    from satsuma.task.card import Card


class LabelsHead:
    """A linear head, an output per label."""

    body: Body = "classifier"

    def __init__(self, card: Card, base: Base, longest: int) -> None:
        self.names = tuple(card.output.labels or ())
        self.labels = len(self.names)
        self._together = card.output.multiple
        self._pair = is_pair(card)
        self._base = base
        self._longest = longest

    def items(self, instances: Sequence[Labelled], *, learn: bool) -> list[Item]:
        """One sequence per instance."""
        kept = [(at, one) for at, one in enumerate(instances) if not learn or one.output is not None]
        pair = self._pair and all(len(one.shown) == 2 for _, one in kept)
        firsts = [one.shown[0] if pair else one.text for _, one in kept]
        seconds = [one.shown[1] for _, one in kept] if pair else None
        made = tokenized(self._base, firsts, seconds, self._longest)
        types = made.types or ((),) * len(kept)
        return [
            Item(at, (ids,), (kinds,) if kinds else (), target=self._target(one) if learn else None)
            for (at, one), ids, kinds in zip(kept, made.ids, types, strict=True)
        ]

    def _target(self, one: Labelled) -> object:
        if self._together is None:
            return self.names.index(str(one.output))
        held = one.output if isinstance(one.output, tuple) else ()
        return [float(name in held) for name in self.names]

    def loss(self, model: Module, items: Sequence[Item], device: str) -> Tensor:
        """Cross entropy, of several labels the mean over them."""
        import torch
        from torch.nn import functional

        logits = self._logits(model, items, device)
        targets = torch.tensor([item.target for item in items], device=device)
        if self._together is None:
            return functional.cross_entropy(logits, targets, reduction="sum")
        return functional.binary_cross_entropy_with_logits(logits, targets, reduction="none").mean(dim=1).sum()

    def results(self, model: Module, items: Sequence[Item], device: str) -> list[object]:
        """The probabilities of the labels."""
        logits = self._logits(model, items, device)
        found: list[object] = (logits.softmax(dim=1) if self._together is None else logits.sigmoid()).tolist()
        return found

    def _logits(self, model: Module, items: Sequence[Item], device: str) -> Tensor:
        return model(**inputs_of(items, self._base.pad, device)).logits.float()

    def prediction(self, instance: Labelled, results: Sequence[object]) -> Prediction:
        """The most probable label, or all that hold."""
        found = results[0]
        chances = dict(zip(self.names, found if isinstance(found, list) else [], strict=True))
        ranked = sorted(self.names, key=lambda name: -chances[name])
        if self._together is None:
            return Prediction(instance.id, ranked[0], ranked[0], chances)
        least, most = self._together
        count = min(max(sum(chances[name] > 0.5 for name in self.names), least), most)
        held = tuple(name for name in self.names if name in ranked[:count])
        return Prediction(instance.id, held, ", ".join(held) or "none", chances)
