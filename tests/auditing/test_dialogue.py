"""The dialogue: what each answer does, in the order of a sitting, for every kind of output."""

from __future__ import annotations

from pathlib import Path

import pytest

from satsuma.auditing.showing import MOST
from satsuma.auditing.verdicts import Book, Verdict, standing
from satsuma.errors import SettingsError
from satsuma.run.run import Run
from tests.auditing.runs import answered, card, messages, written


def said(run: Run, auditor: str = "ada") -> list[Verdict]:
    """What counts, in the order in which it was said."""
    return list(standing(Book(run.path).read()[0]).get(auditor, {}).values())


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return written(tmp_path / "run", messages(8))


def test_yes_is_right_and_no_asks_which_label_is(run: Run) -> None:
    shown = answered(run, "y", "n", "1", "n", "bug", "q", n=4)
    first, *others = said(run)
    assert (first.verdict, first.label) == ("right", run_label(run, first.id))
    for verdict, named in zip(others, ("billing", "bug"), strict=True):
        right = run_label(run, verdict.id) == named
        assert (verdict.verdict, verdict.label) == ("right" if right else "wrong", named)
    assert "Which is right?   1 billing   2 bug" in shown.text
    assert shown.text.index("[1/4]") < shown.text.index("[2/4]") < shown.text.index("[4/4]")


def run_label(run: Run, identifier: str) -> str:
    return str(next(row["label"] for row in run.table().to_pylist() if row["id"] == identifier))


def test_a_number_or_a_name_says_at_once_which_label_is_right(run: Run) -> None:
    answered(run, "2", "billing", n=2)
    assert [verdict.label for verdict in said(run)] == ["bug", "billing"]
    for verdict in said(run):
        assert verdict.verdict == ("right" if run_label(run, verdict.id) == verdict.label else "wrong")


def test_wrong_without_a_right_one_is_a_verdict_too(run: Run) -> None:
    answered(run, "n", "-", "n", "0", n=2)
    assert [(v.verdict, v.label) for v in said(run)] == [("wrong", None)] * 2


def test_undo_takes_the_last_verdict_back_and_shows_its_instance_again(run: Run) -> None:
    shown = answered(run, "y", "s", "u", "u", "u", "n", "-", "q", n=4)
    (only,) = said(run)
    assert only.verdict == "wrong"
    assert shown.text.count(f"[1/4] {only.id}") == 2
    assert "There is nothing to take back." in shown.text


def test_undo_reaches_back_into_an_earlier_sitting(run: Run) -> None:
    answered(run, "y", "y", n=4)
    before = said(run)
    answered(run, "u", "q", n=4)
    assert said(run) == before[:1]


def test_which_can_be_left_again_and_nonsense_is_told_and_asked_again(run: Run) -> None:
    shown = answered(run, "n", "u", "?", "x", "nonsense", "7", "n", "7", "q", "y", n=1)
    assert not [v for v in said(run) if v.verdict == "wrong"]
    assert "x means nothing here" in shown.text
    assert "'nonsense' is none of billing, bug" in shown.text
    assert "s  skip this one" in shown.text


def test_an_audit_goes_on_where_it_stopped(run: Run) -> None:
    answered(run, "y", "y", "s", "q", n=6)
    first = [one.id for one in said(run)]
    shown = answered(run, "y", "y", "y", n=6)
    assert "[4/6]" in shown.text
    assert "[3/6]" not in shown.text
    assert [one.id for one in said(run)][:3] == first
    assert len(said(run)) == 6
    assert answered(run, n=6).shown == []


def test_a_larger_audit_asks_only_for_what_is_new(run: Run) -> None:
    answered(run, *["y"] * 3, n=3)
    before = said(run)
    answered(run, *["y"] * 5, n=8)
    assert said(run)[:3] == before
    assert len(said(run)) == 8


