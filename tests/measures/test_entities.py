"""Named entities: lists and a rule without a model, a model's where there is one; and how far two sets differ."""

from __future__ import annotations

import math
from collections import Counter

import pytest

pytest.importorskip("babel")

from satsuma.measures import entities as module
from satsuma.measures.entities import Entities, Found, divergence, entities, find_entities
from satsuma.measures.gazetteer import mentions
from satsuma.measures.outcome import NotDefined

TEXTS = [
    "Anna Kovács flew from Germany to the U.S. with two French friends.",
    "The table stood in the kitchen. When Anna came home, the Brazilian guests spoke in French.",
    "Table salt comes from Côte d’Ivoire, says Anna Kovács of Acme. On Monday she met Germans in turkey season.",
    "",
]


@pytest.fixture
def without_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_pipeline", {}.get)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("She left South Korea for the UK.", [("GPE", "South Korea"), ("GPE", "United Kingdom")]),
        ("Danes and a Danish man", [("NORP", "Danish"), ("NORP", "Danish")]),
        ("They speak French to the French chef", [("LANGUAGE", "French"), ("NORP", "French")]),
        ("written in Latin, learned Esperanto", [("LANGUAGE", "Latin"), ("LANGUAGE", "Esperanto")]),
        ("The turkey and the china were fine", []),
        ("Germanys and Francesca", []),
        ("South Africans", [("NORP", "South African")]),
    ],
)
def test_countries_nationalities_and_languages_are_known_by_name(text: str, expected: list[tuple[str, str]]) -> None:
    found = [(mention.kind, mention.name) for mention in mentions(text)]
    assert found == expected


def test_names_of_countries_are_known_in_the_language_of_the_texts() -> None:
    assert [mention.name for mention in mentions("Sie kam aus Österreich.", "de")] == ["Austria"]
    assert list(mentions("Sie kam aus Österreich.", "en")) == []
    assert list(mentions("nothing here", "no such language")) == []


@pytest.mark.usefixtures("without_model")
def test_without_a_model_lists_and_a_rule_find_entities_and_say_so() -> None:
    found = entities(find_entities(TEXTS))
    assert isinstance(found, Entities)
    assert "rule" in found.method
    assert "python -m spacy download" in found.method
    assert found.kinds["GPE"].top == {"Germany": 1, "United States": 1, "Côte d’Ivoire": 1}
    assert found.kinds["NORP"].top == {"Brazilian": 1, "French": 1, "German": 1}
    assert found.kinds["LANGUAGE"].top == {"French": 1}
    assert found.kinds["NAME"].top == {"Anna Kovács": 2, "Acme": 1, "Anna": 1}
    assert found.kinds["NAME"].instances == 3
    assert "PERSON" not in found.kinds


@pytest.mark.usefixtures("without_model")
def test_a_word_that_is_also_written_small_is_no_name() -> None:
    found = find_entities(["We saw Rose there.", "A rose is a rose.", "We saw Lily there."])
    assert dict(found.counts["NAME"]) == {"Lily": 1}


def test_a_models_entities_are_taken_where_one_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    spacy = pytest.importorskip("spacy", reason="spaCy is not installed; it is no dependency")
    pipeline = spacy.blank("en")
    ruler = pipeline.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "PER", "pattern": "Anna"}, {"label": "DATE", "pattern": "Monday"}])
    monkeypatch.setattr(module, "_pipeline", {"en": pipeline}.get)
    found = entities(find_entities(TEXTS))
    assert isinstance(found, Entities)
    assert found.method.startswith("spaCy en_")
    assert {kind: told.top for kind, told in found.kinds.items()} == {"PERSON": {"Anna": 3}}


def found_of(**counts: dict[str, int]) -> Found:
    return Found("", 1, {kind: Counter(names) for kind, names in counts.items()}, {})


def test_divergence_is_jensen_shannons() -> None:
    one, other = {"Germany": 3, "France": 1}, {"Germany": 1, "Italy": 1}
    shares = {"Germany": (0.75, 0.5), "France": (0.25, 0), "Italy": (0, 0.5)}
    expected = sum(p / 2 * math.log2(p / ((a + b) / 2)) for a, b in shares.values() for p in (a, b) if p)
    assert divergence(found_of(GPE=one, ORG={"x": 1}), found_of(GPE=other)) == {"GPE": pytest.approx(expected)}
    assert divergence(found_of(GPE=one), found_of(GPE=one)) == {"GPE": 0}
    assert divergence(found_of(GPE={"a": 1}), found_of(GPE={"b": 1})) == {"GPE": 1}


def test_divergence_is_scipys() -> None:
    distance = pytest.importorskip("scipy.spatial.distance")
    one, other = {"a": 5, "b": 2, "c": 1}, {"a": 1, "b": 4, "d": 9}
    names = sorted({*one, *other})
    expected = distance.jensenshannon([one.get(n, 0) for n in names], [other.get(n, 0) for n in names], base=2) ** 2
    assert divergence(found_of(GPE=one), found_of(GPE=other))["GPE"] == pytest.approx(expected)


def test_no_instances_have_no_entities() -> None:
    assert isinstance(entities(Found("", 0, {}, {})), NotDefined)
