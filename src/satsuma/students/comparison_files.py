"""The Parquet files of a comparison: a row per training, and a row per prediction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from satsuma.students.cells import Cell, Ground
from satsuma.students.evaluating import written

if TYPE_CHECKING:
    import pyarrow as pa

    from satsuma.scoring.official import Item, Metric

_WHICH = ("training", "student", "seed", "size")


def write_results(path: Path, ground: Ground, found: Mapping[Cell, list[Item]], metric: Metric) -> None:
    """training, student, seed, size (instances trained on), instances (of the test), metric, score, parts."""
    import pyarrow as pa

    from satsuma.run.tables import write_table

    part = pa.struct([("name", pa.string()), ("value", pa.float64())])
    schema = pa.schema(
        [
            *_which(),
            ("instances", pa.int64()),
            ("metric", pa.string()),
            ("score", pa.float64()),
            ("parts", pa.list_(part)),
        ]
    )

    def rows() -> Iterator[dict[str, object]]:
        for cell, items in found.items():
            parts = [{"name": name, "value": value} for name, value in metric.values(items).items()]
            told = {"instances": len(items), "metric": metric.name, "score": metric.value(items), "parts": parts}
            yield _told(cell, ground) | told

    write_table(path, schema, rows())


def write_predictions(path: Path, ground: Ground, found: Mapping[Cell, list[Item]]) -> None:
    """training, student, seed, size, id, gold, predicted, right."""
    import pyarrow as pa

    from satsuma.run.tables import write_table

    columns = [("id", pa.string()), ("gold", pa.string()), ("predicted", pa.string()), ("right", pa.bool_())]

    def rows() -> Iterator[dict[str, object]]:
        for cell, items in found.items():
            for one, item in zip(ground.test, items, strict=True):
                yield _told(cell, ground) | {
                    "id": one.id, "gold": written(item.reference), "right": item.prediction == item.reference,
                    "predicted": None if item.prediction is None else written(item.prediction),
                }  # fmt: skip

    write_table(path, pa.schema([*_which(), *columns]), rows())


def _which() -> list[tuple[str, pa.DataType]]:
    import pyarrow as pa

    return [(name, pa.int64() if name in ("seed", "size") else pa.string()) for name in _WHICH]


def _told(cell: Cell, ground: Ground) -> dict[str, object]:
    size = len(ground.sets[cell.training]) if cell.size is None else cell.size
    return {"training": cell.training, "student": cell.student, "seed": cell.seed, "size": size}
