"""A generation run as a job of `satsuma.session`."""

from __future__ import annotations

from satsuma.course import Course, Job
from satsuma.llm.client import Client
from satsuma.selecting.selection import Selection
from satsuma.settings import TARGEN, Settings
from satsuma.targen.asking import Asking
from satsuma.targen.candidates import Recipe, Targen
from satsuma.targen.focus import EVENLY, Focus
from satsuma.targen.samples import sample_prompts
from satsuma.task.card import Card
from satsuma.task.outputs import output_of


def generation_job(card: Card, settings: Settings, focus: Focus = EVENLY) -> Job:
    """The job of generating the card's instances. focus: what is asked for more often.

    Raises:
        CardError: one of the card's templates cannot be used.
    """
    sample_prompts(card, settings.without)  # what cannot be rendered is found before anything is asked or written
    recipe = Recipe.of(card, settings, focus)
    weights = focus.of_labels(output_of(card).weights())

    def make(client: Client, selection: Selection) -> Course:
        made = Targen(recipe, Asking(client, settings, recipe.votes), selection)
        # a baseline's candidates are made of earlier ones
        return Course(made.make, recalls=recipe.name == TARGEN, decided=made.decided)

    return Job(card, settings, weights, make, focus.decisive())
