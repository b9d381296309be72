"""What a run of n will ask, before anything is asked: how many requests each step has, and how long they will be.

How many: the tree of contexts and the rounds of seeds have fixed sizes, so what so many candidates need is counted,
not guessed (`units` in `growth.py`). What is guessed is how many candidates fail, how often a question is asked twice,
and how many votes it takes (`CANDIDATES`, `TWICE`, `votes`).

How long: every question is rendered as a run would render it, three times, with stand-in texts of a low, a likely and a
high length where models would write (`LENGTHS`); so is every answer, as the JSON it is asked for. The likely lengths
are near those of a strong model's answers to the built-in cards (the recordings of `satsuma demo`).

Not covered: models that reason before they answer, which may use many times the tokens; a pilot sees that.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from satsuma.errors import SettingsError
from satsuma.llm.request import Message, Request
from satsuma.llm.schema import schema_of
from satsuma.llm.tokens import estimate_request, likely_tokens
from satsuma.ranges import Range
from satsuma.settings import TARGEN, Settings
from satsuma.targen.asking import STEPS, Prompts, Step
from satsuma.targen.candidates import Recipe
from satsuma.targen.contexts import contexts_question
from satsuma.targen.correction import correction_question
from satsuma.targen.growth import units
from satsuma.targen.instances import Design, Wish, instance_question
from satsuma.targen.samples import placeholder_draft
from satsuma.targen.seeds import seeds_question
from satsuma.task.card import Card
from satsuma.task.outputs import Asked, output_of

LENGTHS: Mapping[str, Range] = {
    "context": Range(3, 8, 16),
    "seed": Range(6, 20, 90),
    "field": Range(6, 30, 110),
    "reason": Range(6, 30, 100),
}
"""Tokens of a text that a model writes."""
CANDIDATES = Range(1.0, 1.08, 1.6)
"""Candidates for each instance: what is rejected, and what is asked ahead at the end."""
TWICE: Mapping[Step, Range] = {
    "contexts": Range(1.0, 1.2, 3.0),
    "seeds": Range(1.0, 1.15, 2.0),
    "instance": Range(1.0, 1.02, 1.15),
    "correction": Range(1.0, 1.02, 1.15),
}
"""Requests for each question: answers that cannot be used, and repeats among contexts and seeds."""
INPUT_ERROR = Range(0.75, 1.0, 1.3)
"""How far token counts without a tokenizer are off (`llm/tokens.py`)."""
OUTPUT_ERROR = Range(0.8, 1.1, 1.5)
"""The same of answers, with white space and a fence around the JSON."""
LABELS = 20
"""Labels of which the instance's prompt is rendered, at most."""
_FILLER = "lorem ipsum dolor sit amet "


@dataclass(frozen=True, slots=True)
class Lengths:
    """Tokens of one request of a step and of its answer."""

    input_tokens: Range
    output_tokens: Range


def forecast_requests(card: Card, settings: Settings) -> dict[Step, Range]:
    """How many requests each step of the run will have.

    Raises:
        SettingsError: nobody knows of this recipe.
    """
    if settings.recipe != TARGEN:
        raise SettingsError(
            f"a run of the recipe {settings.recipe} cannot be estimated", "Bound it with --max-requests or --budget."
        )
    candidates = (CANDIDATES.low, CANDIDATES.likely, CANDIDATES.high)
    ends = [units(card, settings.n * each, settings.without) for each in candidates]
    made = {step: Range(*(end[step] for end in ends)) * TWICE[step] for step in STEPS}
    made["correction"] *= votes(Recipe.of(card, settings).votes)
    return made


def votes(most: int) -> Range:
    """Votes that are taken of at most so many: it ends when the majority cannot change."""
    least = most // 2 + 1
    return Range(least, least + 0.2 * (most - least), most)


