"""The nearest neighbour by ROUGE-L, and the curve of uniqueness, against comparing all pairs."""

from __future__ import annotations

from collections.abc import Hashable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("numpy")

from satsuma.measures import nearest as search
from satsuma.measures.nearest import nearest
from satsuma.measures.outcome import NotDefined
from satsuma.measures.uniqueness import Uniqueness, uniqueness
from satsuma.selecting.rouge import rouge_l_of, words

MANY = st.lists(st.lists(st.integers(0, 700), max_size=30), min_size=2, max_size=40)
FEW = st.lists(st.lists(st.sampled_from("abcdeЖ猫"), max_size=9), min_size=2, max_size=30)


@pytest.mark.parametrize("cells", [1, 60, 1_000_000])
@settings(max_examples=40)
@given(texts=MANY | FEW)
def test_the_nearest_text_is_the_one_that_comparing_all_pairs_finds(cells: int, texts: list[list[Hashable]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "CELLS", cells)
        found = nearest(texts)
    for at, text in enumerate(texts):
        values = [rouge_l_of(text, other) for place, other in enumerate(texts) if place != at]
        assert found.similarity[at] == max(values)
        neighbour = int(found.neighbour[at])
        if max(values):
            assert neighbour != at
            assert rouge_l_of(text, texts[neighbour]) == max(values)
        else:
            assert neighbour == -1


def test_most_pairs_of_texts_that_have_little_in_common_are_never_compared() -> None:
    texts = [[f"{topic} {i}" for i in range(8)] + [f"own {topic} {n}"] for topic in range(60) for n in range(4)]
    assert nearest(texts).compared < 240 * 239 / 2 / 4


@settings(max_examples=30)
@given(st.lists(st.text(st.characters(codec="ascii"), max_size=30), min_size=2, max_size=8))
def test_the_curve_is_that_of_rouge_score(texts: list[str]) -> None:
    scorer = pytest.importorskip("rouge_score.rouge_scorer").RougeScorer(["rougeL"])
    best = [
        max(scorer.score(one, other)["rougeL"].fmeasure for place, other in enumerate(texts) if place != at)
        for at, one in enumerate(texts)
    ]
    found = uniqueness(texts, [str(i) for i in range(len(texts))])
    assert isinstance(found, Uniqueness)
    for threshold, share in zip(found.thresholds, found.unique, strict=True):
        if min(abs(value - threshold) for value in best) > 1e-9:
            assert share == sum(value <= threshold for value in best) / len(best)
    assert found.mean_nearest == pytest.approx(sum(best) / len(best))


def test_texts_of_any_script_are_compared() -> None:
    found = uniqueness(["Кошка сидит дома", "кошка сидит дома!", "猫坐在家里", "猫坐在家中", ""], list("abcde"))
    assert isinstance(found, Uniqueness)
    assert found.exact_duplicates == 2 / 5
    assert found.near_duplicates == 4 / 5
    assert [(pair.one, pair.other) for pair in found.pairs] == [("a", "b"), ("c", "d")]
    assert words("猫坐在家里") == list("猫坐在家里")


def test_the_curve_ends_at_one_and_never_falls() -> None:
    found = uniqueness([f"some text number {i} of {i % 3} kinds" for i in range(20)], [str(i) for i in range(20)])
    assert isinstance(found, Uniqueness)
    assert found.unique[-1] == 1
    assert list(found.unique) == sorted(found.unique)
    assert len(found.thresholds) == len(found.unique) == 21


def test_one_text_has_no_curve() -> None:
    assert isinstance(uniqueness(["a"], ["a"]), NotDefined)
