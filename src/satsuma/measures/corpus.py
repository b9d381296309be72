"""A dataset as it is measured: read once, counted instance by instance, and a sample of it kept.

What counts (labels, words, lengths, gendered words, corrections) sees every instance; what compares instances with
one another, trains or embeds sees a sample of `Options.sample` of them, or of `Options.embedded`, drawn by a seed. So
memory does not grow with the dataset. Embeddings, entities and languages of the sample are computed when they are
first asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias, TypedDict

from satsuma.errors import ExtraError, ModelError
from satsuma.measures.correction import CorrectionTally
from satsuma.measures.entities import Found, find_entities
from satsuma.measures.gender import GenderTally
from satsuma.measures.labels import LabelTally, not_closed
from satsuma.measures.languages import Languages, languages
from satsuma.measures.lengths import LengthTally
from satsuma.measures.outcome import NotDefined
from satsuma.measures.ratings import RatingTally
from satsuma.measures.sampling import Sample
from satsuma.measures.shortcuts import Labelled
from satsuma.measures.tokens import tokens
from satsuma.measures.vocabulary import VocabularyTally
from satsuma.reading.dataset import Dataset
from satsuma.reading.example import Example
from satsuma.reading.ratings import ratings_of

if TYPE_CHECKING:
    import numpy as np

    from satsuma.embedding.embedder import Embedder

Floats: TypeAlias = "np.ndarray"


@dataclass(frozen=True, slots=True)
class Options:
    """How to measure.

    sample: instances that are compared with one another at most. embedded: of these, how many are embedded and mapped
    at most. seed: of samples, folds and the map. embedder: its name, or one; None embeds nothing. only: names of
    measurements, all where it is empty. student: that difficulty is measured with, as for `satsuma train` (`frozen`
    and `frozen:NAME` are linear heads); a logistic model where it is empty.
    """

    sample: int = 10_000
    embedded: int = 1_000
    seed: int = 0
    embedder: str | Embedder | None = "minilm"
    only: tuple[str, ...] = ()
    student: str = ""


class MeasureOptions(TypedDict, total=False):
    """The fields of `Options`, for `satsuma.analyze`."""

    sample: int
    embedded: int
    seed: int
    embedder: str | Embedder | None
    only: tuple[str, ...]
    student: str


class Corpus:
    """One dataset, read and counted."""

    def __init__(self, dataset: Dataset, options: Options) -> None:
        """Read the dataset.

        Raises:
            DataError: not one row can be used.
        """
        self.dataset = dataset
        self.options = options
        self.labels = LabelTally()
        self.vocabulary = VocabularyTally()
        self.lengths = LengthTally()
        self.gender = GenderTally()
        self.correction = CorrectionTally()
        self.ratings = RatingTally(ratings_of(dataset.name))
        self._tokens = 0
        self._sample: Sample[Example] = Sample(options.sample, options.seed)
        for example in dataset.examples():
            self._count(example)

    def _count(self, example: Example) -> None:
        found = tokens(example.text)
        self._tokens += len(found)
        self.labels.add(example.label)
        self.vocabulary.add(found)
        self.lengths.add(example.text, found, example.label)
        self.gender.add(example.text, example.label)
        self.correction.add(example.lineage)
        self.ratings.add(example)
        self._sample.add(example)

    @property
    def instances(self) -> int:
        """All instances."""
        return self._sample.seen

    @cached_property
    def closed(self) -> bool:
        """Whether the labels are a closed set."""
        return not not_closed(self.labels.counts)

    @cached_property
    def sample(self) -> list[Example]:
        """The instances that are compared with one another, in order."""
        return self._sample.items()

    def affordable(self, tokens: int) -> list[Example]:
        """As much of the sample as takes no more work and memory than all of it would with texts of so many tokens."""
        mean = self._tokens / max(self.instances, 1)
        return self.part(max(2, int(len(self.sample) * min(1.0, tokens / max(mean, 1)))))

    def part(self, size: int) -> list[Example]:
        """As many instances of the sample, in order."""
        return self._sample.items(size)

    @cached_property
    def embedded(self) -> list[Example]:
        """The instances that are embedded, in order."""
        return self.part(self.options.embedded)

    @cached_property
    def vectors(self) -> Floats | NotDefined:
        """The embeddings of `embedded`, shape (n, d), rows of length 1; not defined without an embedder."""
        embedder = self.options.embedder
        if embedder is None:
            return NotDefined("no embedder was asked for")
        try:
            if isinstance(embedder, str):
                from satsuma.embedding.opening import open_embedder

                embedder = open_embedder(embedder)
            found: Floats = embedder.embed([example.text for example in self.embedded])
        except (ExtraError, ModelError) as error:
            return NotDefined(f"{error.message}; {error.hint}" if error.hint else error.message)
        return found

    @cached_property
    def entities(self) -> Found:
        """The entities of the sample."""
        return find_entities([example.text for example in self.sample], self.language or "en")

    @cached_property
    def languages(self) -> Languages | NotDefined:
        """The languages of the sample."""
        return languages([example.text for example in self.sample])

    @property
    def language(self) -> str:
        """The code of the language that most texts are in; empty if it is not known."""
        return "" if isinstance(self.languages, NotDefined) else self.languages.main

    def labelled(self, examples: Sequence[Example]) -> Labelled:
        """Instances, column by column; without labels where these are no closed set."""
        fields = dict.fromkeys(name for example in examples for name in example.fields)
        contexts = [example.lineage.context if example.lineage else "" for example in examples]
        return Labelled(
            texts=[example.text for example in examples],
            labels=[example.label for example in examples],
            fields={name: [example.fields.get(name, "") for example in examples] for name in fields},
            groups=contexts if any(contexts) else None,
        )

    def labels_of(self, examples: Sequence[Example]) -> list[str | None]:
        """The labels of instances; all None where they are no closed set."""
        return [example.label if self.closed else None for example in examples]
