"""How often raters err where nobody knows the truth: Dawid and Skene's model, fitted by EM.

Every instance has a true label; rater r says label j of an instance whose truth is i with probability
confusion[r][i][j], independently of what the others say and of what the same rater said before of this instance (a
rater may be asked several times). Which labels are frequent, how each rater errs and what each instance's truth
probably is are estimated together from what was said alone. Instances may come from several populations, each with a
distribution of truths of its own: instances that were asked for as this or that label are such populations (Hui and
Walter 1980, Estimating the error rates of diagnostic tests).

One thing is added: with `coin`, a share `hard` of the instances is such that this rater only knows two labels to choose
between, the truth and one other, and flips a coin each time; the other one is as often this or that label as it is
among the rater's mistakes. Dawid and Skene's model takes a rater to be as good at every instance, and mistakes a few
hard instances for none (instances differ in how hard they are: Whitehill et al. 2009); that makes majorities look far
better than they are.

Where labels cannot be told apart, `even` leaves one error rate for each rater and one for the population, whatever the
truth, and takes all wrong labels to be equally likely: two parameters instead of a table.

Instances of which the same was said are one `Said` with a count. Plain Python: numpy is no dependency, and the number
of different `Said` is small.

Source: Dawid and Skene, Maximum likelihood estimation of observer error-rates using the EM algorithm, Applied
Statistics 28 (1979) 20-28. Not covered: mistakes that several raters share, which look like truth.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

ROUNDS = 200
"""Steps of EM at most."""
CLOSE = 1e-6
"""EM ends when a step adds less than this to the log-likelihood of an instance."""
HARD_AT_FIRST = 0.1
BARELY = 0.01
_TINY = 1e-300


@dataclass(frozen=True, slots=True)
class Said:
    """What was said of `count` instances alike: (rater, label, how often). population: where they come from.

    Raters, labels and populations are numbers from 0.
    """

    votes: tuple[tuple[int, int, int], ...]
    count: int
    population: int = 0


@dataclass(frozen=True, slots=True)
class Model:
    """The parameters.

    prior: population → true label → probability. confusion: rater → true label → said label → probability. coin: the
    rater that flips coins on a share `hard` of the instances; None where hard is 0.
    """

    prior: list[list[float]]
    confusion: list[list[list[float]]]
    coin: int | None = None
    hard: float = 0.0

    def weights(self, said: Said) -> tuple[list[float], list[float]]:
        """The probability of each truth together with what was said, if the instance is easy and if it is hard."""
        prior = self.prior[said.population]
        if self.coin is None or not self.hard:
            return self._told(prior, said.votes), []
        tossed = [vote for vote in said.votes if vote[0] == self.coin]
        rest = self._told(prior, [vote for vote in said.votes if vote[0] != self.coin])
        easy = self._told(rest, tossed)
        rows = self.confusion[self.coin]
        return (
            [each * (1 - self.hard) for each in easy],
            [each * self.hard * _luck(truth, tossed, rows[truth]) for truth, each in enumerate(rest)],
        )

    def _told(self, weights: Sequence[float], votes: Sequence[tuple[int, int, int]]) -> list[float]:
        told = list(weights)
        for rater, label, times in votes:
            told = [each * row[label] ** times for each, row in zip(told, self.confusion[rater], strict=True)]
        return told


def _luck(truth: int, tossed: Sequence[tuple[int, int, int]], row: Sequence[float]) -> float:
    """The probability of tosses between the truth and one other label: each as often as it is said by mistake."""
    others = [label for _, label, _ in tossed if label != truth]
    luck = 0.5 ** sum(times for _, _, times in tossed)
    if not others:
        return luck
    mistakes = sum(row) - row[truth]
    return luck * row[others[0]] / mistakes if len(others) == 1 and mistakes > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Smoothing:
    """Answers that are counted before any was seen: for each truth, `weight` of every wrong one, and right ones.

    populations: the share of the instances whose truth is not their population's own label; None where populations are
    not labels. raters: the share of each rater's answers that are wrong, whatever the truth. So what little is known of
    a rare label is drawn towards what is known of all. even: wrong labels are alike, as are truths; there is one
    population, whose own label is 0, and `weight` is that of all right answers and of all wrong ones.
    """

    weight: float
    populations: float | None
    raters: tuple[float, ...]
    even: bool = False


def normalized(weights: Sequence[float]) -> list[float]:
    """The weights as shares of their sum; equal ones where all are 0."""
    total = sum(weights)
    return [weight / total for weight in weights] if total else [1 / len(weights)] * len(weights)


Shares: TypeAlias = Callable[[Sequence[float]], list[float]]


@dataclass(slots=True)
class Counts:
    """How often what happened, as far as it is known: the parameters are these counts, normalized.

    rivals: true label → the other label between which and the truth a coin was flipped → instances.
    """

    prior: list[list[float]]
    confusion: list[list[list[float]]]
    hard: list[float]
    rivals: list[list[float]]
    even: bool = False

    @classmethod
    def smoothed(cls, smoothing: Smoothing, populations: int, labels: int) -> Counts:
        """Before anything was seen."""
        weight, even = smoothing.weight, smoothing.even
        wrong = weight / (labels * (labels - 1)) if even else weight
        if smoothing.populations is not None:
            prior = _square(labels, wrong, smoothing.populations)
        else:
            prior = [[weight, *[weight / (labels - 1) if even else weight] * (labels - 1)] for _ in range(populations)]
        confusion = [_square(labels, wrong, error) for error in smoothing.raters]
        return cls(prior, confusion, [19 * weight, weight], [[0.0] * labels for _ in range(labels)], even)

    def add(self, said: Said, truth: int, instances: float, coin: int | None = None) -> None:
        """So many of the instances have this truth. coin: the rater whose answers were tosses, which tell nothing."""
        self.prior[said.population][truth] += instances
        self.hard[coin is not None] += instances
        for rater, label, times in said.votes:
            if rater != coin:
                self.confusion[rater][truth][label] += instances * times
            elif label != truth:
                self.rivals[truth][label] += instances

    def model(self, coin: int | None, shares: Shares = normalized) -> Model:
        """The parameters. shares: makes probabilities of counts."""
        hard = shares(self.hard)[1] if coin is not None else 0.0
        if self.even:
            return Model(_even(self.prior, shares), [_even(rows, shares) for rows in self.confusion], coin, hard)
        confusion = [
            [self._row(rows, truth, rater == coin, shares) for truth in range(len(rows))]
            for rater, rows in enumerate(self.confusion)
        ]
        return Model([shares(row) for row in self.prior], confusion, coin, hard)

    def _row(self, rows: Sequence[Sequence[float]], truth: int, coin: bool, shares: Shares) -> list[float]:
        """What is said of a truth: how often it is itself, and which label it is otherwise."""
        if not coin:
            return shares(rows[truth])
        wrong = [each + more for each, more in zip(rows[truth], self.rivals[truth], strict=True)]
        wrong.pop(truth)
        right, mistaken = shares([rows[truth][truth], sum(rows[truth]) - rows[truth][truth]])
        row = [each * mistaken for each in shares(wrong)]
        row.insert(truth, right)
        return row


def _square(labels: int, weight: float, error: float) -> list[list[float]]:
    right = weight * (labels - 1) * (1 - error) / error
    return [[right if i == j else weight for j in range(labels)] for i in range(labels)]


def _even(rows: Sequence[Sequence[float]], shares: Shares) -> list[list[float]]:
    """One share of right answers for all rows, and wrong ones that are all alike."""
    same = sum(row[i] for i, row in enumerate(rows))
    right, wrong = shares([same, sum(map(sum, rows)) - same])
    each = wrong / (len(rows[0]) - 1)
    return [[right if i == j else each for j in range(len(row))] for i, row in enumerate(rows)]


@dataclass(frozen=True, slots=True)
class Fit:
    """A fitted model, what it was smoothed with, and the logarithm of the probability of what was said."""

    model: Model
    smoothing: Smoothing
    log_likelihood: float


def fit(observed: Sequence[Said], labels: int, smoothing: Smoothing, coin: int | None = None) -> Fit:
    """The parameters under which what was said is likeliest.

    It starts where an instance's truth is each label as often as that was said. labels: 2 or more. With a weight
    of 0 nothing is smoothed, and it is the maximum of the likelihood.
    """
    populations = labels if smoothing.populations is not None else 1 + max(said.population for said in observed)
    empty = Counts.smoothed(smoothing, populations, labels)
    model = _as_said(observed, empty, coin)
    total = sum(said.count for said in observed)
    before = -math.inf
    for _ in range(ROUNDS):
        model, likelihood = _step(observed, model, Counts.smoothed(smoothing, populations, labels))
        if likelihood - before < CLOSE * total:
            break
        before = likelihood
    return Fit(model, smoothing, _log_likelihood(observed, model))


def _as_said(observed: Sequence[Said], counts: Counts, coin: int | None) -> Model:
    for said in observed:
        votes = sum(times for _, _, times in said.votes)
        for _, label, times in said.votes:
            counts.add(said, label, said.count * times / votes)
    model = counts.model(None)
    return Model(model.prior, model.confusion, coin, HARD_AT_FIRST if coin is not None else 0.0)


def _step(observed: Sequence[Said], model: Model, counts: Counts) -> tuple[Model, float]:
    """One step of EM, counting from what is smoothed, and the log-likelihood before it."""
    likelihood = 0.0
    for said in observed:
        weights = list(_weights(said, model))
        total = _TINY + sum(weight for _, _, weight in weights)
        likelihood += said.count * math.log(total)
        for truth, coin, weight in weights:
            counts.add(said, truth, said.count * weight / total, coin)
    return counts.model(model.coin), likelihood


def _weights(said: Said, model: Model) -> Iterator[tuple[int, int | None, float]]:
    """Truth, whose answers were tosses, and how probable that is with what was said; impossible ones left out."""
    easy, hard = model.weights(said)
    for coin, each in ((None, easy), (model.coin, hard)):
        yield from ((truth, coin, weight) for truth, weight in enumerate(each) if weight > 0)


def _log_likelihood(observed: Sequence[Said], model: Model) -> float:
    return sum(
        said.count * math.log(_TINY + sum(weight for _, _, weight in _weights(said, model))) for said in observed
    )


def alike(observed: Sequence[Said], labels: int, weight: float) -> Smoothing:
    """The smoothing towards what all truths have in common, where populations are labels (empirical Bayes).

    How often populations and raters are wrong on average is taken from a fit that is hardly smoothed.
    """
    raters = 1 + max((rater for said in observed for rater, _, _ in said.votes), default=0)
    hardly = Smoothing(BARELY, 0.5, (0.5,) * raters)
    counts = Counts.smoothed(hardly, labels, labels)
    _step(observed, fit(observed, labels, hardly).model, counts)
    return Smoothing(weight, _off(counts.prior), tuple(_off(rows) for rows in counts.confusion))


def _off(rows: Sequence[Sequence[float]]) -> float:
    """The share of what does not stand on the diagonal; never 0 or 1."""
    total = sum(map(sum, rows))
    right = sum(row[i] for i, row in enumerate(rows))
    return (total - right + 0.5) / (total + 1)
