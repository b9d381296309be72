"""A card's metric is one that can be measured, on its kind of output."""

from __future__ import annotations

import pytest

import satsuma
from satsuma.errors import CardError
from satsuma.scoring.official import _MEASURES, Item, metric_of
from satsuma.task.builtin import builtin_names
from satsuma.task.consistency import METRICS
from satsuma.task.instance import OutputValue, Span

PERFECT: dict[str, tuple[OutputValue, OutputValue]] = {
    "multiple": (("x",), ("y", "z")),
    "spans": ((Span(0, 1, "x", "a"),), (Span(0, 2, "y", "ab"),)),
    "choice": (0, 1),
    "choices": ((0,), (1, 2)),
    "span": ("words", "others"),
    "text": ("words", "others"),
}


def values_of(card: satsuma.Card) -> tuple[OutputValue, OutputValue]:
    labels = list(card.output.labels or ())
    return (labels[0], labels[1]) if card.output.kind == "labels" else PERFECT[card.output.kind]


def test_every_name_that_a_card_may_have_is_measured_and_no_other() -> None:
    assert set(_MEASURES) == set(METRICS)


@pytest.mark.parametrize("name", builtin_names())
def test_a_built_in_cards_metric_tells_perfect_predictions_from_wrong_ones(name: str) -> None:
    card = satsuma.load_card(name)
    one, other = values_of(card)
    options = ("first", "second", "third")
    right = [Item(value, value, options, pair=str(at // 2)) for at, value in enumerate((one, one, other, other))]
    wrong = [Item(None, value, options, pair=str(at // 2)) for at, value in enumerate((one, one, other, other))]
    metric = metric_of(card)
    assert set(metric.values(right)) == set(metric.parts)
    best, worst = metric.value(right), metric.value(wrong)
    assert best == pytest.approx(1 if metric.best else 0)
    assert (best > worst) is metric.best


def card(metric: str, output: dict[str, object]) -> satsuma.Card:
    inputs = {"said": "What somebody said.", "options": "An option."} if "choice" in output else {"said": "A text."}
    return satsuma.load_card({"name": "t", "task": "Judge it.", "inputs": inputs, "output": output, "metric": metric})


def test_figures_that_belong_together_are_averaged_and_parity_is_not() -> None:
    items = [Item("a", "a"), Item("a", "b"), Item("b", "b"), Item("b", "b")]
    both = metric_of(card("accuracy+macro-f1", {"labels": ["a", "b"]}))
    assert both.values(items) == {"accuracy": 0.75, "macro-f1": pytest.approx((2 / 3 + 4 / 5) / 2)}
    assert both.value(items) == pytest.approx((0.75 + (2 / 3 + 4 / 5) / 2) / 2)
    parity = metric_of(card("accuracy+gender-parity", {"labels": ["a", "b"]}))
    paired = [Item("a", "a", pair="1"), Item("b", "a", pair="1")]
    assert parity.values(paired) == {"accuracy": 0.5, "gender-parity": 0}
    assert parity.value(paired) == 0.5


def test_f1_is_of_the_label_that_the_card_lists_first() -> None:
    metric = metric_of(card("f1", {"labels": ["spam", "ham"]}))
    assert metric.value([Item("spam", "spam"), Item("ham", "spam"), Item("ham", "ham")]) == pytest.approx(2 / 3)


def test_a_choice_is_compared_in_words_where_the_metric_is_of_words() -> None:
    metric = metric_of(card("token-f1+em", {"name": "pick", "choice": {"field": "options", "count": 2}}))
    items = [Item(1, 0, ("Anna Smith", "Smith"), also=("Smith",)), Item(1, 0, ("Anna Smith", "Smith"))]
    assert metric.values(items) == {"token-f1": pytest.approx((1 + 2 / 3) / 2), "em": 0.5}


def test_the_grade_is_normalized_by_the_choices_of_each_instance() -> None:
    metric = metric_of(card("multiple-choice-grade", {"name": "pick", "choice": {"field": "options", "count": [2, 4]}}))
    items = [Item(0, 0, ("a", "b")), Item(0, 1, ("a", "b", "c", "d"))]
    assert metric.values(items) == {
        "multiple-choice-grade": 0.5,
        "normalized": pytest.approx(100 * (0.5 - 0.375) / 0.625),
    }


def test_a_prediction_that_is_no_step_counts_as_the_farthest() -> None:
    metric = metric_of(card("mean-absolute-error", {"labels": ["low", "middle", "high"], "ordinal": True}))
    assert metric.value([Item("low", "high"), Item(None, "low"), Item("?", "middle")]) == pytest.approx((2 + 2 + 1) / 3)


def test_a_metric_that_has_no_meaning_for_the_output_is_told() -> None:
    with pytest.raises(CardError, match="span-f1 is no measure of labels"):
        metric_of(card("span-f1", {"labels": ["a", "b"]}))


def test_check_tells_a_metric_that_there_is_not_with_the_nearest_one() -> None:
    wrong = {"task": "Judge what was said there.", "inputs": {"said": "A text."}, "output": {"labels": ["a", "b"]}}
    errors = satsuma.check({**wrong, "metric": "acuracy"}).errors
    assert any("acuracy" in str(flaw) and "accuracy" in str(flaw) for flaw in errors)
