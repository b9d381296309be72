"""The benchmark of the duplicate check compares like with like."""

from __future__ import annotations

from benchmarks.duplicates import JUDGED, Pairs, measure
from satsuma.testing.words import Draw, sentence


def texts(number: int) -> list[str]:
    """Sentences of which every third is an earlier one but for a word."""
    made = [sentence(Draw("benchmark", i)) for i in range(number)]
    return [made[i // 2].replace(" the ", " that ", 1) if i % 3 == 2 else text for i, text in enumerate(made)]


def test_both_ways_name_the_same_earlier_texts() -> None:
    (at,) = measure(texts(100 + 2 * JUDGED), [100, 10_000])
    assert (at.texts, at.equal) == (100, JUDGED)
    assert at.check > 0
    assert at.pairs > 0


def test_all_pairs_find_the_earliest_of_those_that_are_kept() -> None:
    pairs = Pairs()
    for index, text in enumerate(["a b c d e f g h i j", "k l m n o p q r s t", "a b c d e f g h i k"]):
        pairs.keep(text, 10 * index)
    assert pairs.first("a b c d e f g x y z", 3) == 0
    assert pairs.first("a b c d e f x x y z", 3) is None
    assert pairs.first("b c d e f g h i k l", 3) == 0
    assert pairs.first("k l m n o p q r s u", 1) is None
