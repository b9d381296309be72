"""Equal things said are one ballot, in whatever order, and its size does not depend on what was said."""

from __future__ import annotations

from satsuma.selecting.ballots import Ballot, likened_ballot, named_ballot


def test_the_order_of_the_votes_does_not_matter() -> None:
    assert named_ballot("a", ["a", "b", "a"], "a") == named_ballot("a", ["b", "a", "a"], "a")
    assert named_ballot("a", ["b", "a", "a"], "a") == Ballot("a", (("a", 2), ("b", 1)), "a")


def test_outputs_are_numbered_from_the_asked_one_on() -> None:
    spans = (("Ada", 0), ("Bob", 9))
    ballot = likened_ballot(spans, [(("Ada", 0),), spans, (("Ada", 0),)], (("Ada", 0),))
    assert ballot == Ballot(0, ((0, 1), (1, 2)), 1)
    assert likened_ballot("x", ["y", "z", "y"], "y") == likened_ballot(("x",), ["q", (), "q"], "q")


def test_a_final_answer_that_nobody_voted_for_has_a_number_of_its_own() -> None:
    assert likened_ballot("x", ["y"], "x") == Ballot(0, ((1, 1),), 0)
    assert likened_ballot("x", ["x"], "y") == Ballot(0, ((0, 1),), 1)
