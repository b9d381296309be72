"""A checkpoint saves time and changes nothing else: not a byte of the dataset, wherever it was cut off or deleted."""

from __future__ import annotations

import dataclasses
import itertools
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from sqlite3 import connect
from types import ModuleType

import pytest

import satsuma
import satsuma.testing
from satsuma import beginning, checkpoint
from satsuma.errors import Interrupted, RunError, Stopped
from satsuma.llm.client import Client
from satsuma.llm.journal import Journal
from satsuma.llm.request import Reply, Request
from satsuma.run.columns import to_row
from satsuma.run.writer import line_of as line_of_row
from satsuma.selecting.ballots import Ballot
from satsuma.selecting.duplicates import Earlier, NearDuplicates
from satsuma.selecting.outcomes import Judged, judged_of, keys_of, line_of, text_of
from satsuma.selecting.selection import Outcome
from satsuma.targen.repeats import Names
from satsuma.task.instance import Instance, OutputValue, Provenance, Reject, SourceRow, Span
from satsuma.task.loader import load_card
from satsuma.task.written import Written

N = 60
CARD = """\
name: tickets
task: Route a customer's message to the team that should handle it.
inputs:
  message: One message from a customer.
output:
  labels:
    billing: about charges
    bug: something is broken
correction: {votes: 3}
contexts: {per_block: 3}
seed: {per_context: 2, uses: 2}
"""


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks that a short run fills, and texts of which it searches the shingles."""
    monkeypatch.setattr("satsuma.selecting.duplicates.EXACT", 25)
    monkeypatch.setattr(checkpoint, "FIRST", 5)
    monkeypatch.setattr(checkpoint, "BLOCK", 4)


@pytest.fixture(scope="module")
def server() -> Iterator[satsuma.testing.Server]:
    """A model that repeats itself and errs now and then."""
    with satsuma.testing.serve(noise=0.2) as running:
        yield running


def generate(server: satsuma.testing.Server, out: Path, n: int = N, **more: object) -> satsuma.Run:
    card = out.parent / "tickets.yaml"
    card.write_text(CARD)
    return satsuma.generate(str(card), n=n, model="test/m", base_url=server.url, out=out, **more)  # type: ignore[arg-type]


def data(run: Path) -> tuple[bytes, bytes]:
    return (run / "data" / "train.parquet").read_bytes(), (run / "rejects.parquet").read_bytes()


@pytest.fixture
def cut(server: satsuma.testing.Server, tmp_path: Path) -> Path:
    """A run that its budget of requests ended, with a checkpoint."""
    with pytest.raises(Stopped):
        generate(server, tmp_path / "cut", max_requests=150)
    assert (tmp_path / "cut" / ".checkpoint").exists()
    return tmp_path / "cut"


@pytest.fixture
def whole(server: satsuma.testing.Server, tmp_path: Path) -> tuple[bytes, bytes]:
    """The bytes of a run that was not cut."""
    generate(server, tmp_path / "whole")
    return data(tmp_path / "whole")


def found_in_journal(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keys of every reply that is looked up from now on."""
    looked: list[str] = []
    really = Journal.found

    def found(self: Journal, key: str) -> tuple[Reply, bool] | None:
        looked.append(key)
        return really(self, key)

    monkeypatch.setattr(Journal, "found", found)
    return looked


