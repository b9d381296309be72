"""Everything that satsuma raises on purpose.

One exception type per kind of mistake, all under `SatsumaError`:

    SatsumaError
    ├── CardError        a task card that cannot be used (file, line, field)
    ├── SettingsError    an option or a combination of options that cannot be used
    ├── RunError         a run directory that is in use, holds something else, or cannot be written
    ├── JournalError     a journal that is corrupt or newer than this program
    │   └── NotRecorded      a recording that lacks a reply
    ├── ModelError       a model that cannot be reached or refuses for good (key, name, billing)
    ├── ClusterError     a Ray cluster that cannot be reached, does not match, or lacks what is needed
    ├── DataError        an input file that is not what it was said to be
    ├── SourceError      a source dataset that cannot be read, or that is refused (code of its own, gated)
    ├── HubError         the Hugging Face hub, where it cannot be reached or refuses what is pushed
    ├── ExtraError       a package of an optional extra that is not installed
    └── Stopped          the run ended before n, with everything it has so far in place; itself: too much was given up
        ├── Interrupted      by Ctrl-C or SIGTERM
        ├── BudgetSpent      by --budget, --max-tokens or --max-requests
        ├── Waiting          a model that answers later has questions open
        └── Exhausted        nothing new comes any more

The command line prints `message` and `hint`, never a traceback, and exits with `exit_code`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from satsuma.run.run import Run


class SatsumaError(Exception):
    """A mistake that the reader can repair.

    `message` says what was wrong and where; `hint` says what to do, and may be empty.
    """

    exit_code = 2

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class CardError(SatsumaError):
    """A task card that cannot be used."""


class SettingsError(SatsumaError):
    """An option, or a combination of options, that cannot be used."""


class RunError(SatsumaError):
    """A run directory that is in use, holds something else, or cannot be written."""


class JournalError(SatsumaError):
    """A journal that is corrupt, or from a newer version."""


class NotRecorded(JournalError):
    """A recording lacks a reply. Only the candidate that needs it ends there: it may never be its turn."""


class ModelError(SatsumaError):
    """A model that cannot be reached, or that refuses for good."""


class ClusterError(SatsumaError):
    """A Ray cluster that cannot be reached, is of another version, or lacks what is needed."""


class DataError(SatsumaError):
    """An input file that is not what it was said to be."""


class SourceError(SatsumaError):
    """A source dataset that cannot be read, or that is refused: it needs code of its own, or is gated."""


class HubError(SatsumaError):
    """The Hugging Face hub cannot be reached, or refuses what is pushed to it."""


class ExtraError(SatsumaError):
    """A package of an optional extra that is not installed."""


class Stopped(SatsumaError):
    """The run ended before n; what it has so far is in place and the same command goes on.

    `run` is the run so far, None if nothing has been put in place.
    """

    run: Run | None = None


class Interrupted(Stopped):
    """Ended by Ctrl-C or SIGTERM."""

    exit_code = 130


class BudgetSpent(Stopped):
    """Ended by the budget.

    limit: which: 0 money, 1 tokens, 2 requests. used: of it, in picodollars, tokens or requests.
    """

    exit_code = 3

    def __init__(self, message: str, hint: str = "", *, limit: int = 0, used: int = 0) -> None:
        super().__init__(message, hint)
        self.limit = limit
        self.used = used


class Waiting(Stopped):
    """A model that answers later has questions open."""

    exit_code = 4


class Exhausted(Stopped):
    """The model has no more ideas: nothing valid comes any more."""

    exit_code = 5
