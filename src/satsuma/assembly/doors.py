"""The public function of this room: a thin door; importing it loads nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

if TYPE_CHECKING:
    from satsuma.assembly.building import Built
    from satsuma.assembly.order import BuildKeywords
    from satsuma.progress import Progress
    from satsuma.task.card import Card


def build(
    task: Card | str | Path | Mapping[str, object],
    *,
    n: int,
    model: str,
    out: str | Path | None = None,
    progress: Progress | None = None,
    **options: Unpack[BuildKeywords],
) -> Built:
    """Make a dataset of n instances from public datasets and a model's own, together (docs/build.md).

    task: a card as for `generate`, or a sentence, of which a card is drafted first. out: a directory with `card.yaml`
    (of a sentence), `transformed`, `generated`, `dataset` and `student`; `builds/NAME` where left out. options: as for
    `transform` and `generate`; and share, of the instances that are to come from datasets, and student, whether to
    train one.

    Raises:
        SatsumaError: as from `new`, `transform`, `generate`, `blend` and `train`; the same call goes on.
    """
    from satsuma.assembly.building import build_dataset
    from satsuma.assembly.order import order_of
    from satsuma.progress import Silent

    return build_dataset(order_of(task, n, model, out, options), progress or Silent())
