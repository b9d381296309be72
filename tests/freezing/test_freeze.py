"""A frozen benchmark has what people judged right, the same bytes each time, and is refused wherever one trains."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import satsuma
from satsuma.auditing.verdicts import Book, Verdict
from satsuma.errors import RunError, SettingsError
from satsuma.reading.dataset import open_dataset
from satsuma.run.frozen import MARK, differing, is_frozen, refuse_frozen
from satsuma.run.run import Run
from tests.auditing.runs import messages, seated, written
from tests.conftest import Call
from tests.examining.examined import MODEL, model

WRONG = {3, 8}
DISPUTED = 5


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """40 messages; the first 20 judged by ada, of which two are wrong, and one is disputed by bob."""
    made = written(tmp_path / "run", messages(40))
    with seated(made, 40) as at:
        for i in range(20):
            at.enter(Verdict(id=f"context {i}", verdict="wrong" if i in WRONG else "right", auditor="ada"))
        at.enter(Verdict(id=f"context {DISPUTED}", verdict="wrong", auditor="bob"))
        at.enter(Verdict(id="context 30", verdict="skip", auditor="bob"))
        at.settle()
    return made


def table(place: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(place / "data" / "test.parquet").to_pylist()
    return rows


def content(place: Path) -> dict[str, bytes]:
    return {p.relative_to(place).as_posix(): p.read_bytes() for p in place.rglob("*") if p.is_file()}


def test_it_holds_what_everybody_who_judged_it_took_for_right(run: Run, tmp_path: Path) -> None:
    made = satsuma.freeze(run.path, out=tmp_path / "bench")
    assert [row["id"] for row in table(made.path)] == [f"context {i}" for i in range(20) if i not in {*WRONG, DISPUTED}]
    about = made.about
    assert (about.judged, about.right, about.wrong, about.disputed) == (20, 17, 2, 1)
    assert about.auditors == ("ada", "bob")
    assert not about.unaudited
    assert {row["canary"] for row in table(made.path)} == {about.canary}
    assert about.canary.startswith(MARK)
    assert "provenance" not in table(made.path)[0]


def test_a_sample_keeps_the_labels_shares_and_is_the_same_each_time(run: Run, tmp_path: Path) -> None:
    one = satsuma.freeze(run.path, out=tmp_path / "one", n=8)
    two = satsuma.freeze(run.path, out=tmp_path / "two", n=8)
    assert Counter(row["label"] for row in table(one.path)) == {"billing": 4, "bug": 4}
    assert content(one.path) == content(two.path)
    assert one.hash == two.hash
    other = satsuma.freeze(run.path, out=tmp_path / "other", n=8, seed=1)
    assert other.hash != one.hash
    assert other.about.canary != one.about.canary


def test_it_is_never_changed(run: Run, tmp_path: Path) -> None:
    made = satsuma.freeze(run.path, out=tmp_path / "bench", n=8)
    before = content(made.path)
    assert satsuma.freeze(run.path, out=tmp_path / "bench", n=8).hash == made.hash
    with pytest.raises(RunError, match="another frozen benchmark"):
        satsuma.freeze(run.path, out=tmp_path / "bench", n=9)
    with pytest.raises(RunError, match="is no frozen benchmark"):
        satsuma.freeze(run.path, out=run.path)
    assert content(made.path) == before
    assert not [p for p in tmp_path.iterdir() if p.name.endswith(".part")]
    assert all(p.stat().st_mode & 0o222 == 0 for p in made.path.rglob("*") if p.is_file())


def test_without_an_audit_it_is_refused_unless_that_is_said_loudly(tmp_path: Path) -> None:
    fresh = written(tmp_path / "fresh", messages(10))
    with pytest.raises(RunError, match="was not audited") as refused:
        satsuma.freeze(fresh.path, out=tmp_path / "bench")
    assert "satsuma audit" in refused.value.hint
    assert not (tmp_path / "bench").exists()
    made = satsuma.freeze(fresh.path, out=tmp_path / "bench", unaudited=True)
    assert (made.about.unaudited, made.about.instances) == (True, 10)
    assert "NOT AUDITED" in (made.path / "README.md").read_text("utf-8")
    assert json.loads((made.path / "FROZEN").read_bytes())["unaudited"] is True


def test_more_than_was_judged_right_cannot_be_had(run: Run, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="judged 17 instances right, not 18"):
        satsuma.freeze(run.path, out=tmp_path / "bench", n=18)
    with pytest.raises(SettingsError, match="n is 0"):
        satsuma.freeze(run.path, out=tmp_path / "bench", n=0)


def test_a_verdict_on_what_an_instance_was_before_does_not_count(run: Run, tmp_path: Path) -> None:
    book = Book(run.path)
    first = next(one for one in book.read()[0] if one.id == "context 0")
    book.append(first.model_copy(update={"content": "a1-of-another-text"}))
    made = satsuma.freeze(run.path, out=tmp_path / "bench")
    assert "context 0" not in {row["id"] for row in table(made.path)}


def test_any_change_is_found_and_named(run: Run, tmp_path: Path) -> None:
    made = satsuma.freeze(run.path, out=tmp_path / "bench")
    assert satsuma.check_frozen(made.path, expected=made.hash) == made.hash
    done = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=made.path, capture_output=True, check=False)
    assert done.returncode == 0, "it can be checked without satsuma"
    with pytest.raises(RunError, match="another benchmark"):
        satsuma.check_frozen(made.path, expected="0" * 64)
    card = made.path / "card.yaml"
    card.chmod(0o644)
    card.write_text(card.read_text("utf-8") + "# mine\n")
    (made.path / "data" / "more.jsonl").write_text("{}\n")
    (made.path / "README.md").unlink()
    assert set(differing(made.path)) == {
        "card.yaml was changed", "data/more.jsonl was added", "README.md is missing",
    }  # fmt: skip
    with pytest.raises(RunError, match=r"card\.yaml was changed"):
        satsuma.check_frozen(made.path)
    with pytest.raises(RunError, match="no frozen benchmark"):
        satsuma.check_frozen(run.path)


def test_it_is_known_wherever_its_rows_go(run: Run, tmp_path: Path) -> None:
    made = satsuma.freeze(run.path, out=tmp_path / "bench")
    copies = tmp_path / "copies"
    copies.mkdir()
    shutil.copy(made.path / "data" / "test.parquet", copies / "train.parquet")
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in table(made.path)))
    frozen = [made.path, made.path / "data", made.path / "data" / "test.parquet", copies, copies / "train.parquet"]
    assert [is_frozen(path) for path in (*frozen, tmp_path / "rows.jsonl")] == [True] * 6
    plain = tmp_path / "plain.jsonl"
    plain.write_text('{"message": "One.", "label": "bug"}\n')
    assert [is_frozen(path) for path in (run.path, run.data_path, plain, tmp_path / "nowhere")] == [False] * 4
    with pytest.raises(SettingsError, match="must never be trained on"):
        refuse_frozen([plain, made.path], "trained on")


def test_it_brings_its_card_to_whoever_measures_with_it(run: Run, tmp_path: Path) -> None:
    made = satsuma.freeze(run.path, out=tmp_path / "bench", n=6)
    with model(lambda text, question: {"label": "bug"}) as (server, seen):  # noqa: ARG005
        found = satsuma.score(made.path, model=MODEL, base_url=server.url, out=tmp_path / "score")
    assert (found.instances, found.score) == (6, 0.5)
    assert not [text for question in seen for _, text in question.messages if MARK in text]
    with model(lambda text, question: {"reason": "so", "difficulty": 2}, "input") as (server, seen):  # noqa: ARG005
        rated = satsuma.rate(made.path, model=MODEL, base_url=server.url)
    assert (rated.rated, set(rated.labels)) == (6, {"billing", "bug"})
    assert all("Route a message." in question.last_message for question in seen)
    assert differing(made.path) == [], "ratings lie beside it"
    with pytest.raises(SettingsError, match="shown to a model as examples"):
        satsuma.score(run.path, model=MODEL, shots=1, train=made.path, out=tmp_path / "other")
    assert len(list(open_dataset(made.path).examples())) == 6


def test_the_command_freezes_and_checks(call: Call, run: Run) -> None:
    done = call("freeze", run.path, "-o", "bench", "-n", "6")
    assert done.returncode == 0, done.stderr
    assert "6 instances, each judged right by a person" in done.stdout
    found = done.stdout.partition("hash: ")[2][:64]
    checked = call("freeze", "--check", "bench", "--hash", found)
    assert checked.returncode == 0, checked.stderr
    assert found in checked.stdout
    Path("bench/card.yaml").chmod(0o644)
    Path("bench/card.yaml").write_text("name: other\n")
    broken = call("freeze", "--check", "bench")
    assert broken.returncode == 2
    assert "card.yaml was changed" in broken.stderr
    assert call("freeze", run.path).returncode == 2
