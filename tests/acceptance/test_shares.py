"""Exact shares, whatever the labels, proportions, kind of output, policy and votes; and an account that adds up."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Unpack

import pytest

import satsuma
import satsuma.testing
from satsuma.testing import Faults

if TYPE_CHECKING:
    from satsuma.settings import Options
    from tests.acceptance.conftest import Shell

HEAD = {"name": "mine", "task": "Say what it is about.", "inputs": {"message": "A message, one sentence."}}
RIDDLES: dict[str, object] = {
    "name": "riddles",
    "task": "Solve the riddle.",
    "inputs": {"riddle": "A riddle.", "options": "Possible solutions."},
    "output": {"name": "solution", "choice": {"field": "options", "count": 4}},
}
FREE: dict[str, object] = {**HEAD, "output": {"name": "summary", "text": "what the message is about, in a few words"}}
FAULTS = Faults(malformed=0.03, wrong_label=0.03)
pytestmark = pytest.mark.usefixtures("shell")


def _labels(count: int, **proportions: float) -> dict[str, object]:
    output: dict[str, object] = {"labels": [f"l{i}" for i in range(count)]}
    return {**HEAD, "output": {**output, "proportions": proportions} if proportions else output}


def _rows(
    card: dict[str, object] | str, n: int, out: str = "run", **options: Unpack[Options]
) -> tuple[satsuma.Run, list[dict[str, Any]]]:
    with satsuma.testing.serve(seed=17, noise=0.25, vote_noise=0.1, faults=FAULTS) as server:
        run = satsuma.generate(card, n=n, model="test/m", out=out, **(options | {"base_url": server.url}))
    _adds_up(run)
    return run, run.table().to_pylist()


def _adds_up(run: satsuma.Run) -> None:
    """Every candidate is an instance or a reject, and the matrix has every one that was corrected."""
    counts, rejects, rows = run.state.counts, run.rejects().to_pylist(), run.table().to_pylist()
    ended = [r for r in rejects if "/" in r["id"]]
    assert counts.candidates == len(rows) + len(ended)
    assert len({r["id"] for r in (*rows, *ended)}) == counts.candidates
    corrected = [r for r in ended if r["step"] in ("duplicate", "surplus")]
    dropped = [r for r in ended if r["step"] == "correction" and "did not hold" in r["reason"]]
    assert sum(sum(row.values()) for row in run.state.matrix.values()) == len(rows) + len(corrected) + len(dropped)
    moves = Counter((r["provenance"]["asked"], r["provenance"]["corrected"]) for r in rows)
    for (asked, final), count in moves.items():
        assert run.state.matrix[asked][final] >= count


@pytest.mark.parametrize(
    ("card", "n", "shares"),
    [
        (_labels(12), 30, [2] * 6 + [3] * 6),
        (_labels(12), 5, [1] * 5),
        (_labels(2, l0=90, l1=10), 40, [4, 36]),
        (_labels(3, l0=0.5, l1=0.3, l2=0.2), 11, None),
    ],
    ids=["12 labels", "fewer than labels", "90 to 10", "half, 30% and 20%"],
)
def test_shares_are_exact(card: dict[str, object], n: int, shares: list[int] | None) -> None:
    run, rows = _rows(card, n)
    counts = Counter(row["label"] for row in rows)
    assert len(rows) == n
    assert dict(counts) == {label: share for label, share in run.state.counts.share.items() if share}
    if shares is None:
        assert all(abs(counts[label] - n * p) < 1 for label, p in (("l0", 0.5), ("l1", 0.3), ("l2", 0.2)))
    else:
        assert sorted(counts.values()) == shares
    assert all(row["label"] == row["provenance"]["corrected"] == row["target"] for row in rows)


def test_relabelled_instances_count_for_their_new_label() -> None:
    _, rows = _rows("tickets.yaml", 30, policy="relabel")
    moved = [row for row in rows if row["provenance"]["asked"] != row["provenance"]["corrected"]]
    assert moved
    assert all(row["label"] == row["provenance"]["corrected"] for row in moved)
    assert Counter(row["label"] for row in rows) == {"billing": 10, "bug": 10, "how-to": 10}


def test_dropped_ones_are_rejects_with_both_labels() -> None:
    run, rows = _rows("tickets.yaml", 30, policy="drop")
    assert all(row["label"] == row["provenance"]["asked"] == row["provenance"]["corrected"] for row in rows)
    dropped = [r for r in run.rejects().to_pylist() if r["step"] == "correction" and "did not hold" in r["reason"]]
    assert dropped
    assert sum(c for a, row in run.state.matrix.items() for b, c in row.items() if a != b) == len(dropped)
    assert Counter(row["label"] for row in rows) == {"billing": 10, "bug": 10, "how-to": 10}


def test_kept_ones_keep_the_label_they_were_asked_for_and_tell_the_other() -> None:
    _, rows = _rows("tickets.yaml", 30, policy="keep")
    assert all(row["label"] == row["provenance"]["asked"] for row in rows)
    assert [row for row in rows if row["provenance"]["corrected"] != row["label"]]


def test_three_votes_are_counted_and_told() -> None:
    run, rows = _rows("tickets.yaml", 30, votes=3)
    assert {row["provenance"]["votes"] for row in rows} <= {1, 2, 3}
    split = [row["provenance"] for row in rows if row["provenance"]["votes"] == 3]
    assert split
    assert all(round(p["agreement"], 4) in (0.3333, 0.6667) for p in split)
    assert all(p["provenance"]["agreement"] in (0.5, 1.0) for p in rows if p["provenance"]["votes"] == 2)
    assert run.state.settings["votes"] == 3


def test_the_corrector_sees_the_asked_label_only_with_no_blind(shell: Shell) -> None:
    seen: dict[bool, dict[str, str]] = {}
    for blind in (True, False):
        _, rows = _rows("tickets.yaml", 9, out=f"run-{blind}", blind=blind)
        corrections = [e.request for e in shell.journal(f"run-{blind}") if e.request.step == "correction"]
        seen[blind] = {request.path: request.messages[-1].content for request in corrections}
    asked = {row["id"]: row["provenance"]["asked"] for row in rows}
    compared = asked.keys() & seen[True].keys() & seen[False].keys()
    assert len(compared) >= 5
    for path in compared:
        blank, shown = (seen[blind][path].count(f'"{asked[path]}"') for blind in (True, False))
        assert (blank, shown) == (0, 1)


def test_free_text_gets_exactly_n() -> None:
    run, rows = _rows(FREE, 20)
    assert len(rows) == len({row["message"] for row in rows}) == 20
    assert all(row["summary"] and row["target"] == row["summary"] for row in rows)
    assert sum(run.state.counts.accepted.values()) == 20


def test_the_right_option_stands_at_every_position_equally_often() -> None:
    _, rows = _rows(RIDDLES, 40)
    assert all(len(row["options"]) == len(set(row["options"])) == 4 for row in rows)
    assert Counter(row["solution"] for row in rows) == dict.fromkeys(range(4), 10)


@pytest.mark.parametrize("card", ["copa", "boolq", "rte", "support-tickets"])
def test_built_in_cards_come_out_whole_and_explained(shell: Shell, card: str) -> None:
    run, rows = _rows(card, 16)
    assert len(rows) == 16
    for row in rows:
        origin = row["provenance"]
        assert row["text"]
        assert row["target"]
        assert origin["method"] == "targen"
        assert origin["context"]
        assert origin["seed"]
        assert origin["model"] == origin["corrector"] == "test/m"
        assert len(origin["requests"]) >= 3
    known = {entry.key for entry in shell.journal()}
    assert all(set(row["provenance"]["requests"]) <= known for row in rows)
    assert max(run.state.counts.accepted.values()) - min(run.state.counts.accepted.values()) <= 1


def test_it_works_inside_a_running_event_loop() -> None:
    import asyncio

    async def cell() -> satsuma.Run:
        with satsuma.testing.serve() as server:
            return satsuma.generate("tickets.yaml", n=5, model="test/m", base_url=server.url, out="run")

    assert asyncio.run(cell()).table().num_rows == 5
