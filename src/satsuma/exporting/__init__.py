"""A run's dataset in the forms that other programs read: one file per form, and the one list of them here.

A form takes the rows of the dataset, in order, and gives objects; those of `INSTRUCTED` also take how an instance is
put to a model. A new one is one more file and one more line in a list. Whatever the form, it can be written as JSON
Lines, CSV, Parquet, or a folder of `datasets` (`files.py`). A run that was curated into splits is written split by
split, into a folder.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TypeAlias

from satsuma.errors import RunError, SettingsError
from satsuma.exporting.alpaca import as_alpaca
from satsuma.exporting.chat import as_chat
from satsuma.exporting.completion import as_completion
from satsuma.exporting.fields import as_fields
from satsuma.exporting.files import WRITERS, Kind, Object, Objects, save_datasets
from satsuma.exporting.pairs import as_pairs
from satsuma.exporting.sharegpt import as_sharegpt
from satsuma.exporting.superglue import as_superglue
from satsuma.exporting.wording import TEMPLATES, Turns, Wording
from satsuma.run.columns import Row
from satsuma.run.run import Run
from satsuma.task.card import Card
from satsuma.task.loader import load_card

Form: TypeAlias = Callable[[Card, Iterable[Row]], Iterator[Object]]
Instructed: TypeAlias = Callable[[Turns, Iterable[Row]], Iterator[Object]]
FORMS: Mapping[str, Form] = {"fields": as_fields, "pairs": as_pairs, "superglue": as_superglue}
"""Name → form of an instance as it is."""
INSTRUCTED: Mapping[str, Instructed] = {
    "alpaca": as_alpaca, "chat": as_chat, "prompt-completion": as_completion, "sharegpt": as_sharegpt,
}  # fmt: skip
"""Name → form of an instance as it is put to a model."""
_NAMES: Mapping[tuple[str, str], str] = {("superglue", "validation"): "val"}
"""What a form calls a split's file, where that is not the split's name."""
_CHUNK = 1024


def export(
    run: Run | str | os.PathLike[str],
    form: str = "fields",
    out: str | os.PathLike[str] | None = None,
    *,
    kind: Kind = "jsonl",
    instruction: bool = True,
    templates: int = TEMPLATES,
    seed: int = 0,
) -> Path:
    """Write a run's dataset in a form that other programs read.

    Args:
        run: the run, or its directory.
        form: `fields` (the card's fields), `pairs` (text and target), `superglue` (the rows of the SuperGLUE task that
            the card is), `chat` (messages, as TRL and axolotl read them), `prompt-completion` (TRL), `alpaca`
            (LLaMA-Factory, axolotl) or `sharegpt` (LLaMA-Factory).
        out: the file, or the folder if the run has several splits or the kind is `datasets`; `exports/FORM` in the run
            directory where left out. A file that is there is replaced.
        kind: `jsonl`, `csv`, `parquet`, or `datasets` for a folder that `datasets.load_from_disk` reads.
        instruction: whether the last four forms tell the task.
        templates: in how many ways they do, 1 to 4 (`satsuma.exporting.wording`).
        seed: of the draw of each instance's way.

    Returns: the file or the folder.

    Raises:
        SettingsError: there is no such form or kind, or the card's rows cannot have it.
        ExtraError: `datasets` is not installed.
        RunError: there is no dataset yet, it cannot be read, or the result cannot be written.
    """
    if form not in FORMS and form not in INSTRUCTED:
        raise SettingsError(
            f"there is no form {form!r} to export", f"The forms are {', '.join(sorted((*FORMS, *INSTRUCTED)))}."
        )
    if kind not in WRITERS and kind != "datasets":
        raise SettingsError(
            f"there is no kind of file {kind!r}", f"They are {', '.join(sorted(WRITERS))} and datasets."
        )
    opened = run if isinstance(run, Run) else Run(run)
    told = Wording(instruction, templates, seed)
    told.check()
    splits = {split: _objects(opened, split, form, told) for split in opened.splits or ("train",)}
    place = opened.path / "exports" / form
    if kind == "datasets":
        path = Path(out) if out is not None else place
        save_datasets(path, splits)
        return path
    if len(splits) == 1:
        path = Path(out) if out is not None else place.with_name(f"{form}.{kind}")
        WRITERS[kind](path, next(iter(splits.values())))
        return path
    return _write_splits(Path(out) if out is not None else place, splits, form, kind)


def _write_splits(folder: Path, splits: Mapping[str, Objects], form: str, kind: str) -> Path:
    if folder.exists() and not folder.is_dir():
        raise RunError(f"{folder} is a file, but the dataset has several splits", "Name a folder with -o.")
    for split, objects in splits.items():
        WRITERS[kind](folder / f"{_NAMES.get((form, split), split)}.{kind}", objects)
    return folder


def _objects(run: Run, split: str, form: str, wording: Wording) -> Objects:
    """The objects of a split, from the first one each time."""
    card = load_card(run.state.card)
    table = run.table(split)

    def rows() -> Iterator[Row]:
        return (row for batch in table.to_batches(max_chunksize=_CHUNK) for row in batch.to_pylist())

    if form in FORMS:
        return lambda: FORMS[form](card, rows())
    made = partial(INSTRUCTED[form], Turns(card, wording))
    return lambda: made(rows())
