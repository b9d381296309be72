"""Groups never straddle, labels are in proportion, and the split depends on the seed alone."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satsuma.curation.balancing import balanced_shares, surplus
from satsuma.curation.dividing import divided
from satsuma.curation.options import options_of, parsed_splits
from satsuma.errors import DataError, SettingsError

SPLITS = {"train": 0.8, "validation": 0.1, "test": 0.1}


@given(st.lists(st.tuples(st.integers(0, 12), st.sampled_from("abc")), min_size=40, max_size=120), st.integers(0, 99))
def test_groups_never_straddle(rows: list[tuple[int, str]], seed: int) -> None:
    groups = [f"g{group}" for group, _ in rows]
    if len(set(groups)) < 3:
        return
    made = divided(groups, [label for _, label in rows], SPLITS, seed)
    where: dict[str, set[str]] = {}
    for group, split in zip(groups, made, strict=True):
        where.setdefault(group, set()).add(split)
    assert all(len(splits) == 1 for splits in where.values())


def test_labels_are_in_proportion_in_every_split() -> None:
    labels = ["a"] * 600 + ["b"] * 300 + ["c"] * 100
    made = divided([str(at // 2) for at in range(1000)], labels, SPLITS, 0)
    for split, share in SPLITS.items():
        found = Counter(label for label, where in zip(labels, made, strict=True) if where == split)
        for label, count in (("a", 600), ("b", 300), ("c", 100)):
            assert abs(found[label] - share * count) <= 2


def test_another_seed_is_another_split_and_the_same_seed_the_same() -> None:
    groups, labels = [str(at) for at in range(100)], ["a", "b"] * 50
    assert divided(groups, labels, SPLITS, 1) == divided(groups, labels, SPLITS, 1)
    assert divided(groups, labels, SPLITS, 1) != divided(groups, labels, SPLITS, 2)


def test_fewer_groups_than_splits_are_refused() -> None:
    with pytest.raises(DataError, match="2 groups"):
        divided(["a", "b", "a"], [None] * 3, SPLITS, 0)


def test_balance_leaves_as_many_of_each_label_and_keeps_the_first() -> None:
    places, stay = surplus(["a", "a", "b", "a", None, "b"], None, 0)
    assert places == [3]
    assert stay == {"a": 2, "b": 2}


def test_balance_follows_a_cards_proportions_where_it_has_them() -> None:
    three_to_one = balanced_shares({"a": 90, "b": 20}, {"a": 3, "b": 1}, 0)
    assert three_to_one["b"] == 20
    assert 60 <= three_to_one["a"] <= 63
    assert balanced_shares({"a": 90, "b": 20, "c": 0}, None, 0) == {"a": 20, "b": 20}


def test_shares_are_read_and_checked() -> None:
    assert parsed_splits("train=0.8, validation=0.1,test=0.1") == SPLITS
    assert options_of({"splits": {"train": 0.9, "dev": 0.1}}).splits == {"train": 0.9, "validation": 0.1}
    for wrong in ("train", "train=x", "train=nan"):
        with pytest.raises(SettingsError):
            parsed_splits(wrong)
    for shares in ({"train": 0.5}, {"train": 0.5, "other": 0.5}, {"train": 1.5, "test": -0.5}):
        with pytest.raises(SettingsError):
            options_of({"splits": shares})
    with pytest.raises(SettingsError, match="threshold"):
        options_of({"threshold": 0.1})
