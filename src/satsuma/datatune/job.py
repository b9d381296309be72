"""A transformation as a job of `satsuma.session`."""

from __future__ import annotations

from collections.abc import Mapping

from satsuma.course import Course, Job
from satsuma.datatune.asking import Asking
from satsuma.datatune.finding import TRANSFORMED
from satsuma.datatune.options import TransformOptions, check_settings
from satsuma.datatune.transformation import Transformation
from satsuma.extras import require
from satsuma.llm.client import Client
from satsuma.progress import Progress
from satsuma.run.frozen import refuse_frozen
from satsuma.selecting.selection import Selection
from satsuma.settings import Settings
from satsuma.task.card import Card
from satsuma.task.outputs import ALL, OutputKind, output_of

CATALOG = ("numpy", "bm25s", "Stemmer", "threadpoolctl")


def transformation_job(card: Card, settings: Settings, options: TransformOptions, progress: Progress) -> Job:
    """The job of transforming rows of public datasets into the card's instances.

    Raises:
        SettingsError: a setting belongs to another method, or a dataset that is named is a frozen benchmark.
        ExtraError: a package is not installed.
        CardError: an expression or a validator of the card cannot be used.
    """
    check_settings(settings)
    refuse_frozen(options.datasets, TRANSFORMED)
    if options.execute == "program":
        require("datatune", "pydantic_monty", needed_by="--execute program")
    if not options.datasets:
        require("retrieval", *CATALOG, needed_by="searching a catalog")
    output = output_of(card)
    weights = _weights(output, balanced=options.balanced)

    def make(client: Client, selection: Selection) -> Course:
        made = Transformation(Asking(client, settings), card, output, options, selection, settings, progress)
        return Course(make=made.make, skips=made.skips, settled=made.settled, record=made.record, close=made.close)

    return Job(card, settings, weights, make, options.decisive())


def _weights(output: OutputKind, *, balanced: bool) -> dict[str, int]:
    """Shares of labels: the card's, where the program decides them or they are wanted; else one for everything."""
    own: Mapping[str, int] = output.weights()
    return dict(own) if balanced or output.kind in ("choice", "choices") else {ALL: 1}
