"""The measurements in words that a person can act on, the gravest first.

The thresholds are in this file, and only here. A `problem` is something to repair before training, a `note`
something to know, `good` something that was looked for and not found.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from satsuma.measures.comparison import Comparison
from satsuma.measures.correction import Correction
from satsuma.measures.gender import Gender
from satsuma.measures.labels import Labels
from satsuma.measures.languages import UNKNOWN, Languages
from satsuma.measures.leaks import Leak, Leaks
from satsuma.measures.lengths import Lengths
from satsuma.measures.shortcuts import Shortcuts
from satsuma.measures.uniqueness import Uniqueness
from satsuma.measures.vocabulary import Vocabulary

Level = Literal["problem", "note", "good"]
_ORDER = ("problem", "note", "good")
NEAR_DUPLICATES = 0.05
FEW_NEAR_DUPLICATES = 0.01
UNBALANCED = 0.8
LEAK_SHARE = 0.2
OTHER_LANGUAGE = 0.02
GENDER_GAP = 0.15
LESS_DIVERSE = 0.8
OVERLAP = 0.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence. measure: the measurement that it is from."""

    level: Level
    measure: str
    text: str


def verdict(measures: Mapping[str, object], instances: int, against: Sequence[Comparison] = ()) -> tuple[Finding, ...]:
    """What there is to say of a dataset of so many instances."""
    found = [finding for measure in measures.values() for finding in _findings(measure, instances)]
    for comparison in against:
        found += _compared(comparison)
    return tuple(sorted(found, key=lambda finding: _ORDER.index(finding.level)))


def _findings(measure: object, instances: int) -> Iterator[Finding]:
    match measure:
        case Labels():
            yield from _labels(measure)
        case Lengths() if measure.empty:
            yield Finding("problem", "lengths", f"{measure.empty:,} of {instances:,} texts are empty: drop them.")
        case Uniqueness():
            yield _uniqueness(measure)
        case Languages():
            yield from _languages(measure)
        case Leaks():
            yield from _leaks(measure)
        case Shortcuts():
            yield from _shortcuts(measure)
        case Gender():
            yield from _gender(measure)
        case Correction():
            yield from _correction(measure)


def _labels(labels: Labels) -> Iterator[Finding]:
    if labels.unlabelled:
        share = labels.unlabelled / labels.instances
        yield Finding("problem", "labels", f"{labels.unlabelled:,} instances ({share:.1%}) have no label.")
    if labels.distinct == 1:
        yield Finding("problem", "labels", f"All instances have the same label, {next(iter(labels.counts))}.")
    elif labels.balance < UNBALANCED:
        most, least = next(iter(labels.counts.items())), list(labels.counts.items())[-1]
        text = f"The labels are unbalanced: {most[0]} has {most[1]:,} instances, {least[0]} has {least[1]:,}."
        yield Finding("note", "labels", text)


def _uniqueness(unique: Uniqueness) -> Finding:
    near = unique.near_duplicates
    copies = f", {unique.exact_duplicates:.1%} have a copy word for word" if unique.exact_duplicates else ""
    told = f"{near:.1%} of the instances are near-duplicates (ROUGE-L above 0.7 with another one){copies}"
    if near > NEAR_DUPLICATES:
        return Finding("problem", "uniqueness", f"{told}: remove them before you train.")
    return Finding("note" if near > FEW_NEAR_DUPLICATES else "good", "uniqueness", f"{told}.")


def _languages(found: Languages) -> Iterator[Finding]:
    others = {code: share for code, share in found.shares.items() if code not in (found.main, UNKNOWN)}
    if found.main and sum(others.values()) > OTHER_LANGUAGE:
        told = ", ".join(f"{code} {share:.1%}" for code, share in list(others.items())[:3])
        yield Finding("note", "languages", f"Most texts are in {found.main}, but not all: {told}.")


def _leaks(found: Leaks) -> Iterator[Finding]:
    grave = [leak for leak in found.leaks if leak.share >= LEAK_SHARE]
    for leak in grave[:3]:
        yield Finding("problem", "leaks", f"{_leak(leak)}: the label leaks.")
    if not grave and found.leaks:
        told = f"{len(found.leaks)} words go with one label, the most telling: {_leak(found.leaks[0])}"
        yield Finding("note", "leaks", f"{told}.")
    if not found.leaks:
        yield Finding("good", "leaks", "No single word gives a label away.")


def _leak(leak: Leak) -> str:
    return f"'{leak.word}' appears in {leak.share:.0%} of {leak.label} and in {leak.elsewhere:.0%} of the others"


def _shortcuts(found: Shortcuts) -> Iterator[Finding]:
    parts = {**found.fields, "length": found.lengths}
    for name in found.gives_away:
        what = "The length of the input" if name == "length" else f"The field {name} alone"
        told = f"{what} tells the label in {parts[name].accuracy:.0%} of the cases"
        yield Finding("problem", "shortcuts", f"{told}; the most frequent label is {found.majority:.0%}.")
    if not found.gives_away:
        yield Finding("good", "shortcuts", "Neither a field alone nor the length tells the label.")


def _gender(found: Gender) -> Iterator[Finding]:
    if found.gap is None or not found.gap_significant or found.gap < GENDER_GAP:
        return
    shares = {name: share for name, b in found.per_label.items() if (share := b.feminine_share) is not None}
    low, high = min(shares, key=lambda n: shares[n]), max(shares, key=lambda n: shares[n])
    told = f"{shares[high]:.0%} of the gendered words in {high} are feminine, {shares[low]:.0%} in {low}"
    yield Finding("note", "gender", f"Gender goes with the label: {told}.")


def _correction(found: Correction) -> Iterator[Finding]:
    most = f", most often {found.moves[0].asked} → {found.moves[0].corrected}" if found.moves else ""
    yield Finding("note", "correction", f"Self-correction changed {found.changed.value:.1%} of the labels{most}.")
    if found.votes_against is not None:
        told = f"{found.votes_against:.1%} of the votes are against the label that was kept"
        yield Finding("note", "correction", f"{told}; a majority errs less often than a vote.")


def _compared(other: Comparison) -> Iterator[Finding]:
    if other.shared > OVERLAP:
        told = f"{other.shared:.1%} of the texts stand in {other.name} too, word for word"
        yield Finding("problem", "against", f"{told}: evaluating on it would be unfair.")
    ours, theirs = other.this.vocabulary, other.other.vocabulary
    if not isinstance(ours, Vocabulary) or not isinstance(theirs, Vocabulary):
        return
    mine, its = ours.unique_bigrams_per_example, theirs.unique_bigrams_per_example
    told = (
        f"{mine:.1f} unique bigrams per example against {its:.1f} in {other.name}, both at {other.compared:,} instances"
    )
    poorer = mine < LESS_DIVERSE * its
    yield Finding("problem" if poorer else "note", "against", f"{told}{': less diverse' if poorer else ''}.")
