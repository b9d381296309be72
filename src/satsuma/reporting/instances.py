"""The instances that a report shows: a sample of each dataset, and where those of a run come from.

The sample is the one that the measurements see (`satsuma.measures.corpus`: the same size and seed), so whatever a
figure or a point of the map speaks of can be looked up. Every text is made safe to look at (`satsuma.run.plain`): a
direction override or a null byte is shown as its escape. Of a run, the provenance is read from its files, for the rows
of the sample alone. Not covered: a key that stands in the dataset itself, which the page shows as the dataset has it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from satsuma.measures.sampling import Sample
from satsuma.reading.example import Example
from satsuma.remote.staging import place_of
from satsuma.run.plain import plain
from satsuma.run.run import Run

if TYPE_CHECKING:
    from satsuma.reading.dataset import Dataset

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an instance of a run comes from, as its provenance says.

    context, seed: what it was grown from. source: the row that it was made of, in words. attributes: name and value.
    asked, corrected: labels. votes, agreement: as in `satsuma.task.instance.Provenance`. reason: the correction's.
    model, corrector: who wrote it and who looked again. requests: keys in the journal.
    """

    context: str = ""
    seed: str = ""
    source: str = ""
    attributes: tuple[tuple[str, str], ...] = ()
    asked: str = ""
    corrected: str = ""
    votes: int = 0
    agreement: float | None = None
    reason: str = ""
    model: str = ""
    corrector: str = ""
    requests: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether self-correction gave another label than was asked for."""
        return bool(self.corrected) and self.asked != self.corrected


@dataclass(frozen=True, slots=True)
class Shown:
    """An instance in a report. dataset: its number. fields: the parts of the input, by column. origin: of runs."""

    dataset: int
    id: str
    label: str | None
    fields: Mapping[str, str] = field(default_factory=dict)
    origin: Origin | None = None


def shown_instances(number: int, dataset: Dataset, size: int, seed: int, only: set[str] | None = None) -> list[Shown]:
    """The sample of a dataset, in order.

    number: of the dataset in the report. size, seed: of the sample. only: ids outside of which nothing is taken.

    Raises:
        DataError: not one row can be used.
        RunError: a run's files cannot be read.
    """
    sample: Sample[Example] = Sample(size, seed)
    for example in dataset.examples():
        sample.add(example)
    examples = [example for example in sample.items() if only is None or example.id in only]
    origins = _origins(place_of(dataset.name), {example.id for example in examples})
    return [_shown(number, example, origins.get(example.id)) for example in examples]


def _shown(number: int, example: Example, origin: Origin | None) -> Shown:
    fields = example.fields or {"text": example.text}
    return Shown(
        dataset=number,
        id=safe(example.id),
        label=None if example.label is None else safe(example.label),
        fields={safe(name): safe(value) for name, value in fields.items()},
        origin=origin or _told(example),
    )


def _told(example: Example) -> Origin | None:
    """What a dataset of satsuma's says by itself, without its run."""
    told = example.lineage
    if told is None:
        return None
    return Origin(
        context=safe(told.context),
        asked=safe(told.asked),
        corrected=safe(told.corrected),
        votes=told.votes,
        agreement=told.agreement,
    )


def safe(text: str) -> str:
    """A text of several lines as it may be shown."""
    return plain(text, keep="\n\t")


def _origins(path: Path, wanted: set[str]) -> dict[str, Origin]:
    if not (path / "run.json").is_file():
        return {}
    run = Run(path)
    files = [run.data_path.with_name(f"{split}.parquet") for split in SPLITS]
    found = (row for file in files if file.is_file() for row in _provenances(file))
    return {identifier: origin_of(told) for identifier, told in found if identifier in wanted}


def _provenances(file: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Identifier and provenance of every row, a group of rows at a time."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(file) as opened:
        for group in range(opened.num_row_groups):
            rows: Sequence[Mapping[str, Any]] = opened.read_row_group(group, columns=["id", "provenance"]).to_pylist()
            yield from ((str(row["id"]), row["provenance"]) for row in rows if row["provenance"])


def origin_of(told: Mapping[str, Any]) -> Origin:
    """A row's provenance; what an older or a newer satsuma does not have is left empty."""
    votes, agreement = told.get("votes"), told.get("agreement")
    return Origin(
        context=safe(_text(told.get("context"))),
        seed=safe(_text(told.get("seed"))),
        source=_source(told.get("source")),
        attributes=tuple(
            (safe(_text(pair["name"])), safe(_text(pair["value"]))) for pair in told.get("attributes") or ()
        ),
        asked=safe(_text(told.get("asked"))),
        corrected=safe(_text(told.get("corrected"))),
        votes=votes if isinstance(votes, int) else 0,
        agreement=float(agreement) if agreement is not None else None,
        reason=safe(_text(told.get("reason"))),
        model=safe(_text(told.get("model"))),
        corrector=safe(_text(told.get("corrector"))),
        requests=tuple(map(str, told.get("requests") or ())),
    )


def _source(told: object) -> str:
    """`squad / plain_text / train, row 17 (cc-by-sa-4.0)`."""
    if not isinstance(told, Mapping):
        return ""
    names = (_text(told.get(name)) for name in ("dataset", "configuration", "split"))
    row = f", row {told['row']}" if told.get("row") is not None else ""
    licence = f" ({told['licence']})" if told.get("licence") else ""
    return safe(" / ".join(name for name in names if name) + row + licence)


def _text(value: object) -> str:
    return "" if value is None else str(value)
