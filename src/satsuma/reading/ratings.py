"""Ratings of instances that lie beside a dataset: where, which instance each is of, and reading them.

    RUN/ratings/MODEL/             of a run
    gold/_ratings/val.jsonl/MODEL/ of the file or folder gold/val.jsonl; readers of gold pass over the underscore

A rating belongs to an instance by the hash of its text, so that one of an instance that has changed is not counted.
The label is no part of it: the rating does not depend on it, and a corrected label is no reason to rate again.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import orjson

from satsuma.errors import RunError
from satsuma.remote.staging import place_of

DOCUMENT, RATINGS = "rating.json", "ratings.parquet"
LEVELS = (1, 2, 3, 4, 5)
"""From very easy to very hard."""
PREFIX = "r1-"
"""Names the algorithm: blake2b, 128 bits, over the text."""


def content_of(text: str) -> str:
    """The hash of an instance's text."""
    return PREFIX + hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def beside(where: str | Path) -> Path:
    """The folder of the ratings of a dataset."""
    path = place_of(where)
    if (path / "run.json").is_file():
        return path / "ratings"
    place = path if path.name else path.resolve()
    return place.parent / "_ratings" / place.name


def ratings_of(where: str | Path) -> dict[str, dict[str, int]]:
    """Model → content → rating, 1 to 5; empty where there are none.

    Raises:
        RunError: there are ratings that cannot be read.
    """
    found: dict[str, dict[str, int]] = {}
    for document in sorted(beside(where).glob(f"*/{DOCUMENT}")):
        path = document.with_name(RATINGS)
        try:
            model = str(orjson.loads(document.read_bytes())["model"])
            found.setdefault(model, {}).update(_read(path))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RunError(f"{path} cannot be read: {error}", f"Remove {path.parent} and rate again.") from error
    return found


def _read(path: Path) -> dict[str, int]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        table = file.read(columns=["content", "rating"])
    pairs = zip(table.column(0).to_pylist(), table.column(1).to_pylist(), strict=True)
    return {str(content): int(rating) for content, rating in pairs if rating in LEVELS}
