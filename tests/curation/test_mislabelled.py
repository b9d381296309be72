"""A planted wrong label is found, and nothing is said where the classifier knows nothing."""

from __future__ import annotations

import pytest

for package in ("sklearn", "cleanlab", "threadpoolctl", "numpy"):
    pytest.importorskip(package)

from satsuma.curation.mislabelled import Suspicion, suspicious  # noqa: E402 - needs the extra
from satsuma.curation.population import Member  # noqa: E402 - needs the extra
from satsuma.measures.outcome import NotDefined  # noqa: E402 - needs the extra
from tests.curation.made import reviews  # noqa: E402 - needs the extra


def members(rows: list[tuple[str, str]]) -> list[Member]:
    return [Member(str(at), text, text, label, f"context {at % 20}", "g") for at, (text, label) in enumerate(rows)]


def planted(*places: int) -> list[tuple[str, str]]:
    rows = reviews(200)
    for place in places:
        text, label = rows[place]
        rows[place] = (text, "bad" if label == "good" else "good")
    return rows


def test_planted_labels_are_flagged_and_hardly_any_others() -> None:
    wrong = {17, 44, 60, 99, 101, 133, 150, 188}
    found = suspicious(members(planted(*wrong)), None, 0)
    assert isinstance(found, Suspicion)
    flagged = {flag.place for flag in found.flags}
    assert len(flagged & wrong) >= 6
    assert len(flagged - wrong) <= 1
    first = next(flag for flag in found.flags if flag.place == 60)
    assert (first.label, first.suggested) == ("bad", "good")
    assert first.confidence > 0.5
    assert [flag.confidence for flag in found.flags] == sorted((f.confidence for f in found.flags), reverse=True)


def test_the_same_seed_gives_the_same_flags() -> None:
    assert suspicious(members(planted(3)), None, 5) == suspicious(members(planted(3)), None, 5)


def test_labels_that_the_words_do_not_tell_are_not_judged() -> None:
    rows = [(f"number {at} of many", "ab"[(at * 7919) % 13 % 2]) for at in range(100)]
    found = suspicious(members(rows), None, 0)
    assert isinstance(found, Suspicion)
    assert found.flags == ()
    assert found.accuracy - found.majority < 0.05


def test_outputs_that_are_no_labels_and_too_few_instances_are_not_judged() -> None:
    texts = suspicious(members([(f"t {at}", f"free text {at}") for at in range(50)]), None, 0)
    assert isinstance(texts, NotDefined)
    assert "no closed set" in texts.not_defined
    few = suspicious(members(reviews(10)), None, 0)
    assert isinstance(few, NotDefined)
