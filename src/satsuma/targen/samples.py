"""What a card would send: each step's prompt with placeholders, for `satsuma check --prompts` and the golden files."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from satsuma.llm.request import Message
from satsuma.targen.asking import Prompts, own_prompts
from satsuma.targen.contexts import contexts_question
from satsuma.targen.correction import correction_question
from satsuma.targen.instances import instance_question, varied
from satsuma.targen.seeds import seeds_question
from satsuma.task.card import Card
from satsuma.task.instance import Value
from satsuma.task.outputs import Asked, Draft, OutputKind, output_of
from satsuma.task.verbalize import Verbalizer

CONTEXT = "‹context›"
SEED = "‹seed›"


def sample_prompts(card: Card) -> list[tuple[str, tuple[Message, ...]]]:
    """Step → messages, in the order in which a run asks.

    The first block of contexts, a narrower one, seeds, an instance for the first label and for each that has a prompt
    of its own, and its correction.

    Raises:
        CardError: a prompt cannot be rendered.
    """
    return list(_samples(card))


def _samples(card: Card) -> Iterator[tuple[str, tuple[Message, ...]]]:
    output = output_of(card)
    prompts = Prompts(card, output)
    if not card.contexts.given:
        count = card.contexts.per_block
        yield "contexts", contexts_question(prompts, card, count)[0]
        yield "contexts inside a context", contexts_question(prompts, card, count, [CONTEXT])[0]
    context = card.contexts.given[0] if card.contexts.given else CONTEXT
    yield "seeds", seeds_question(prompts, card, context, card.seed_spec.per_context)[0]
    for label in _labels(card, output):
        asked = Asked(label, 0, 0)
        step = f"instance ({label})" if card.output.labels else "instance"
        yield step, instance_question(prompts, card, output, asked, varied(card, 0, 0), context, SEED)[0]
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
    answer = output.instance_answer(asked)
    values: dict[str, object] = {}
    for name, field in answer.model_fields.items():
        listed = str(field.annotation).startswith("list")
        length = next((m.min_length for m in field.metadata if hasattr(m, "min_length")), 1)
        values[name] = [write(f"{name} {i + 1}") for i in range(length)] if listed else write(name)
    given: dict[str, Value] = dict(varied(card, 0, 0).given)
    if card.seed_spec.field:
        given[card.seed_spec.field] = write("seed")
    return output.draft(given, answer.model_validate(values), asked)


def _verbalized(card: Card, output: OutputKind) -> None:
    """Render `text` and `target` once, so that a mistake in them shows before a run."""
    draft = placeholder_draft(card, output)
    Verbalizer(card, output)(draft.fields, draft.output)
