"""Dawid and Skene's model, held to their own example, to brute force, and to rates that are known."""

from __future__ import annotations

import math
from collections import Counter
from itertools import product
from random import Random

import pytest

from satsuma.selecting.dawid_skene import Counts, Fit, Model, Said, Smoothing, alike, fit

# Table 1 of Dawid and Skene (1979): the classes that five anaesthetists gave 45 patients, the first one three times.
PATIENTS = """
    1111111 3334334 1122122 2223121 2223222 2223322 1222111 3333433 2222223 2322223 4444444 2223343 1111111 2223212 1211111
    1112111 1111111 1111111 2222221 2221322 2222222 2222221 2223222 2212222 1111111 1111111 2322222 1111111 1111111 1121121
    1111111 3333233 1111111 2222222 2223232 4334343 2212232 2323233 3333432 1111111 1111111 1212111 2322222 1211111 2222222
""".split()  # noqa: E501, SIM905 - as the table stands there
OBSERVERS = (0, 0, 0, 1, 2, 3, 4)
NOT_SMOOTHED = Smoothing(0.0, None, (0.5,) * 5)


def told(patient: str) -> Said:
    votes = Counter(zip(OBSERVERS, (int(given) - 1 for given in patient), strict=True))
    return Said(tuple((rater, label, times) for (rater, label), times in sorted(votes.items())), 1)


@pytest.fixture(scope="module")
def anaesthetists() -> Fit:
    return fit([told(patient) for patient in PATIENTS], 4, NOT_SMOOTHED)


def test_the_example_of_the_paper_comes_out_as_it_stands_there(anaesthetists: Fit) -> None:
    assert len(PATIENTS) == 45
    assert [round(share, 2) for share in anaesthetists.model.prior[0]] == [0.40, 0.42, 0.11, 0.07]


def test_no_parameters_nearby_explain_it_better(anaesthetists: Fit) -> None:
    random, model = Random(0), anaesthetists.model

    def jittered(row: list[float]) -> list[float]:
        moved = [share * math.exp(random.gauss(0, 0.1)) for share in row]
        return [share / sum(moved) for share in moved]

    for _ in range(50):
        confusion = [[jittered(row) for row in rows] for rows in model.confusion]
        near = Model([jittered(model.prior[0])], confusion)
        likelihood = sum(math.log(sum(near.weights(told(patient))[0])) for patient in PATIENTS)
        assert likelihood < anaesthetists.log_likelihood


def test_the_likelihood_is_the_sum_over_all_truths() -> None:
    observed = [Said(((0, 0, 2), (0, 1, 1)), 2), Said(((0, 1, 1), (1, 1, 1)), 1, population=1)]
    found = fit(observed, 2, Smoothing(0.5, 0.2, (0.2, 0.3)), coin=0)
    prior, confusion, hard = found.model.prior, found.model.confusion, found.model.hard
    assert 0 < hard < 1

    def chance(said: Said, truth: int, *, tossed: bool) -> float:
        likely = prior[said.population][truth] * (hard if tossed else 1 - hard)
        for rater, label, times in said.votes:
            likely *= (0.5 if tossed and rater == 0 else confusion[rater][truth][label]) ** times
        return likely

    total = 0.0
    for said in observed:
        each = sum(chance(said, truth, tossed=tossed) for truth, tossed in product((0, 1), (False, True)))
        total += said.count * math.log(each)
    assert found.log_likelihood == pytest.approx(total, abs=1e-9)


def test_a_toss_is_between_the_truth_and_one_other_label() -> None:
    model = Model([[0.2, 0.3, 0.5]], [[[0.8, 0.15, 0.05], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]]], coin=0, hard=0.5)
    _, one_other = model.weights(Said(((0, 0, 1), (0, 1, 2)), 1))
    assert one_other == pytest.approx([0.2 * 0.5 * 0.125 * 0.75, 0.3 * 0.5 * 0.125 * 0.5, 0.0])
    _, agreed = model.weights(Said(((0, 0, 3),), 1))
    assert agreed == pytest.approx([0.2 * 0.5 * 0.125, 0.3 * 0.5 * 0.125 * 0.5, 0.5 * 0.5 * 0.125 * 0.5])
    _, three = model.weights(Said(((0, 0, 1), (0, 1, 1), (0, 2, 1)), 1))
    assert three == [0.0, 0.0, 0.0]


