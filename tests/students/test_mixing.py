"""Shares of several tasks, and what each epoch of them holds."""

from __future__ import annotations

from collections import Counter

import pytest

from satsuma.errors import SettingsError
from satsuma.students.averaging import average_of
from satsuma.students.mixing import Mixture, shares
from satsuma.students.settings import TrainSettings


def test_a_share_goes_with_the_root_of_the_size() -> None:
    assert shares((900, 100), 1) == pytest.approx((0.9, 0.1))
    assert shares((900, 100), 2) == pytest.approx((0.75, 0.25))
    assert shares((900, 100), 1000) == pytest.approx((0.5, 0.5), abs=0.002)
    assert Mixture((900, 100), 2, 0).counts() == (750, 250)
    assert Mixture((10_000, 3), 1, 0).counts() == (10_000, 3)
    assert sum(Mixture((97, 31, 5), 3, 0).counts()) == 133
    assert min(Mixture((100_000, 1), 1, 0).counts()) == 1


def test_every_instance_of_a_task_comes_equally_often() -> None:
    mixture = Mixture((7, 40), 2, seed=3)
    small, large = mixture.counts()
    assert small > 7
    seen = Counter(at for epoch in range(40) for at in mixture.epoch(epoch))
    assert sum(seen.values()) == 40 * 47
    for places, drawn in ((range(7), small), (range(7, 47), large)):
        counts = [seen[at] for at in places]
        assert sum(counts) == 40 * drawn
        assert max(counts) - min(counts) <= 1


def test_an_epoch_depends_on_the_seed_and_its_number_alone() -> None:
    mixture = Mixture((30, 12), 2, seed=1)
    assert mixture.epoch(5) == Mixture((30, 12), 2, seed=1).epoch(5)
    assert mixture.epoch(5) != mixture.epoch(6)
    assert mixture.epoch(5) != Mixture((30, 12), 2, seed=2).epoch(5)


def test_with_the_temperature_1_an_epoch_has_every_instance_once() -> None:
    assert sorted(Mixture((5, 11), 1, 0).epoch(4)) == list(range(16))


def test_a_temperature_below_1_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"temperature is 0\.5, but has to be 1 or more"):
        TrainSettings(temperature=0.5)


def test_what_came_later_decides_a_student_only_where_it_is_used() -> None:
    assert not {"instruction", "merge", "multi_task", "temperature"} & TrainSettings().decisive().keys()
    assert TrainSettings(instruction=True).decisive()["instruction"] is True


def test_the_average_is_superglues_where_its_eight_tasks_are_there() -> None:
    eight = dict.fromkeys(("boolq", "cb", "copa", "multirc", "record", "rte", "wic"), ("accuracy", 0.5))
    name, value = average_of({**eight, "wsc": ("accuracy", 0.9), "axb": ("matthews", 0.0)})
    assert name == "SuperGLUE average"
    assert value == pytest.approx(0.55)
    assert average_of(eight) == ("average of 7 tasks", 0.5)
    assert average_of({"copa": ("accuracy", 0.5), "axb": ("matthews", 0.4)}) == ("average", None)
