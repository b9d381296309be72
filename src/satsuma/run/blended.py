"""What a blend was made of, as run.json tells it.

Not covered: how its rows were chosen (`satsuma.blending`).
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class BlendSource(_Frozen):
    """One source of a blend.

    name: what ids and `provenance.run` call it. path: as the user named it. kind, state: of a run, where it stood.
    card: the card that it was made with. licence: of its rows; empty where nobody says. models: that wrote them. data:
    the sha256 of its dataset. rows: it has to train on; unusable, demonstrations, duplicates: of these, dropped; used:
    that are in the blend. set_aside: rows of its validation and test splits, which are in no blend.
    """

    name: str
    path: str
    kind: Literal["run", "file"]
    state: str = ""
    card: str = ""
    licence: str = ""
    models: tuple[str, ...] = ()
    data: str = ""
    rows: int = 0
    unusable: int = 0
    demonstrations: int = 0
    duplicates: int = 0
    used: int = 0
    set_aside: int = 0


class Blended(_Frozen):
    """What the rows of a blend are from.

    ratio: of the sources, in their order; empty where all rows were taken. balance: whose shares the labels were to
    have. licence: what the sources' licences ask the result's to be; empty where they ask for attribution alone. notes:
    what could not be had, in words.
    """

    sources: tuple[BlendSource, ...]
    ratio: tuple[int, ...] = ()
    balance: Literal["card", "even", "none"] = "card"
    licence: str = ""
    notes: tuple[str, ...] = ()
