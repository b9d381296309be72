"""Judging outcomes in index order."""

from __future__ import annotations

import pytest

from satsuma.errors import Exhausted
from satsuma.selecting.duplicates import NearDuplicates
from satsuma.selecting.selection import BARREN, STARVED, Outcome, Selection
from satsuma.selecting.shares import LAG
from satsuma.task.instance import Instance, Provenance, Reject


def instance(index: int, label: str) -> Instance:
    return Instance(
        f"context {index} / seed 0", index, {"x": str(index)}, label, "", "", Provenance("targen", asked=label)
    )


def outcome(index: int, asked: str, label: str | None = None, content: str | None = None) -> Outcome:
    label = label or asked
    return Outcome(asked, instance(index, label), label, content or f"text number {index}", flow=(asked, label))


def fill(selection: Selection, labels: list[str]) -> tuple[list[Instance], list[Reject]]:
    kept: list[Instance] = []
    dropped: list[Reject] = []
    for index, label in enumerate(labels):
        asked = selection.ask()
        for item in selection.judge(index, outcome(index, asked, label)):
            (kept if isinstance(item, Instance) else dropped).append(item)  # type: ignore[arg-type]
        if selection.complete:
            break
    return kept, dropped


def test_every_label_gets_its_share_and_no_more() -> None:
    selection = Selection(6, {"a": 1, "b": 1}, 0)
    kept, dropped = fill(selection, ["a"] * 5 + ["b"] * 5)
    assert [i.output for i in kept] == ["a", "a", "a", "b", "b", "b"]
    assert [(r.step, r.reason) for r in dropped] == [("surplus", "no room: a has its 3 already")] * 2
    assert selection.complete


def test_the_dataset_of_a_larger_n_contains_that_of_a_smaller_one() -> None:
    labels = ["a", "a", "a", "b", "a", "b", "b", "a", "b", "b", "a", "b"] * 4
    small, _ = fill(Selection(8, {"a": 1, "b": 1}, 1), labels)
    large, _ = fill(Selection(20, {"a": 1, "b": 1}, 1), labels)
    assert {i.index for i in small} < {i.index for i in large}


def test_a_duplicate_of_something_that_had_no_room_is_still_a_duplicate() -> None:
    selection = Selection(2, {"a": 1, "b": 1}, 0)
    said = [("a", "one"), ("a", "two"), ("b", "Two!")]
    rejects: list[Reject] = []
    for index, (label, content) in enumerate(said):
        items = list(selection.judge(index, outcome(index, selection.ask(), label, content)))
        rejects += [i for i in items if isinstance(i, Reject)]
    assert [(r.step, r.reason) for r in rejects] == [
        ("surplus", "no room: a has its 1 already"),
        ("duplicate", "the same words as an earlier one: candidate 1"),
    ]


def test_a_near_duplicate_is_rejected_by_what_the_selection_was_given_to_decide_it() -> None:
    selection = Selection(5, {"a": 1}, 0, NearDuplicates(0.7))
    said = ["the old lamp fell off the shelf", "the old lamp fell off a shelf", "nobody saw the ferry leave"]
    items = [i for n, text in enumerate(said) for i in selection.judge(n, outcome(n, selection.ask(), content=text))]
    assert [i.reason if isinstance(i, Reject) else i.index for i in items] == [
        0, "near-duplicate of candidate 0: ROUGE-L 0.86", 2
    ]  # fmt: skip
    assert selection.tally.rejected == {("duplicate", "near-duplicate of candidate …"): 1}
    assert selection.tally.valid == {"a": 2}


def test_nothing_valid_for_long_is_the_end_of_ideas() -> None:
    selection = Selection(10, {"a": 1}, 0)
    with pytest.raises(Exhausted, match="1,024 candidates in a row"):
        for index in range(BARREN + 1):
            reject = Reject(str(index), index, "instance", "not JSON")
            list(selection.judge(index, Outcome(selection.ask(), reject=reject)))
    assert selection.tally.judged == BARREN
    assert selection.tally.rejects_by_step() == {"instance": BARREN}


def test_a_label_that_never_comes_ends_the_run_and_is_named() -> None:
    selection = Selection(4, {"never": 1, "always": 1}, 0)
    with pytest.raises(Exhausted, match="never"):
        fill(selection, ["always"] * (STARVED + 100))


def test_the_window_shrinks_toward_the_end() -> None:
    selection = Selection(LAG * 2, {"a": 1, "b": 1}, 0)
    windows = []
    for index in range(LAG * 2):
        windows.append(selection.window())
        asked = selection.ask()
        list(selection.judge(index, outcome(index, asked)))
    assert windows[0] == LAG
    assert windows[-1] <= 3
    assert all(w <= left + 3 for w, left in zip(windows, range(LAG * 2, 0, -1), strict=True))


def test_nothing_is_computed_beyond_the_end_of_a_run_that_gets_nothing() -> None:
    selection = Selection(LAG * 2, {"a": 1}, 0)
    begun = 0
    with pytest.raises(Exhausted, match="nothing valid"):
        for index in range(LAG * 2):
            begun = max(begun, index + selection.window())
            list(selection.judge(index, Outcome(selection.ask(), reject=Reject(str(index), index, "instance", "bad"))))
    assert begun == BARREN // 4 + LAG


def test_notes_on_the_way_are_kept_before_the_candidate_itself() -> None:
    selection = Selection(1, {"a": 1}, 0)
    note = Reject("context block 1", 0, "contexts", "repeats")
    made = outcome(0, selection.ask())
    items = list(selection.judge(0, Outcome(made.asked, made.instance, made.label, made.content, notes=(note,))))
    assert items[0] is note
    assert isinstance(items[1], Instance)
