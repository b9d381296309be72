"""What a card would send: each step's prompt with placeholders, for `satsuma check --prompts` and the golden files."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from satsuma.llm.request import Message
from satsuma.targen.asking import Prompts, own_prompts
from satsuma.targen.contexts import contexts_question
from satsuma.targen.correction import correction_question
from satsuma.targen.growth import Growth
from satsuma.targen.instances import Design, Drafts, Wish, instance_question
from satsuma.targen.seeds import seeds_question
from satsuma.task.card import Card
from satsuma.task.card_output import OptionList
from satsuma.task.instance import Value
from satsuma.task.outputs import Asked, Draft, OutputKind, output_of
from satsuma.task.verbalize import Verbalizer

CONTEXT = "‹context›"
BESIDE = ("‹another context›", "‹a third one›")
SEED = "‹seed›"


def sample_prompts(card: Card, without: Collection[str] = ()) -> list[tuple[str, tuple[Message, ...]]]:
    """Step → messages, in the order in which a run asks.

    The first block of contexts, a narrower one, seeds, an instance for the first label and for each that has a prompt
    of its own, and its correction; none of a step that the card makes needless or that is left out.

    Raises:
        CardError: a prompt cannot be rendered.
    """
    return list(_samples(Growth.of(card, without), corrected="correction" not in without))


def _samples(growth: Growth, *, corrected: bool) -> Iterator[tuple[str, tuple[Message, ...]]]:
    card = growth.card
    output = output_of(card)
    prompts = Prompts(card, output)
    if growth.asks_contexts:
        count = card.contexts.per_block
        yield "contexts", contexts_question(prompts, card, count)[0]
        yield "contexts inside a context", contexts_question(prompts, card, count, [CONTEXT], BESIDE)[0]
    context = growth.setting(CONTEXT)
    if growth.asks_seeds:
        yield "seeds", seeds_question(prompts, card, context, card.seed_spec.per_context)[0]
    seed = SEED if growth.seeds else ""
    for label in _labels(card, output):
        asked = Asked(label, 0, 0)
        step = f"instance ({label})" if card.output.labels else "instance"
        wish = Wish(asked, Design(card, 0).point(0), context, seed, uses=growth.uses)
        yield step, instance_question(prompts, card, output, wish)[0]
    if corrected:
        yield "correction", _correction(card, output, prompts)
    _verbalized(card, output)


def _labels(card: Card, output: OutputKind) -> list[str]:
    first = next(iter(output.weights()))
    return [first, *(name for name in own_prompts(card) if name != first)]


def _correction(card: Card, output: OutputKind, prompts: Prompts) -> tuple[Message, ...]:
    draft = placeholder_draft(card, output)
    return correction_question(prompts, card, output, draft, blind=card.correction.blind)[0]


def placeholder_draft(card: Card, output: OutputKind, write: Callable[[str], str] = "‹{}›".format) -> Draft:
    """An instance of the first label whose every field is what `write` makes of its name: its name in brackets."""
    asked = Asked(next(iter(output.weights())), 0, 0)
    listed = card.output.choice if isinstance(card.output.choice, OptionList) else None
    drawn = Design(card, 0).point(0).given
    fields: dict[str, Value] = {}
    for name in card.inputs:
        fields[name] = write(name) if name != card.seed_spec.field else write("seed")
        if listed and name == listed.field:
            fields[name] = tuple(write(f"{name} {i + 1}") for i in range(listed.count[0]))
    fields.update(drawn)
    value = output.example(fields, asked)
    return Draft(fields, value, asked.label, output.shown(fields, value))


def _verbalized(card: Card, output: OutputKind) -> None:
    """Render `text` and `target` and compile every expression once, so that a mistake in them shows before a run."""
    draft = placeholder_draft(card, output)
    Verbalizer(card, output)(draft.fields, draft.output)
    Drafts(card, output)
