"""The public functions `satsuma.freeze` and `satsuma.check_frozen`. Loading them loads nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from satsuma.freezing.making import Frozen
    from satsuma.progress import Progress


def freeze(
    run: str | Path,
    *,
    out: str | Path,
    n: int | None = None,
    seed: int = 0,
    unaudited: bool = False,
    progress: Progress | None = None,
) -> Frozen:
    """Make a benchmark of instances that people judged right (docs/score.md).

    run: an audited run. out: the benchmark's directory. n: instances, drawn label by label in proportion; all that were
    judged right where left out. seed: which. unaudited: take instances that nobody judged, and say so in the benchmark.
    The same run, n and seed give the same bytes; a benchmark that is there already is left as it is.

    Raises:
        RunError: there is no run, it was not audited, fewer than n were judged right, or `out` holds something else.
        SettingsError: n is less than 1.
    """
    from satsuma.freezing.making import make
    from satsuma.progress import Silent

    return make(run, Path(out), n, seed, (progress or Silent()).note, unaudited=unaudited)


def check_frozen(place: str | Path, *, expected: str = "") -> str:
    """The hash of a frozen benchmark that is as it was frozen. expected: the hash that it has to have.

    Raises:
        RunError: it is none, or a file was changed, taken away or added, or the hash is another one.
    """
    from satsuma.errors import RunError
    from satsuma.run.frozen import benchmark_hash, differing

    told = differing(place)
    if told:
        more = f" and {len(told) - 3} more" if len(told) > 3 else ""
        raise RunError(f"{place} is not as it was frozen: {'; '.join(told[:3])}{more}", "Get it from where it is from.")
    found = benchmark_hash(place)
    if expected and found != expected.strip().lower():
        raise RunError(
            f"{place} is another benchmark: its hash is {found}, not {expected}", "Get it from where it is from."
        )
    return found