def test_each_auditor_is_asked_about_the_same_sample(run: Run) -> None:
    answered(run, *["y"] * 4, n=4)
    answered(run, *["2"] * 4, n=4, auditor="ben")
    assert [v.id for v in said(run)] == [v.id for v in said(run, "ben")]
    audit = Run(run.path).state.audit
    assert audit is not None
    assert audit.auditors == {"ada": 4, "ben": 4}
    assert audit.agreement[0].same == 0.5


def test_blind_hides_the_label_and_asks_for_one(run: Run) -> None:
    shown = answered(run, "y", "1", "bug", "q", n=4, blind=True)
    assert "label =" not in shown.text
    assert "label?" in shown.text
    assert [v.label for v in said(run)] == ["billing", "bug"]
    assert {v.verdict for v in said(run)} <= {"right", "wrong"}


def test_a_label_with_the_name_of_a_key_can_be_named_blind(tmp_path: Path) -> None:
    made = card({"labels": {"s": "short", "q": "long"}})
    run = written(tmp_path / "run", messages(4, ("s", "q")), made)
    answered(run, "s", "q", "2", n=3, blind=True)
    assert [v.label for v in said(run)] == ["s", "q", "q"]


def test_free_text_and_spans_are_right_or_wrong(tmp_path: Path) -> None:
    run = written(tmp_path / "run", [({"message": f"m{i}"}, f"reply {i}") for i in range(3)], card({"text": "a reply"}))
    shown = answered(run, "n", "1", "y", "n", n=3)
    assert [(v.verdict, v.label) for v in said(run)] == [("wrong", None), ("right", None), ("wrong", None)]
    assert "label = reply" in shown.text
    assert "Which is right" not in shown.text
    with pytest.raises(SettingsError, match="cannot be judged blind"):
        answered(run, "y", blind=True)


def test_options_are_shown_with_their_numbers(tmp_path: Path) -> None:
    made = card({"choice": ["one", "two"]}, premise="x", one="x", two="x")
    rows = [({"premise": f"p{i}", "one": f"a{i}", "two": f"b{i}"}, i % 2) for i in range(4)]
    run = written(tmp_path / "run", rows, made)
    shown = answered(run, "n", "2", "1", n=4)
    assert [v.label for v in said(run)] == ["two", "one"]
    assert "  1 one: a" in shown.text
    assert "  2 two: b" in shown.text
    assert "label = " in shown.text


def test_several_labels_are_named_together(tmp_path: Path) -> None:
    made = card({"labels": ["a", "b", "c"], "multiple": [0, 2]})
    run = written(tmp_path / "run", [({"message": f"m{i}"}, ("a", "b")) for i in range(3)], made)
    answered(run, "n", "1, 3", "n", "0", "y", n=3)
    assert [(v.verdict, v.label) for v in said(run)] == [
        ("wrong", ("a", "c")), ("wrong", ()), ("right", ("a", "b")),
    ]  # fmt: skip


def test_a_long_text_is_cut_with_a_mark_and_shown_whole_when_asked_for(tmp_path: Path) -> None:
    run = written(tmp_path / "run", [({"message": "word " * 180_000 + "end"}, "bug")])
    shown = answered(run, "m", "q", n=1)
    assert "more characters; m shows them]" in shown.text
    before, after = shown.text.split("m more", 1)
    assert len(before) < MOST + 1_000
    assert "end" in after
    assert len(after) > 900_000


def test_many_lines_are_cut_too(tmp_path: Path) -> None:
    run = written(tmp_path / "run", [({"message": "\n".join(map(str, range(500)))}, "bug")])
    shown = answered(run, "q", n=1)
    assert "\n    29\n" in shown.text
    assert "\n    30\n" not in shown.text


def test_more_labels_than_keys_are_named_by_their_number(tmp_path: Path) -> None:
    labels = tuple(f"intent {chr(97 + i)}" for i in range(12))
    run = written(tmp_path / "run", messages(12, labels), card({"labels": list(labels)}))
    answered(run, "12", "n", "10", "intent c", n=3)
    assert [v.label for v in said(run)] == ["intent l", "intent j", "intent c"]
