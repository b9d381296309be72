"""What gives a label away: words, fields, lengths; and how hard instances are for a small model."""

from __future__ import annotations

import math
import random

import pytest

np = pytest.importorskip("numpy")
pytest.importorskip("sklearn")

from satsuma.measures.classifier import FOLDS, folds, predicted, word_features  # noqa: E402 - needs numpy
from satsuma.measures.leaks import Leaks, leaks  # noqa: E402 - needs numpy
from satsuma.measures.outcome import NotDefined  # noqa: E402 - needs numpy
from satsuma.measures.pvi import FREEDOMS, LogisticFamily, Pvi, pvi, pvi_values  # noqa: E402 - needs numpy
from satsuma.measures.shortcuts import Labelled, Shortcuts, shortcuts  # noqa: E402 - needs numpy

WORDS = [f"word{i}" for i in range(40)]


def data(count: int = 200, leak: str = "", seed: int = 0) -> Labelled:
    """Instances whose label is told by nothing but what leaks: `word`, `length`, or nothing."""
    chance = random.Random(seed)
    labels = [("yes", "no")[i % 2] for i in range(count)]
    premises, hypotheses = [], []
    for label in labels:
        premises.append(" ".join(chance.choices(WORDS, k=8)))
        hypothesis = chance.choices(WORDS, k=12 if leak == "length" and label == "no" else 6)
        if leak == "word" and label == "no" and chance.random() < 0.8:
            hypothesis[0] = "secret"
        hypotheses.append(" ".join(hypothesis))
    texts = [f"{p}\n{h}" for p, h in zip(premises, hypotheses, strict=True)]
    return Labelled(texts, labels, {"premise": premises, "hypothesis": hypotheses})


def found(made: Labelled) -> Shortcuts:
    result = shortcuts(made, 0)
    assert isinstance(result, Shortcuts)
    return result


def test_a_field_that_tells_the_label_is_named_and_the_other_is_not() -> None:
    result = found(data(leak="word"))
    assert result.gives_away == ("hypothesis",)
    assert result.fields["hypothesis"].low > 0.7 > result.fields["premise"].high
    assert result.majority == 0.5


def test_a_length_that_tells_the_label_is_named() -> None:
    result = found(data(leak="length"))
    assert "length" in result.gives_away
    assert result.lengths.accuracy == 1


def test_nothing_is_named_where_nothing_tells_the_label() -> None:
    assert found(data()).gives_away == ()


def test_one_field_is_not_looked_at_alone() -> None:
    made = data()
    assert found(Labelled(made.texts, made.labels, {"text": made.texts})).fields == {}


@pytest.mark.parametrize("labels", [["a"] * 30, [None] * 30, [str(i) for i in range(30)], ["a", "b"] * 5])
def test_without_a_closed_set_of_labels_there_are_no_shortcuts(labels: list[str | None]) -> None:
    texts = ["some text"] * len(labels)
    assert isinstance(shortcuts(Labelled(texts, labels, {}), 0), NotDefined)
    assert isinstance(pvi(Labelled(texts, labels, {}), texts, 0), NotDefined)


def test_texts_without_words_have_no_accuracy_and_do_not_fail() -> None:
    made = Labelled(["?!"] * 40, ["a", "b"] * 20, {"x": ["?"] * 40, "y": ["!"] * 40})
    result = found(made)
    assert result.whole_text is None
    assert result.fields == {}
    assert isinstance(pvi(made, ["i"] * 40, 0), NotDefined)


def test_folds_hold_equally_many_of_each_label_and_groups_stay_together() -> None:
    labels = ["a", "b", "b", "b"] * 25
    dealt = folds(labels, None, 3)
    assert dealt == folds(labels, None, 3) != folds(labels, None, 4)
    assert all(sum(d == f and lab == "a" for d, lab in zip(dealt, labels, strict=True)) == 5 for f in range(FOLDS))
    groups = [f"context {i // 4}" for i in range(100)]
    grouped = folds(labels, groups, 3)
    assert len({(group, fold) for group, fold in zip(groups, grouped, strict=True)}) == 25
    assert {grouped.count(fold) for fold in range(FOLDS)} == {20}


