"""What a student that writes is shown before the text: the task's description, and solved examples.

    the description / an example and its target / another one / the text, with an empty line between them

The description is the card's `task` (instruction tuning: Wei et al. 2022); without one, the text stands alone, as in
training on one task. Examples are shown only where a student is measured with some. Where all of it has too many
tokens, examples are left out from the last one on, and then the text is cut; the description stays.

A target stands on the line after its text; but where a card's text is rendered whole (`strip: false`), as BIG-bench's
are, the text says itself where the target begins: it follows directly, and a line break stands between examples, as the
suite has it (Srivastava et al. 2023, `few_shot_example_separator`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from satsuma.students.labelled import Labelled
    from satsuma.task.card import Card


@dataclass(frozen=True, slots=True)
class Before:
    """A description, empty for none, and examples with their targets, in the order in which they are shown.

    gap: what stands between all of these.
    """

    instruction: str = ""
    shots: tuple[str, ...] = ()
    gap: str = "\n\n"

    @classmethod
    def of(cls, card: Card, shots: Sequence[Labelled] = (), *, instruction: bool) -> Before:
        """What a card's texts stand behind."""
        shown = tuple(f"{one.text}{break_of(card)}{one.target}" for one in shots)
        return cls(card.task.strip() if instruction else "", shown, "\n\n" if card.verbalize.strip else "\n")

    def opened(self, text: str, shots: int = 0) -> str:
        """The text behind the description and so many examples."""
        return self.gap.join([part for part in (self.instruction, *self.shots[:shots]) if part] + [text])


NOTHING = Before()


def break_of(card: Card) -> str:
    """What stands between a text and its target."""
    return "\n" if card.verbalize.strip else ""
