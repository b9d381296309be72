"""All measurements of a dataset, beside those of others: what `satsuma.analyze` gives.

A measurement is a name and a function of a `Corpus`; a new one is one more file and one more line in `MEASURES`. One
that a dataset does not have is `NotDefined` with its reason, and the others are made all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from satsuma.errors import SettingsError
from satsuma.extras import require
from satsuma.measures.comparison import Comparison, compare
from satsuma.measures.corpus import Corpus, Options
from satsuma.measures.correction import noise_of
from satsuma.measures.cosine import cosines
from satsuma.measures.entities import entities
from satsuma.measures.leaks import leaks
from satsuma.measures.mapping import map_of
from satsuma.measures.outcome import NotDefined, as_json
from satsuma.measures.pvi import pvi
from satsuma.measures.readability import readability
from satsuma.measures.self_bleu import self_bleu
from satsuma.measures.sentiment import sentiment
from satsuma.measures.shortcuts import shortcuts
from satsuma.measures.tokens import tokens
from satsuma.measures.uniqueness import uniqueness
from satsuma.measures.verdict import Finding, verdict
from satsuma.reading.dataset import Dataset, Selection, open_dataset

if TYPE_CHECKING:
    from satsuma.llm.request import Json

EXTRA = "analyze"
NEEDS = ("babel", "numpy", "sklearn", "threadpoolctl", "vaderSentiment")
TRAINED = 3_000
"""Instances that classifiers are trained on at most."""
TOKENS_OF_BLEU, TOKENS_OF_PAIRS = 50, 150
"""Mean tokens of a text up to which the whole sample is compared; of longer texts fewer are."""
OF_OTHERS = frozenset({"ratings"})
"""Measurements of what another command adds to a dataset: where it was not run, they are left out unless asked for."""
AT_TOP = ("vocabulary", "self_bleu")
"""Measurements whose figures stand at the top of the JSON as well."""


def _closed(corpus: Corpus, measure: Callable[[], object]) -> object:
    return measure() if corpus.closed else _not_closed(corpus)


def _not_closed(corpus: Corpus) -> NotDefined:
    from satsuma.measures.labels import not_closed

    return NotDefined(not_closed(corpus.labels.counts))


def _texts(corpus: Corpus) -> list[str]:
    return [example.text for example in corpus.sample]


def _self_bleu(corpus: Corpus) -> object:
    return self_bleu([tokens(example.text) for example in corpus.affordable(TOKENS_OF_BLEU)])


def _uniqueness(corpus: Corpus) -> object:
    examples = corpus.affordable(TOKENS_OF_PAIRS)
    return uniqueness([example.text for example in examples], [example.id for example in examples])


def _cosine(corpus: Corpus) -> object:
    return corpus.vectors if isinstance(corpus.vectors, NotDefined) else cosines(corpus.vectors)


def _shortcuts(corpus: Corpus) -> object:
    return _closed(corpus, lambda: shortcuts(corpus.labelled(corpus.part(TRAINED)), corpus.options.seed))


def _leaks(corpus: Corpus) -> object:
    return _closed(corpus, lambda: leaks(_texts(corpus), corpus.labels_of(corpus.sample)))


def _pvi(corpus: Corpus) -> object:
    if not corpus.closed:
        return _not_closed(corpus)
    if corpus.options.student:
        return _pvi_of_students(corpus)
    vectors = corpus.vectors
    examples = corpus.part(TRAINED) if isinstance(vectors, NotDefined) else corpus.embedded
    found = None if isinstance(vectors, NotDefined) else vectors
    return pvi(corpus.labelled(examples), [example.id for example in examples], corpus.options.seed, found)


def _pvi_of_students(corpus: Corpus) -> object:
    from satsuma.measures.pvi_student import StudentFamily

    seed, examples = corpus.options.seed, corpus.embedded
    family = StudentFamily(corpus.options.student, seed)
    return pvi(corpus.labelled(examples), [example.id for example in examples], seed, family=family)


MEASURES: Mapping[str, Callable[[Corpus], object]] = {
    "labels": lambda c: c.labels.result(),
    "vocabulary": lambda c: c.vocabulary.result(),
    "lengths": lambda c: c.lengths.result(per_label=c.closed),
    "self_bleu": _self_bleu,
    "uniqueness": _uniqueness,
    "cosine": _cosine,
    "map": lambda c: map_of([c]),
    "languages": lambda c: c.languages,
    "readability": lambda c: readability(_texts(c), c.labels_of(c.sample), c.language),
    "sentiment": lambda c: sentiment(_texts(c), c.labels_of(c.sample), c.language),
    "entities": lambda c: entities(c.entities),
    "gender": lambda c: c.gender.result(per_label=c.closed),
    "leaks": _leaks,
    "shortcuts": _shortcuts,
    "pvi": _pvi,
    "ratings": lambda c: c.ratings.result(per_label=c.closed),
    "correction": lambda c: c.correction.result(noise_of(c.dataset.name)),
}
"""Name → measurement, in the order in which they are shown."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """The measurements of one dataset.

    name: its path as it was given. kind: what it is. text, label: what these were taken from. instances: all of them.
    notes: what to know of the reading. measures: name → figures (a dataclass of the measurement's module) or
    `NotDefined`. verdict: what to act on, the gravest first. against: the datasets it was compared with.
    """

    name: str
    kind: str
    text: str
    label: str
    instances: int
    notes: tuple[str, ...]
    measures: Mapping[str, object]
    verdict: tuple[Finding, ...]
    against: tuple[Comparison, ...] = ()

    def to_json(self) -> dict[str, Json]:
        """Every figure under its name (docs/measures.md)."""
        at_top: dict[str, Json] = {}
        for name in AT_TOP:
            figures = as_json(self.measures.get(name))
            if isinstance(figures, dict):
                at_top |= {n: f for n, f in figures.items() if n not in ("instances", "exact", "not_defined")}
        return {
            "dataset": {
                "name": self.name, "kind": self.kind, "text": self.text, "label": self.label, "notes": list(self.notes)
            },
            "instances": self.instances,
            **at_top,
            "verdict": as_json(self.verdict),
            "measures": as_json(self.measures),
            "against": [as_json(comparison) for comparison in self.against],
        }  # fmt: skip


def analyze_dataset(
    where: str | Path,
    against: Sequence[str | Path] = (),
    selection: Selection | None = None,
    options: Options | None = None,
) -> Analysis:
    """Measure a dataset, and others to compare it with.

    selection: which columns, or which card, the text and the label are; it holds for the others too where they have
    these columns.

    Raises:
        ExtraError: a package of the extra `analyze`, or one that the student needs, is not installed.
        SettingsError: there is no measurement of a name in `only`.
        ModelError: there is no such student.
        DataError: something is no dataset, has no rows, or lacks a column that was named.
    """
    require(EXTRA, *NEEDS, needed_by="satsuma analyze")
    chosen = options or Options()
    _check(chosen)
    dataset = open_dataset(where, selection)
    corpus = Corpus(dataset, chosen)
    others = [Corpus(open_other(place, selection, dataset), chosen) for place in against]
    measured = _measured(corpus)
    compared = tuple(compare(corpus, other, _measured(other)) for other in others)
    if others and "map" in measured:
        measured["map"] = map_of([corpus, *others])
    return Analysis(
        name=dataset.name,
        kind=dataset.kind,
        text=dataset.text,
        label=dataset.label,
        instances=corpus.instances,
        notes=tuple(dataset.notes),
        measures=measured,
        verdict=verdict(measured, corpus.instances, compared),
        against=compared,
    )


def _check(options: Options) -> None:
    unknown = [name for name in options.only if name not in MEASURES]
    if unknown:
        raise SettingsError(f"there is no measurement {unknown[0]}", f"The measurements are: {', '.join(MEASURES)}.")
    for name in ("sample", "embedded"):
        if getattr(options, name) < 1:
            raise SettingsError(f"{name} is {getattr(options, name)}, but has to be 1 or more")


def _measured(corpus: Corpus) -> dict[str, object]:
    wanted = corpus.options.only or tuple(MEASURES)
    made = {name: measure(corpus) for name, measure in MEASURES.items() if name in wanted}
    return {name: one for name, one in made.items() if not (_absent(name, one) and not corpus.options.only)}


def _absent(name: str, figures: object) -> bool:
    return name in OF_OTHERS and isinstance(figures, NotDefined)


def open_other(place: str | Path, selection: Selection | None, first: Dataset) -> Dataset:
    """A dataset to compare with: read by the same card or columns if it has them, else by its own."""
    from satsuma.errors import DataError

    named = selection or Selection()
    split = Selection(split=named.split)
    tries = [Selection(card=first.card, split=named.split)] if first.card is not None else [named]
    for chosen in tries:
        try:
            return open_dataset(place, chosen)
        except DataError as error:
            if "there is no column" not in error.message:
                raise
    return open_dataset(place, split)
