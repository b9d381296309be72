"""What `satsuma check` reads from words: what is weak is told, and good cards are left alone."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from satsuma.overlaps import overlaps
from satsuma.task.builtin import builtin_names
from satsuma.task.flaw import field_name
from satsuma.task.loader import load_card

TEAMS = {"billing": "about charges, refunds or invoices", "bug": "something that used to work is broken"}


def remarks(
    labels: Mapping[str, object] = TEAMS, output: Mapping[str, object] | None = None, **parts: object
) -> list[str]:
    card: dict[str, object] = {
        "task": "Route a customer's message to the team that should handle it.",
        "inputs": {"message": "One message from a customer."},
        "output": {"labels": labels, **(output or {})},
        **parts,
    }
    return [f"{field_name(place)}: {what}" for place, what in overlaps(load_card(card))]


@pytest.mark.parametrize("name", builtin_names())
def test_the_cards_that_come_with_satsuma_are_left_alone(name: str) -> None:
    assert list(overlaps(load_card(name))) == []


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ({"a": "about refunds or money", "b": "about the refund and money"}, 'b: means the same as "a"'),
        (
            {"angry": "the customer is angry", "cold": "the customer is angry or distant"},
            'cold: where it holds, "angry" seems to hold too',
        ),
        ({"long": "it is an angry customer's long text", "angry": "an angry customer"}, "long: where it"),
        ({"urgent": "urgent", "later": "it can wait until tomorrow"}, "urgent: its description says no more than its"),
        ({"to_cancel": "the customer cancels", "to_pay": "payment is due"}, ""),
    ],
)
def test_labels_that_hold_together_are_told(labels: dict[str, str], said: str) -> None:
    found = remarks(labels)
    assert len(found) == bool(said)
    assert all(said in remark for remark in found)


@pytest.mark.parametrize(
    "labels",
    [
        {"entailed": "the second follows from the first", "not": "the second does not follow from the first"},
        {"yes": "the passage says that the answer is yes", "no": "the passage says that the answer is no"},
        {"both": "the text praises and complains", "praise": "the text praises only"},
        {"sent": "the order was sent", "unsent": "the order wasn't sent"},
        {"cause": "the first brings the second about", "effect": "the second brings the first about, later on"},
        {"in": "money is paid from the bank to the customer", "out": "money is paid to the bank from the customer"},
        {"a": "", "b": "about money"},
        {"1": "bad", "2": "good"},
    ],
)
def test_definitions_that_mirror_each_other_are_left_alone(labels: dict[str, str]) -> None:
    assert remarks(labels) == []


def test_steps_and_sets_of_labels_may_overlap() -> None:
    labels = {"a": "the writer is angry", "b": "the writer is angry and loud"}
    assert remarks(labels)
    assert remarks(labels, {"ordinal": True}) == []
    assert remarks(labels, {"multiple": ["0", "2"]}) == []


@pytest.mark.parametrize(
    "seed", ["a customer who was charged twice and wants a refund", "a billing problem in one sentence"]
)
def test_a_seed_that_settles_the_label_is_told(seed: str) -> None:
    (remark,) = remarks(seed={"description": seed})
    assert remark.startswith('seed.description: speaks of "billing" and not of the other labels; a seed must not')


@pytest.mark.parametrize(
    "seed",
    [
        "a customer's situation in one sentence",
        "a situation such that a message about a refund or about something broken could come of it",
        "a situation of a customer, without charges or refunds",
        "who has an invoice",
        "a bug, in one sentence",  # three letters can be anything
    ],
)
def test_a_seed_that_leaves_the_labels_open_is_left_alone(seed: str) -> None:
    assert remarks(seed={"description": seed}) == []


def test_a_setting_that_settles_the_label_is_told() -> None:
    (remark,) = remarks(contexts="a shop in which charges and invoices are discussed")
    assert remark == 'contexts: speaks of "billing" and not of the other labels; a setting must leave every label open'


def test_an_attribute_that_is_the_label_is_told() -> None:
    (remark,) = remarks(attributes={"topic": ["Billing", "other"]})
    assert remark.startswith('attributes.topic: "Billing" is also a label, which it would contradict')
    (remark,) = remarks(attributes={"topic": ["bug", "billing"]})
    assert remark.startswith('attributes.topic: "bug", "billing" are also labels')


def test_an_option_that_is_described_as_right_or_as_wrong_is_told() -> None:
    def said(**options: str) -> list[str]:
        card = {"task": "Choose one.", "inputs": {"q": "x", **options}, "output": {"choice": list(options)}}
        return [field_name(place) for place, _ in overlaps(load_card(card))]

    assert said(one="The correct answer.", two="A wrong answer.") == ["inputs.one", "inputs.two"]
    assert said(one="A short answer.", two="A short answer; right and wrong ones look alike.") == []


def test_many_labels_are_compared_in_no_time() -> None:
    labels = {f"label-{i}": f"word{i} and word{i + 1}" for i in range(10_000)}
    assert remarks(labels) == []
