"""A generation run as a job of `satsuma.session`."""

from __future__ import annotations

from satsuma.curate.selection import Selection
from satsuma.llm.client import Client
from satsuma.session import Job, Make
from satsuma.settings import Settings
from satsuma.targen.asking import Asking
from satsuma.targen.candidates import Recipe, Targen
from satsuma.targen.samples import sample_prompts
from satsuma.task.card import Card
from satsuma.task.outputs import output_of


def generation_job(card: Card, settings: Settings) -> Job:
    """The job of generating the card's instances.

    Raises:
        CardError: one of the card's templates cannot be used.
    """
    sample_prompts(card, settings.without)  # what cannot be rendered is found before anything is asked or written
    recipe = Recipe.of(card, settings)
    weights = dict(output_of(card).weights())

    def make(client: Client, selection: Selection) -> Make:
        return Targen(recipe, Asking(client, settings, recipe.votes), selection).make

    return Job(card, settings, weights, make)
