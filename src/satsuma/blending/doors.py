"""The public function of this room: a thin door; importing it loads nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from satsuma.progress import Progress
    from satsuma.run.run import Run
    from satsuma.task.card import Card


def blend(
    *sources: str | Path,
    out: str | Path,
    ratio: str | Sequence[int] | None = None,
    n: int | None = None,
    balance: Literal["card", "even", "none"] = "card",
    as_card: Card | str | Path | None = None,
    partial: bool = False,
    progress: Progress | None = None,
) -> Run:
    """Make one dataset of several runs, or labelled files, of one card (docs/blend.md).

    sources: run directories, or files with the card's columns; of rows that repeat each other the first is kept. out:
    the directory; where it is a URL, the run that is returned reads from a copy that is gone when the program ends.
    ratio: `2:1`, of the sources; all rows where left out. n: instances, the most that the ratio allows where left out.
    balance: whose shares the labels have. as_card: the card of all, where theirs differ or none is a run. partial: take
    runs that are not complete.

    Raises:
        SettingsError: the ratio, n or another argument cannot be had.
        RunError: runs are not complete or of different cards, or `out` holds something else.
        DataError: a source has no row that can be used, or lacks a column.
    """
    from satsuma.blending.making import make_blend
    from satsuma.blending.order import Order, ratio_of
    from satsuma.progress import Silent
    from satsuma.remote.staging import sending, staging

    weighed = None if ratio is None else ratio_of(ratio)
    with staging() as here, sending(out, new=True) as place:
        paths = tuple(Path(source) for source in here.each(sources))
        return make_blend(Order(paths, Path(place), weighed, n, balance, as_card, partial), progress or Silent())
