"""A run's dataset in the forms that other programs read: one file per form, and the one list of them here.

A form takes the rows of the dataset, in order, and gives the objects of a JSON Lines file. A new one is one more file
and one more line in `FORMS`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

import orjson

from satsuma.errors import SettingsError
from satsuma.exporting.fields import as_fields
from satsuma.exporting.pairs import as_pairs
from satsuma.exporting.superglue import as_superglue
from satsuma.run.atomic import part_of, put_in_place, writing
from satsuma.run.columns import Row
from satsuma.run.run import Run
from satsuma.task.card import Card
from satsuma.task.loader import load_card

Object: TypeAlias = Mapping[str, object]
Form: TypeAlias = Callable[[Card, Iterable[Row]], Iterator[Object]]
FORMS: Mapping[str, Form] = {"fields": as_fields, "pairs": as_pairs, "superglue": as_superglue}
"""Name → form."""
_CHUNK = 1024


def export(run: Run | str | os.PathLike[str], form: str, out: str | os.PathLike[str] | None = None) -> Path:
    """Write a run's dataset in a form, as JSON Lines in UTF-8.

    Args:
        run: the run, or its directory.
        form: `superglue` (the rows of the SuperGLUE task that the card is), `pairs` (text and target) or `fields`
            (the card's fields alone).
        out: the file; `exports/FORM.jsonl` in the run directory where left out. A file that is there is replaced.

    Returns: the file.

    Raises:
        SettingsError: there is no such form, or the card's rows cannot have it.
        RunError: there is no dataset yet, or it cannot be read.
    """
    if form not in FORMS:
        raise SettingsError(f"there is no form {form!r} to export", f"The forms are {', '.join(FORMS)}.")
    opened = run if isinstance(run, Run) else Run(run)
    card = load_card(opened.state.card)
    path = Path(out) if out is not None else opened.path / "exports" / f"{form}.jsonl"
    rows = (row for batch in opened.table().to_batches(max_chunksize=_CHUNK) for row in batch.to_pylist())
    _write(path, FORMS[form](card, rows))
    return path


def _write(path: Path, objects: Iterator[Object]) -> None:
    part = part_of(path)
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with part.open("wb") as file:
                file.writelines(orjson.dumps(one, option=orjson.OPT_APPEND_NEWLINE) for one in objects)
            put_in_place(part, path)
        finally:
            part.unlink(missing_ok=True)
