"""A run that was written and not generated: quick, and the same whatever the prompts are."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from satsuma.run.directory import RunDirectory
from satsuma.run.identity import begin
from satsuma.run.run import Run
from satsuma.run.writer import DatasetWriter
from satsuma.task.card import Card
from satsuma.task.instance import Instance, Provenance

CARD = Card.model_validate(
    {
        "name": "tickets",
        "task": "Route a message.",
        "inputs": {"message": "a message", "product": "what it is about"},
        "output": {"name": "team", "labels": {"billing": "charges", "bug": "broken"}},
    }
)


def written(place: Path, rows: Iterable[tuple[str, str, str, str]]) -> Run:
    """A run of rows: message, product, the label asked for, the label after correction."""
    directory = RunDirectory.create_or_open(place)
    with directory.lock():
        with DatasetWriter(directory, CARD) as writer:
            for number, (message, product, asked, label) in enumerate(rows):
                origin = Provenance(
                    "targen", f"context {number % 7}", "", {}, asked, label, 3, 1.0 if asked == label else 2 / 3
                )
                fields = {"message": message, "product": product}
                text = f"message: {message}\nproduct: {product}"
                writer.accept(Instance(f"context {number}", number, fields, label, text, label, origin))
            files = writer.commit()
        directory.save_state(begin(CARD, {}, {}, n=4, seed=0, lag=0).model_copy(update={"files": files}))
    return Run(place)
