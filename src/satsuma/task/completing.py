"""A draft, completed: what is computed is added, the fields put into the card's order, the validators asked."""

from __future__ import annotations

from satsuma.task.card import Card
from satsuma.task.expressions import Computed, Uncomputable
from satsuma.task.outputs import Draft, Mistake, OutputKind
from satsuma.task.validators import View, validators_of


class Completion:
    """What every method does with the drafts of a card.

    Raises:
        CardError: an expression or a validator of the card cannot be used.
    """

    def __init__(self, card: Card, output: OutputKind) -> None:
        self._card = card
        self._output = output
        self._inputs = tuple(card.inputs)
        self._computed = Computed(card)
        self._validate = validators_of(card)

    def __call__(self, draft: Draft) -> Draft:
        """The draft with its computed fields, in the card's order; validators have not looked at it.

        Raises:
            Mistake: a computed field has no value for it.
        """
        try:
            fields = {**draft.fields, **self._computed(draft.fields)}
        except Uncomputable as error:
            raise Mistake(str(error)) from None
        return Draft({name: fields[name] for name in self._inputs}, draft.output, draft.label, draft.shown)

    def problem(self, draft: Draft) -> str:
        """What the card's validators find wrong with a completed draft; empty if nothing."""
        if not self._card.validators:
            return ""
        labels = draft.output if isinstance(draft.output, tuple) else (draft.output,)
        named = tuple(one for one in labels if isinstance(one, str)) if self._card.output.labels else ()
        options = self._output.options(draft.fields)
        return self._validate(View(draft.fields, options, draft.output, draft.shown, named))
