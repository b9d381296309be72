"""What an auditor's words mean, for every kind of output."""

from __future__ import annotations

import pytest

from satsuma.auditing.naming import Naming, NotAName, text_of
from satsuma.task.card import Card
from satsuma.task.instance import Value
from satsuma.task.outputs import output_of
from tests.auditing.runs import card

OPTIONS: dict[str, Value] = {"premise": "It rained.", "options": ("wet", "dry", "cold")}


def naming(made: Card) -> Naming:
    return Naming(made, output_of(made))


LABELS = naming(card({"labels": ["not used", "used", "10", "Nützlich"]}))
MULTIPLE = naming(card({"labels": ["a", "b", "c d"], "multiple": [0, 3]}))
CHOICE = naming(card({"choice": ["one", "two"]}, premise="x", one="x", two="x"))
LISTED = naming(card({"choice": {"field": "options", "count": [2, 4]}}, premise="x", options="x"))
CHOICES = naming(card({"choice": {"field": "options", "count": 3, "right": [1, 2]}}, premise="x", options="x"))
UNNAMED = [
    naming(card({"text": "a reply"})),
    naming(card({"span": "message"})),
    naming(card({"labels": ["person"], "spans": "message"})),
]


@pytest.mark.parametrize(
    ("said", "label"),
    [("1", "not used"), ("10", "10"), ("3", "10"), (" used ", "used"), ("USED", "used"), ("no", "not used"),
     ("nÜtz", "Nützlich")],
)  # fmt: skip
def test_a_label_is_named_by_its_number_its_name_or_its_beginning(said: str, label: str) -> None:
    assert LABELS.meant({}, said) == label
    assert LABELS.output_of({}, label) == label


@pytest.mark.parametrize("said", ["", "0", "5", "n", "x", "²"])
def test_what_means_no_label_or_several_is_told(said: str) -> None:
    with pytest.raises(NotAName):
        LABELS.meant({}, said)


def test_several_labels_are_named_with_commas_and_come_in_the_cards_order() -> None:
    assert MULTIPLE.meant({}, "3, a") == ("a", "c d")
    assert MULTIPLE.meant({}, "2 1") == ("a", "b")
    assert MULTIPLE.meant({}, "c d") == ("c d",)
    assert MULTIPLE.meant({}, "none") == MULTIPLE.meant({}, "0") == ()
    assert MULTIPLE.given({}, ["b", "a"]) == ("a", "b")
    assert MULTIPLE.output_of({}, ("c d", "a")) == ("a", "c d")
    for said in ("", "4", "a, z"):
        with pytest.raises(NotAName):
            MULTIPLE.meant({}, said)


def test_options_are_named_by_number_or_name_and_become_positions() -> None:
    fields = {"premise": "x", "one": "p", "two": "q"}
    assert CHOICE.given(fields, 1) == "two"
    assert CHOICE.output_of(fields, CHOICE.meant(fields, "1")) == 0
    assert LISTED.meant(OPTIONS, "3") == "C"
    assert LISTED.output_of(OPTIONS, "C") == 2
    with pytest.raises(NotAName):
        LISTED.meant(OPTIONS, "4")
    assert CHOICES.given(OPTIONS, [2, 0]) == ("A", "C")
    assert CHOICES.output_of(OPTIONS, CHOICES.meant(OPTIONS, "b, 1")) == (0, 1)


@pytest.mark.parametrize("one", UNNAMED)
def test_spans_and_texts_cannot_be_named(one: Naming) -> None:
    assert not one.possible
    assert one.given({"message": "x"}, "x") is None
    assert one.names({"message": "x"}) == ()


def test_a_label_is_shown_in_words() -> None:
    assert [text_of(label) for label in ("a", ("a", "b"), (), None)] == ["a", "a, b", "none", ""]
