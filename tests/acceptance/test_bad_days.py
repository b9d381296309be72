"""On a bad day of the provider a run still ends, exactly, and says what became of everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import satsuma
import satsuma.testing
from satsuma.testing import Faults, Latency

if TYPE_CHECKING:
    from satsuma.llm.request import Json
    from tests.acceptance.conftest import Shell

BAD_DAY = Faults(rate=0.10, error=0.10, drop=0.05, malformed=0.05, wrong_label=0.02, hang=0.01)


def test_it_ends_with_exactly_n_balanced_and_every_reject_explained(shell: Shell) -> None:
    with satsuma.testing.serve(seed=11, latency=Latency(2, 20), faults=BAD_DAY, noise=0.2) as server:
        result = shell.generate(server, "-n", 60, "--timeout", 1, "--concurrency", 32)
        assert result.returncode == 0, result.stderr
        seen = server.counters
    run = satsuma.Run("run")
    labels = run.table().column("label").to_pylist()
    assert sorted(labels.count(label) for label in ("billing", "bug", "how-to")) == [20, 20, 20]
    rejects = run.rejects().to_pylist()
    assert rejects
    assert all(row["step"] and row["reason"] for row in rejects)
    assert {row["step"] for row in rejects} <= {"contexts", "seeds", "instance", "correction", "duplicate", "surplus"}
    counted = sum(count for step in run.state.counts.rejects.values() for count in step.values())
    assert counted == len(rejects)

    assert seen.requests == seen.answered + seen.by_status[429] + seen.by_status[500] + seen.abandoned
    assert seen.faults["hang"] + seen.faults["drop"] <= seen.abandoned
    journal = shell.journal()
    assert len(journal) == run.state.totals.requests == seen.answered - seen.repeated
    assert not any(entry.reply.given_up for entry in journal)
    assert sum(entry.attempts for entry in journal) >= seen.answered + seen.by_status[429] + seen.by_status[500]

    rows = run.table().to_pylist()
    used = {key for row in rows for key in row["provenance"]["requests"]}
    used |= {key for row in rejects for key in row["requests"]}
    assert used <= {entry.key for entry in journal}
    ends = {row["id"] for row in (*rows, *rejects)}
    assert {e.request.path for e in journal if e.request.step == "correction" and e.key in used} <= ends


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ({"instance": {"message": ["Help me. {marker}", "{marker} broke."]}}, "nothing valid and new"),
        ({"contexts": {"contexts": ["a bank", "a shop", "a school"]}}, "no more contexts"),
    ],
    ids=["instances", "contexts"],
)
def test_a_model_with_few_ideas_ends_the_run_with_what_there_is_and_does_not_pay_for_ever(
    shell: Shell, script: dict[str, Json], why: str
) -> None:
    with satsuma.testing.serve(seed=13, script=script) as server:
        result = shell.generate(server, "-n", 500)
        assert result.returncode == 5, result.stderr
        before, asked = shell.data(), server.counters.requests
        assert asked < 3000
        assert shell.generate(server, "-n", 500).returncode == 5
        assert server.counters.requests < asked + 256  # what is looked ahead beyond the end, and nothing twice
        assert server.counters.repeated == 0
    assert shell.data() == before
    assert "stopped: " in result.stderr
    assert why in result.stderr
    assert "What there is by now is in place" in result.stderr
    run = satsuma.Run("run")
    assert run.state.state == "exhausted"
    assert run.state.size == run.table().num_rows > 0
