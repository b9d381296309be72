"""A span on an encoder: where it starts and where it ends, a score for each token (Rajpurkar et al. 2016).

The other inputs and the text are read as a pair. A text that is too long is read in windows that overlap by `OVERLAP`
tokens; a window without the span has the first token as its target, as SQuAD 2.0's models have it, and an instance
without a span has no other windows. Of all windows the best span of at most `WIDEST` tokens is taken; none, where the
card allows it and the first token scores higher in every window. A span that occurs several times is learned where it
stands first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from satsuma.students.head import Prediction
from satsuma.students.items import Item, inputs_of
from satsuma.task.outputs.span import NO_SPAN

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

    from satsuma.students.checkpoints import Base, Body
    from satsuma.students.labelled import Labelled
    from satsuma.task.card import Card

OVERLAP = 64
WIDEST = 30
_BEST = 20


@dataclass(frozen=True, slots=True)
class _Found:
    """The best span of a window. start, end: characters. none: the score of there being none."""

    score: float
    start: int
    end: int
    none: float


class SpanHead:
    """Two outputs per token."""

    body: Body = "spans"
    labels = 2

    def __init__(self, card: Card, base: Base, longest: int) -> None:
        span = card.output.span
        self._field = span.field if span else ""
        self._none = bool(span and span.none)
        self._names = [name for name in card.shown_inputs if name != self._field]
        self._base = base
        self._longest = longest

    def items(self, instances: Sequence[Labelled], *, learn: bool) -> list[Item]:
        """One item per window."""
        kept = [(at, one) for at, one in enumerate(instances) if one.fields and (not learn or one.output is not None)]
        return [item for at, one in kept for item in self._windows(at, one, learn=learn)]

    def _windows(self, at: int, one: Labelled, *, learn: bool) -> list[Item]:
        asked = "\n".join(str(one.fields[name]) for name in self._names)
        made = self._base.tokenizer(
            asked, str(one.fields[self._field]), truncation="only_second", max_length=self._room(asked),
            stride=min(OVERLAP, self._longest // 4), return_overflowing_tokens=True, return_offsets_mapping=True,
            return_attention_mask=False,
        )  # fmt: skip
        items = []
        for window, ids in enumerate(made["input_ids"]):
            places = [
                tuple(place) if part == 1 else None
                for place, part in zip(made["offset_mapping"][window], made.sequence_ids(window), strict=True)
            ]
            types = (tuple(made["token_type_ids"][window]),) if "token_type_ids" in made else ()
            target = self._target(one, places) if learn else None
            items.append(Item(at, (tuple(ids),), types, target=target, told=places))
        return items

    def _room(self, asked: str) -> int:
        """Tokens of a window: more than wanted where the question alone would fill it."""
        return max(self._longest, len(self._base.tokenizer(asked)["input_ids"]) + self._longest // 2)

    def _target(self, one: Labelled, places: Sequence[tuple[int, int] | None]) -> tuple[int, int]:
        """The first and the last token of the span; 0 and 0 if the window has no such span."""
        words = str(one.output)
        start = str(one.fields[self._field]).find(words) if words else -1
        if start < 0:
            return 0, 0
        held = [
            token for token, place in enumerate(places) if place and place[0] < start + len(words) and place[1] > start
        ]
        whole = held and places[held[0]][0] <= start and places[held[-1]][1] >= start + len(words)  # type: ignore[index]
        return (held[0], held[-1]) if whole else (0, 0)

    def loss(self, model: Module, items: Sequence[Item], device: str) -> Tensor:
        """The mean of the cross entropies of start and end."""
        import torch
        from torch.nn import functional

        starts, ends = self._scores(model, items, device)
        targets = torch.tensor([item.target for item in items], device=device)
        one = functional.cross_entropy(starts, targets[:, 0], reduction="sum")
        return (one + functional.cross_entropy(ends, targets[:, 1], reduction="sum")) / 2

    def _scores(self, model: Module, items: Sequence[Item], device: str) -> tuple[Tensor, Tensor]:
        inputs = inputs_of(items, self._base.pad, device)
        said = model(**inputs)
        hidden = inputs["attention_mask"] == 0
        return tuple(part.float().masked_fill(hidden, -1e4) for part in (said.start_logits, said.end_logits))

    def results(self, model: Module, items: Sequence[Item], device: str) -> list[object]:
        """The best span of each window."""
        starts, ends = self._scores(model, items, device)
        pairs = zip(items, starts.tolist(), ends.tolist(), strict=True)
        return [_best(item.told if isinstance(item.told, list) else [], start, end) for item, start, end in pairs]

    def prediction(self, instance: Labelled, results: Sequence[object]) -> Prediction:
        """The best span of all windows, or none."""
        found = [one for one in results if isinstance(one, _Found)]
        if not found:
            return Prediction(instance.id, None, "")
        best = max(found, key=lambda one: one.score)
        if self._none and min(one.none for one in found) > best.score:
            return Prediction(instance.id, "", NO_SPAN)
        words = str(instance.fields[self._field])[best.start : best.end]
        return Prediction(instance.id, words, words)


def _best(places: Sequence[tuple[int, int] | None], starts: Sequence[float], ends: Sequence[float]) -> _Found:
    inside = [token for token, place in enumerate(places) if place]
    first = sorted(inside, key=lambda token: -starts[token])[:_BEST]
    best = _Found(float("-inf"), 0, 0, starts[0] + ends[0])
    for start in first:
        for end in range(start, min(start + WIDEST, len(places))):
            place, last = places[start], places[end]
            if place and last and starts[start] + ends[end] > best.score:
                best = _Found(starts[start] + ends[end], place[0], last[1], best.none)
    return best
