"""The examples of a BIG-bench task as rows of a card: as the suite presents them, so the card reads them.

An example is presented by the rules of BIG-bench's JSON tasks (docs/doc.md of google/BIG-bench): the input prefix, the
input, the choices in an order of chance, each behind the choice prefix, and the output prefix. A card that verbalizes
its instances in that form can be read backwards: its `verbalize.text` is rendered with a mark in place of every field,
and what stands in the presented text where a mark does is the field. A field that stands there several times has to be
the same each time.

Not covered: the task prefix, which stands once before all examples of a prompt; a card whose template depends on what
a field says; and tasks in which several choices are right.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from satsuma import chance
from satsuma.errors import DataError
from satsuma.reading.values import as_label, as_text
from satsuma.task.card_output import OptionList
from satsuma.task.outputs import output_of
from satsuma.task.verbalize import Verbalizer

if TYPE_CHECKING:
    from satsuma.llm.request import Json
    from satsuma.task.card import Card
    from satsuma.task.instance import Value

_MARK = re.compile("\ue000(\\d+)\ue001")
_FORM = {"example_input_prefix": "\nQ: ", "example_output_prefix": "\nA: ", "choice_prefix": "\n  choice: "}
"""What the suite takes where a task does not say."""


def presented(task: Mapping[str, Json], given: str, choices: Sequence[str]) -> str:
    """An example as the suite presents it. task: the task.json. given: its input. choices: in the order to show."""
    prefix, ending, before = (str(task.get(name, default)) for name, default in _FORM.items())
    shown = "".join(before + choice for choice in choices) if task.get("append_choices_to_input", True) else ""
    return prefix + given + shown + ending


def card_rows(path: Path, card: Card, seed: int = 0) -> Iterator[dict[str, Json]]:
    """The examples of a task.json as rows of the card, in order: its inputs and its output, and `idx` from 0.

    Args:
        path: a task.json.
        card: a card of labels or of a choice from a list, whose verbalized text has the task's form.
        seed: decides the order in which the choices of each example stand.

    Raises:
        DataError: an example does not have the card's form, or has no target.
    """
    task: dict[str, Json] = orjson.loads(path.read_bytes())
    examples = task.get("examples")
    form = _Form(card)
    for index, example in enumerate(examples if isinstance(examples, list) else []):
        one = example if isinstance(example, dict) else {}
        scores = one.get("target_scores")
        names = sorted(scores) if isinstance(scores, Mapping) else []
        choices = sorted(names, key=lambda name: chance.number(seed, "choices", index, name))
        right = _right(one)
        if right is None:
            raise DataError(f"{path}: example {index} has no target", "A task of BIG-bench has targets or scores.")
        options = choices if card.output.choice is not None else []
        if len(options) > form.most:
            raise DataError(
                f"{path}: example {index} has {len(options)} choices, but the card {card.name} at most {form.most}",
                "Raise the count of the card's output.choice.",
            )
        fields = form.fields(presented(task, as_text(one.get("input")) or "", choices), options)
        if fields is None:
            raise DataError(
                f"{path}: example {index} does not have the form of the card {card.name}",
                "The card's verbalize.text has to be what the task presents, from input prefix to output prefix.",
            )
        output: Json = choices.index(right) if card.output.choice is not None else right
        yield {**fields, card.output.name: output, "idx": index}


def _right(example: Mapping[str, Json]) -> str | None:
    """The target, or the choice with the best score; the last of several, as the suite has it."""
    scores, target = example.get("target_scores"), example.get("target")
    if isinstance(scores, Mapping):
        numbers = {name: score for name, score in scores.items() if isinstance(score, int | float)}
        best = max(numbers.values(), default=None)
        return next((name for name in reversed(numbers) if numbers[name] == best), None)
    return as_label(target[0] if isinstance(target, list) and target else target)


class _Form:
    """A card's verbalization, read backwards."""

    def __init__(self, card: Card) -> None:
        self._card = card
        self._verbalized = Verbalizer(card, output_of(card))
        self._options = card.option_fields[0] if card.output.choice is not None else ""
        self._names = [name for name in card.shown_inputs if name != self._options]
        choice = card.output.choice
        self.most = choice.count[1] if isinstance(choice, OptionList) else len(choice or ())

    def fields(self, text: str, options: Sequence[str]) -> dict[str, Json] | None:
        """The inputs that make this text with these options; None if none do."""
        marks: dict[str, Value] = {name: f"\ue000{at}\ue001" for at, name in enumerate(self._names)}
        any_output = 0 if self._options else next(iter(self._card.output.labels or ()), "")
        given = {**marks, self._options: tuple(options)} if self._options else marks
        found = re.fullmatch(_pattern(self._verbalized(given, any_output)[0]), text, re.DOTALL)
        if found is None:
            return None
        fields: dict[str, Json] = {name: found[f"f{at}"] for at, name in enumerate(self._names)}
        return {**fields, self._options: [*options]} if self._options else fields


def _pattern(rendered: str) -> str:
    """A regular expression of the texts that the template makes: a group where a field first stands."""
    parts, seen, at = list[str](), set[str](), 0
    for mark in _MARK.finditer(rendered):
        number = mark[1]
        parts += [
            re.escape(rendered[at : mark.start()]),
            f"(?P=f{number})" if number in seen else f"(?P<f{number}>.*?)",
        ]
        seen.add(number)
        at = mark.end()
    return "".join(parts) + re.escape(rendered[at:])
