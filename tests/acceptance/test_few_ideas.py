"""A model that has next to no ideas repeats itself nearly word for word: the dataset does not, and the run stops."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import satsuma
import satsuma.testing
from satsuma.selecting.rouge import rouge_l
from satsuma.selecting.selection import BARREN

if TYPE_CHECKING:
    from tests.acceptance.conftest import Shell

IDEAS = 2
ALONE = ("--no-contexts", "--no-seeds")
"""Steps that would notice by themselves that nothing new comes."""


def test_a_run_stops_when_all_that_comes_is_nearly_what_there_is(shell: Shell) -> None:
    with satsuma.testing.serve(seed=5, ideas=IDEAS) as server:
        result = shell.generate(server, "-n", 500, *ALONE)
    assert result.returncode == 5, result.stderr
    assert f"{BARREN:,} candidates in a row gave nothing valid and new" in result.stderr
    run = satsuma.Run("run")
    assert run.state.state == "exhausted"
    assert run.state.counts.candidates <= run.state.size + 2 * BARREN

    told = [row for row in run.rejects().to_pylist() if row["step"] == "duplicate"]
    near = [row["reason"] for row in told if row["reason"].startswith("near-duplicate of candidate ")]
    assert near
    assert all(0.7 <= float(reason.rpartition(" ")[2]) < 1 for reason in near)
    texts = run.table().column("message").to_pylist()
    assert texts
    assert max((rouge_l(*pair) for pair in combinations(texts, 2)), default=0) < 0.7


def test_a_card_that_wants_exact_duplicates_dropped_alone_keeps_near_ones(shell: Shell) -> None:
    (shell.cwd / "exact.yaml").write_text((shell.cwd / "tickets.yaml").read_text() + "duplicates: exact\n")
    with satsuma.testing.serve(seed=5, ideas=IDEAS) as server:
        result = shell.generate(server, "-n", 30, *ALONE, card="exact.yaml")
    assert result.returncode == 0, result.stderr
    run = satsuma.Run("run")
    assert run.state.size == 30
    texts = run.table().column("message").to_pylist()
    assert max(rouge_l(*pair) for pair in combinations(texts, 2)) >= 0.7
