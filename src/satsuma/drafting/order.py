"""What a card is to be drafted from and where it goes: read and checked before anything is asked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from satsuma.drafting.assembling import clean
from satsuma.drafting.drafts import Wish
from satsuma.drafting.fields import fields_of
from satsuma.drafting.rows import Rows, read_dataset, read_examples
from satsuma.errors import RunError, SettingsError
from satsuma.remote.urls import FETCHED_BY, NOT_FETCHED, refuse_url
from satsuma.run.directory import RunDirectory
from satsuma.settings import Options
from satsuma.task.loader import name_of

SHOWN = 3
"""Instances that are made with a new card unless another number is asked for."""
MOST_SHOWN = 50


class NewOptions(Options, total=False):
    """What `satsuma.new` takes besides the task, the file and the model; and the settings of `satsuma.generate`.

    examples: a file of labelled rows. from_dataset: a file, a folder or a name on the hub. label: which of their
    columns is the output. language: of the instances. n: instances to make with the card. run: the directory of its
    journal and of these instances. force: replace a file that is there.
    """

    examples: str | Path | None
    from_dataset: str | Path | None
    label: str
    language: str
    n: int
    run: str | Path | None
    force: bool


@dataclass(frozen=True, slots=True)
class Order:
    """A card to be drafted.

    source: what its rows are called; empty without rows. path: the card's file. run: the directory of the journal. n:
    instances to make with it.
    """

    wish: Wish
    source: str
    path: Path
    run: Path
    n: int
    force: bool


def order_of(task: str, path: Path, options: NewOptions) -> Order:
    """The order, with the rows read.

    Raises:
        SettingsError: what was asked for contradicts itself, or cannot be a card's file.
        DataError: the rows cannot be read, or do not show what is to be found.
        RunError: the directory holds something else.
    """
    path = _card_path(path)
    n = options.get("n", SHOWN)
    if not 0 <= n <= MOST_SHOWN:
        raise SettingsError(f"n is {n}, but a new card is shown with 0 to {MOST_SHOWN} instances", _MORE)
    name = name_of(path)
    run = Path(options.get("run") or Path("runs") / f"new-{name}").expanduser()
    check_run(run, name, n)
    rows = _rows(options.get("examples"), options.get("from_dataset"))
    task, label = clean(task), options.get("label", "")
    if rows is None and label:
        raise SettingsError("--label names a column, but there are no rows", "Give rows with --examples FILE.")
    if rows is None and not task:
        raise SettingsError(
            "there is nothing to draft a card from", "Say in a sentence what the task is, or give rows with --examples."
        )
    wish = Wish(
        name, task, fields_of(rows, label) if rows else None, rows.about if rows else "", options.get("language", "")
    )
    return Order(wish, rows.name if rows else "", path, run, n, options.get("force", False))


def settings_of(options: NewOptions) -> Options:
    """The settings among the options."""
    # `Options` is total=False: any part of it will do.
    return {name: given for name, given in options.items() if name in Options.__annotations__}  # type: ignore[return-value]


_MORE = "`satsuma generate` makes more."


def check_run(run: Path, name: str, n: int) -> None:
    """Whether a card's journal may be kept in a directory.

    Raises:
        RunError: it holds something else, or a run that is larger than what a new card is shown with.
    """
    state = RunDirectory.create_or_open(run).load_state()
    if state is None:
        return
    hint = "Choose another directory with --run."
    if state.name != name:
        raise RunError(f"{run} holds a run of the card {state.name}, not of {name}", hint)
    if state.n > max(n, MOST_SHOWN):
        raise RunError(f"{run} holds a run of {state.n:,} instances", hint)


def _card_path(path: Path) -> Path:
    path = path.expanduser()
    if path.suffix.lower() not in {".yaml", ".yml"}:
        raise SettingsError(
            f"{path} is not the name of a card", f"A card is a YAML file: {path.name or 'my-task'}.yaml"
        )
    if path.is_dir():
        raise SettingsError(f"{path} is a folder", "Name a file.")
    return path


def _rows(examples: str | Path | None, dataset: str | Path | None) -> Rows | None:
    if examples and dataset:
        raise SettingsError("both examples and a dataset were given", "Give --examples or --from-dataset.")
    if examples:
        refuse_url(examples, NOT_FETCHED, FETCHED_BY)
        return read_examples(Path(examples).expanduser())
    return read_dataset(str(dataset)) if dataset else None
