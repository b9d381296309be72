"""Two datasets side by side, at one size: what depends on how many instances there are is measured on equally many.

Both samples are cut to the smaller one's size, so that a small original set does not look more diverse than a large
synthetic one for its size alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from satsuma.measures.corpus import Corpus
from satsuma.measures.cosine import cosines_across
from satsuma.measures.entities import divergence
from satsuma.measures.outcome import NotDefined
from satsuma.measures.self_bleu import self_bleu
from satsuma.measures.tokens import tokens
from satsuma.measures.uniqueness import uniqueness
from satsuma.measures.vocabulary import VocabularyTally
from satsuma.reading.example import Example

TOKENS = 50
"""Mean tokens of a text up to which whole samples are compared; of longer texts fewer are."""


@dataclass(frozen=True, slots=True)
class AtOneSize:
    """Measurements of both datasets on equally many instances."""

    vocabulary: object
    self_bleu: object
    uniqueness: object


@dataclass(frozen=True, slots=True)
class Comparison:
    """A dataset that another one was compared with.

    name, kind, text, label, instances, notes, measures: as in `Analysis`, of the other one. compared: instances of
    each in `this` and `other`. entity_divergence: kind → Jensen-Shannon divergence, 0 to 1. label_distance: total
    variation of the labels, 0 to 1, None where both are not closed sets. cosine_across: similarities of pairs from
    both. shared: the share of this dataset's sampled texts that the other has, word for word.
    """

    name: str
    kind: str
    text: str
    label: str
    instances: int
    notes: tuple[str, ...]
    measures: Mapping[str, object]
    compared: int
    this: AtOneSize
    other: AtOneSize
    entity_divergence: dict[str, float]
    label_distance: float | None
    cosine_across: object
    shared: float


def compare(corpus: Corpus, other: Corpus, measures: Mapping[str, object]) -> Comparison:
    """Compare a dataset with another one. measures: of the other one."""
    size = min(len(one.affordable(TOKENS)) for one in (corpus, other))
    dataset = other.dataset
    wanted = corpus.options.only
    return Comparison(
        name=dataset.name,
        kind=dataset.kind,
        text=dataset.text,
        label=dataset.label,
        instances=other.instances,
        notes=tuple(dataset.notes),
        measures=measures,
        compared=size,
        this=_at_one_size(corpus.part(size), wanted),
        other=_at_one_size(other.part(size), wanted),
        entity_divergence=divergence(corpus.entities, other.entities) if not wanted or "entities" in wanted else {},
        label_distance=_distance(corpus, other),
        cosine_across=_across(corpus, other) if not wanted or "cosine" in wanted else _UNWANTED,
        shared=_shared(corpus.sample, other.sample),
    )


_UNWANTED = NotDefined("it was not asked for")


def _at_one_size(examples: Sequence[Example], wanted: Sequence[str]) -> AtOneSize:
    texts = [example.text for example in examples]
    tokenized = [tokens(text) for text in texts]
    tally = VocabularyTally()
    for found in tokenized:
        tally.add(found)
    return AtOneSize(
        vocabulary=tally.result(),
        self_bleu=self_bleu(tokenized) if not wanted or "self_bleu" in wanted else _UNWANTED,
        uniqueness=uniqueness(texts, [e.id for e in examples]) if not wanted or "uniqueness" in wanted else _UNWANTED,
    )


def _distance(corpus: Corpus, other: Corpus) -> float | None:
    """Half the sum of the differences of the shares of the labels."""
    if not corpus.closed or not other.closed:
        return None
    one, two = Counter(corpus.labels.counts), Counter(other.labels.counts)
    shares = (abs(one[name] / one.total() - two[name] / two.total()) for name in one.keys() | two.keys())
    return sum(shares) / 2


def _across(corpus: Corpus, other: Corpus) -> object:
    for one in (corpus.vectors, other.vectors):
        if isinstance(one, NotDefined):
            return one
    return cosines_across(corpus.vectors, other.vectors)


def _shared(one: Sequence[Example], other: Sequence[Example]) -> float:
    there = {" ".join(example.text.split()) for example in other}
    return sum(" ".join(example.text.split()) in there for example in one) / len(one)
