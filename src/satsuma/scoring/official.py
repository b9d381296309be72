"""The measure that a card names, as a function of instances with their predictions.

    metric_of(card).value(items)        the figure that is compared: CB's mean of accuracy and macro-F1
    metric_of(card).values(items)       its parts by name

A new measure is a function here and its name in `_MEASURES`; `satsuma.task.consistency.METRICS`, which `satsuma check`
goes by, has the same names, and a test holds that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, cast

from satsuma.errors import CardError
from satsuma.scoring import agreement, answers, scale, sets
from satsuma.scoring.bigbench import guessing_grade, normalized
from satsuma.scoring.pairs import mean
from satsuma.scoring.parity import gender_parity
from satsuma.task.card import Card
from satsuma.task.instance import OutputValue, Span


@dataclass(frozen=True, slots=True)
class Item:
    """An instance, scored.

    prediction, reference: as the dataset stores outputs; None for a prediction that could not be read. options: the
    texts of a choice's options. also: further right answers, where text is asked for. pair: the minimal pair that it
    is of.
    """

    prediction: OutputValue | None
    reference: OutputValue
    options: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    pair: str = ""


Values: TypeAlias = Mapping[str, float]
Measure: TypeAlias = Callable[[Card, Sequence[Item]], Values]


@dataclass(frozen=True, slots=True)
class Metric:
    """A card's official measure.

    name: as the card has it. parts: the figures that it gives. best: the largest is best; False for errors. averaged:
    the figure that is compared is the mean of the parts (SuperGLUE's way), else the first part.
    """

    name: str
    parts: tuple[str, ...]
    card: Card
    best: bool
    averaged: bool
    measure: Measure

    def values(self, items: Sequence[Item]) -> Values:
        """Part → figure.

        Raises:
            DataError: there are no items, or they lack what the measure needs.
        """
        return self.measure(self.card, items)

    def value(self, items: Sequence[Item]) -> float:
        """The figure that systems are compared by.

        Raises:
            DataError: there are no items, or they lack what the measure needs.
        """
        found = self.measure(self.card, items)
        return mean([found[part] for part in self.parts]) if self.averaged else found[self.parts[0]]


def metric_of(card: Card) -> Metric:
    """The measure that a card names.

    Raises:
        CardError: there is no such measure, or it has no meaning for the card's kind of output.
    """
    if card.metric not in _MEASURES:
        raise CardError(
            f"{card.name}: {card.metric} is not a known metric", f"Known are {', '.join(sorted(_MEASURES))}."
        )
    parts, measure = _MEASURES[card.metric]
    if (kinds := _KINDS.get(card.metric)) and card.output.kind not in kinds:
        raise CardError(
            f"{card.name}: {card.metric} is no measure of {card.output.kind}",
            "`satsuma check` names those that fit.",
        )
    errs = card.metric == "mean-absolute-error"
    averaged = card.metric in ("accuracy+macro-f1", "f1a+em", "token-f1+em")
    return Metric(card.metric, parts, card, not errs, averaged, measure)


def _said(items: Sequence[Item]) -> tuple[list[OutputValue | None], list[OutputValue]]:
    return [item.prediction for item in items], [item.reference for item in items]


def _accuracy(card: Card, items: Sequence[Item]) -> Values:  # noqa: ARG001 - a measure has both
    return {"accuracy": agreement.accuracy(*_said(items))}


def _balanced(card: Card, items: Sequence[Item]) -> Values:  # noqa: ARG001
    return {"balanced-accuracy": agreement.balanced_accuracy(*_said(items))}


def _f1(card: Card, items: Sequence[Item]) -> Values:
    """Of the label that the card lists first."""
    return {"f1": agreement.f1(*_said(items), next(iter(card.output.labels or {}), ""))}


def _macro(card: Card, items: Sequence[Item]) -> Values:
    if card.output.kind == "multiple":
        return {"macro-f1": sets.macro_f1_of_sets(*_sets(items))}
    return {"macro-f1": agreement.macro_f1(*_said(items))}


def _micro(card: Card, items: Sequence[Item]) -> Values:
    several = card.output.kind in ("multiple", "choices")
    return {"micro-f1": sets.micro_f1_of_sets(*_sets(items)) if several else agreement.micro_f1(*_said(items))}


def _matthews(card: Card, items: Sequence[Item]) -> Values:  # noqa: ARG001
    return {"matthews": agreement.matthews(*_said(items))}


def _accuracy_and_macro(card: Card, items: Sequence[Item]) -> Values:
    return {**_accuracy(card, items), **_macro(card, items)}


def _accuracy_and_parity(card: Card, items: Sequence[Item]) -> Values:
    found = _accuracy(card, items)
    pairs = [item.pair for item in items]
    return {**found, "gender-parity": gender_parity([item.prediction for item in items], pairs)}


def _error(card: Card, items: Sequence[Item]) -> Values:
    """A prediction that is no step counts as the one that is farthest away."""
    return {"mean-absolute-error": scale.mean_absolute_error(*_steps(card, items))}


def _kappa(card: Card, items: Sequence[Item]) -> Values:
    return {"quadratic-kappa": scale.quadratic_kappa(*_steps(card, items))}


def _grade(card: Card, items: Sequence[Item]) -> Values:
    """The grade, and where it lies between guessing and the best."""
    grade = agreement.accuracy(*_said(items))
    sizes = [len(item.options) or len(card.output.labels or card.option_fields) for item in items]
    low = guessing_grade([dict.fromkeys(map(str, range(size)), 1 / size) for size in sizes if size])
    return {"multiple-choice-grade": grade, "normalized": normalized(grade, low)}


def _f1a_and_em(card: Card, items: Sequence[Item]) -> Values:  # noqa: ARG001
    both = _sets(items)
    return {"f1a": sets.micro_f1_of_sets(*both), "em": sets.exact_sets(*both)}


def _spans(card: Card, items: Sequence[Item]) -> Values:  # noqa: ARG001
    said, there = ([cast("tuple[Span, ...]", one) for one in side] for side in _sets(items))
    return {"span-f1": sets.span_f1(said, there)}


def _exact(card: Card, items: Sequence[Item]) -> Values:
    if card.output.kind == "spans":
        said, there = (
            [[(s.start, s.end, s.label) for s in cast("tuple[Span, ...]", x)] for x in y] for y in _sets(items)
        )
        return {"exact-match": sets.exact_sets(said, there)}
    if card.output.kind in ("multiple", "choices"):
        return {"exact-match": sets.exact_sets(*_sets(items))}
    return {"exact-match": answers.exact_match(*_texts(items))}


def _token_f1(card: Card, items: Sequence[Item]) -> Values:  # noqa: ARG001
    return {"token-f1": answers.token_f1(*_texts(items))}


def _token_f1_and_em(card: Card, items: Sequence[Item]) -> Values:  # noqa: ARG001
    said, there = _texts(items)
    return {"token-f1": answers.token_f1(said, there), "em": answers.exact_match(said, there)}


def _rouge(card: Card, items: Sequence[Item]) -> Values:  # noqa: ARG001
    return {"rouge-l": answers.rouge_l(*_texts(items))}


def _sets(items: Sequence[Item]) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    return [_several(item.prediction) for item in items], [_several(item.reference) for item in items]


def _several(value: OutputValue | None) -> tuple[object, ...]:
    return () if value is None else value if isinstance(value, tuple) else (value,)


def _texts(items: Sequence[Item]) -> tuple[list[str], list[tuple[str, ...]]]:
    """Predictions and right answers in words; of a choice, the words of its option."""
    said = [_text(item, item.prediction) for item in items]
    return said, [(_text(item, item.reference), *item.also) for item in items]


def _text(item: Item, value: OutputValue | None) -> str:
    if isinstance(value, int):
        return item.options[value] if 0 <= value < len(item.options) else ""
    return "" if value is None else str(value)


def _steps(card: Card, items: Sequence[Item]) -> tuple[list[int], list[int]]:
    labels = list(card.output.labels or ())
    there = scale.steps([str(item.reference) for item in items], labels)
    said = [
        labels.index(str(item.prediction)) if item.prediction in labels else _farthest(at, len(labels))
        for item, at in zip(items, there, strict=True)
    ]
    return said, there


def _farthest(at: int, size: int) -> int:
    return 0 if at >= size - 1 - at else size - 1


_MEASURES: Mapping[str, tuple[tuple[str, ...], Measure]] = {
    "accuracy": (("accuracy",), _accuracy),
    "accuracy+gender-parity": (("accuracy", "gender-parity"), _accuracy_and_parity),
    "accuracy+macro-f1": (("accuracy", "macro-f1"), _accuracy_and_macro),
    "balanced-accuracy": (("balanced-accuracy",), _balanced),
    "exact-match": (("exact-match",), _exact),
    "f1": (("f1",), _f1),
    "f1a+em": (("f1a", "em"), _f1a_and_em),
    "macro-f1": (("macro-f1",), _macro),
    "matthews": (("matthews",), _matthews),
    "mean-absolute-error": (("mean-absolute-error",), _error),
    "micro-f1": (("micro-f1",), _micro),
    "multiple-choice-grade": (("multiple-choice-grade", "normalized"), _grade),
    "quadratic-kappa": (("quadratic-kappa",), _kappa),
    "rouge-l": (("rouge-l",), _rouge),
    "span-f1": (("span-f1",), _spans),
    "token-f1": (("token-f1",), _token_f1),
    "token-f1+em": (("token-f1", "em"), _token_f1_and_em),
}
"""Name → the parts that it has, and the function."""
_KINDS: Mapping[str, frozenset[str]] = {
    "f1": frozenset({"labels"}),
    "f1a+em": frozenset({"choices"}),
    "mean-absolute-error": frozenset({"labels"}),
    "multiple-choice-grade": frozenset({"labels", "choice"}),
    "quadratic-kappa": frozenset({"labels"}),
    "span-f1": frozenset({"spans"}),
}
"""The kinds of output that a measure has a meaning for, where not for all."""