def observed(rates: list[list[float]], off: float, n: int, *, hard: float = 0.0, labels: int = 2) -> list[Said]:
    """What one rater says three times of n instances, each of the population whose label it has but for `off`."""
    random, found = Random(5), Counter[tuple[tuple[tuple[int, int, int], ...], int]]()
    for i in range(n):
        population = i % labels
        others = [label for label in range(labels) if label != population]
        truth = random.choice(others) if random.random() < off else population
        rival = random.choice([label for label in range(labels) if label != truth])
        row = [float(label in (truth, rival)) for label in range(labels)] if random.random() < hard else rates[truth]
        votes = Counter(random.choices(range(labels), row, k=3))
        found[tuple((0, label, times) for label, times in sorted(votes.items())), population] += 1
    return [Said(votes, times, population) for (votes, population), times in sorted(found.items())]


def test_known_rates_are_found_again() -> None:
    rates = [[0.9, 0.07, 0.03], [0.02, 0.95, 0.03], [0.2, 0.1, 0.7]]
    seen = observed(rates, 0.1, 6000, labels=3)
    model = fit(seen, 3, alike(seen, 3, 0.5)).model
    for found, true in zip(model.confusion[0], rates, strict=True):
        assert found == pytest.approx(true, abs=0.03)
    assert [model.prior[i][i] for i in range(3)] == pytest.approx([0.9] * 3, abs=0.03)


def test_hard_instances_are_found_again_and_are_not_taken_for_errors() -> None:
    seen = observed([[0.98, 0.02], [0.04, 0.96]], 0.1, 6000, hard=0.2)
    smoothing = alike(seen, 2, 0.5)
    plain, flipped = fit(seen, 2, smoothing), fit(seen, 2, smoothing, coin=0)
    assert flipped.model.hard == pytest.approx(0.2, abs=0.03)
    assert flipped.model.confusion[0][0][1] == pytest.approx(0.02, abs=0.015)
    assert flipped.log_likelihood > plain.log_likelihood + 20


def test_where_labels_are_not_told_apart_there_is_one_rate_for_all() -> None:
    model = Counts.smoothed(Smoothing(0.5, None, (0.5,), even=True), 1, 3).model(None)
    assert model.prior == [pytest.approx([0.5, 0.25, 0.25])]
    assert model.confusion[0][2] == pytest.approx([0.25, 0.25, 0.5])
    seen = [Said(((0, 0, 3),), 90), Said(((0, 1, 3),), 10), Said(((0, 0, 2), (0, 2, 1)), 12)]
    fitted = fit(seen, 3, Smoothing(0.0, None, (0.5,), even=True)).model
    rates = {round(row[i], 9) for i, row in enumerate(fitted.confusion[0])}
    assert len(rates) == 1
    assert rates.pop() == pytest.approx(1 - 12 / 336, abs=1e-3)
    assert fitted.prior[0] == pytest.approx([102 / 112, 5 / 112, 5 / 112], abs=1e-3)


def test_little_data_is_drawn_towards_what_all_labels_have_in_common() -> None:
    seen = observed([[0.9, 0.1], [0.1, 0.9]], 0.1, 400)
    smoothing = alike(seen, 2, 0.5)
    assert smoothing.raters[0] == pytest.approx(0.1, abs=0.03)
    assert smoothing.populations == pytest.approx(0.1, abs=0.05)
    nothing = Counts.smoothed(smoothing, 2, 2).model(None)
    assert nothing.confusion[0][1][0] == pytest.approx(smoothing.raters[0])
    assert nothing.prior[0][1] == pytest.approx(smoothing.populations)