def test_predictions_are_those_of_scikit_learns_own_cross_validation() -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import PredefinedSplit, cross_val_predict

    made = data(leak="word")
    labels = [label or "" for label in made.labels]
    dealt = folds(labels, None, 0)
    features = word_features(made.texts)
    assert features is not None
    mine, names = predicted(features, labels, dealt)
    reference = cross_val_predict(
        LogisticRegression(max_iter=200), features, labels, cv=PredefinedSplit(dealt), method="predict_proba"
    )
    assert names == ["no", "yes"]
    assert np.abs(mine - reference).max() < 1e-9


def test_a_label_that_is_in_one_fold_alone_has_a_small_probability() -> None:
    labels = ["a", "b"] * 20 + ["rare"]
    features = np.random.default_rng(0).normal(size=(41, 3))
    dealt = folds(labels, None, 0)
    probabilities, names = predicted(features, labels, dealt)
    assert probabilities.sum(axis=1) == pytest.approx(1)
    assert 0 < probabilities[40, names.index("rare")] < 0.1


def test_pvi_is_what_its_definition_says() -> None:
    made = data(leak="word")
    labels = [label or "" for label in made.labels]
    dealt = folds(labels, None, 0)
    tried = [predicted(word_features(made.texts), labels, dealt, freedom)[0] for freedom in FREEDOMS]
    names, rows = ["no", "yes"], range(len(labels))
    informed = max(tried, key=lambda found: sum(math.log(found[at, names.index(labels[at])]) for at in rows))
    values = pvi_values(made, LogisticFamily(), 0)
    assert values is not None
    for at, label in enumerate(labels):
        rest = [other for place, other in enumerate(labels) if dealt[place] != dealt[at]]
        blind = (rest.count(label) + 1) / (len(rest) + 2)
        expected = math.log2(informed[at, names.index(label)]) - math.log2(blind)
        assert values[at] == pytest.approx(expected)


def test_pvi_is_high_where_the_input_tells_the_label_and_near_none_where_it_does_not() -> None:
    made = data(leak="word")
    told = pvi(made, [str(i) for i in range(200)], 0)
    untold = pvi(data(), [str(i) for i in range(200)], 0)
    assert isinstance(told, Pvi)
    assert isinstance(untold, Pvi)
    assert told.mean > 0.3 > 0.1 > untold.mean
    assert told.family == "logistic model on words"
    assert sum(told.histogram) == told.instances == 200
    assert set(told.per_label) == {"yes", "no"}
    hardest = [hard.pvi for hard in told.hardest]
    assert hardest == sorted(hardest)


def test_pvi_of_embeddings_says_so() -> None:
    labels = ["a", "b"] * 30
    vectors = np.array([[1.0, 0.0], [0.0, 1.0]] * 30, np.float32)
    result = pvi(Labelled(["x"] * 60, labels, {}), [str(i) for i in range(60)], 0, vectors)
    assert isinstance(result, Pvi)
    assert result.family == "logistic model on embeddings"
    assert result.mean > 0.5
    assert result.negative == 0


def test_a_word_that_goes_with_a_label_is_found_with_its_shares() -> None:
    texts = ["it is not here"] * 61 + ["it is here"] * 39 + ["it is not there"] * 8 + ["it is there now"] * 92
    labels = ["contradiction"] * 100 + ["entailment"] * 100
    result = leaks(texts, labels)
    assert isinstance(result, Leaks)
    by_word = {(leak.word, leak.label): leak for leak in result.leaks}
    leak = by_word["not", "contradiction"]
    assert (leak.share, leak.elsewhere, leak.instances) == (0.61, 0.08, 61)
    assert leak.pmi == pytest.approx(math.log2(61.5 * 202 / (70 * 101)))
    assert ("here", "contradiction") in by_word
    assert ("it", "contradiction") not in by_word
    assert result.leaks[0].word in ("here", "there", "now")


def test_words_of_chance_are_no_leaks() -> None:
    made = data(400)
    result = leaks(made.texts, made.labels)
    assert isinstance(result, Leaks)
    assert result.leaks == ()


def test_one_label_has_no_leaks() -> None:
    assert isinstance(leaks(["a", "b"], ["x", "x"]), NotDefined)
