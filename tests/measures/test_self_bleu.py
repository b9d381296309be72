"""Self-BLEU is nltk's sentence_bleu of each text against all others, and sacrebleu's with the same smoothing."""

from __future__ import annotations

import warnings
from statistics import fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satsuma.measures.outcome import NotDefined
from satsuma.measures.self_bleu import SelfBleu, self_bleu, self_bleu_scores

WEIGHTS = [(1.0,), (1 / 2,) * 2, (1 / 3,) * 3, (1 / 4,) * 4, (1 / 5,) * 5]
TEXTS = st.lists(st.lists(st.sampled_from(["a", "b", "c", "ж", "猫", "."]), max_size=12), min_size=2, max_size=9)


def others(texts: list[list[str]], at: int) -> list[list[str]]:
    return texts[:at] + texts[at + 1 :]


@settings(max_examples=60)
@given(TEXTS)
def test_every_score_is_nltks(texts: list[list[str]]) -> None:
    bleu = pytest.importorskip("nltk.translate.bleu_score")
    smoothing = bleu.SmoothingFunction().method1
    for at, scores in enumerate(self_bleu_scores(texts)):
        for weights, score in zip(WEIGHTS, scores, strict=True):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                reference = bleu.sentence_bleu(others(texts, at), texts[at], weights, smoothing_function=smoothing)
            assert score == pytest.approx(reference, abs=1e-9)


@settings(max_examples=40)
@given(TEXTS)
def test_bleu_4_is_sacrebleus(texts: list[list[str]]) -> None:
    sacrebleu = pytest.importorskip("sacrebleu.metrics")
    metric = sacrebleu.BLEU(tokenize="none", smooth_method="floor", smooth_value=0.1)
    for at, scores in enumerate(self_bleu_scores(texts)):
        # sacrebleu leaves out orders for which a text is too short, where nltk counts them as 0 of 1
        if len(texts[at]) >= 4 and scores[0]:
            reference = metric.corpus_score([" ".join(texts[at])], [[" ".join(o)] for o in others(texts, at)]).score
            assert 100 * scores[3] == pytest.approx(reference, abs=1e-6)


def test_the_measurement_is_the_mean_of_the_scores() -> None:
    texts = [["a", "b", "c"], ["a", "b"], ["c", "d", "e", "f", "g"]]
    found = self_bleu(texts)
    assert isinstance(found, SelfBleu)
    assert found.self_bleu_2 == pytest.approx(fmean(score[1] for score in self_bleu_scores(texts)))


def test_copies_have_a_self_bleu_of_one_and_strangers_of_none() -> None:
    text = ["the", "same", "five", "words", "again"]
    assert self_bleu([text, text]) == SelfBleu(2, 1, 1, 1, 1, 1)
    assert self_bleu([["a"], ["b"], []]) == SelfBleu(3, 0, 0, 0, 0, 0)


def test_one_text_has_none() -> None:
    assert isinstance(self_bleu([["a"]]), NotDefined)
