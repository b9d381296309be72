"""A dataset of n instances, from public datasets and from a model: each part a run of its own, then blended.

    card.yaml (of a sentence) → transformed/ → generated/ → dataset/ → student/

At most a share of n is transformed; what datasets do not give, and what the two have in common, is generated. As
duplicates between the parts show only when both are there, generating goes on until the blend has n. Every part is
done as its own command would do it, so that the same build goes on where it was, and each part can be looked at.

A budget is that of the whole: what one part has spent is not there for the next.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from satsuma.assembly.order import OF_CORRECTION, Order
from satsuma.blending.order import Order as BlendOrder
from satsuma.blending.parts import read_parts
from satsuma.blending.screening import screened
from satsuma.errors import BudgetSpent, Exhausted, SettingsError
from satsuma.progress import Progress
from satsuma.run.run import Run
from satsuma.task.card import Card
from satsuma.task.loader import load_card

if TYPE_CHECKING:
    from satsuma.students.student import Student

ROUNDS = 8
"""Times that more is generated for what the parts have in common."""
_LIMITS = {"budget": "usd", "max_requests": "requests", "max_tokens": "tokens"}


@dataclass(frozen=True, slots=True)
class Built:
    """What was built. card: its file where a sentence was given. transformed, generated: None where nothing was."""

    card: Path | None
    transformed: Run | None
    generated: Run | None
    dataset: Run
    student: Student | None


def build_dataset(order: Order, progress: Progress) -> Built:
    """Build what is wanted.

    Raises:
        SatsumaError: as from the parts.
    """
    card, drafted = _card(order, progress)
    if order.student:
        check_student(card)
    transformed = _transformed(order, card, progress)
    generated = _generated(order, card, transformed, progress)
    dataset = _blended(order, card, [run for run in (transformed, generated) if run is not None], progress)
    student = _student(order, dataset, progress) if order.student else None
    return Built(drafted, transformed, generated, dataset, student)


def _card(order: Order, progress: Progress) -> tuple[Card, Path | None]:
    if order.card is not None:
        return order.card, None
    from satsuma.api import new

    place = order.out / "card.yaml"
    if not place.exists():
        order.out.mkdir(parents=True, exist_ok=True)
        settings = _without(order.settings, *OF_CORRECTION, "revise", "jsonl")
        made: Any = {"n": 0, "run": order.out / "drafting", **settings}
        new(order.task, out=place, model=order.model, progress=progress, **made)
        progress.note(f"{place}: look at it; a build of a card that was changed is another build.")
    return load_card(place), place


def _transformed(order: Order, card: Card, progress: Progress) -> Run | None:
    """What datasets give, at most their share; None where nothing is wanted or came of them."""
    wanted = round(order.n * order.share)
    if not wanted:
        return None
    from satsuma.api import transform

    settings: Any = {**_without(order.settings, *OF_CORRECTION), **order.transforming}
    try:
        return transform(
            card, n=wanted, model=order.model, out=order.out / "transformed", progress=progress, **settings
        )
    except Exhausted as ended:
        run = ended.run if isinstance(ended.run, Run) else None
        size = run.state.size if run else 0
        progress.note(f"Datasets give {size:,} of {wanted:,}: {ended.message}. The rest is generated.")
        return run if size else None


def _generated(order: Order, card: Card, transformed: Run | None, progress: Progress) -> Run | None:
    """The rest, and what makes up for rows that both parts have."""
    from satsuma.api import generate

    wanted = order.n - (transformed.state.size if transformed else 0)
    if not wanted:
        return None
    spent = [transformed] if transformed else []
    for _ in range(ROUNDS):
        settings: Any = _left(order.settings, spent)
        run = generate(card, n=wanted, model=order.model, out=order.out / "generated", progress=progress, **settings)
        lacking = order.n - _new(order, card, [*spent, run])
        if lacking <= 0:
            return run
        progress.note(f"{lacking:,} rows repeat what the other part has; generating as many more.")
        wanted += lacking
    raise Exhausted(f"after {ROUNDS} rounds the parts still have rows in common", "What there is, is in their runs.")


def _new(order: Order, card: Card, runs: list[Run]) -> int:
    """How many rows of the runs are new, together."""
    if len(runs) < 2:
        return sum(run.state.size for run in runs)
    kept, _ = screened(card, read_parts(_blend(order, card, runs))[1])
    return sum(map(len, kept))


def _blended(order: Order, card: Card, runs: list[Run], progress: Progress) -> Run:
    """The parts as one dataset; a single part is the dataset as it is."""
    if len(runs) == 1:
        return runs[0]
    from satsuma.blending.making import make_blend

    return make_blend(_blend(order, card, runs), progress)


def _blend(order: Order, card: Card, runs: list[Run]) -> BlendOrder:
    sources = tuple(run.path for run in runs)
    return BlendOrder(sources, order.out / "dataset", n=order.n, as_card=card, partial=True)


def check_student(card: Card) -> None:
    """Check that a student of this card can be trained, before anything is paid for.

    Raises:
        SettingsError: the default student cannot learn such outputs.
        ExtraError: a package that it needs is not installed.
    """
    from satsuma.students.checkpoints import located, needs_torch
    from satsuma.students.settings import MINILM

    if card.output.kind in ("text", "spans"):
        what = "free text" if card.output.kind == "text" else "parts of a text"
        raise SettingsError(
            f"the card {card.name} asks for {what}, which the default student does not learn",
            "Leave out --student" + ("; then: satsuma train DATASET --student MODEL, one that writes."
                                     if card.output.kind == "text" else "."),
        )  # fmt: skip
    needs_torch()
    located(MINILM)


def _student(order: Order, dataset: Run, progress: Progress) -> Student:
    """The student of the dataset as it is: that of a smaller one makes way."""
    from satsuma.students.doors import train

    return train(dataset.path, out=order.out / "student", overwrite=True, progress=progress)


def _without(settings: Mapping[str, object], *names: str) -> dict[str, object]:
    return {name: value for name, value in settings.items() if name not in names}


def _left(settings: Mapping[str, object], runs: list[Run]) -> dict[str, object]:
    """The settings, with what the limits leave after other runs.

    Raises:
        BudgetSpent: nothing is left.
    """
    left = dict(settings)
    for name, of in _LIMITS.items():
        limit = settings.get(name)
        if not isinstance(limit, int | float) or not runs:
            continue
        used = sum(_used(run, of) for run in runs)
        if used >= limit:
            raise _spent(name, runs[-1])
        left[name] = limit - used
    return left


def _used(run: Run, of: str) -> float:
    totals = run.state.totals
    if of == "usd":
        return totals.usd or 0.0
    return totals.requests if of == "requests" else totals.input_tokens + totals.output_tokens


def _spent(name: str, run: Run) -> BudgetSpent:
    spent = BudgetSpent(f"nothing of {name} is left for generating", f"A larger --{name.replace('_', '-')} goes on.")
    spent.run = run
    return spent
