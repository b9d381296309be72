"""A dataset opened for reading: its columns, its rows by index, and an order of chance to read them in.

    with open_source(Place("data/e_care")) as source:
        for index in source.order(seed=7):
            row = source.row(index)

Opening reads every row once, in the order of its files, into a spool on disk (`spool.py`), so that any row is at hand
in microseconds whatever the format, the memory stays that of one batch, and what is wrong with a file is known before
it is used. A row has every column (null where the source has none) except the dropped ones. At most `ROWS` rows and
`BYTES` bytes are read; the notes say so.

Licence and the gated flag are not in the files: they come from the catalog's entry, and a gated dataset is opened
only where its user says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from satsuma.errors import SourceError
from satsuma.sources.arrowrows import read_arrow, read_parquet
from satsuma.sources.delimited import read_csv, read_tsv
from satsuma.sources.jsonrows import read_json, read_jsonl
from satsuma.sources.order import Order
from satsuma.sources.places import CODE, Format, choose, parts
from satsuma.sources.rows import BadRow, Record, Report, Row
from satsuma.sources.schema import Column, Schema
from satsuma.sources.spool import Spool

ROWS = 1_000_000
"""Rows of a dataset that are read."""
BYTES = 2 << 30
"""Bytes of rows that are read, as JSON."""
READERS: dict[Format, Callable[[Path, Report], Iterator[Record]]] = {
    "parquet": read_parquet, "arrow": read_arrow, "jsonl": read_jsonl, "json": read_json, "csv": read_csv,
    "tsv": read_tsv,
}  # fmt: skip
HUB = "hf:"
"""What the name of a repository of the Hugging Face hub begins with."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a dataset lies, as a catalog says it.

    where: a file, a folder, `hf:OWNER/NAME` or `hf:OWNER/NAME@REVISION`. configuration, split: None takes the first
    (train before others). files: of a folder, those that belong to the dataset; empty: all. licence: as its card names
    it. gated: its owner gives it only to who asks. needs_code: its rows come out of a program of its own.
    """

    where: str
    configuration: str | None = None
    split: str | None = None
    files: tuple[str, ...] = ()
    licence: str = ""
    gated: bool = False
    needs_code: bool = False


class Source:
    """The rows of one split of one configuration. Its methods may be called from several threads.

    place: where they lie, with what was chosen: the configuration, the split, on the hub the revision.
    """

    def __init__(self, place: Place, columns: tuple[Column, ...], spool: Spool, report: Report) -> None:
        self.place = place
        self.columns = columns
        self.dropped: dict[str, str] = dict(report.dropped)
        self.notes: tuple[str, ...] = tuple(report.notes)
        self._spool = spool
        self._names = dict.fromkeys(column.name for column in columns)

    def __len__(self) -> int:
        """All rows, those that cannot be used among them."""
        return len(self._spool)

    def row(self, index: int) -> Row | BadRow:
        """A row, or why it cannot be used.

        Raises:
            IndexError: there is no such row.
        """
        record = self._spool[index]
        if isinstance(record, BadRow):
            return record
        return {name: record.get(name) for name in self._names}

    def good(self, index: int) -> Row | None:
        """A row, or None if it cannot be used."""
        record = self.row(index)
        return None if isinstance(record, BadRow) else record

    def order(self, seed: int) -> Order:
        """All indices in an order of chance, always the same one for a seed."""
        return Order(len(self), seed)

    def sample(self, seed: int, count: int) -> list[tuple[int, Row]]:
        """The first rows in this order that can be used, with their indices."""
        found: list[tuple[int, Row]] = []
        for index in self.order(seed):
            if len(found) >= count:
                break
            row = self.good(index)
            if row is not None:
                found.append((index, row))
        return found

    def close(self) -> None:
        """Give the disk back."""
        self._spool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_source(place: Place, *, gated: bool = False, rows: int = ROWS) -> Source:
    """Open a dataset; it takes as long as reading it once.

    gated: open it even if it is gated. rows: how many are read at most.

    Raises:
        SourceError: it cannot be read, has no row that can be used, needs code, or is gated.
        ExtraError: it is on the hub and `datasets` is not installed.
    """
    if place.gated and not gated:
        raise SourceError(
            f"{place.where} is gated: its owner gives it only to who has agreed to its terms",
            "agree on its page, log in, and ask for gated datasets",
        )
    if place.needs_code:
        raise SourceError(f"{place.where} is refused: {CODE}")
    report = Report()
    if place.where.startswith(HUB):
        chosen, records = _on_hub(place, report)
    else:
        chosen, records = _on_disk(place, report)
    spool = Spool()
    try:
        return _read(chosen, records, spool, report, rows)
    except BaseException:
        spool.close()
        raise


def _on_disk(place: Place, report: Report) -> tuple[Place, Iterator[Record]]:
    part = choose(parts(Path(place.where), place.files), place.configuration, place.split)
    chosen = replace(place, configuration=part.configuration, split=part.split)
    return chosen, _chained(part.format, part.files, report)


def _on_hub(place: Place, report: Report) -> tuple[Place, Iterator[Record]]:
    from satsuma.sources.hub import read_hub

    rows = read_hub(place.where.removeprefix(HUB), place.configuration, place.split, report)
    where = f"{HUB}{rows.name}"
    return replace(place, where=where, configuration=rows.configuration, split=rows.split), rows.records


def _chained(kind: Format, files: tuple[Path, ...], report: Report) -> Iterator[Record]:
    for path in files:
        yield from READERS[kind](path, report)


def _read(place: Place, records: Iterator[Record], spool: Spool, report: Report, rows: int) -> Source:
    schema = Schema(report)
    bad: BadRow | None = None
    good = 0
    for record in records:
        if len(spool) >= rows or spool.size >= BYTES:
            report.notes.append(f"only its first {len(spool):,} rows are used")
            break
        if isinstance(record, BadRow):
            bad = bad or record
            spool.add(record)
            continue
        try:
            spool.add(record)
        except TypeError as error:
            spool.add(BadRow(f"row {len(spool)}", f"it is not data: {error}"))
            continue
        schema.look(record)
        good += 1
    if not good:
        why = f"; {bad.where}: {bad.reason}" if bad else ""
        left_out = ", ".join(f"{name} ({reason})" for name, reason in report.dropped.items())
        raise SourceError(f"{place.where} has no row that can be used{why}", left_out and f"left out: {left_out}")
    spool.flush()
    return Source(place, schema.columns(), spool, report)
