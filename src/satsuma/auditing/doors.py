"""The public functions of an audit: `satsuma.audit` and `satsuma.apply_verdicts`. Loading them loads nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from satsuma.progress import Progress
    from satsuma.run.run import Run
    from satsuma.run.trust import Audit


def audit(
    run: str | Path,
    *,
    n: int | None = None,
    seed: int | None = None,
    verdicts: str | Path | None = None,
    auditor: str = "auditor",
    progress: Progress | None = None,
) -> Audit:
    """What people say of a random sample of a run's labels (docs/method.md), by the verdicts that there are.

    run: the run directory. n: instances to draw, seed: which; those of the last audit where left out, else 50 and 0.
    verdicts: JSON Lines to import first (`satsuma.auditing.importing`); `satsuma audit` asks for them in a terminal.
    auditor: whose verdicts those are that name nobody. progress: is told what could not be used. The result is written
    into run.json and README.md.

    Raises:
        RunError: there is no run or no dataset, or another process is at work on it.
        DataError: the verdicts cannot be read, or are none.
    """
    from satsuma.auditing.importing import take
    from satsuma.auditing.sitting import Wanted, sitting
    from satsuma.progress import Silent

    note = (progress or Silent()).note
    with sitting(run, Wanted(n, seed, auditor), note) as at:
        if verdicts is not None:
            take(at, verdicts, note)
        return at.settle()


def apply_verdicts(
    run: str | Path, how: Literal["relabel", "drop"], out: str | Path, *, progress: Progress | None = None
) -> Run:
    """Copy a run to directory `out` with the verdicts of its audit applied; the run itself stays as it is.

    how: what becomes of labels that were judged wrong; without a right one, `relabel` drops the instance too. What
    people judged differently stays, and is counted in `run.state.applied`.

    Raises:
        RunError: there is no run, nothing was judged, or `out` holds something.
    """
    from satsuma.auditing.applying import apply_verdicts as apply
    from satsuma.progress import Silent

    return apply(run, how, out, (progress or Silent()).note)
