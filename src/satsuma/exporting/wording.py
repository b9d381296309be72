"""How an instance is put to a model that follows instructions: with the task's instruction or without, in several ways.

The instruction is the card's `task`, and the answers where they are a closed set that the target is one of; the input
is the dataset's `text`. Both wordings and layouts are templates in `templates/`: `instruction-N.jinja` says the
instruction, `message-N.jinja` puts it and the input together. Each instance gets one of each, drawn by the seed and its
id, so the same run gives the same file, and a run that has grown keeps the wording of what it had.

Not covered: paraphrases of what the card says, which a model would have to write.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

from satsuma import chance
from satsuma.errors import SettingsError

if TYPE_CHECKING:
    import jinja2

    from satsuma.run.columns import Row
    from satsuma.task.card import Card

TEMPLATES = 4
"""Wordings of the instruction, and as many layouts."""


@dataclass(frozen=True, slots=True)
class Wording:
    """instruction: whether the task is told. templates: how many wordings and layouts are used. seed: of the draws."""

    instruction: bool = True
    templates: int = TEMPLATES
    seed: int = 0

    def check(self) -> None:
        """Check the number of templates.

        Raises:
            SettingsError: there are not so many.
        """
        if not 1 <= self.templates <= TEMPLATES:
            raise SettingsError(f"{self.templates} templates are asked for", f"There are 1 to {TEMPLATES}.")


@dataclass(frozen=True, slots=True)
class Turn:
    """An instance as a question and its answer. instruction: empty if the task is not told. message: all of it."""

    instruction: str
    text: str
    message: str
    answer: str


class Turns:
    """Makes a turn of each row."""

    def __init__(self, card: Card, wording: Wording) -> None:
        self._card = card
        self._wording = wording
        self._instructions = _templates("instruction", wording.templates)
        self._messages = _templates("message", wording.templates)

    def __call__(self, row: Row) -> Turn:
        """The turn of a row of the dataset."""
        text, answer = str(row["text"]), str(row["target"])
        if not self._wording.instruction:
            return Turn("", text, text, answer)
        identifier, seed = str(row["id"]), self._wording.seed
        said = chance.choose(self._instructions, seed, "instruction", identifier)
        laid_out = chance.choose(self._messages, seed, "message", identifier)
        instruction = said.render(task=self._card.task.strip(), answers=_answers(self._card)).strip()
        return Turn(instruction, text, laid_out.render(instruction=instruction, text=text).strip(), answer)


def _answers(card: Card) -> list[str]:
    """What may be answered, as students write it; none where that is not a closed set of words."""
    if card.output.kind != "labels" or card.verbalize.target is not None:
        return []
    return [card.verbalize.labels.get(name, name) for name in card.output.labels or {}]


def _templates(name: str, count: int) -> list[jinja2.Template]:
    import jinja2

    folder = resources.files("satsuma.exporting").joinpath("templates")
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)  # noqa: S701 (text)
    return [
        environment.from_string(folder.joinpath(f"{name}-{number}.jinja").read_text("utf-8"))
        for number in range(1, count + 1)
    ]