def test_a_run_that_goes_on_recalls_what_it_knows_and_ends_with_the_same_bytes(
    server: satsuma.testing.Server,
    cut: Path,
    whole: tuple[bytes, bytes],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    shutil.copytree(cut, tmp_path / "bare")
    (tmp_path / "bare" / ".checkpoint").unlink()
    looked = found_in_journal(monkeypatch)
    run = generate(server, cut)
    recalling = len(looked)
    assert data(cut) == whole
    again = generate(server, tmp_path / "bare")
    assert data(tmp_path / "bare") == whole
    assert recalling < len(looked) - recalling - 40, "it looks up far less"
    told, known = (each.state.counts.model_copy(update={"steps": {}}) for each in (run, again))
    assert told == known
    assert run.state.matrix == again.state.matrix
    assert run.state.noise == again.state.noise


def test_new_requests_leave_before_known_texts_are_remembered(
    server: satsuma.testing.Server, cut: Path, whole: tuple[bytes, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []
    remember, start = NearDuplicates.remember, Client._start

    def remembered(self: NearDuplicates, text: str, index: int, own: str = "") -> None:
        events.append("text")
        remember(self, text, index, own)

    def started(self: Client, request: Request, key: str) -> object:
        events.append("request")
        return start(self, request, key)

    monkeypatch.setattr(NearDuplicates, "remember", remembered)
    monkeypatch.setattr(Client, "_start", started)
    generate(server, cut)
    assert events[0] == "request"
    assert "text" in events
    assert data(cut) == whole


def test_names_of_contexts_that_were_decided_on_are_not_searched_for_again(
    server: satsuma.testing.Server, cut: Path, whole: tuple[bytes, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    searched: list[str] = []
    really = Names.repeated

    def repeated(self: Names, name: str, within: Sequence[str]) -> str | None:
        searched.append(name)
        return really(self, name, within)

    monkeypatch.setattr(Names, "repeated", repeated)
    shutil.copytree(cut, cut.parent / "bare")
    (cut.parent / "bare" / ".checkpoint").unlink()
    generate(server, cut.parent / "bare")
    named = len(searched)
    generate(server, cut)
    assert len(searched) - named < named / 2
    assert data(cut) == data(cut.parent / "bare") == whole


def test_cut_off_or_damaged_anywhere_it_changes_no_byte(
    server: satsuma.testing.Server, cut: Path, whole: tuple[bytes, bytes], tmp_path: Path
) -> None:
    kept = (cut / ".checkpoint").read_bytes()
    for number, at in enumerate(range(3, len(kept), len(kept) // 7)):
        for damaged in (kept[:at], kept[:at] + bytes([kept[at] ^ 64]) + kept[at + 1 :]):
            out = tmp_path / f"run {number} {len(damaged)}"
            shutil.copytree(cut, out)
            (out / ".checkpoint").write_bytes(damaged)
            generate(server, out)
            assert data(out) == whole


@pytest.mark.parametrize("change", ["another journal", "replies that are gone", "another version", "failed again"])
def test_one_that_does_not_belong_to_the_run_is_not_used(
    server: satsuma.testing.Server,
    cut: Path,
    whole: tuple[bytes, bytes],
    change: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if change == "another version":
        held = (cut / ".checkpoint").read_bytes()
        assert f'"satsuma":"{satsuma.__version__}"'.encode() in held
        (cut / ".checkpoint").write_bytes(
            held.replace(satsuma.__version__.encode(), b"9.9.9"[: len(satsuma.__version__)], 1)
        )
    with closing(connect(cut / "journal.sqlite")) as journal, journal:
        if change == "another journal":
            journal.execute("UPDATE meta SET value = '\"another\"' WHERE name = 'checkpoint'")
        if change == "replies that are gone":
            journal.execute("DELETE FROM replies WHERE step = 'correction'")
    for reader in (checkpoint, beginning):
        monkeypatch.setattr(reader, "judged_of", judged_of if change == "replies that are gone" else unread)
    generate(server, cut, retry_failed=change == "failed again")
    assert data(cut) == whole


def unread(line: bytes) -> None:
    pytest.fail(f"was read: {line!r}")


def test_a_short_run_keeps_none_and_takes_none_away(
    server: satsuma.testing.Server, cut: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "FIRST", 10_000)
    generate(server, tmp_path / "short")
    assert not (tmp_path / "short" / ".checkpoint").exists()
    kept = (cut / ".checkpoint").read_bytes()
    generate(server, cut, n=4, revise=True)
    assert (cut / ".checkpoint").read_bytes() == kept


def test_the_same_run_with_a_larger_n_goes_on_from_it(
    server: satsuma.testing.Server, cut: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generate(server, tmp_path / "whole", n=2 * N)
    read: list[bytes] = []

    def reading(line: bytes) -> Judged | None:
        read.append(line)
        return judged_of(line)

    monkeypatch.setattr(beginning, "judged_of", reading)
    generate(server, cut, n=2 * N)
    assert data(cut) == data(tmp_path / "whole")
    assert len(read) > 10


def test_a_complete_run_keeps_it_for_a_larger_n_and_for_files_that_are_lost(
    server: satsuma.testing.Server, whole: tuple[bytes, bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run = tmp_path / "whole"
    looked = found_in_journal(monkeypatch)
    for lost in ("README.md", "rejects.parquet", "data/train.parquet"):
        (run / lost).unlink()
    generate(server, run)
    assert data(run) == whole
    assert len(looked) < N, "a run without a checkpoint looks up more than five replies a candidate"
    generate(server, run, n=2 * N)
    generate(server, tmp_path / "double", n=2 * N)
    assert data(run) == data(tmp_path / "double")


def test_what_there_is_no_room_for_any_more_is_rejected_as_it_would_have_been(
    server: satsuma.testing.Server, cut: Path, tmp_path: Path
) -> None:
    shutil.copytree(cut, tmp_path / "bare")
    (tmp_path / "bare" / ".checkpoint").unlink()
    n = satsuma.Run(cut).state.size // 2
    for run in (cut, tmp_path / "bare"):
        generate(server, run, n=n, revise=True)
    assert data(cut) == data(tmp_path / "bare")


@pytest.mark.parametrize(("reader", "part"), [(beginning, 1), (checkpoint, 2)])
def test_one_that_says_what_cannot_be_is_told_instead_of_used(
    server: satsuma.testing.Server, cut: Path, reader: ModuleType, part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Recalled at once, or one by one, as those are that there is no room for in a part of the run."""

    def other(line: bytes) -> Judged | None:
        found = judged_of(line)
        assert found is not None
        return Judged(Outcome("another label", reject=Reject("r", 0, "instance", "why")), None)

    n, before = N if part == 1 else satsuma.Run(cut).state.size // part, data(cut)
    monkeypatch.setattr(reader, "judged_of", other)
    with pytest.raises(RunError, match="does not fit its run"):
        generate(server, cut, n=n, revise=part != 1)
    assert data(cut) == before
    monkeypatch.undo()
    monkeypatch.setattr(checkpoint, "BLOCK", 4)
    generate(server, cut, n=N, revise=True)
    generate(server, cut.parent / "whole")
    assert data(cut) == data(cut.parent / "whole")


def test_stopped_before_anything_new_came_it_has_what_there_was(
    server: satsuma.testing.Server, cut: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = data(cut)
    monkeypatch.setattr(Client, "_start", no_more)
    with pytest.raises(Interrupted):
        generate(server, cut)
    assert data(cut) == before
    for lost in ("rejects.parquet", "data/train.parquet"):
        (cut / lost).unlink()
    with pytest.raises(Interrupted):
        generate(server, cut)
    assert data(cut) == before, "what is recalled is put in place, too"


def no_more(self: Client, request: Request, key: str) -> object:  # noqa: ARG001
    raise Interrupted("nothing is sent")


MORTAL = """
import os, signal
from satsuma import checkpoint, checkpoint_file
from satsuma.cli.main import main
checkpoint.FIRST, checkpoint.BLOCK = 3, 4
left, flush = [int(os.environ["BLOCKS"])], checkpoint_file.Appended.write
def flush_or_die(self, identity):
    flush(self, identity)
    left[0] -= 1
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
checkpoint_file.Appended.write = flush_or_die
main()
"""
"""A run that is killed as soon as it has written so many blocks."""


def test_killed_again_and_again_it_ends_with_the_same_bytes(tmp_path: Path) -> None:
    options = ["-n", str(N), "--model", "test/m", "--concurrency", "16", "--quiet", "--base-url"]
    environment = {**os.environ, "PYTHONPATH": str(Path(satsuma.__file__).parent.parent)}
    (tmp_path / "tickets.yaml").write_text(CARD)

    def code_of_run(out: str, blocks: int, url: str) -> int:
        command = [sys.executable, "-c", MORTAL, "generate", "tickets.yaml", "-o", out, *options, url]
        return subprocess.run(command, cwd=tmp_path, env={**environment, "BLOCKS": str(blocks)}).returncode

    with satsuma.testing.serve(noise=0.2, latency=satsuma.testing.Latency(3, 20)) as server:
        assert code_of_run("whole", -1, server.url) == 0
        needed = server.counters.requests
        codes = [code_of_run("run", 4, server.url) for _ in range(3)]
        assert codes == [-signal.SIGKILL] * 3
        assert code_of_run("run", -1, server.url) == 0
        assert server.counters.requests <= 2 * needed + 3 * 2 * 16, (
            "only what was on the wire or in the commit is asked for again"
        )
    assert data(tmp_path / "run") == data(tmp_path / "whole")


ABOUT = Provenance(
    "targen", "a › b", "seed", {"tone": "dry"}, "billing", "bug", 3, 2 / 3, "why", "m", "c", ("k1-a", "k1-b"),
    SourceRow("d", "", "train", 7, "mit", "program"),
)  # fmt: skip
OUTPUTS: list[OutputValue] = ["bug", 3, ("a", "b"), (), (1, 2), (Span(0, 3, "PER", "Ada"), Span(4, 5, "LOC", "x"))]


def made(output: OutputValue) -> Instance:
    return Instance("context 1 / seed 2", 5, {"a": "ü", "b": 3, "c": ("x", "y")}, output, "text", "target", ABOUT)


@pytest.mark.parametrize("output", OUTPUTS)
def test_an_accepted_candidate_comes_back_with_its_row_and_its_text(output: OutputValue) -> None:
    card = load_card({"name": "c", "task": "t", "inputs": dict.fromkeys("abc", "i"), "output": {"text": "o"}})
    row, notes = line_of_row(to_row(made(output), card)), (Reject("n", 5, "seeds", "why", requests=("k1-a",)),)
    outcome = Outcome("bug", made(output), "bug", "the content", "the own", None, notes, ("billing", "bug"))
    judged = judged_of(line_of(outcome, None, row))
    assert judged is not None
    assert judged.outcome == dataclasses.replace(outcome, instance=Written(5, row), content="", own="")
    assert text_of(judged) == ("the content", "the own")
    assert Written(5, row).instance() == made(output)
    assert keys_of(judged.outcome) == ABOUT.requests


@pytest.mark.parametrize("output", OUTPUTS)
def test_an_outcome_comes_back_as_it_was(output: OutputValue) -> None:
    instance = made(output)
    notes = (Reject("n", 5, "seeds", "why", requests=("k1-a",)),)
    ballots = (Ballot("bug", (("billing", 1), ("bug", 2)), "bug"), Ballot(0, ((0, 2), (1, 1)), 0))
    for ballot, earlier in itertools.product((*ballots, None), (None, Earlier(3, "near"))):
        outcome = Outcome("bug", instance, "bug", "content", "own", None, notes, ("billing", "bug"), ballot)
        assert judged_of(line_of(outcome, earlier)) == Judged(outcome, earlier)
    rejected = Outcome("bug", reject=Reject("r", 6, "instance", "why", "bug", {"c": ("x",)}, "raw", ("k1-c",)))
    assert judged_of(line_of(rejected, None)) == Judged(rejected, None)


def test_what_json_cannot_hold_is_made_anew() -> None:
    assert judged_of(line_of(Outcome("bug", reject=Reject("\ud800", 0, "instance", "why")), None)) is None
