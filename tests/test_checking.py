"""`satsuma check`: all mistakes keep a card from running, no warning does, and every remark has its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from satsuma.checking import CheckReport, check_card
from satsuma.errors import CardError
from satsuma.llm.request import Message
from satsuma.task.builtin import builtin_names
from satsuma.task.card import Card

CARD = """\
task: Sort the notes by tone.
inputs:
  note: one note of a neighbour
output:
  labels:
    friendly: kind and warm
    hostile: angry or cold
"""


def sent(card: Card) -> list[tuple[str, tuple[Message, ...]]]:
    return [("contexts", (Message("user", card.task),))]


def report(text: str, tmp_path: Path) -> CheckReport:
    path = tmp_path / "card.yaml"
    path.write_text(text, encoding="utf-8")
    return check_card(path, sent)


def remarks(found: CheckReport) -> list[str]:
    """The remarks, without the directory that the test lives in."""
    return [str(flaw).split("/")[-1] for flaw in (*found.errors, *found.warnings)]


def test_a_good_card_can_run_and_shows_what_it_would_send(tmp_path: Path) -> None:
    found = report(CARD, tmp_path)
    assert (found.exit_code, found.errors, found.warnings) == (0, (), ())
    assert found.prompts == (("contexts", (Message("user", "Sort the notes by tone."),)),)
    assert found.lines() == [f"{tmp_path / 'card.yaml'} can run: no errors, no warnings"]


@pytest.mark.parametrize("name", builtin_names())
def test_a_built_in_card_has_nothing_to_be_remarked(name: str) -> None:
    assert check_card(name).lines() == [f"{name}.yaml can run: no errors, no warnings"]


def test_every_mistake_is_told_and_the_card_cannot_run(tmp_path: Path) -> None:
    found = report(CARD + "metric: acuracy\nseed: nte\nprompts: {seeds: '{{ x }}'}\n", tmp_path)
    assert (found.exit_code, found.card, found.prompts) == (2, None, ())
    assert [r.split(": ")[:2] for r in remarks(found)] == [
        ["card.yaml:8", "metric"], ["card.yaml:9", "seed.field"], ["card.yaml:10", "prompts.seeds"],
    ]  # fmt: skip
    assert found.lines()[-1].endswith("card.yaml cannot run: 3 errors, no warnings")
    assert found.lines()[0].startswith("error: ")


def test_more_mistakes_than_an_error_shows_are_all_told(tmp_path: Path) -> None:
    assert len(report(CARD + "".join(f"zzz{i}: 1\n" for i in range(40)), tmp_path).errors) == 40


def test_yaml_that_cannot_be_read_is_a_report_too(tmp_path: Path) -> None:
    found = report("task: !x y\ntask: z\n", tmp_path)
    assert (found.exit_code, len(found.errors)) == (2, 2)


def test_a_card_that_is_not_there_is_an_error_and_no_report() -> None:
    with pytest.raises(CardError, match="no such card: cpoa; did you mean copa"):
        check_card("cpoa")


def test_a_prompt_that_cannot_be_rendered_is_an_error_of_the_card(tmp_path: Path) -> None:
    def fails(card: Card) -> list[tuple[str, tuple[Message, ...]]]:
        raise CardError(f"prompts.instance: line 3: {card.name} is odd")

    path = tmp_path / "card.yaml"
    path.write_text(CARD, encoding="utf-8")
    found = check_card(path, fails)
    assert (found.exit_code, found.card) == (2, None)
    assert remarks(found) == ["prompts.instance: line 3: card is odd"]


def test_a_card_from_python_is_checked_without_a_file() -> None:
    found = check_card({"task": "a b c", "inputs": {"m": "x"}, "output": {"labels": ["a", "b"]}})
    assert found.lines()[-1] == "the card can run: no errors, 1 warning"


def edited(old: str, new: str) -> str:
    assert old in CARD
    return CARD.replace(old, new)


EXAMPLE = "  - {{note: x, label: {}}}\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (edited("Sort the notes by tone.", "Sort notes"), "card.yaml:1: task: is very short"),
        (edited("note: one note of a neighbour", "note:"), "card.yaml:3: inputs.note: has no description"),
        (edited("hostile: angry or cold", "hostile:"), 'card.yaml:5: output.labels: "hostile" has no description'),
        (edited("angry or cold", "Kind and  warm"), 'card.yaml:7: output.labels.hostile: means the same as "friendly"'),
        (edited("hostile:", "friendly1:"), 'card.yaml:7: output.labels.friendly1: looks much like "friendly"'),
        (edited("one note", "one friendly note"), 'card.yaml:3: inputs.note: its description names "friendly"'),
        (
            edited("  labels:", "  proportions: {friendly: 999, hostile: 1}\n  labels:"),
            'card.yaml:5: output.proportions: "hostile": less than 1% of the instances',
        ),
        (
            CARD
            + "".join(f"    label-{chr(97 + i // 26) * 9}-{chr(97 + i % 26) * 9}: means {i}\n" for i in range(101)),
            "card.yaml:5: output.labels: 103 labels",
        ),
        (
            CARD + "examples:\n" + EXAMPLE.format("friendly") * 2,
            'card.yaml:8: examples: never show the label "hostile"',
        ),
        (
            CARD + "examples:\n" + EXAMPLE.format("friendly") * 3 + EXAMPLE.format("hostile"),
            'card.yaml:8: examples: show "friendly" more than twice as often as "hostile"',
        ),
        (CARD + "attributes: {tone: [dry]}\n", "card.yaml:8: attributes.tone: has one value"),
        (CARD + "contexts: [a shop, a school]\n", "card.yaml:8: contexts: only 2 contexts"),
        (
            CARD + "verbalize: {labels: {friendly: good}}\n",
            'card.yaml:8: verbalize.labels: gives no word for "hostile"',
        ),
        (
            CARD + "verbalize: {labels: {friendly: x, hostile: x}}\n",
            'card.yaml:8: verbalize.labels: gives 2 labels the word "x"',
        ),
        (CARD + "metric: rouge-l\n", "card.yaml:8: metric: rouge-l says little about this kind of output"),
    ],
)
def test_what_is_unwise_is_a_warning_and_the_card_can_run(tmp_path: Path, text: str, said: str) -> None:
    found = report(text, tmp_path)
    assert found.exit_code == 0
    (remark,) = remarks(found)
    assert remark.startswith(said)
    assert found.lines()[0].startswith("warning: ")
    assert found.prompts


def test_labels_without_descriptions_are_one_warning_however_many(tmp_path: Path) -> None:
    names = ", ".join(f"{chr(97 + i) * 9}" for i in range(20))
    (remark,) = remarks(report(f"task: a b c\ninputs: {{m: x}}\noutput: {{labels: [{names}]}}\n", tmp_path))
    assert "and 15 more have no description" in remark
