"""docs/measures.md names every measurement and every figure."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

for package in ("numpy", "babel", "sklearn", "vaderSentiment"):
    pytest.importorskip(package)

from satsuma.measures.analysis import MEASURES  # noqa: E402 - needs the extra
from satsuma.measures.comparison import AtOneSize, Comparison  # noqa: E402 - needs the extra
from satsuma.measures.correction import Correction  # noqa: E402 - needs the extra
from satsuma.measures.correction import Move as CorrectionMove  # noqa: E402 - needs the extra
from satsuma.measures.cosine import Cosines  # noqa: E402 - needs the extra
from satsuma.measures.entities import Entities, Kind  # noqa: E402 - needs the extra
from satsuma.measures.gender import Balance, Gender  # noqa: E402 - needs the extra
from satsuma.measures.labels import Labels  # noqa: E402 - needs the extra
from satsuma.measures.languages import Languages  # noqa: E402 - needs the extra
from satsuma.measures.leaks import Leak, Leaks  # noqa: E402 - needs the extra
from satsuma.measures.lengths import Lengths  # noqa: E402 - needs the extra
from satsuma.measures.mapping import Map, Point  # noqa: E402 - needs the extra
from satsuma.measures.pvi import Hard, Pvi  # noqa: E402 - needs the extra
from satsuma.measures.ratings import Ratings  # noqa: E402 - needs the extra
from satsuma.measures.readability import Readability  # noqa: E402 - needs the extra
from satsuma.measures.self_bleu import SelfBleu  # noqa: E402 - needs the extra
from satsuma.measures.sentiment import Sentiment  # noqa: E402 - needs the extra
from satsuma.measures.shortcuts import Accuracy, Shortcuts  # noqa: E402 - needs the extra
from satsuma.measures.spread import Spread  # noqa: E402 - needs the extra
from satsuma.measures.uniqueness import Pair, Uniqueness  # noqa: E402 - needs the extra
from satsuma.measures.verdict import Finding  # noqa: E402 - needs the extra
from satsuma.measures.vocabulary import Vocabulary  # noqa: E402 - needs the extra
from satsuma.proportions import Share  # noqa: E402 - needs the extra

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "measures.md").read_text("utf-8")
FIGURES: dict[str, tuple[type, ...]] = {
    "labels": (Labels,), "vocabulary": (Vocabulary,), "lengths": (Lengths, Spread), "self_bleu": (SelfBleu,),
    "uniqueness": (Uniqueness, Pair), "cosine": (Cosines,), "map": (Map, Point), "languages": (Languages,),
    "readability": (Readability,), "sentiment": (Sentiment,), "entities": (Entities, Kind),
    "gender": (Gender, Balance), "leaks": (Leaks, Leak), "shortcuts": (Shortcuts, Accuracy), "pvi": (Pvi, Hard),
    "ratings": (Ratings,), "correction": (Correction, CorrectionMove, Share), "against": (Comparison, AtOneSize),
}  # fmt: skip


def section(name: str) -> str:
    found = re.search(rf"^### {name}\n(.*?)(?=^##)", PAGE, re.DOTALL | re.MULTILINE)
    assert found is not None, name
    return found[1]


def test_every_measurement_has_its_place_in_the_order_in_which_it_is_made() -> None:
    assert re.findall(r"^### (\w+)$", PAGE, re.MULTILINE) == [*MEASURES, "against"]
    assert set(FIGURES) == {*MEASURES, "against"}


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_is_named(name: str) -> None:
    named = set(re.findall(r"`(\w+)`", section(name)))
    assert {field.name for kind in FIGURES[name] for field in dataclasses.fields(kind)} <= named


def test_the_verdict_is_named() -> None:
    assert {field.name for field in dataclasses.fields(Finding)} <= set(re.findall(r"`(\w+)`", PAGE))
