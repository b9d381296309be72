"""The measurements that count: labels, lengths, gendered words, corrections, readability, tone, languages."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satsuma.measures.correction import Correction, CorrectionTally
from satsuma.measures.gender import Gender, GenderTally
from satsuma.measures.labels import Labels, LabelTally, labelled
from satsuma.measures.languages import Languages, languages
from satsuma.measures.lengths import Lengths, LengthTally
from satsuma.measures.outcome import NotDefined
from satsuma.measures.readability import Readability, readability, scores, syllables
from satsuma.measures.sampling import Sample
from satsuma.measures.sentiment import Sentiment, sentiment
from satsuma.measures.spread import SpreadTally
from satsuma.reading.example import Lineage


def counted(labels: list[str | None]) -> Labels | NotDefined:
    tally = LabelTally()
    for label in labels:
        tally.add(label)
    return tally.result()


def test_labels_are_counted_and_their_balance_is_their_entropy() -> None:
    found = counted(["a", "a", "a", "b", None])
    assert isinstance(found, Labels)
    assert found.counts == {"a": 3, "b": 1}
    assert (found.unlabelled, found.distinct, found.instances) == (1, 2, 5)
    assert found.balance == pytest.approx(-(0.75 * math.log2(0.75) + 0.25 * math.log2(0.25)))


def test_one_label_is_counted_and_free_text_is_no_label() -> None:
    one = counted(["a", "a"])
    assert isinstance(one, Labels)
    assert one.balance == 0
    assert isinstance(counted([f"text {i}" for i in range(300)]), NotDefined)
    assert isinstance(counted([None, None]), NotDefined)
    assert isinstance(counted([]), NotDefined)


def test_the_places_of_labelled_instances() -> None:
    assert labelled(["a", None, "b", "a", "b"]) == [0, 2, 3, 4]
    assert isinstance(labelled(["a", "b", "c"]), NotDefined)


@given(st.lists(st.integers(0, 9_999), min_size=1))
def test_a_spread_is_exact(numbers: list[int]) -> None:
    tally = SpreadTally()
    for number in numbers:
        tally.add(number)
    found, ordered = tally.result(), sorted(numbers)
    assert found.mean == pytest.approx(sum(numbers) / len(numbers))
    assert (found.least, found.most) == (ordered[0], ordered[-1])
    expected = [ordered[max(0, math.ceil(q * len(numbers)) - 1)] for q in (0.05, 0.25, 0.5, 0.75, 0.95)]
    assert list(found.quantiles) == expected


def test_large_numbers_are_kept_to_three_digits() -> None:
    tally = SpreadTally()
    tally.add(123_456)
    assert tally.result().most == 123_000
    assert tally.result().mean == 123_456


def test_lengths_are_counted_by_label_where_labels_are_a_closed_set() -> None:
    tally = LengthTally()
    for text, label in (("a b", "x"), ("a b c d", "y"), ("", None)):
        tally.add(text, text.split(), label)
    found = tally.result(per_label=True)
    assert isinstance(found, Lengths)
    assert found.empty == 1
    assert found.tokens.mean == 2
    assert {label: spread.mean for label, spread in found.per_label.items()} == {"x": 2, "y": 4}
    closed = tally.result(per_label=False)
    assert isinstance(closed, Lengths)
    assert closed.per_label == {}
    assert isinstance(LengthTally().result(per_label=True), NotDefined)


def test_gendered_words_are_counted_by_label() -> None:
    tally = GenderTally()
    for _ in range(30):
        tally.add("She gave her mother a book.", "entailment")
        tally.add("He gave him the book that she wrote.", "contradiction")
    found = tally.result(per_label=True)
    assert isinstance(found, Gender)
    assert found.per_label["entailment"].feminine == 90
    assert found.per_label["contradiction"].masculine == 60
    assert found.overall.feminine_share == pytest.approx(120 / 180)
    assert found.gap == pytest.approx(1 - 1 / 3)
    assert found.gap_significant


def test_a_gap_in_few_words_is_no_gap() -> None:
    tally = GenderTally()
    tally.add("she", "a")
    tally.add("he", "b")
    found = tally.result(per_label=True)
    assert isinstance(found, Gender)
    assert found.gap is None
    assert not found.gap_significant
    assert isinstance(GenderTally().result(per_label=True), NotDefined)


def corrected(lineages: list[Lineage | None]) -> Correction | NotDefined:
    tally = CorrectionTally()
    for lineage in lineages:
        tally.add(lineage)
    return tally.result()


def test_corrections_are_a_matrix_with_its_agreement_and_doubt() -> None:
    found = corrected(
        [
            *[Lineage("no", "no", 3, 1.0)] * 6,
            *[Lineage("no", "yes", 3, 2 / 3)] * 3,
            Lineage("yes", "yes", 1, 1.0),
            None,
            Lineage("yes", ""),
        ]
    )
    assert isinstance(found, Correction)
    assert found.instances == 10
    assert found.changed.value == 0.3
    assert found.matrix == {"no": {"no": 6, "yes": 3}, "yes": {"yes": 1}}
    assert [(move.asked, move.corrected, move.instances) for move in found.moves] == [("no", "yes", 3)]
    assert found.agreement == pytest.approx(0.9)
    assert found.unanimous == 0.7
    assert found.votes_against == pytest.approx(1 / 9)


def test_without_provenance_nothing_was_corrected() -> None:
    assert isinstance(corrected([None]), NotDefined)


def test_single_votes_say_nothing_of_doubt() -> None:
    found = corrected([Lineage("a", "a", 1, 1.0)])
    assert isinstance(found, Correction)
    assert found.votes_against is None


@pytest.mark.parametrize(
    ("word", "count"),
    [("cat", 1), ("table", 2), ("make", 1), ("wanted", 2), ("the", 1), ("beautiful", 3), ("rhythm", 1), ("a", 1)],
)
def test_syllables(word: str, count: int) -> None:
    assert syllables(word) == count


def test_reading_ease_is_fleschs_formula() -> None:
    ease, grade = scores("The cat sat. The dog ran.") or (0, 0)
    assert ease == pytest.approx(206.835 - 1.015 * 3 - 84.6)
    assert grade == pytest.approx(0.39 * 3 + 11.8 - 15.59)
    assert scores("猫が座る") is None


def test_readability_is_for_english_and_by_label() -> None:
    found = readability(["The cat sat.", "Institutional considerations.", "…"], ["easy", "hard", None], "en")
    assert isinstance(found, Readability)
    assert found.instances == 2
    assert found.per_label["easy"] > 100 > 0 > found.per_label["hard"]
    assert isinstance(readability(["Кошка сидит."], [None], "ru"), NotDefined)
    assert isinstance(readability(["猫"], [None], ""), NotDefined)


def test_sentiment_is_vaders_and_by_label() -> None:
    pytest.importorskip("vaderSentiment")
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    texts = ["What a wonderful, happy day!", "A terrible, sad loss.", "The table is brown.", ""]
    found = sentiment(texts, ["good", "bad", None, None], "en")
    assert isinstance(found, Sentiment)
    compounds = [SentimentIntensityAnalyzer().polarity_scores(text)["compound"] for text in texts]
    assert found.mean == pytest.approx(sum(compounds) / 4)
    assert (found.positive, found.negative) == (0.25, 0.25)
    assert found.per_label["good"] > 0.5 > -0.5 > found.per_label["bad"]
    assert sum(found.histogram) == 4
    assert isinstance(sentiment(texts, [None] * 4, "de"), NotDefined)
    assert isinstance(sentiment([], [], ""), NotDefined)


def test_languages_are_told_where_there_is_enough_text() -> None:
    texts = ["The weather is beautiful today, let us go outside."] * 3
    texts += ["Das Wetter ist heute sehr schön, wir gehen nach draußen.", "Да", ""]
    found = languages(texts)
    assert isinstance(found, Languages)
    assert found.main == "en"
    assert found.shares == {"en": 0.5, "unknown": pytest.approx(1 / 3), "de": pytest.approx(1 / 6)}
    assert isinstance(languages([]), NotDefined)
    nothing = languages(["", "?"])
    assert isinstance(nothing, Languages)
    assert nothing.main == ""


@given(st.integers(0, 60), st.integers(0, 20), st.integers(0, 20))
def test_a_smaller_sample_is_part_of_a_larger_one(size: int, most: int, fewer: int) -> None:
    large, small = Sample[int](most + fewer, 1), Sample[int](most, 1)
    for number in range(size):
        large.add(number)
        small.add(number)
    assert large.items(most) == small.items()
    assert small.items() == sorted(small.items())
    assert len(large.items()) == min(size, most + fewer)
    assert large.seen == size


def test_every_item_is_as_likely_in_a_sample() -> None:
    hits = [0] * 10
    for seed in range(300):
        sample = Sample[int](3, seed)
        for number in range(10):
            sample.add(number)
        for number in sample.items():
            hits[number] += 1
    assert all(60 <= hit <= 120 for hit in hits)
    assert random.Random(0).random() != random.Random(1).random()
