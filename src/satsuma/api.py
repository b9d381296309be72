"""The public functions. Each is one thin door to the rooms behind it; importing this module loads none of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

if TYPE_CHECKING:
    from satsuma.checking import CheckReport
    from satsuma.costing import Estimate
    from satsuma.datatune.options import TransformKeywords
    from satsuma.drafting.job import NewCard
    from satsuma.drafting.order import NewOptions
    from satsuma.llm.request import Message
    from satsuma.measures.analysis import Analysis
    from satsuma.measures.corpus import MeasureOptions
    from satsuma.progress import Progress
    from satsuma.reporting.making import Report
    from satsuma.run.run import Run
    from satsuma.settings import Options, Settings
    from satsuma.targen.focus import Focus
    from satsuma.task.card import Card
    from satsuma.task.texts import Source

CardRef = "Card | str | Path | Mapping[str, object]"


def generate(
    card: Card | str | Path | Mapping[str, object],
    *,
    n: int,
    model: str,
    out: str | Path | None = None,
    seeds: Source | None = None,
    contexts: Source | None = None,
    focus: str | Path | None = None,
    progress: Progress | None = None,
    **options: Unpack[Options],
) -> Run:
    """Generate a dataset of n labelled instances with TarGEN (arXiv 2310.17876).

    card: a built-in card's name, a path, a mapping, or a loaded card. model: PROVIDER/NAME, file:DIR or replay:PATH.
    out: the run directory, `runs/NAME` by default; what it holds of this run is reused. seeds, contexts: texts of your
    own in place of the card's or a model's, or the file that they are in (`satsuma.task.texts`). focus: a student
    whose weak points get more instances (`satsuma.students.weakness`). progress: sees every change. options: see
    `satsuma.settings.Settings`.

    Raises:
        SatsumaError: what is wrong and what to do. A `Stopped` (budget, interrupt, waiting, no more ideas) has the
        run so far as
            its `run`; the same call goes on.
    """
    from satsuma.progress import Silent
    from satsuma.settings import Settings
    from satsuma.targen.parts import share

    shown = progress or Silent()
    loaded = _with_texts(card, seeds, contexts, shown)
    of_part = share(options.get("part", ""), n)
    settings = Settings(n=of_part, model=model, **options).with_models_of(loaded.models)
    _check_left_out(settings, seeds, contexts)
    place = Path(out) if out is not None else Path("runs") / loaded.name
    return _generated(loaded, settings, place, shown, focus)


def _generated(card: Card, settings: Settings, place: Path, progress: Progress, focus: str | Path | None = None) -> Run:
    from satsuma.door import enter
    from satsuma.session import carry_out
    from satsuma.targen.job import generation_job

    job = generation_job(card, settings, _focus(focus, card))
    return enter(lambda interrupts: carry_out(job, place, progress, interrupts))


def _focus(where: str | Path | None, card: Card) -> Focus:
    from satsuma.targen.focus import EVENLY, Focus

    if where is None:
        return EVENLY
    from satsuma.students.weakness import weights_of

    return Focus(**weights_of(where, card))


def _with_texts(
    card: Card | str | Path | Mapping[str, object], seeds: Source | None, contexts: Source | None, progress: Progress
) -> Card:
    """The card, loaded, with the texts that a run is given."""
    from satsuma.remote.urls import FETCHED_BY, NOT_FETCHED, refuse_url
    from satsuma.run.frozen import refuse_frozen
    from satsuma.task.loader import load_card
    from satsuma.task.textfiles import with_texts
    from satsuma.task.texts import split_column

    files = [split_column(str(given))[0] for given in (seeds, contexts) if isinstance(given, str | Path)]
    for file in files:
        refuse_url(file, NOT_FETCHED, FETCHED_BY)
    refuse_frozen(files, "grown into data to train on")
    loaded, told = with_texts(load_card(card), seeds, contexts)
    for note in told:
        progress.note(note)
    return loaded


def _check_left_out(settings: Settings, seeds: Source | None, contexts: Source | None) -> None:
    from satsuma.errors import SettingsError

    for step, given in (("seeds", seeds), ("contexts", contexts)):
        if given is not None and step in settings.without:
            raise SettingsError(f"{step} are given and left out at once", f"Leave out --{step} or --no-{step}.")


def transform(
    card: Card | str | Path | Mapping[str, object],
    *,
    n: int,
    model: str,
    out: str | Path | None = None,
    progress: Progress | None = None,
    **options: Unpack[TransformKeywords],
) -> Run:
    """Make n instances of a task out of the rows of public datasets, with DataTune (arXiv 2404.14361).

    card, n, model, out, progress: as for `generate`. options: `catalog` or `datasets`, and how rows are transformed
    (`satsuma.datatune.options.TransformOptions`); and settings as for `generate`, without those of the correction.

    Raises:
        SatsumaError: what is wrong and what to do. A `Stopped` (no more rows among them) has the run so far as its
            `run`; the same call goes on.
    """
    from satsuma.datatune.doors import fetched, transformed_at
    from satsuma.datatune.job import transformation_job
    from satsuma.datatune.options import split
    from satsuma.door import enter
    from satsuma.progress import Silent
    from satsuma.remote.staging import staging
    from satsuma.session import carry_out
    from satsuma.settings import Settings
    from satsuma.task.loader import load_card

    loaded, shown = load_card(card), progress or Silent()
    place = transformed_at(loaded, out)
    with staging() as here:
        wanted, rest = split(fetched(options, here))
        settings = Settings(n=n, model=model, **rest).with_models_of(loaded.models)
        job = transformation_job(loaded, settings, wanted, shown)
        return enter(lambda interrupts: carry_out(job, place, shown, interrupts))


def estimate(
    card: Card | str | Path | Mapping[str, object],
    *,
    n: int,
    model: str,
    pilot: int = 0,
    out: str | Path | None = None,
    seeds: Source | None = None,
    contexts: Source | None = None,
    progress: Progress | None = None,
    **options: Unpack[Options],
) -> Estimate:
    """Predict what `generate` with the same arguments will cost: requests, tokens, money, time, each with a range.

    pilot: instances to generate first in `out`, and to extrapolate from; they are part of the run and not paid again.
    With 0 nothing is asked: what `out` holds of this run is extrapolated, and without it the prompts are.

    Raises:
        SatsumaError: what is wrong and what to do; of the pilot, as from `generate`.
    """
    from satsuma.costing import estimate_cost
    from satsuma.errors import SettingsError
    from satsuma.pilot import measured
    from satsuma.progress import Silent
    from satsuma.settings import Settings
    from satsuma.targen.parts import share

    if pilot < 0:
        raise SettingsError(f"pilot is {pilot}, but has to be 0 or more", "With 0 nothing is asked.")
    loaded = _with_texts(card, seeds, contexts, progress or Silent())
    n = share(options.get("part", ""), n)
    settings = Settings(n=n, model=model, **options).with_models_of(loaded.models)
    _check_left_out(settings, seeds, contexts)
    place = Path(out).expanduser() if out is not None else Path("runs") / loaded.name
    wanted = min(pilot, n)
    seen = measured(loaded, settings, place) if wanted else None
    if wanted and (seen is None or seen.accepted < wanted):
        _generated(loaded, settings.with_n(wanted), place, progress or Silent())
    return estimate_cost(loaded, settings, place)


def new(
    task: str = "",
    *,
    out: str | Path,
    model: str,
    progress: Progress | None = None,
    **options: Unpack[NewOptions],
) -> NewCard:
    """Draft a task card with a model, and make a few instances with it.

    task: what the task is, in a sentence; may be empty where rows show it. out: the card's file. model, progress: as
    for `generate`. options: where rows come from and how many instances to make (`NewOptions`), and the settings of
    `generate`. The replies are journaled in `runs/new-NAME` unless `run` names another directory. The run has fewer
    instances than were wanted if little is valid that the card asks for (`satsuma.drafting.trial`).

    Raises:
        SettingsError: there is another file at `out`, or nothing to draft a card from.
        DataError: the rows cannot be read, or do not show what is to be found.
        CardError: the model drafted no card that can be used, in three tries.
        SatsumaError: as from `generate`; the same call goes on. The card is in its place once it is drafted.
    """
    from satsuma.door import enter
    from satsuma.drafting.job import NewCard, draft
    from satsuma.drafting.order import order_of, settings_of
    from satsuma.drafting.trial import REQUESTS, most_requests
    from satsuma.errors import BudgetSpent
    from satsuma.progress import Silent
    from satsuma.settings import Settings
    from satsuma.task.loader import load_card

    order, chosen = order_of(task, Path(out), options), settings_of(options)
    shown = progress or Silent()
    enter(lambda interrupts: draft(order, Settings(n=max(1, order.n), model=model, **chosen), shown, interrupts))
    card, run = load_card(order.path), None
    if order.n:
        chosen["revise"] = True  # another draft of the card takes the place of the one before
        if bounded := chosen.get("max_requests") is None:
            chosen["max_requests"] = most_requests(order.run, order.n)
        try:
            run = generate(card, n=order.n, model=model, out=order.run, progress=shown, **chosen)
        except BudgetSpent as spent:
            if not bounded or spent.limit != REQUESTS:
                raise
            run = spent.run
    return NewCard(order.path, card, check(order.path), run)


def check(card: str | Path | Mapping[str, object]) -> CheckReport:
    """Everything that is wrong or weak about a card, with its place."""
    from satsuma.checking import check_card
    from satsuma.targen.samples import sample_prompts as samples

    return check_card(card, samples)


def sample_prompts(card: Card) -> list[tuple[str, tuple[Message, ...]]]:
    """What the card would send: step → messages, with placeholders for what models write.

    Raises:
        CardError: a prompt cannot be rendered.
    """
    from satsuma.targen.samples import sample_prompts as samples

    return samples(card)


def demo(card: str = "copa", *, out: str | Path | None = None, progress: Progress | None = None) -> Run:
    """Run the ordinary pipeline on a recording that comes with the package: no key, no network.

    card: the name of a card that has a recording. out: the run directory, `runs/demo-NAME` by default.

    Raises:
        SettingsError: there is no recording of that card.
    """
    from satsuma.recordings import recording

    found = recording(card)
    # The default place is the demonstration's own: a newer recording may replace what an older one left there.
    place = Path(out) if out is not None else Path("runs") / f"demo-{found.card}"
    return generate(
        found.card,
        n=found.n,
        model=f"replay:{found.journal}",
        out=place,
        progress=progress,
        seed=found.seed,
        revise=out is None,
    )


def analyze(
    dataset: str | Path,
    *,
    against: Sequence[str | Path] = (),
    card: Card | str | Path | None = None,
    text: Sequence[str] = (),
    label: str | None = None,
    split: str | None = None,
    **options: Unpack[MeasureOptions],
) -> Analysis:
    """Measure a dataset: diversity, duplicates, bias, shortcuts, difficulty, correction (docs/measures.md).

    dataset: a run directory, a file or a folder of rows (JSONL, JSON, CSV, Parquet, Arrow), what `save_to_disk` wrote,
    or a BIG-bench task.json; or the URL of one of these, as everywhere. against: datasets to compare it with. card: the
    card that describes the rows; text, label: columns instead. split: of a folder. options: how much is measured, and
    with what (`MeasureOptions`).

    Raises:
        ExtraError: a package of the extra `analyze` is not installed.
        DataError: something is no dataset, has no rows, or lacks a column that was named.
    """
    from satsuma.measures.analysis import analyze_dataset
    from satsuma.measures.corpus import Options
    from satsuma.reading.dataset import Selection
    from satsuma.remote.staging import staging

    selection = Selection(card, tuple(text), label, split)
    with staging() as here:
        return analyze_dataset(here(dataset), tuple(here.each(against)), selection, Options(**options))


def report(
    dataset: str | Path,
    *,
    against: Sequence[str | Path] = (),
    card: Card | str | Path | None = None,
    text: Sequence[str] = (),
    label: str | None = None,
    split: str | None = None,
    **options: Unpack[MeasureOptions],
) -> Report:
    """Measure a dataset and gather its report: `report("runs/copa").save()` writes the page (docs/report.md).

    All arguments: as for `analyze`. Of a run, the report has its instances with their lineage, what was dropped and
    what it cost. `Report` has `save`, `html`, `markdown`, `to_json` and the `analysis`.

    Raises:
        ExtraError: a package of the extra `report` is not installed.
        DataError: something is no dataset, has no rows, or lacks a column that was named.
        RunError: a run cannot be read.
    """
    from satsuma.measures.corpus import Options
    from satsuma.reading.dataset import Selection
    from satsuma.remote.staging import staging
    from satsuma.reporting.making import report_on

    selection = Selection(card, tuple(text), label, split)
    with staging() as here:
        return report_on(here(dataset), tuple(here.each(against)), selection, Options(**options))


def compare(
    one: str | Path,
    other: str | Path,
    *,
    card: Card | str | Path | None = None,
    text: Sequence[str] = (),
    label: str | None = None,
    split: str | None = None,
    **options: Unpack[MeasureOptions],
) -> Report:
    """Put two datasets in one report: both measured and on one map, with the instances of both.

    Arguments and errors: as for `report`.
    """
    from satsuma.measures.corpus import Options
    from satsuma.reading.dataset import Selection
    from satsuma.remote.staging import staging
    from satsuma.reporting.making import comparison_of

    selection = Selection(card, tuple(text), label, split)
    with staging() as here:
        return comparison_of(here(one), here(other), selection, Options(**options))
