"""The figures: weighed by label, fractions where people differ, mistakes, agreement, and what is not judged."""

from __future__ import annotations

import pytest

from satsuma.auditing.figures import Drawn, audit_of
from satsuma.auditing.population import Population
from satsuma.auditing.verdicts import Label, Verdict, standing
from satsuma.run.trust import Audit


def audited(strata: str, *said: tuple[str, str, Label, str], sample: str = "") -> Audit:
    """The figures of instances called a, b, c, … with these strata; said: ids, verdict, label, auditor."""
    ids = tuple("abcdefghijklmnopqrstuvwxyz"[: len(strata)])
    people = Population(ids, tuple(strata), tuple(dict.fromkeys(strata)))
    verdicts = [
        Verdict.model_validate({"id": one, "verdict": verdict, "label": label, "auditor": who})
        for several, verdict, label, who in said
        for one in several
    ]
    given: dict[str, Label] = dict(zip(ids, strata, strict=True))
    return audit_of(people, Drawn(tuple(sample) or ids, given, 0, "sha"), standing(verdicts))


def test_labels_weigh_as_much_as_they_have_instances() -> None:
    found = audited("XXXXXXYY", ("ab", "right", None, "ada"), ("g", "wrong", "X", "ada"), sample="abgh")
    assert found.accuracy == pytest.approx(0.75)
    assert (found.instances, found.sample, found.judged, found.skipped) == (8, 4, 3, 0)
    by_label = {one.label: (one.instances, one.judged, one.right) for one in found.labels}
    assert by_label == {"X": (6, 2, 1.0), "Y": (2, 1, 0.0)}
    assert found.mistakes == {"Y": {"X": 1}}


def test_judging_everything_leaves_no_doubt() -> None:
    found = audited("XXYY", ("abc", "right", None, "ada"), ("d", "wrong", None, "ada"))
    assert (found.accuracy, found.low, found.high) == (0.75, 0.75, 0.75)
    assert found.mistakes == {"Y": {"another": 1}}


def test_where_people_differ_an_instance_is_right_in_part() -> None:
    found = audited("XXXX", ("abcd", "right", "X", "ada"), ("ab", "right", "X", "ben"), ("cd", "wrong", "Y", "ben"))
    assert found.accuracy == 0.75
    assert found.auditors == {"ada": 4, "ben": 4}
    (pair,) = found.agreement
    assert (pair.auditors, pair.judged, pair.same, pair.kappa) == (("ada", "ben"), 4, 0.5, 0.0)


def test_two_who_name_different_labels_do_not_agree() -> None:
    found = audited("XX", ("ab", "wrong", "Y", "ada"), ("a", "wrong", "Y", "ben"), ("b", "wrong", "Z", "ben"))
    assert found.agreement[0].same == 0.5
    assert found.mistakes == {"X": {"Y": 2, "Z": 1}}


def test_three_auditors_are_compared_two_by_two() -> None:
    found = audited("XX", *[("ab", "right", "X", who) for who in ("ada", "ben", "cy")])
    assert [one.auditors for one in found.agreement] == [("ada", "ben"), ("ada", "cy"), ("ben", "cy")]
    assert all(one.kappa is None and one.same == 1 for one in found.agreement)


def test_skipped_instances_and_those_outside_of_the_sample_say_nothing() -> None:
    found = audited(
        "XXXX", ("a", "right", None, "ada"), ("b", "skip", None, "ada"), ("d", "wrong", "Y", "ada"), sample="abc"
    )
    assert (found.judged, found.skipped, found.accuracy) == (1, 1, 1.0)
    assert found.auditors == {"ada": 1}


def test_a_label_of_which_nothing_was_judged_counts_with_those_of_which_least_was() -> None:
    found = audited("XXXXXXYYZZ", ("ab", "right", None, "ada"), ("g", "wrong", None, "ada"), sample="abg")
    assert found.accuracy == pytest.approx(0.6 * 1 + 0.4 * 0)
    assert [one.right for one in found.labels] == [1.0, 0.0, None]


def test_without_a_judgement_there_are_no_figures() -> None:
    found = audited("XY", ("a", "skip", None, "ada"))
    assert found.accuracy is found.low is found.high is None
    assert found.auditors == {}


def test_free_text_has_no_labels() -> None:
    people = Population(("a", "b"), ("all", "all"), ("all",))
    verdicts = standing(
        [Verdict(id="a", verdict="wrong", auditor="ada"), Verdict(id="b", verdict="right", auditor="b")]
    )
    found = audit_of(people, Drawn(("a", "b"), {"a": None, "b": None}, 0, ""), verdicts)
    assert (found.accuracy, found.labels, found.mistakes) == (0.5, (), {})
