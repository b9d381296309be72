"""What decides a transformation besides the card and the settings that every method has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Literal, get_args

from satsuma.catalog.licences import FILTERS, LicenceFilter
from satsuma.errors import SettingsError
from satsuma.settings import Options, Settings

Execute = Literal["auto", "program", "model"]
WAYS: tuple[Execute, ...] = get_args(Execute)
ROWS = 3000
"""Rows of a dataset that are tried at most; as many as DataTune took of its datasets."""
DATASETS = 4
CANDIDATES = 25
VOTES = 5


class TransformKeywords(Options, total=False):
    """The fields of `TransformOptions` and the settings besides n and model, as keyword arguments."""

    catalog: str | Path
    datasets: tuple[str, ...]
    most: int
    rows: int
    execute: Execute
    licence: LicenceFilter
    gated: bool
    embedder: str
    rerank_votes: int
    balanced: bool


@dataclass(frozen=True, slots=True)
class TransformOptions:
    """Where rows come from and how they are transformed.

    catalog: to search in. datasets: names in it, files, folders or `hf:OWNER/NAME`; with any, nothing is searched for.
    most: datasets that are used. rows: of each that are tried. execute: who carries out a plan; `auto` compares the
    program with the model. licence, gated: which datasets may be used. embedder: of the search. rerank_votes: answers
    of which the majority counts. balanced: the labels have the card's shares, not those of the rows.
    """

    catalog: str = ""
    datasets: tuple[str, ...] = ()
    most: int = DATASETS
    rows: int = ROWS
    execute: Execute = "auto"
    licence: LicenceFilter = "any"
    gated: bool = False
    embedder: str = "auto"
    rerank_votes: int = VOTES
    balanced: bool = False

    def __post_init__(self) -> None:
        """Check what can be checked.

        Raises:
            SettingsError: one of them makes no sense.
        """
        if not self.catalog and not self.datasets:
            raise SettingsError(
                "there is nothing to transform",
                "Name a catalog to search (--catalog PATH; `satsuma catalog build` makes one) or datasets (--dataset).",
            )
        for name in ("most", "rows", "rerank_votes"):
            if getattr(self, name) < 1:
                raise SettingsError(f"{name} is {getattr(self, name)}, but has to be 1 or more", "Leave it out.")
        if self.execute not in WAYS:
            raise SettingsError(f"execute is {self.execute!r}", f"It is one of {', '.join(WAYS)}.")
        if self.licence not in FILTERS:
            raise SettingsError(f"licence is {self.licence!r}", f"It is one of {', '.join(FILTERS)}.")

    def decisive(self) -> Mapping[str, object]:
        """As run.json has them; places are named without the folders that they lie in on this machine."""
        defaults = {each.name: each.default for each in fields(self)}
        given = {name: value for name, value in asdict(self).items() if value != defaults[name]}
        if self.catalog:
            given["catalog"] = Path(self.catalog).name
        if self.datasets:
            given["datasets"] = [_named(each) for each in self.datasets]
        return {"method": "datatune", **given}

    def without_search(self) -> bool:
        """Whether the datasets are given."""
        return bool(self.datasets)


def split(keywords: TransformKeywords) -> tuple[TransformOptions, Options]:
    """The options of a transformation, and the settings that every method has.

    Raises:
        SettingsError: an option makes no sense.
    """
    names = {each.name for each in fields(TransformOptions)}
    own: dict[str, object] = {name: value for name, value in keywords.items() if name in names}
    own["catalog"], own["datasets"] = str(own.get("catalog", "")), tuple(keywords.get("datasets", ()))
    rest = {name: value for name, value in keywords.items() if name not in names}
    # `Options` is total=False: what is left out keeps its default.
    return TransformOptions(**own), rest  # type: ignore[arg-type, return-value]


def check_settings(settings: Settings) -> None:
    """Refuse what belongs to the other method.

    Raises:
        SettingsError: something of TarGEN's is set.
    """
    for name in ("votes", "blind", "policy"):
        if getattr(settings, name) is not None:
            raise SettingsError(f"{name} is set, but a transformation has no correction", f"Leave out --{name}.")
    if settings.part:
        raise SettingsError("a transformation has no parts", "Give each machine datasets of its own: --dataset.")
    if settings.without:
        raise SettingsError(f"the step {settings.without[0]} cannot be left out", "A transformation has none.")


def _named(dataset: str) -> str:
    return dataset if dataset.startswith("hf:") else Path(dataset).name
