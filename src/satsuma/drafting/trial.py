"""What the instances that show a new card may cost: a card by which little is valid is not tried for ever.

An ordinary run gives up after a thousand candidates, which is much for three instances. So, unless the user sets a
bound, the run may send `FIRST` requests and `EACH` for every instance beyond what was sent in its directory before: a
few times of what it takes. Not covered: making them, which is an ordinary run.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from satsuma.llm.bill import Bill
from satsuma.llm.journal import Journal
from satsuma.run.directory import RunDirectory

FIRST, EACH = 40, 12
"""Requests, besides those for each instance, and for each instance."""
REQUESTS = 2
"""Which limit a `BudgetSpent` names when it is that of requests."""


def most_requests(run: Path, n: int) -> int:
    """The bound for making n instances in a directory that has a journal.

    Raises:
        JournalError: the journal cannot be read.
    """
    with closing(Journal.open(RunDirectory(run).journal_path, readonly=True)) as journal:
        sent = sum(used.attempts for used in Bill(journal).uses())
    return sent + FIRST + EACH * n
