"""Ratings are drawn beside PVI, over those of the original, where one model rated both."""

from __future__ import annotations

import pytest

for package in ("numpy", "vl_convert"):
    pytest.importorskip(package, reason="needs the extra report")

from satsuma.measures.ratings import Ratings  # noqa: E402 - needs the extra
from satsuma.reporting.distributions import charts_of, rated_difficulty  # noqa: E402 - needs the extra


def ratings(**counts: tuple[int, ...]) -> Ratings:
    """Ratings by models, the first of which rated most."""
    found = {name: {str(at + 1): count for at, count in enumerate(levels)} for name, levels in counts.items()}
    means = {name: sum(int(at) * n for at, n in own.items()) / sum(own.values()) for name, own in found.items()}
    first = next(iter(found))
    return Ratings(first, sum(found[first].values()), means[first], found[first], {}, means, found)


def test_both_distributions_are_drawn_and_stand_in_the_table() -> None:
    made, gold = ratings(m=(1, 2, 3, 0, 0)), ratings(m=(0, 0, 2, 2, 0))
    (chart,) = charts_of([("made", {"ratings": made}), ("gold", {"ratings": gold})])
    assert chart.rows == (("made", "1", "2", "3", "0", "0", "2.33"), ("gold", "0", "0", "2", "2", "0", "3.50"))
    assert "by m," in chart.reading
    assert "50.0% from 2.5 to 3.5" in chart.svg


def test_only_what_one_model_rated_is_compared() -> None:
    made, gold = ratings(large=(3, 3, 3, 0, 0), small=(1, 0, 0, 0, 0)), ratings(small=(0, 0, 0, 0, 2))
    chart = rated_difficulty([("made", {"ratings": made}), ("gold", {"ratings": gold})])
    assert chart is not None
    assert [row[0::6] for row in chart.rows] == [("made", "1.00"), ("gold", "5.00")]
    other = rated_difficulty([("made", {"ratings": made}), ("gold", {"ratings": ratings(other=(1, 0, 0, 0, 0))})])
    assert other is not None
    assert [row[0] for row in other.rows] == ["made"]
    assert "by large," in other.reading


def test_without_ratings_of_the_measured_dataset_there_is_no_chart() -> None:
    assert rated_difficulty([("made", {}), ("gold", {"ratings": ratings(m=(1, 0, 0, 0, 0))})]) is None
