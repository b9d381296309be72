"""The majority, and that no vote is taken that cannot change it."""

from __future__ import annotations

from collections import Counter
from itertools import product

import pytest

from satsuma.targen.voting import needed, winner

ABSTAINED = ""


def early(votes: tuple[str, ...], asked: str) -> tuple[str | None, int]:
    """The winner when votes are taken as `needed` says, and how many draws that took."""
    cast: list[str] = []
    drawn = 0
    while more := needed(cast, len(votes) - drawn, asked):
        cast += [vote for vote in votes[drawn : drawn + more] if vote != ABSTAINED]
        drawn += more
    return (winner(cast, asked) if cast else None), drawn


@pytest.mark.parametrize("k", [1, 2, 3, 4, 5])
def test_ending_early_never_changes_the_winner(k: int) -> None:
    for votes in product(("asked", "b", "c", "d", ABSTAINED), repeat=k):
        cast = [vote for vote in votes if vote != ABSTAINED]
        whole = winner(cast, "asked") if cast else None
        assert early(votes, "asked")[0] == whole, votes


@pytest.mark.parametrize("k", [1, 2, 3, 4, 5])
def test_several_at_once_are_never_more_than_one_by_one(k: int) -> None:
    for votes in product(("asked", "b", "c", ABSTAINED), repeat=k):
        drawn = 0
        while needed([vote for vote in votes[:drawn] if vote != ABSTAINED], k - drawn, "asked"):
            drawn += 1
        assert early(votes, "asked")[1] == drawn, votes


def test_it_ends_as_soon_as_the_outcome_is_settled_and_not_before() -> None:
    """Against every way in which the votes that are left could fall."""
    for k in (1, 2, 3, 4):
        for taken in range(1, k + 1):
            for cast in product(("asked", "b", "c"), repeat=taken):
                outcomes = {
                    winner([*cast, *rest], "asked") for rest in product(("asked", "b", "c", "new"), repeat=k - taken)
                }
                assert (needed(cast, k - taken, "asked") == 0) == (len(outcomes) == 1), cast


@pytest.mark.parametrize(
    ("cast", "won"),
    [
        (["b", "asked"], "asked"),
        (["b", "c"], "b"),
        (["c", "b", "b"], "b"),
        (["c", "b", "asked"], "asked"),
        (["c", "b", "b", "c"], "c"),
        (["asked"], "asked"),
    ],
)
def test_a_tie_goes_to_the_asked_answer_else_to_the_first(cast: list[str], won: str) -> None:
    assert winner(cast, "asked") == won


def test_answers_are_equal_by_what_they_are() -> None:
    one, other = (("Ada", "person"), ("Ulm", "place")), (("Ada", "person"),)
    assert winner([other, one, (("Ada", "person"), ("Ulm", "place"))], other) == one
    assert winner([(2, 0), (0, 2), (2, 0)], (1,)) == (2, 0)
    assert needed([one, tuple(one)], 1, other) == 0


def test_nobody_decides_nothing() -> None:
    with pytest.raises(ValueError, match="nobody voted"):
        winner([], "asked")
    assert needed([], 0, "asked") == 0


def test_how_many_are_taken_at_once() -> None:
    assert [needed([], k, "asked") for k in (1, 2, 3, 5)] == [1, 1, 2, 3]
    assert needed(["b"], 1, "asked") == 1
    assert needed(["b", "asked"], 1, "asked") == 1
    assert Counter(needed(["b"], left, "asked") for left in (2, 4)) == Counter([1, 2])
