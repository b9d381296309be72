"""Where a student is weak decides what is asked for more often, and the same predictions decide the same."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import satsuma
from satsuma.errors import DataError, RunError
from satsuma.llm.request import Json
from satsuma.run.state import RunState
from satsuma.students.evaluating import save_predictions
from satsuma.students.head import Prediction
from satsuma.students.labelled import Reader
from satsuma.students.weakness import FLOOR, SCALE, Weak, weights, weights_of
from satsuma.targen.focus import Focus
from satsuma.testing import serve

CARD: dict[str, object] = {
    "name": "moods",
    "task": "Tell the mood.",
    "inputs": {"message": "a message"},
    "output": {"labels": {"good": "it is glad", "bad": "it is not"}},
    "attributes": {"said": {"plainly": "in plain words", "by irony": "by its opposite"}},
    "contexts": ["at home", "at work"],
}


def predictions(path: Path, *, weak: str, count: int = 80) -> Path:
    """Predictions that are unsure of instances with one label, one attribute and one context: those that `weak` is."""
    reader = Reader(satsuma.load_card(CARD))
    made, said = [], []
    for n in range(count):
        label, value = ("good", "bad")[n % 2], ("plainly", "by irony")[n // 2 % 2]
        context = ("at home", "at work")[n // 4 % 2]
        hard = weak in (label, value, context)
        provenance: dict[str, Json] = {"context": context, "attributes": [{"name": "said", "value": value}]}
        row: dict[str, Json] = {"message": f"message {n}", "label": label, "id": f"m{n}", "provenance": provenance}
        made.append(reader.instance(row, n))
        own = 0.3 if hard else 0.95
        other = "bad" if label == "good" else "good"
        said.append(Prediction(f"m{n}", other if hard else label, "", {label: own, other: 1 - own}))
    save_predictions(path, made, said)
    return path


def found(tmp_path: Path, weak: str) -> Weak:
    return weights_of(predictions(tmp_path / "p.parquet", weak=weak), satsuma.load_card(CARD))


def test_what_is_weak_weighs_more_and_nothing_falls_below_the_floor(tmp_path: Path) -> None:
    made = found(tmp_path, "by irony")
    assert made["varied"]["said"]["by irony"] > 2 * made["varied"]["said"]["plainly"]
    assert made["varied"]["said"]["plainly"] >= FLOOR * SCALE / 2
    assert abs(made["labels"]["good"] - made["labels"]["bad"]) <= 1
    assert abs(made["contexts"]["at home"] - made["contexts"]["at work"]) <= 1
    assert found(tmp_path, "bad")["labels"]["bad"] > 2 * found(tmp_path, "bad")["labels"]["good"]
    assert found(tmp_path, "at work")["contexts"]["at work"] > 2 * found(tmp_path, "at work")["contexts"]["at home"]


def test_a_value_that_was_never_seen_is_tried_more_than_one_that_is_known_to_be_as_good_as_all() -> None:
    seen = [("a", loss) for loss in (0.1, 0.9) * 50] + [("b", loss) for loss in (0.1, 0.9) * 50]
    made = weights(seen, ["a", "b", "new"])
    assert made["new"] > made["a"] == made["b"]


def test_the_same_losses_are_the_bandit_s_formula() -> None:
    made = weights([("a", 1.0)] * 10, ["a", "b"])
    assert made == {"a": 500, "b": 500}  # no spread: nothing to hope for beyond the mean
    seen = [("a", 0.0)] * 8 + [("b", 1.0)] * 8
    hope = {"a": 0.25 + 0.5 / 4, "b": 0.75 + 0.5 / 4}
    share = FLOOR / 2 + (1 - FLOOR) * hope["b"] / sum(hope.values())
    assert math.isclose(weights(seen, ["a", "b"])["b"], SCALE * share, abs_tol=0.5)


def test_where_there_is_nothing_to_choose_or_nothing_is_known_all_stays_even() -> None:
    assert weights([("a", 1.0)], ["a"]) == {}
    assert weights([("other", 1.0)], ["a", "b"]) == {}
    assert weights([("a", 0.0), ("b", 0.0)], ["a", "b"]) == {}


def test_predictions_that_tell_nothing_of_the_card_are_refused(tmp_path: Path) -> None:
    file = predictions(tmp_path / "p.parquet", weak="bad")
    other = satsuma.load_card(
        {**CARD, "output": {"labels": {"x": "x", "y": "y"}}, "attributes": {}, "contexts": ["on the moon"]}
    )
    with pytest.raises(DataError, match="tell nothing of the labels, varied values or contexts of the card moods"):
        weights_of(file, other)


def test_a_place_without_predictions_says_what_makes_them(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="holds no student"):
        weights_of(tmp_path / "none", satsuma.load_card(CARD))
    old = predictions(tmp_path / "old.parquet", weak="bad")
    pq.write_table(pq.read_table(old).drop_columns(["varied"]), old)
    with pytest.raises(DataError, match="has no predictions that tell where they come from") as refused:
        weights_of(old, satsuma.load_card(CARD))
    assert "satsuma evaluate STUDENT --on DATA" in refused.value.hint


def test_of_many_values_those_that_are_weak_still_weigh_more() -> None:
    values = [f"intent {n}" for n in range(1000)]
    made = weights([(value, 2.0 if n < 10 else 0.1) for n, value in enumerate(values) for _ in range(20)], values)
    assert made["intent 0"] > 4 * made["intent 10"] > 0


def generated(tmp_path: Path, name: str, n: int, focus: Path | None, part: str = "") -> satsuma.Run:
    with serve() as server:
        return satsuma.generate(
            CARD, n=n, model="openai/test", base_url=f"{server.url}", out=tmp_path / name, focus=focus,
            without=("correction",), rpm=None, part=part,
        )  # fmt: skip


def test_a_run_spends_its_budget_where_the_student_is_weak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    focus = predictions(tmp_path / "p.parquet", weak="by irony")
    run = generated(tmp_path, "focused", 60, focus)
    state: RunState = run.state
    weight = found(tmp_path, "by irony")["varied"]["said"]
    assert state.settings["focus"] == {k: v for k, v in found(tmp_path, "by irony").items() if v}
    rows = run.table().to_pylist()
    counts = Counter(one["value"] for row in rows for one in row["provenance"]["attributes"])
    expected = 60 * weight["by irony"] / sum(weight.values())
    assert abs(counts["by irony"] - expected) <= 3
    assert Counter(row["label"] for row in rows) == {"good": 30, "bad": 30}
    even = generated(tmp_path, "even", 60, None)
    assert "focus" not in even.state.settings
    again = Counter(one["value"] for row in even.table().to_pylist() for one in row["provenance"]["attributes"])
    assert abs(again["by irony"] - 30) <= 2


def test_a_focused_run_grows_and_refuses_another_focus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    focus = predictions(tmp_path / "p.parquet", weak="at work")
    small = [row["id"] for row in generated(tmp_path, "run", 20, focus).table().to_pylist()]
    large = [row["id"] for row in generated(tmp_path, "run", 40, focus).table().to_pylist()]
    assert large[:20] == small
    assert sum("context 1" in one for one in large) > sum("context 0" in one for one in large)
    assert len(set(large)) == 40
    with pytest.raises(RunError, match=r"differs: focus\.labels"):
        generated(tmp_path, "run", 50, predictions(tmp_path / "q.parquet", weak="bad"))
    with pytest.raises(RunError, match=r"differs: focus"):
        generated(tmp_path, "run", 50, None)


def test_the_label_that_is_had_more_often_meets_every_context_and_attribute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    rows = generated(tmp_path, "run", 120, predictions(tmp_path / "p.parquet", weak="bad")).table().to_pylist()
    bad = [row["provenance"] for row in rows if row["label"] == "bad"]
    assert len(bad) > 70
    for found in (Counter(one["context"] for one in bad), Counter(one["attributes"][0]["value"] for one in bad)):
        assert min(found["at home"] or found["plainly"], found["at work"] or found["by irony"]) > 0.35 * len(bad)


def test_parts_of_a_focused_run_have_its_weights_and_other_candidates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    focus = predictions(tmp_path / "p.parquet", weak="at work")
    parts = [generated(tmp_path, f"part{k}", 80, focus, f"{k}/2") for k in (1, 2)]
    assert parts[0].state.settings["focus"] == parts[1].state.settings["focus"]
    ids = [row["id"] for run in parts for row in run.table().to_pylist()]
    assert len(set(ids)) == 80
    weight = weights_of(focus, satsuma.load_card(CARD))["contexts"]
    at_work = sum(one.startswith("context 1") for one in ids)
    assert abs(at_work - 80 * weight["at work"] / sum(weight.values())) <= 5


def test_without_weights_a_focus_changes_nothing() -> None:
    assert Focus().of_labels({"a": 2, "b": 1}) == {"a": 2, "b": 1}
    assert Focus(labels={"a": 3, "b": 1}).of_labels({"a": 2, "b": 1}) == {"a": 6, "b": 1}
    assert Focus().decisive() == {}
    assert Focus().of_contexts(["x"]) == ()
