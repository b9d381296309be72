"""The map of one dataset, or of several together, with what stands at each point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from satsuma.measures.corpus import Corpus
from satsuma.measures.outcome import NotDefined
from satsuma.measures.projection import Method, project


@dataclass(frozen=True, slots=True)
class Point:
    """An instance on the map. source: the number of its dataset, 0 for the one that is measured. x, y: -1 to 1."""

    source: int
    id: str
    label: str | None
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Map:
    """A map. method: how it was made. sources: names of the datasets."""

    method: Method
    sources: tuple[str, ...]
    points: tuple[Point, ...]


def map_of(corpora: Sequence[Corpus]) -> Map | NotDefined:
    """The instances of datasets on one map, at most `Options.embedded` in all, as many of each."""
    import numpy as np

    parts = []
    owners = []
    most = max(1, corpora[0].options.embedded // len(corpora))
    for source, corpus in enumerate(corpora):
        if isinstance(corpus.vectors, NotDefined):
            return corpus.vectors
        chosen = {id(example) for example in corpus.part(most)}
        places = [at for at, example in enumerate(corpus.embedded) if id(example) in chosen]
        labels = corpus.labels_of(corpus.embedded)
        parts.append(corpus.vectors[places])
        owners += [(source, corpus.embedded[at].id, labels[at]) for at in places]
    found = project(np.concatenate(parts), corpora[0].options.seed)
    if isinstance(found, NotDefined):
        return found
    points = tuple(Point(*owner, *point) for owner, point in zip(owners, found.points, strict=True))
    return Map(found.method, tuple(corpus.dataset.name for corpus in corpora), points)
