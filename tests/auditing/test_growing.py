"""An audit of a run that was generated: it stays with the run as that grows, and its copy does not grow."""

from __future__ import annotations

from pathlib import Path

import pytest

import satsuma
import satsuma.testing
from satsuma.run.run import Run
from tests.auditing.runs import TICKETS, answered, seated


def grown(place: Path, n: int, url: str) -> Run:
    return satsuma.generate(TICKETS, n=n, model="test/one", base_url=url, out=place)


def test_an_audit_stays_with_a_run_that_grows_and_its_verdicts_go_on_counting(tmp_path: Path) -> None:
    with satsuma.testing.serve() as server:
        run = grown(tmp_path / "run", 6, server.url)
        answered(run, *["y"] * 5, "n", "-", n=6)
        copy = satsuma.apply_verdicts(run.path, "drop", tmp_path / "copy")
        with pytest.raises(satsuma.RunError, match="it does not grow"):
            grown(copy.path, 6, server.url)
        larger = grown(run.path, 10, server.url)
    audit = larger.state.audit
    assert audit is not None
    assert (audit.instances, audit.judged) == (6, 6)
    readme = (larger.path / "README.md").read_text()
    assert "6 of 6 instances, drawn at random by label \\(the dataset has changed since\\)" in readme
    with seated(larger) as at:
        assert len(at.ids) == 10
        assert len(at.pending()) == 4
        assert at.settle().judged == 6


def test_every_request_of_a_copy_can_still_be_traced(tmp_path: Path) -> None:
    with satsuma.testing.serve() as server:
        run = grown(tmp_path / "run", 4, server.url)
    answered(run, "n", "-", n=1)
    copy = satsuma.apply_verdicts(run.path, "drop", tmp_path / "copy")
    from satsuma.llm.journal import Journal

    journal = Journal.open(copy.journal_path)
    try:
        assert journal.tallies() == Journal.open(run.journal_path).tallies()
    finally:
        journal.close()
    assert copy.table().num_rows == 3
    assert copy.table().schema.equals(run.table().schema)
