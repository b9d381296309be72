"""A dataset in the forms that other programs read: one file per form, and the one list of them here.

A form takes the rows of the dataset, in order, and gives objects; those of `INSTRUCTED` also take how an instance is
put to a model. A new one is one more file and one more line in a list. Whatever the form, it can be written as JSON
Lines, CSV, Parquet, or a folder of `datasets` (`files.py`). A dataset of several splits is written split by split,
into a folder. What can be exported: `opening.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypedDict, Unpack

from satsuma.errors import RunError, SettingsError
from satsuma.exporting.alpaca import as_alpaca
from satsuma.exporting.chat import as_chat
from satsuma.exporting.completion import as_completion
from satsuma.exporting.fields import as_fields
from satsuma.exporting.files import WRITERS, Kind, Object, Objects, save_datasets
from satsuma.exporting.opening import Rows, opened
from satsuma.exporting.pairs import as_pairs
from satsuma.exporting.sharegpt import as_sharegpt
from satsuma.exporting.superglue import as_superglue
from satsuma.exporting.wording import Turns, Wording
from satsuma.run.columns import Row
from satsuma.run.run import Run
from satsuma.task.card import Card

if TYPE_CHECKING:
    from satsuma.progress import Progress

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


class WordingOptions(TypedDict, total=False):
    """How the forms of `INSTRUCTED` put an instance to a model; see `Wording`."""

    instruction: bool
    templates: int
    seed: int


def export(
    run: Run | str | Path,
    form: str = "fields",
    out: str | Path | None = None,
    *,
    card: Card | str | Path | Mapping[str, object] | None = None,
    kind: Kind = "jsonl",
    progress: Progress | None = None,
    **wording: Unpack[WordingOptions],
) -> Path:
    """Write a dataset in a form that other programs read.

    Args:
        run: the run, or its directory; or a file or folder of labelled rows, which needs a card.
        form: `fields` (the card's fields), `pairs` (text and target), `superglue` (the rows of the SuperGLUE task that
            the card is), `chat` (messages, as TRL and axolotl read them), `prompt-completion` (TRL), `alpaca`
            (LLaMA-Factory, axolotl) or `sharegpt` (LLaMA-Factory).
        out: the file, or the folder if there are several splits or the kind is `datasets`; where left out
            `exports/FORM` in the run directory, of files `NAME-exports/FORM` beside them. What is there is replaced.
        card: of files; a run brings its own.
        kind: `jsonl`, `csv`, `parquet`, or `datasets` for a folder that `datasets.load_from_disk` reads.
        progress: is told of rows that are left out.
        wording: of the last four forms: instruction, whether they tell the task; templates, in how many ways they do, 1
            to 4 (`satsuma.exporting.wording`); seed, of the draw of each instance's way.

    Returns: the file or the folder; where `out` is a URL, a copy of it that is gone when the program ends.

    Raises:
        SettingsError: there is no such form or kind, the card's rows cannot have it, files have no card, or it is a
            frozen benchmark.
        DataError: files cannot be read, or have no instance of the card.
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
    from satsuma.progress import Silent
    from satsuma.remote.staging import check_out, sending, staging

    told = Wording(**wording)
    told.check()
    if not isinstance(run, Run):
        check_out(out, run)
    with staging() as here, sending(out, new=kind == "datasets") as place:
        data = run if isinstance(run, Run) else here(run)
        found = opened(data, card, (progress or Silent()).note)
        splits = {split: _objects(found.card, rows, form, told) for split, rows in found.splits.items()}
        beside = found.place / (form if kind == "datasets" or len(splits) > 1 else f"{form}.{kind}")
        path = Path(place) if place is not None else beside
        _check_apart(data, path)
        _write(path, splits, form, kind)
        return path


def _write(path: Path, splits: Mapping[str, Objects], form: str, kind: Kind) -> None:
    if kind == "datasets":
        save_datasets(path, splits)
    elif len(splits) == 1:
        WRITERS[kind](path, next(iter(splits.values())))
    else:
        _write_splits(path, splits, form, kind)


def _check_apart(run: Run | str | Path, out: Path) -> None:
    """Refuse to write over files that are read."""
    if isinstance(run, Run) or (Path(run).expanduser() / "run.json").is_file():
        return
    source, wanted = Path(run).expanduser().resolve(), out.expanduser().resolve()
    if source == wanted or source in wanted.parents:
        raise SettingsError(f"{out} is, or lies in, what is exported", "Name another place with -o.")


def _write_splits(folder: Path, splits: Mapping[str, Objects], form: str, kind: str) -> None:
    if folder.exists() and not folder.is_dir():
        raise RunError(f"{folder} is a file, but the dataset has several splits", "Name a folder with -o.")
    for split, objects in splits.items():
        WRITERS[kind](folder / f"{_NAMES.get((form, split), split)}.{kind}", objects)


def _objects(card: Card, rows: Rows, form: str, wording: Wording) -> Objects:
    """The objects of a split, from the first one each time."""
    if form in FORMS:
        return lambda: FORMS[form](card, rows())
    made = partial(INSTRUCTED[form], Turns(card, wording))
    return lambda: made(rows())
