"""Rows of a test set that the student has seen.

Rule: an instance is the same if its inputs have the same words in the same order (`satsuma.selecting.rouge.words`:
letter case, punctuation and spaces do not count), and the same options in any order. What a student was trained on is
kept beside it as hashes, early stopping's part among it, so that a test is refused years later and without the data.

Not covered: near-duplicates, which `satsuma analyze --against` counts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from satsuma.errors import DataError
from satsuma.selecting.rouge import words
from satsuma.students.labelled import Labelled

SHOWN = 10
"""Rows that a refusal lists."""


def fingerprint(instance: Labelled) -> str:
    """16 hexadecimal digits over the words of the inputs."""
    parts = [" ".join(words(text)) for text in instance.shown]
    options = sorted(" ".join(words(option)) for option in instance.options)
    return hashlib.blake2b("\x1f".join([*parts, *options]).encode(), digest_size=8).hexdigest()


def overlapping(trained: Mapping[str, str], test: Sequence[Labelled]) -> list[tuple[Labelled, str]]:
    """The test's instances that were trained on, each with the id that it had there. trained: fingerprint → id."""
    found = ((one, trained.get(fingerprint(one))) for one in test)
    return [(one, identifier) for one, identifier in found if identifier is not None]


def refuse_overlap(name: str, found: Sequence[tuple[Labelled, str]], of: int) -> None:
    """Refuse a test set that has rows of the training data.

    Raises:
        DataError: there are some; it lists them.
    """
    if not found:
        return
    rows = "; ".join(f"row {one.id} is training row {trained}" for one, trained in found[:SHOWN])
    more = f"; and {len(found) - SHOWN:,} more" if len(found) > SHOWN else ""
    raise DataError(
        f"{name}: {len(found):,} of {of:,} rows are in the training data: {rows}{more}",
        "Leave them out with --overlap drop, or measure on them all the same with --overlap keep.",
    )
