"""The public functions. Each is one thin door to the rooms behind it; importing this module loads none of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

if TYPE_CHECKING:
    from satsuma.checking import CheckReport
    from satsuma.costing import Estimate
    from satsuma.llm.request import Message
    from satsuma.progress import Progress
    from satsuma.run.run import Run
    from satsuma.settings import Options
    from satsuma.task.card import Card

CardRef = "Card | str | Path | Mapping[str, object]"


def generate(
    card: Card | str | Path | Mapping[str, object],
    *,
    n: int,
    model: str,
    out: str | Path | None = None,
    progress: Progress | None = None,
    **options: Unpack[Options],
) -> Run:
    """Generate a dataset of n labelled instances with TarGEN (arXiv 2310.17876).

    card: a built-in card's name, a path, a mapping, or a loaded card. model: PROVIDER/NAME, file:DIR or replay:PATH.
    out: the run directory, `runs/NAME` by default; what it holds of this run is reused. progress: sees every
    change. options: see `satsuma.settings.Settings`.

    Raises:
        SatsumaError: what is wrong and what to do. A `Stopped` (budget, interrupt, waiting, no more ideas) has the
        run so far as
            its `run`; the same call goes on.
    """
    from satsuma.door import enter
    from satsuma.progress import Silent
    from satsuma.session import carry_out
    from satsuma.settings import Settings
    from satsuma.targen.job import generation_job
    from satsuma.task.card import Card
    from satsuma.task.loader import load_card

    loaded = card if isinstance(card, Card) else load_card(card)
    settings = Settings(n=n, model=model, **options).with_models_of(loaded.models)
    job = generation_job(loaded, settings)
    place = Path(out) if out is not None else Path("runs") / loaded.name
    return enter(lambda interrupts: carry_out(job, place, progress or Silent(), interrupts))


def estimate(
    card: Card | str | Path | Mapping[str, object],
    *,
    n: int,
    model: str,
    pilot: int = 0,
    out: str | Path | None = None,
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
    from satsuma.settings import Settings
    from satsuma.task.card import Card
    from satsuma.task.loader import load_card

    if pilot < 0:
        raise SettingsError(f"pilot is {pilot}, but has to be 0 or more", "With 0 nothing is asked.")
    loaded = card if isinstance(card, Card) else load_card(card)
    settings = Settings(n=n, model=model, **options).with_models_of(loaded.models)
    place = Path(out).expanduser() if out is not None else Path("runs") / loaded.name
    wanted = min(pilot, n)
    seen = measured(loaded, settings, place) if wanted else None
    if wanted and (seen is None or seen.accepted < wanted):
        generate(loaded, n=wanted, model=model, out=place, progress=progress, **options)
    return estimate_cost(loaded, settings, place)


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
