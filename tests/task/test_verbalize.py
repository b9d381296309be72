"""The space around what students read is taken away, unless the card keeps it."""

from __future__ import annotations

import pytest

import satsuma
from satsuma.task.outputs import output_of
from satsuma.task.verbalize import Verbalizer

TEXT = "\n\nQ: {{ fields.said }}{% if output %}{{ '\n' }}{% endif %}{{ '\nA: ' }}"


@pytest.mark.parametrize(("strip", "wanted"), [("true", "Q: Hello.\n\nA:"), ("false", "\n\nQ: Hello.\n\nA: ")])
def test_space_around_a_text_is_kept_where_the_card_says_so(strip: str, wanted: str) -> None:
    card = satsuma.load_card(
        {
            "task": "Say whether it greets somebody.",
            "inputs": {"said": "What somebody said."},
            "output": {"labels": ["yes", "no"]},
            "verbalize": {"text": TEXT, "target": " {{ shown }}", "strip": strip},
        }
    )
    text, target = Verbalizer(card, output_of(card))({"said": "Hello."}, "yes")
    assert text == wanted
    assert target == (" yes" if strip == "false" else "yes")


@pytest.mark.parametrize(
    ("target", "wanted"),
    [
        ("{{ shown }}!", ["yes!", "no!", "yes!"]),
        ("{{ shown }} to {{ fields.said }}", ["yes to a", "no to b", "yes to c"]),
        ("always this", ["always this"] * 3),
    ],
)
def test_a_target_is_its_own_instances_whatever_its_template_uses(target: str, wanted: list[str]) -> None:
    card = satsuma.load_card(
        {
            "task": "Say whether it greets somebody.",
            "inputs": {"said": "What somebody said."},
            "output": {"labels": ["yes", "no"]},
            "verbalize": {"target": target},
        }
    )
    verbalize = Verbalizer(card, output_of(card))
    said = [("a", "yes"), ("b", "no"), ("c", "yes")]
    assert [verbalize({"said": text}, output)[1] for text, output in said] == wanted


def test_a_card_that_does_not_say_is_the_card_that_it_was() -> None:
    from satsuma.run.identity import fingerprint

    said = {"task": "Judge what was said.", "inputs": {"said": "A text."}, "output": {"labels": ["a", "b"]}}
    assert fingerprint(satsuma.load_card(said)) == fingerprint(
        satsuma.load_card({**said, "verbalize": {"strip": True}})
    )
