"""A run as its user sees it: what is in the directory, opened for reading.

Takes no lock, so that a run can be looked at while it goes on: every file but the journal is replaced whole.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import TYPE_CHECKING

from satsuma.errors import RunError
from satsuma.run.directory import RunDirectory

if TYPE_CHECKING:
    import datasets
    import pyarrow as pa

    from satsuma.run.state import RunState
    from satsuma.run.summary import Summary


class Run:
    """A run's dataset, rejects and record.

    path: the run directory. Opening it reads nothing but run.json.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Open the run at `path`.

        Raises:
            RunError: there is no run, or its run.json cannot be read.
        """
        self._directory = RunDirectory.open(path)
        state = self._directory.load_state()
        if state is None:
            raise RunError(f"{self._directory.path}: its run.json went away", "Run `satsuma generate` again.")
        self.state: RunState = state

    @property
    def path(self) -> Path:
        """The run directory."""
        return self._directory.path

    @property
    def data_path(self) -> Path:
        """The dataset, a Parquet file."""
        return self._directory.data_path()

    @property
    def rejects_path(self) -> Path:
        """What was dropped, a Parquet file."""
        return self._directory.rejects_path

    @property
    def journal_path(self) -> Path:
        """The journal, a SQLite file."""
        return self._directory.journal_path

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits that the dataset has, in order; train alone unless it was curated into more."""
        return tuple(s for s in ("train", "validation", "test") if self._directory.data_path(s).is_file())

    def table(self, split: str = "train") -> pa.Table:
        """The dataset: the card's inputs, its output, `text`, `target`, `id` and `provenance`.

        split: of a run that was curated into several.

        Raises:
            RunError: there is no dataset yet, or it cannot be read.
        """
        return self._read(self._directory.data_path(split))

    def rejects(self) -> pa.Table:
        """What was dropped: `id`, `index`, `step`, `reason`, `asked`, `fields`, `raw` and `requests`.

        Raises:
            RunError: there is nothing yet, or it cannot be read.
        """
        return self._read(self.rejects_path)

    def dataset(self, split: str = "train") -> datasets.Dataset | pa.Table:
        """The dataset as a `datasets.Dataset` where `datasets` is installed, else as `table()`.

        Raises:
            RunError: there is no dataset yet, or it cannot be read.
        """
        table = self.table(split)
        if not _is_installed("datasets"):
            return table
        import datasets

        return datasets.Dataset(table)

    def summary(self) -> Summary:
        """What the command line prints at the end of the run."""
        from satsuma.run.summary import summarize

        return summarize(self.state, self.path)

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r}, {self.state.name}, {self.state.state}, {self.state.size} of {self.state.n})"

    def _read(self, path: Path) -> pa.Table:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            # Not read_table, which would take columns from directory names such as `runs/seed=7`.
            with pq.ParquetFile(path) as file:
                return file.read()
        except FileNotFoundError as error:
            raise RunError(
                f"{self.path} has no {path.name} yet; its state is {self.state.state}",
                "Run the same `satsuma generate` command again to go on.",
            ) from error
        except (OSError, pa.ArrowInvalid) as error:
            raise RunError(
                f"{path} cannot be read: {error}",
                "Run the same `satsuma generate` command again: it is rebuilt from the journal at no cost.",
            ) from error


def _is_installed(package: str) -> bool:
    """True for an installed package, False for a mere folder of that name."""
    spec = importlib.util.find_spec(package)
    return spec is not None and spec.origin is not None