def forecast_lengths(card: Card, settings: Settings) -> dict[Step, Lengths]:
    """How long a request of each step and its answer will be.

    Raises:
        CardError: a prompt cannot be rendered.
    """
    ends = [_lengths(card, settings, pick) for pick in ("low", "likely", "high")]
    return {
        step: Lengths(
            Range(*(end[step][0] for end in ends)).times(INPUT_ERROR),
            Range(*(end[step][1] for end in ends)).times(OUTPUT_ERROR),
        )
        for step in STEPS
    }


def _lengths(card: Card, settings: Settings, pick: str) -> dict[Step, tuple[float, float]]:
    """The tokens of a request and of an answer of each step, with texts of one length."""
    recipe = Recipe.of(card, settings)
    card, growth = recipe.growth.card, recipe.growth
    output, write = output_of(card), _Writer(pick, _usual(card.seed_spec.given))
    prompts = Prompts(card, output)
    context = growth.setting(f"{write('context')} › {write('context 2')}")
    seed, drawn = write("seed") if growth.seeds else "", Design(card, 0).point(0)
    count, per_context = card.contexts.per_block, card.seed_spec.per_context
    beside = [] if pick == "low" else [write(f"context {i}") for i in range(1, count)]
    wishes = [
        Wish(Asked(label, 0, 0), drawn, context, seed, uses=growth.uses) for label in list(output.weights())[:LABELS]
    ]
    instances = [write.sizes(*instance_question(prompts, card, output, wish)) for wish in wishes]
    draft = placeholder_draft(card, output, write)
    blind = recipe.blind
    return {
        "contexts": write.sizes(*contexts_question(prompts, card, count, [write("context")], beside), count),
        "seeds": write.sizes(*seeds_question(prompts, card, context, per_context), per_context),
        "instance": (_mean([size[0] for size in instances]), _mean([size[1] for size in instances])),
        "correction": write.sizes(*correction_question(prompts, card, output, draft, blind=blind)),
    }


def _usual(texts: Sequence[str]) -> str:
    """Of texts that are known, one of the usual length; nothing if there are none."""
    usual = sum(map(len, texts)) / max(1, len(texts))
    return min(texts, key=lambda text: abs(len(text) - usual), default="")


class _Writer:
    """Stands in for a model: texts of a length. pick: which of the lengths. seed: the seed, if it is known."""

    def __init__(self, pick: str, seed: str = "") -> None:
        self._pick = pick
        self._seed = seed

    def __call__(self, name: str) -> str:
        """The text of a field: its name, and words until it is long enough."""
        if name == "seed" and self._seed:
            return self._seed
        kind = name.partition(" ")[0].removesuffix("s")
        tokens = getattr(LENGTHS.get(kind, LENGTHS["field"]), self._pick)
        text = name
        while likely_tokens(text) < tokens:
            text = f"{text} {_FILLER.split()[len(text) % 5]}"
        return text

    def sizes(self, messages: tuple[Message, ...], answer: type[BaseModel], count: int = 1) -> tuple[float, float]:
        """The tokens of a question and of its answer; count: of a list that has no length of its own.

        With the low lengths the schema is left out, as some providers don't count it.
        """
        schema = None if self._pick == "low" else schema_of(answer)
        said = {name: self._value(name, field, count) for name, field in answer.model_fields.items()}
        asked = estimate_request(Request("", messages, schema=schema)).likely
        return asked, likely_tokens(json.dumps(said, ensure_ascii=False))

    def _value(self, name: str, field: FieldInfo, count: int) -> object:
        kind = field.annotation
        if get_origin(kind) is Literal:
            return max(map(str, get_args(kind)), key=len)
        if get_origin(kind) is list:
            fewest = next((m.min_length for m in field.metadata if hasattr(m, "min_length")), 1)
            return [self._item(name, i, get_args(kind)[0]) for i in range(max(count, fewest))]
        return True if kind is bool else self(name)

    def _item(self, name: str, number: int, kind: object) -> object:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return {part: self._value(part, field, 1) for part, field in kind.model_fields.items()}
        return max(map(str, get_args(kind)), key=len) if get_origin(kind) is Literal else self(f"{name} {number}")


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
