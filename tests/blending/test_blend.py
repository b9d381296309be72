"""A blend has the ratio, the shares and the rows that it says, and every other row is accounted for."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import pyarrow.parquet as pq
import pytest

import satsuma
from satsuma.blending.order import Balance
from satsuma.errors import DataError, RunError, SatsumaError, SettingsError
from satsuma.run.directory import RunDirectory
from satsuma.run.identity import begin
from satsuma.run.run import Run
from satsuma.run.state import StateName
from satsuma.run.writer import DatasetWriter
from satsuma.task.card import Card
from satsuma.task.instance import Instance, Provenance
from tests.conftest import Call

CARD = {
    "name": "tickets",
    "task": "Route a customer's message.",
    "inputs": {"message": "One message."},
    "output": {"labels": {"billing": "about charges", "bug": "something is broken"}},
    "examples": [{"message": "My card was charged twice in May.", "label": "billing"}],
    "license": "cc-by-4.0",
}
LABELS = ("billing", "bug")
Place = Callable[..., Path]


def message(i: int, salt: str = "") -> str:
    """A text that no other is like."""
    words = [f"{'aeiou'[(i * 7 + k) % 5]}{salt}{i * 31 + k * 17:x}w{k}" for k in range(6)]
    return " ".join(words)


def card(**changes: object) -> Card:
    return Card.model_validate({**CARD, **changes})


@pytest.fixture
def run(tmp_path: Path) -> Place:
    """Makes a run of a card with these texts and labels."""

    def make(
        name: str, rows: Sequence[tuple[str, str]], own: Card | None = None, state: StateName = "complete"
    ) -> Path:
        kind = own or card()
        directory = RunDirectory.create_or_open(tmp_path / name)
        with directory.lock():
            with DatasetWriter(directory, kind) as writer:
                for i, (text, label) in enumerate(rows):
                    origin = Provenance(
                        "targen", f"context of {name}", asked=label, corrected=label, requests=("k1-1",)
                    )
                    writer.accept(Instance(f"context {i}", i, {"message": text}, label, text, label, origin))
                files = writer.commit()
            counts = {"accepted": Counter(label for _, label in rows)}
            begun = begin(kind, {"models": {"": f"{name}/m"}}, {}, n=len(rows), seed=0, lag=0)
            told = begun.model_copy(update={"files": files, "state": state, "models": {"": f"test/{name}"}})
            directory.save_state(told.model_copy(update={"counts": told.counts.model_copy(update=counts)}))
        return directory.path

    return make


def rows(count: int, salt: str, labels: Sequence[str] = LABELS) -> list[tuple[str, str]]:
    return [(message(i, salt), labels[i % len(labels)]) for i in range(count)]


def table(made: Run) -> list[dict[str, Any]]:
    return cast("list[dict[str, Any]]", made.table().to_pylist())


def test_the_ratio_and_the_cards_shares_hold_exactly_and_the_size_is_the_largest(run: Place, tmp_path: Path) -> None:
    made = satsuma.blend(run("a", rows(40, "a")), run("b", rows(13, "b")), out=tmp_path / "mix", ratio="2:1")
    own = table(made)
    assert Counter(row["provenance"]["run"] for row in own) == {"a": 26, "b": 13}
    assert sorted(Counter(row["label"] for row in own).values()) == [19, 20]
    assert made.state.state == "complete"
    assert made.state.n == made.state.size == len(own) == 39
    assert made.state.blended is not None
    assert made.state.blended.notes == ()
    assert [(s.rows, s.used) for s in made.state.blended.sources] == [(40, 26), (13, 13)]


def test_without_a_ratio_all_rows_are_taken(run: Place, tmp_path: Path) -> None:
    made = satsuma.blend(run("a", rows(9, "a")), run("b", rows(4, "b")), out=tmp_path / "mix")
    assert made.state.size == 13
    assert made.rejects().num_rows == 0


def test_rows_to_measure_with_are_set_aside_and_counted(run: Place, tmp_path: Path) -> None:
    shares = {"train": 0.6, "validation": 0.2, "test": 0.2}
    divided = satsuma.curate(
        run("a", rows(20, "a")), noise="off", duplicates="off", splits=shares, group="message"
    ).run()
    folder = tmp_path / "gold"
    folder.mkdir()
    labelled(folder / "train.jsonl", [{"message": text, "label": label} for text, label in rows(5, "g")])
    labelled(folder / "test.jsonl", [{"message": text, "label": label} for text, label in rows(3, "t")])
    made = satsuma.blend(divided.path, folder, out=tmp_path / "mix")
    train = {row["message"] for row in divided.table().to_pylist()} | {text for text, _ in rows(5, "g")}
    assert {row["message"] for row in table(made)} == train
    assert made.state.blended is not None
    aside = 20 - divided.table().num_rows
    assert [source.set_aside for source in made.state.blended.sources] == [aside, 3]
    first, second, *_ = made.state.blended.notes
    assert first.startswith("a-curated: ")
    assert "rows of its validation split and" in first
    assert second == "gold: 3 rows of its test split are set aside to measure with"
    (folder / "train.jsonl").unlink()
    with pytest.raises(DataError, match="no train split, only test"):
        satsuma.blend(divided.path, folder, out=tmp_path / "other")


def test_the_first_of_rows_that_repeat_each_other_is_kept_and_the_other_names_it(run: Place, tmp_path: Path) -> None:
    shared = message(0, "s")
    a = run("a", [(shared, "billing"), *rows(5, "a")])
    b = run("b", [(shared.upper() + "!", "bug"), (f"{shared} indeed", "bug"), *rows(5, "b")])
    made = satsuma.blend(a, b, out=tmp_path / "mix", balance="none")
    assert [row["label"] for row in table(made) if row["message"] == shared] == ["billing"]
    dropped = made.rejects().to_pylist()
    assert [(row["id"], row["step"]) for row in dropped] == [
        ("b / context 0", "duplicate"),
        ("b / context 1", "duplicate"),
    ]
    assert all("a / context 0" in row["reason"] for row in dropped)
    assert sum(made.state.counts.rejects["duplicate"].values()) == 2
    other = satsuma.blend(b, a, out=tmp_path / "other", balance="none")
    assert [row["id"] for row in other.rejects().to_pylist()] == ["b / context 1", "a / context 0"]


def test_examples_of_the_card_are_taken_out(run: Place, tmp_path: Path) -> None:
    near = "my card was charged twice in may"
    made = satsuma.blend(run("a", rows(4, "a")), run("b", [(near, "billing"), *rows(4, "b")]), out=tmp_path / "mix")
    (dropped,) = made.rejects().to_pylist()
    assert (dropped["id"], dropped["step"], dropped["asked"]) == ("b / context 0", "demonstration", "billing")
    assert json.loads(dropped["fields"]) == {"message": near}
    assert near not in {row["message"] for row in table(made)}


def test_a_source_makes_up_for_what_another_lacks(run: Place, tmp_path: Path) -> None:
    a = run("a", rows(20, "a", ["billing"]))
    b = run("b", rows(20, "b", ["billing", "bug", "bug", "bug"]))
    made = satsuma.blend(a, b, out=tmp_path / "mix", ratio="1:1", n=20)
    found = Counter((row["provenance"]["run"], row["label"]) for row in table(made))
    assert found == {("a", "billing"): 10, ("b", "bug"): 10}


def test_shares_that_cannot_be_had_are_said_and_the_ratio_holds_all_the_same(run: Place, tmp_path: Path) -> None:
    a, b = (
        run("a", rows(10, "a", ["billing"])),
        run("b", rows(10, "b", ["billing", "billing", "bug", "billing", "billing"])),
    )
    told: list[str] = []

    class Told:
        def note(self, text: str) -> None:
            told.append(text)

        def update(self, snapshot: object) -> None: ...

    made = satsuma.blend(a, b, out=tmp_path / "mix", ratio="1:1", progress=cast("Any", Told()))
    assert Counter(row["provenance"]["run"] for row in table(made)) == {"a": 10, "b": 10}
    assert told == ["the labels cannot have the shares that are wanted: bug has 2 of 10"]
    assert told[0] in (made.path / "README.md").read_text("utf-8")


def test_labels_are_even_or_as_they_come_where_that_is_wanted(run: Place, tmp_path: Path) -> None:
    weighed = card(output={**CARD["output"], "proportions": {"billing": 3, "bug": 1}})  # type: ignore[dict-item]
    a, b = run("a", rows(40, "a"), weighed), run("b", rows(40, "b"), weighed)

    def labels(out: str, balance: Balance = "card") -> Counter[str]:
        made = satsuma.blend(a, b, out=tmp_path / out, n=20, balance=balance)
        return Counter(row["label"] for row in table(made))

    assert labels("card") == {"billing": 15, "bug": 5}
    assert labels("even", balance="even") == {"billing": 10, "bug": 10}
    assert labels("none", balance="none") == {"billing": 10, "bug": 10}


def test_the_same_blend_has_the_same_bytes_and_a_second_time_changes_nothing(run: Place, tmp_path: Path) -> None:
    a, b = run("a", rows(9, "a")), run("b", rows(7, "b"))
    first, second = (satsuma.blend(a, b, out=tmp_path / name, ratio=[1, 1]) for name in ("one", "two"))
    assert first.state.files == second.state.files
    stamp = first.data_path.stat().st_mtime_ns
    satsuma.blend(a, b, out=tmp_path / "one", ratio="2:2")
    assert first.data_path.stat().st_mtime_ns == stamp
    with pytest.raises(RunError, match="holds another run"):
        satsuma.blend(a, b, out=tmp_path / "one", ratio="1:2")
    with pytest.raises(RunError, match="holds another run"):
        satsuma.blend(a, b, out=run("c", rows(2, "c")))


def test_a_first_part_of_the_blend_is_like_the_whole(run: Place, tmp_path: Path) -> None:
    made = satsuma.blend(run("a", rows(30, "a")), run("b", rows(10, "b")), out=tmp_path / "mix")
    assert Counter(row["provenance"]["run"] for row in table(made)[:8]) == {"a": 6, "b": 2}


def test_provenance_is_each_rows_own_and_names_the_source_also_of_a_blend_of_blends(run: Place, tmp_path: Path) -> None:
    inner = satsuma.blend(run("a", rows(3, "a")), run("b", rows(3, "b")), out=tmp_path / "inner")
    outer = satsuma.blend(inner.path, run("c", rows(3, "c")), out=tmp_path / "outer")
    origins = {row["provenance"]["run"]: row["provenance"]["context"] for row in table(outer)}
    assert origins == {"inner / a": "context of a", "inner / b": "context of b", "c": "context of c"}
    assert len({row["id"] for row in table(outer)}) == 9
    names = [field.name for field in pq.read_schema(outer.data_path).field("provenance").type]
    assert names[-1] == "run"


def labelled(place: Path, lines: Sequence[object]) -> Path:
    place.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return place


def test_a_file_with_the_cards_columns_is_a_source_and_what_it_cannot_give_is_told(run: Place, tmp_path: Path) -> None:
    gold = labelled(
        tmp_path / "gold.jsonl",
        [
            {"message": message(1, "g"), "label": 0},
            {"message": message(2, "g"), "label": "bug"},
            {"message": "", "label": "bug"},
            {"message": message(3, "g"), "label": "complaint"},
            {"message": message(2, "g"), "label": "bug"},
        ],
    )
    made = satsuma.blend(gold, run("a", rows(4, "a")), out=tmp_path / "mix")
    own = [row for row in table(made) if row["provenance"]["run"] == "gold"]
    assert [(row["id"], row["label"], row["target"]) for row in own] == [
        ("gold / row 0", "billing", "billing"),
        ("gold / row 1", "bug", "bug"),
    ]
    assert {row["provenance"]["method"] for row in own} == {"file"}
    assert own[0]["text"] == f"message: {message(1, 'g')}"
    reasons = {row["id"]: row["reason"] for row in made.rejects().to_pylist()}
    assert reasons["gold / row 2"] == "an input is empty: message"
    assert reasons["gold / row 3"] == "the output is none of the card's labels: complaint"
    assert "gold / row 1" in reasons["gold / row 4"]
    assert made.state.blended is not None
    assert made.state.blended.sources[0].model_dump()["unusable"] == 2


def test_choices_and_lists_of_a_file_are_read_as_the_card_has_them(tmp_path: Path) -> None:
    one = {"events": ["The ice was thin here.", "A skater fell in at noon."], "cause": 0}
    other = {"events": ["The lamp went dark at once.", "Somebody cut the cable outside."], "cause": "B"}
    wrong = {"events": ["It rained in the hills.", "The river rose by a metre."], "cause": 2}
    paths = [labelled(tmp_path / "x.jsonl", [one, wrong]), labelled(tmp_path / "y.jsonl", [other])]
    made = satsuma.blend(*paths, out=tmp_path / "mix", as_card="cause_and_effect")
    assert sorted((row["cause"], row["target"]) for row in table(made)) == [
        (0, "The ice was thin here."),
        (1, "Somebody cut the cable outside."),
    ]
    assert [row["step"] for row in made.rejects().to_pylist()] == ["unusable"]


def test_runs_of_other_cards_are_refused_unless_fields_and_output_are_the_same(run: Place, tmp_path: Path) -> None:
    a = run("a", rows(3, "a"))
    said = run(
        "b", rows(3, "b"), card(name="mails", task="Route a mail.", verbalize={"text": "Mail: {{ fields.message }}"})
    )
    other = run("c", rows(3, "c"), card(output={"labels": ["billing", "bug", "praise"]}, examples=[]))
    with pytest.raises(RunError, match="is of another card") as refused:
        satsuma.blend(a, said, out=tmp_path / "mix")
    assert "--as-card" in refused.value.hint
    made = satsuma.blend(a, said, out=tmp_path / "mix", as_card=card())
    assert all(not row["text"].startswith("Mail") for row in table(made))
    with pytest.raises(RunError, match="the labels praise are not in both"):
        satsuma.blend(a, other, out=tmp_path / "none", as_card=card())


def test_a_run_that_is_not_complete_needs_a_word(run: Place, tmp_path: Path) -> None:
    a, b = run("a", rows(3, "a")), run("b", rows(3, "b"), None, "budget")
    with pytest.raises(RunError, match="is not complete: 3 of 3 instances, budget"):
        satsuma.blend(a, b, out=tmp_path / "mix")
    made = satsuma.blend(a, b, out=tmp_path / "mix", partial=True)
    assert made.state.blended is not None
    assert [source.state for source in made.state.blended.sources] == ["complete", "budget"]


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ({"ratio": "1:2:3"}, "does not fit 2 sources"),
        ({"ratio": "1:0"}, "no ratio"),
        ({"ratio": "much"}, "no ratio"),
        ({"n": 100}, "100 instances cannot be had"),
        ({"ratio": "1:1", "n": 9}, "At most: -n 8"),
        ({"n": 0}, "1 or more"),
        ({"balance": "odd"}, "no balance 'odd'"),
    ],
)
def test_what_cannot_be_had_is_told_before_anything_is_written(
    how: dict[str, Any], told: str, run: Place, tmp_path: Path
) -> None:
    a, b = run("a", rows(8, "a")), run("b", rows(4, "b"))
    with pytest.raises(SettingsError) as refused:
        satsuma.blend(a, b, out=tmp_path / "mix", **how)
    assert told in str(refused.value)
    assert not (tmp_path / "mix").exists()


def test_sources_that_cannot_be_are_refused(run: Place, tmp_path: Path) -> None:
    a = run("a", rows(3, "a"))
    task = tmp_path / "task.json"
    task.write_text(json.dumps({"examples": [{"input": "x", "target": "y"}]}), "utf-8")
    bare = labelled(tmp_path / "bare.jsonl", [{"words": "x"}])
    for sources, out, told in (
        ([a], "mix", "two sources"),
        ([a, a], "mix", "named twice"),
        ([a, tmp_path / "b"], "mix", "no such run and no such file"),
        ([a, bare], "a", "cannot be the result"),
        ([a, task], "mix", "evaluation only"),
        ([a, bare], "mix", "no column message"),
        ([bare, task], "mix", "nothing says what the card is"),
    ):
        with pytest.raises(SatsumaError, match=told):
            satsuma.blend(*sources, out=tmp_path / out)
    same = run("same", rows(3, "a"))
    with pytest.raises(SettingsError, match="same has no row that is new, so the ratio cannot be had"):
        satsuma.blend(a, same, out=tmp_path / "mix", ratio="1:1")
    blended = satsuma.blend(a, same, out=tmp_path / "all").state.blended
    assert blended is not None
    assert blended.notes == (f"{same} has no row that is new, and gives none",)
    with pytest.raises(DataError, match="has no row that can be used"):
        satsuma.blend(a, labelled(tmp_path / "bad.jsonl", [{"message": "x", "label": "?"}]), out=tmp_path / "mix")


def test_the_command_prints_what_it_made_and_the_other_commands_work_on_it(call: Call, run: Place) -> None:
    run("a", rows(6, "a"))
    run("b", [(message(0, "a"), "billing"), *rows(6, "b")])
    done = call("blend", "a", "b", "-o", "mix", "--ratio", "1:1")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("tickets: 12 of 12 instances, complete\n")
    assert "a       cc-by-4.0  6     0           0               6" in done.stdout
    shown = call("show", "mix", "b / context 1").stdout
    assert "from: b" in shown
    assert "journals of the runs that were blended" in shown
    assert call("show", "mix", "b / context 0").stdout.startswith("b / context 0: dropped in duplicate")
    exported = call("export", "mix").stdout.strip()
    assert len(Path(exported).read_text("utf-8").splitlines()) == 12
    card_text = Path("mix/README.md").read_text("utf-8")
    assert "license: cc-by-4.0" in card_text
    assert "| b (run) | cc-by-4.0 | test/b | 7 | 1 | 6 |" in card_text
    again = call("blend", "a", "b", "-o", "mix", "--ratio", "1:2")
    assert again.returncode == 2
    assert "Choose another directory with -o" in again.stderr


def test_a_blend_is_measured_like_a_run(run: Place, tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    made = satsuma.blend(run("a", rows(30, "a")), run("b", rows(30, "b")), out=tmp_path / "mix")
    assert satsuma.analyze(made.path).instances == 60
