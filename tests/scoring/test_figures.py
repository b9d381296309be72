"""Measures are those of the reference implementations, and what their papers and suites say by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satsuma.errors import DataError
from satsuma.scoring import agreement, answers, bigbench, scale, sets
from satsuma.scoring.parity import gender_parity
from satsuma.scoring.superglue import superglue_average
from satsuma.task.instance import Span

RECORDED = Path(__file__).resolve().parents[3] / "shared" / "data" / "datatune"
LABELS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=1, max_size=40)
SETS = st.lists(st.tuples(st.frozensets(st.integers(0, 3)), st.frozensets(st.integers(0, 3))), min_size=1, max_size=20)


@settings(max_examples=150, deadline=None)
@given(LABELS)
def test_measures_of_labels_are_scikit_learns(pairs: list[tuple[str, str]]) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    said, there = [p for p, _ in pairs], [r for _, r in pairs]
    assert agreement.accuracy(said, there) == pytest.approx(metrics.accuracy_score(there, said))
    assert agreement.macro_f1(said, there) == pytest.approx(
        metrics.f1_score(there, said, average="macro", zero_division=0)
    )
    assert agreement.micro_f1(said, there) == pytest.approx(metrics.f1_score(there, said, average="micro"))
    if len({*said, *there}) > 1:
        assert agreement.matthews(said, there) == pytest.approx(metrics.matthews_corrcoef(there, said))
    one = metrics.f1_score([r == "a" for r in there], [p == "a" for p in said], zero_division=0)
    assert agreement.f1(said, there, "a") == pytest.approx(one)
    recalls = metrics.recall_score(there, said, labels=sorted(set(there)), average="macro", zero_division=0)
    assert agreement.balanced_accuracy(said, there) == pytest.approx(recalls)


@settings(max_examples=150, deadline=None)
@given(SETS)
def test_measures_of_sets_are_scikit_learns(pairs: list[tuple[frozenset[int], frozenset[int]]]) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    said, there = ([[int(k in one[side]) for k in range(4)] for one in pairs] for side in (0, 1))
    predictions, references = [p for p, _ in pairs], [r for _, r in pairs]
    micro = metrics.f1_score(there, said, average="micro", zero_division=0)
    known = sorted({k for one in pairs for k in one[0] | one[1]})
    macro = metrics.f1_score(there, said, labels=known, average="macro", zero_division=0) if known else 0
    assert sets.micro_f1_of_sets(predictions, references) == pytest.approx(micro)
    assert sets.macro_f1_of_sets(predictions, references) == pytest.approx(macro)
    assert sets.exact_sets(predictions, references) == pytest.approx(metrics.accuracy_score(there, said))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=40))
def test_measures_of_a_scale_are_scikit_learns(pairs: list[tuple[int, int]]) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    said, there = [p for p, _ in pairs], [r for _, r in pairs]
    assert scale.mean_absolute_error(said, there) == pytest.approx(metrics.mean_absolute_error(there, said))
    if len({*said, *there}) > 1:
        wanted = metrics.cohen_kappa_score(there, said, weights="quadratic", labels=range(5))
        assert scale.quadratic_kappa(said, there) == pytest.approx(wanted)


def test_measures_of_labels_by_hand() -> None:
    there, said = ["a", "a", "b", "c"], ["a", "b", "b", "a"]
    assert agreement.accuracy(said, there) == 0.5
    assert agreement.macro_f1(said, there) == pytest.approx((0.5 + 2 / 3 + 0) / 3)
    assert agreement.balanced_accuracy(said, there) == pytest.approx((0.5 + 1 + 0) / 3)
    assert agreement.f1(said, there, "b") == pytest.approx(2 / 3)
    assert agreement.matthews(said, there) == pytest.approx((2 * 4 - 6) / ((16 - 8) * (16 - 6)) ** 0.5)
    assert agreement.matthews(["a", "a"], ["a", "b"]) == 0
    assert agreement.matthews(["a", "b"], ["a", "b"]) == 1


def test_multirc_counts_every_answer_for_f1_and_every_question_for_em() -> None:
    there, said = [(0, 2), (1,)], [(0,), (1,)]
    assert sets.micro_f1_of_sets(said, there) == pytest.approx(4 / 5)
    assert sets.exact_sets(said, there) == 0.5


def test_an_answer_is_compared_without_case_punctuation_and_articles() -> None:
    assert answers.exact_match(["The  Eiffel Tower!"], ["eiffel tower"]) == 1
    assert answers.exact_match(["a dog", "b"], [("cat", "the dog"), ("c",)]) == 0.5
    assert answers.token_f1(["in the year 1911"], ["1911"]) == pytest.approx(2 / 4)
    assert answers.token_f1(["red red"], ["red"]) == pytest.approx(2 / 3)


def test_no_answer_matches_itself_alone() -> None:
    assert answers.token_f1(["", "", "x"], ["", "x", ""]) == pytest.approx(1 / 3)
    assert answers.exact_match(["", "", "x"], ["", "x", ""]) == pytest.approx(1 / 3)
    assert answers.token_f1([""], [[]]) == 1


def test_rouge_l_follows_the_longest_common_subsequence() -> None:
    assert answers.rouge_l(["police kill the gunman"], ["police killed the gunman"]) == pytest.approx(3 / 4)
    assert answers.rouge_l(["the gunman kill police"], ["police killed the gunman"]) == pytest.approx(2 / 4)


def test_a_span_is_right_if_its_place_and_its_label_are() -> None:
    there = [(Span(0, 4, "person", "Anna"), Span(8, 12, "place", "Rome"))]
    said = [(Span(0, 4, "person", "other words"), Span(8, 12, "person", "Rome"), Span(8, 11, "place", "Rom"))]
    assert sets.span_f1(said, there) == pytest.approx(2 * 1 / (3 + 2))


def test_gender_parity_is_the_share_of_pairs_with_one_answer() -> None:
    assert gender_parity(["e", "e", "e", "n", "x"], [1, 1, 2, 2, 3]) == 0.5
    with pytest.raises(DataError, match="no pair has two"):
        gender_parity(["e", "n"], [1, 2])


def test_a_guess_is_worth_nothing_and_the_best_a_hundred_whatever_the_number_of_choices() -> None:
    scores = [{"a": 1.0, "b": 0.0}, {"a": 0.0, "b": 1.0, "c": 0.0, "d": 0.0}]
    assert bigbench.guessing_grade(scores) == pytest.approx((1 / 2 + 1 / 4) / 2)
    assert bigbench.normalized_aggregate_score(["a", "b"], scores) == 100
    assert bigbench.multiple_choice_grade(["a", "none of them"], scores) == 0.5
    assert bigbench.normalized(0.375, 0.375) == 0
    assert bigbench.aggregate({"one": 10, "two": -4}) == 3


@pytest.mark.skipif(not RECORDED.is_dir(), reason="DataTune's recorded scores (../shared/data) are not here")
@pytest.mark.parametrize(
    ("task", "choices"),
    [("cause_and_effect", 2), ("implicatures", 2), ("medical_questions_russian", 2), ("temporal_sequences", 4)],
)
def test_normalizing_gives_the_scores_that_the_papers_authors_recorded(task: str, choices: int) -> None:
    recorded = json.loads((RECORDED / f"{task}.json").read_text("utf-8"))
    grades = [recorded["multiple_choice_grade"]] if "multiple_choice_grade" in recorded else []
    wanted = [recorded["normalized_aggregate_score"]] if grades else []
    grades += recorded.get("multiple_choice_grade_ground_truth_val", [])
    wanted += recorded.get("normalized_aggregate_score_ground_truth_val", [])
    assert grades
    assert [bigbench.normalized(grade, 1 / choices) for grade in grades] == pytest.approx(wanted)


def test_the_average_of_superglue_weighs_eight_tasks_alike() -> None:
    results: dict[str, float | list[float]] = dict.fromkeys(("boolq", "copa", "rte", "wic", "wsc"), 0.8)
    results |= {"cb": [0.9, 0.7], "multirc": [0.6, 0.2], "record": 0.0}
    assert superglue_average(results) == pytest.approx((5 * 0.8 + 0.8 + 0.4 + 0) / 8)
    with pytest.raises(DataError, match="lacks wsc"):
        superglue_average({name: value for name, value in results.items() if name != "wsc"})
    with pytest.raises(DataError, match="axb is none"):
        superglue_average({**results, "axb": 0.5})


def test_what_cannot_be_scored_is_told() -> None:
    with pytest.raises(DataError, match="2 predictions for 1 references"):
        agreement.accuracy(["a", "b"], ["a"])
    with pytest.raises(DataError, match="nothing to score"):
        sets.exact_sets([], [])
    with pytest.raises(DataError, match="no step of the scale"):
        scale.steps(["high"], ["low", "middle"])
    with pytest.raises(DataError, match="not above that of guessing"):
        bigbench.normalized(0.5, 1.0)
    with pytest.raises(DataError, match="no choices"):
        bigbench.guessing_grade([{}])
