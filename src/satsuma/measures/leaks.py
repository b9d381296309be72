"""Words that give a label away: how much more often a word stands in the instances of one label than in others.

For a word w and a label y, over instances that have w or not: pmi = log2(p(w, y) / (p(w) p(y))), with half an
instance added to every count (Gururangan et al. 2018 add 100 for much larger sets); `share`, the part of the label's
instances that have the word; `elsewhere`, the part of the others. A pair is listed if the word stands in 5 instances
of the label or more, at least twice as often there as elsewhere, and by more than chance explains: a likelihood ratio
(G², Dunning 1993) above the critical value for all pairs tried at 1% (Bonferroni). The largest G² comes first, 50 at
most.

Not covered: words that only together give a label away (`satsuma.measures.shortcuts` sees those).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

from satsuma.measures.labels import labelled
from satsuma.measures.outcome import NotDefined
from satsuma.selecting.rouge import words

LEAST = 5
TIMES = 2.0
SHOWN = 50
_LEVEL = 0.01


@dataclass(frozen=True, slots=True)
class Leak:
    """A word that stands mostly with one label. share, elsewhere: of that label's and of other instances, 0 to 1."""

    word: str
    label: str
    instances: int
    share: float
    elsewhere: float
    pmi: float


@dataclass(frozen=True, slots=True)
class Leaks:
    """Words that give labels away. words: how many different ones were looked at."""

    instances: int
    words: int
    leaks: tuple[Leak, ...]


def leaks(texts: Sequence[str], labels: Sequence[str | None]) -> Leaks | NotDefined:
    """Words that give labels away; not defined without a closed set of labels."""
    places = labelled(labels)
    if isinstance(places, NotDefined):
        return places
    with_label: Counter[tuple[str, str]] = Counter()
    anywhere: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    for at in places:
        label, present = labels[at] or "", set(words(texts[at]))
        sizes[label] += 1
        anywhere.update(present)
        with_label.update((word, label) for word in present)
    critical = NormalDist().inv_cdf(1 - _LEVEL / 2 / max(1, len(with_label))) ** 2
    found = []
    for (word, label), count in with_label.items():
        if count < LEAST:
            continue
        counts = _Counts(count, anywhere[word] - count, sizes[label], len(places) - sizes[label])
        if counts.share() >= TIMES * counts.elsewhere() and counts.ratio() > critical:
            found.append((counts.ratio(), Leak(word, label, count, counts.share(), counts.elsewhere(), counts.pmi())))
    found.sort(key=lambda pair: (-pair[0], pair[1].word, pair[1].label))
    return Leaks(len(places), len(anywhere), tuple(leak for _, leak in found[:SHOWN]))


@dataclass(frozen=True, slots=True)
class _Counts:
    """Instances of the label and others with the word, of the `inside` and the `outside` ones."""

    here: int
    there: int
    inside: int
    outside: int

    def share(self) -> float:
        return self.here / self.inside

    def elsewhere(self) -> float:
        return self.there / self.outside

    def pmi(self) -> float:
        total = self.inside + self.outside + 2
        has_word = self.here + self.there + 1
        return math.log2((self.here + 0.5) * total / (has_word * (self.inside + 1)))

    def ratio(self) -> float:
        """G²."""
        rows = ((self.here, self.inside), (self.there, self.outside))
        share = (self.here + self.there) / (self.inside + self.outside)
        return 2 * math.fsum(
            part * math.log(part / (size * expected))
            for count, size in rows
            for part, expected in ((count, share), (size - count, 1 - share))
            if part
        )
