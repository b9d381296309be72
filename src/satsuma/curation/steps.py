"""The steps of curation, in their order: leaks, duplicates, label noise, balance. Each sees what the ones before left.

Leaks are first, so that an instance that only repeats a leaked one can stay in its place; noise is after duplicates,
which would vouch for one another in the classifier's folds; balance counts what is left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING

from satsuma.curation.balancing import surplus
from satsuma.curation.evaluation import evaluation_rows
from satsuma.curation.leaks import GRAM, THRESHOLD, Hit, hits_of
from satsuma.curation.mislabelled import LEAST_GAIN, Flag, suspicious
from satsuma.curation.options import THRESHOLDS
from satsuma.curation.repeating import repeats
from satsuma.measures.labels import labelled
from satsuma.measures.outcome import NotDefined
from satsuma.run.curated import CurationStep
from satsuma.selecting.selection import reason_class
from satsuma.selecting.shares import weights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from satsuma.curation.options import Options
    from satsuma.curation.population import Member, Population
    from satsuma.task.card import Card


@dataclass(slots=True)
class Work:
    """What has been decided. removed: place of an instance → step and reason. flags: by places in the dataset."""

    members: Sequence[Member]
    removed: dict[int, tuple[str, str]] = field(default_factory=dict)
    hits: list[Hit] = field(default_factory=list)
    flags: list[Flag] = field(default_factory=list)
    steps: list[CurationStep] = field(default_factory=list)

    @property
    def left(self) -> list[int]:
        """The places of the instances that are still there."""
        return [place for place in range(len(self.members)) if place not in self.removed]

    def remove(self, step: CurationStep, reasons: Mapping[int, str]) -> None:
        """End a step. reasons: place → why it goes."""
        self.removed |= {place: (step.name, reason) for place, reason in sorted(reasons.items())}
        classes = Counter(reason_class(reason) for _, reason in sorted(reasons.items()))
        self.steps.append(step.model_copy(update={"removed": len(reasons), "reasons": dict(classes)}))


def carry_out(population: Population, options: Options, card: Card | None, named: Sequence[str]) -> Work:
    """All steps that are asked for. named: the columns of the text, where the user named them.

    Raises:
        DataError: an evaluation set cannot be read.
        ExtraError: a package that a step needs is not installed.
    """
    work = Work(population.members)
    if population.unreadable:
        count = len(population.unreadable)
        work.steps.append(
            CurationStep(name="read", how="rows that cannot be used", judged=len(work.members) + count, removed=count)
        )
    if options.against_eval:
        _leaks(work, options, card, named)
    if options.duplicates != "off":
        _duplicates(work, options, card)
    if options.noise != "off":
        _noise(work, options, card)
    if options.balance:
        _balance(work, options, card)
    return work


def _leaks(work: Work, options: Options, card: Card | None, named: Sequence[str]) -> None:
    left = work.left
    asked = tuple(chain.from_iterable(evaluation_rows(path, card, named) for path in options.against_eval))
    reasons = {}
    for place, hits in hits_of(asked, [(place, work.members[place]) for place in left], options.ray):
        if hits:
            work.hits += hits
            reasons[place] = _leaked(hits)
    names = ", ".join(path.name for path in options.against_eval)
    how = f"the same words, ROUGE-L from {THRESHOLD} on or {GRAM} words in a row as in {len(asked):,} rows of {names}"
    work.remove(CurationStep(name="leak", how=how, judged=len(left)), reasons)


def _leaked(hits: Sequence[Hit]) -> str:
    first = min(hits, key=lambda hit: ("exact", "near", "overlap").index(hit.how))
    words = {
        "exact": "in an evaluation set",
        "near": "near to an evaluation set",
        "overlap": "overlaps an evaluation set",
    }
    row = f"row {first.row}" + (f" ({first.row_id})" if first.row_id else "")
    more = f" and {len(hits) - 1} more" if len(hits) > 1 else ""
    said = "" if first.how == "exact" else f", {'ROUGE-L' if first.how == 'near' else 'share'} {first.likeness:.2f}"
    return f"{words[first.how]}: {first.set} {row}{said}{more}"


def threshold_of(options: Options, card: Card | None) -> float:
    """From which likeness on an instance is a near-duplicate."""
    if options.threshold is not None:
        return options.threshold
    if options.duplicates == "rouge" and card is not None:
        return card.duplicates.threshold
    return THRESHOLDS.get(options.duplicates, 1.0)


def _duplicates(work: Work, options: Options, card: Card | None) -> None:
    left = work.left
    members = [work.members[place] for place in left]
    threshold = threshold_of(options, card)
    found: dict[int, tuple[int, str]] = {}
    for place, earlier, how in repeats(
        members, options.duplicates, threshold, options.seed, options.embedder, options.ray
    ):
        found[place] = (earlier, how)
    reasons = {left[place]: _repeated(members, place, found) for place in found}
    said = {
        "rouge": f"the same words, or ROUGE-L from {threshold:g} on",
        "minhash": f"the same words, or Jaccard similarity from {threshold:g} on (MinHash)",
        "embedding": f"the same words, or cosine similarity from {threshold:g} on ({options.embedder})",
        "exact": "the same words",
    }
    work.remove(CurationStep(name="duplicate", how=said[options.duplicates], judged=len(left)), reasons)


def _repeated(members: Sequence[Member], place: int, found: Mapping[int, tuple[int, str]]) -> str:
    """Why an instance goes: how it repeats the earlier one that stays."""
    earlier, how = found[place]
    while earlier in found:
        earlier = found[earlier][0]
    mine, its = members[place].label, members[earlier].label
    differs = f", which has the label {its} and not {mine}" if mine != its else ""
    return f"{how}{',' if ':' in how else ':'} {members[earlier].id}{differs}"


def _noise(work: Work, options: Options, card: Card | None) -> None:
    left = work.left
    how = f"confident learning on {options.embedder or 'words'}, cross-validated"
    step = CurationStep(name="noise", how=how, judged=len(left))
    if card is not None and card.output.kind != "labels":
        work.steps.append(step.model_copy(update={"judged": 0, "notes": (_NO_LABELS.format(card.output.kind),)}))
        return
    found = suspicious([work.members[place] for place in left], options.embedder, options.seed, options.ray)
    if isinstance(found, NotDefined):
        work.steps.append(step.model_copy(update={"judged": 0, "notes": (found.not_defined,)}))
        return
    told = f"the classifier is right for {found.accuracy:.1%}; the most frequent label has {found.majority:.1%}"
    if found.accuracy - found.majority < LEAST_GAIN:
        told += ": too little to judge labels by"
    work.flags = [Flag(left[flag.place], flag.label, flag.suggested, flag.confidence) for flag in found.flags]
    update = {"judged": found.judged, "flagged": len(work.flags), "notes": (told,)}
    dropped = work.flags if options.noise == "drop" else []
    reasons = {
        flag.place: f"label looks wrong: {flag.label}, rather {flag.suggested} ({flag.confidence:.2f})"
        for flag in dropped
    }
    work.remove(step.model_copy(update=update), reasons)


_NO_LABELS = "the output is of the kind {}, not one of a closed set of labels"


def _balance(work: Work, options: Options, card: Card | None) -> None:
    left = work.left
    step = CurationStep(name="balance", how="labels in their proportions", judged=len(left))
    labels = [work.members[place].label for place in left]
    closed = labelled(labels)
    if isinstance(closed, NotDefined):
        work.steps.append(step.model_copy(update={"judged": 0, "notes": (closed.not_defined,)}))
        return
    proportions = card.output.proportions if card is not None and card.output.kind == "labels" else None
    places, stay = surplus(labels, weights(proportions) if proportions else None, options.seed)
    reasons = {left[at]: f"surplus: {labels[at]} has its {stay.get(labels[at] or '', 0)}" for at in places}
    work.remove(step, reasons)


def strata(members: Sequence[Member]) -> list[str | None]:
    """The label of each instance that a split keeps in proportion; None throughout where there is no closed set."""
    labels = [member.label for member in members]
    return [None] * len(labels) if isinstance(labelled(labels), NotDefined) else labels
