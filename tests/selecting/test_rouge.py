"""ROUGE-L, beside the reference implementation, and the words of texts in several scripts."""

from __future__ import annotations

import string
from collections.abc import Callable
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satsuma.selecting.rouge import rouge_l, words

FEW_WORDS = st.lists(st.sampled_from(["the", "cat", "sat", "On", "a", "mat", "mat.", "7", "don't", "--"]), max_size=30)
ASCII = st.text(st.sampled_from(string.printable), max_size=80)


@cache
def reference() -> Callable[[str, str], float]:
    scorer = pytest.importorskip("rouge_score.rouge_scorer").RougeScorer(["rougeL"])
    return lambda one, other: float(scorer.score(one, other)["rougeL"].fmeasure)


@given(FEW_WORDS, FEW_WORDS)
def test_it_is_what_rouge_score_says_of_sentences(one: list[str], other: list[str]) -> None:
    first, second = " ".join(one), " ".join(other)
    assert rouge_l(first, second) == pytest.approx(reference()(first, second), abs=1e-12)


@given(ASCII, ASCII)
def test_it_is_what_rouge_score_says_of_any_ascii_text(one: str, other: str) -> None:
    assert rouge_l(one, other) == pytest.approx(reference()(one, other), abs=1e-12)


@given(ASCII)
def test_words_of_ascii_text_are_those_of_rouge_score(text: str) -> None:
    tokenizers = pytest.importorskip("rouge_score.tokenizers")
    assert words(text) == tokenizers.DefaultTokenizer(use_stemmer=False).tokenize(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Пчела села на цветок, а потом улетела.", ["пчела", "села", "на", "цветок", "а", "потом", "улетела"]),
        ("我喜欢 吃蜜柑。", ["我", "喜", "欢", "吃", "蜜", "柑"]),
        ("みかん3個 と tea", ["み", "か", "ん", "3", "個", "と", "tea"]),
        ("Naïve CAFÉ", ["naïve", "café"]),
        ("nai\u0308ve cafe\u0301", ["naïve", "café"]),
        ("Straße", ["strasse"]),
        ("करनी करना", ["करनी", "करना"]),
        ("감귤을 먹었다", ["감귤을", "먹었다"]),
        ("so\u00adfa می\u200cخواهم", ["sofa", "میخواهم"]),
        ("snake_case", ["snake", "case"]),
        ("ไทย7", ["ไ", "ท", "ย", "7"]),
        ("👍 !?", []),
        ("", []),
    ],
)
def test_words_in_other_scripts(text: str, said: list[str]) -> None:
    assert words(text) == said


@pytest.mark.parametrize(
    ("one", "other", "value"),
    [
        ("Пчела села на цветок", "пчела СЕЛА на стул", 0.75),
        ("我喜欢吃蜜柑", "我喜欢吃苹果", 4 / 6),
        ("Café au lait", "cafe\u0301 AU lait", 1.0),
        ("!?", "!?", 0.0),
    ],
)
def test_it_is_sensible_in_other_scripts(one: str, other: str, value: float) -> None:
    assert rouge_l(one, other) == pytest.approx(value)


def test_lone_surrogates_are_no_words_and_do_not_crash() -> None:
    assert words("a \ud800 b") == ["a", "b"]
