"""The public function of this room; importing it loads nothing heavy."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

if TYPE_CHECKING:
    from satsuma.curation.job import Curation
    from satsuma.curation.options import CurateKeywords
    from satsuma.task.card import Card


def curate(
    dataset: str | Path,
    *,
    out: str | Path | None = None,
    card: Card | str | Path | None = None,
    text: Sequence[str] = (),
    label: str | None = None,
    split: str | None = None,
    **options: Unpack[CurateKeywords],
) -> Curation:
    """Make a new dataset of one that is there: without leaks and duplicates, balanced, split (docs/curation.md).

    dataset, card, text, label, split: as for `analyze`. out: the new directory, `NAME-curated` beside the dataset where
    left out; a run becomes a run, anything else a folder. Where it is a URL, what is returned reads from a copy that is
    gone when the program ends. The dataset itself is never changed. options: the steps
    (`satsuma.curation.options.Options`).

    Raises:
        SettingsError: an option has a value that it cannot have.
        DataError: something is no dataset, lacks a column that was named, or nothing of it would be left.
        ExtraError: a package that a step needs is not installed.
        ClusterError: there is no cluster at the address in `ray`, or a worker of it failed.
        RunError: `out` holds something else, or cannot be written.
    """
    from satsuma.curation.job import curate_dataset
    from satsuma.curation.options import options_of
    from satsuma.reading.dataset import Selection
    from satsuma.remote.staging import check_out, sending, staging

    check_out(out, dataset)
    with staging() as here, sending(out, new=True) as place:
        options["against_eval"] = here.each(options.get("against_eval", ()))
        return curate_dataset(here(dataset), place, Selection(card, tuple(text), label, split), options_of(options))
