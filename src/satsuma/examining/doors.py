"""The public functions `satsuma.score` and `satsuma.rate`. Loading them loads none of the rooms behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from satsuma.settings import AskOptions

if TYPE_CHECKING:
    from satsuma.examining.measuring import Score
    from satsuma.examining.questions import Form
    from satsuma.examining.rating import Rating
    from satsuma.progress import Progress
    from satsuma.settings import Settings
    from satsuma.task.card import Card


class ScoreOptions(AskOptions, total=False):
    """How a model is measured, and how it is asked; temperature: 0 where left out.

    shots: solved examples in each question; 2 for BIG-bench's cards and else none where left out. train: where they are
    from; the card where left out. form: `fields` or `text`; `text` for BIG-bench's cards and else `fields` where left
    out. reason: let the model reason before it answers. split: of a folder.
    """

    shots: int | None
    train: str | Path | None
    form: Form | None
    reason: bool
    split: str | None


class RateOptions(AskOptions, total=False):
    """What is rated, and how a model is asked; temperature: 0 where left out.

    text, label: columns. split: of a folder.
    """

    text: Sequence[str]
    label: str | None
    split: str | None


def score(
    on: str | Path,
    *,
    model: str,
    card: Card | str | Path | Mapping[str, object] | None = None,
    n: int | None = None,
    out: str | Path | None = None,
    progress: Progress | None = None,
    **options: Unpack[ScoreOptions],
) -> Score:
    """Measure a language model on a labelled set, by its card's official metric (docs/score.md).

    on: a run, a frozen benchmark, a file or a folder, also SuperGLUE's and BIG-bench's own files. model: as for
    `generate`. card: of a file. n: instances, a sample that grows; all where left out. out: the directory,
    `scores/SET-MODEL-K-shot` where left out. options: see `ScoreOptions`; examples are never of the measured set.

    Raises:
        SettingsError, CardError, DataError: what is to be measured cannot be.
        RunError: `out` holds another measurement.
        SatsumaError: the asking ended; what there is by then is in `out`, and the same call goes on.
    """
    from satsuma.door import enter
    from satsuma.examining.measuring import Order, measure
    from satsuma.progress import Silent
    from satsuma.remote.staging import staging

    own = {name: options[name] for name in ("shots", "train", "form", "reason", "split") if name in options}
    settings = _settings(model, options)
    with staging() as here:
        own |= {"train": here(own["train"])} if "train" in own else {}
        order = Order(here(on), card, n, out, **own)  # type: ignore[arg-type]  # their values are `ScoreOptions`'
        return enter(lambda interrupts: measure(order, settings, progress or Silent(), interrupts))


def rate(
    on: str | Path,
    *,
    model: str,
    card: Card | str | Path | None = None,
    n: int | None = None,
    out: str | Path | None = None,
    progress: Progress | None = None,
    **options: Unpack[RateOptions],
) -> Rating:
    """Let a language model rate how difficult each instance is, from 1 to 5 (docs/score.md).

    on, card: a dataset, as for `analyze`, which shows the ratings that lie beside it. model, n, progress: as for
    `score`. out: the directory; beside the dataset where left out. options: see `RateOptions`.

    Raises:
        DataError, CardError: the dataset cannot be read.
        RunError: `out` holds other ratings.
        SatsumaError: the asking ended; what there is by then is in `out`, and the same call goes on.
    """
    from satsuma.door import enter
    from satsuma.examining.rating import Order, rated
    from satsuma.progress import Silent
    from satsuma.reading.dataset import Selection
    from satsuma.remote.staging import check_out, staging

    columns = Selection(card, tuple(options.get("text", ())), options.get("label"), options.get("split"))
    settings = _settings(model, options)
    check_out(out, on)
    with staging() as here:
        order = Order(here(on), columns, n, out)
        return enter(lambda interrupts: rated(order, settings, progress or Silent(), interrupts))


def _settings(model: str, options: Mapping[str, object]) -> Settings:
    from satsuma.settings import Settings

    given = {"temperature": 0.0} | {
        name: value for name, value in options.items() if name in AskOptions.__annotations__
    }
    return Settings(n=1, model=model, **given)  # type: ignore[arg-type]  # whose values are those of `AskOptions`
