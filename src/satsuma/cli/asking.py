"""The options of commands that ask one model about a dataset that is there: those of `satsuma generate` that fit."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from satsuma.cli.generate import GenerateOptions

if TYPE_CHECKING:
    from satsuma.settings import AskOptions

Option = typer.Option
KEPT = frozenset(
    {"card", "n", "model", "out", "seed", "identity", "base_url", "temperature", "concurrency", "timeout", "tries"}
    | {"rpm", "tpm", "budget", "max_tokens", "max_requests", "price", "retry_failed", "log", "quiet"}
)
"""Options of `satsuma generate` that say how a model is asked."""
OF_A_RUN = tuple(one.name for one in fields(GenerateOptions) if one.name not in KEPT)
"""Those that have no use here."""


@dataclass(frozen=True, slots=True)
class AskingOptions(GenerateOptions):
    """What both `satsuma score` and `satsuma rate` are given."""

    on: Annotated[
        Path,
        typer.Argument(
            help="A run, a frozen benchmark, a file or a folder; SuperGLUE's or BIG-bench's files too.",
            metavar="RUN_OR_FILE",
        ),
    ] = field(kw_only=True)
    card: Annotated[str, Option("--card", help="The card of the rows, where they do not bring their own.")] = ""
    n: Annotated[
        int | None,
        Option("-n", "--n", help="Instances, a sample by --seed; all where left out.", metavar="N"),
    ] = None  # type: ignore[assignment]  # it may be left out here
    out: Annotated[Path | None, Option("-o", "--out", help="Directory of the results.", metavar="DIR")] = None
    seed: Annotated[int | None, Option("--seed", help="Decides the sample and the examples; 0 by default.")] = None
    temperature: Annotated[float | None, Option("--temperature", help="Sampling temperature; 0 by default.")] = None
    split: Annotated[str, Option("--split", help="The split of a folder.", metavar="SPLIT")] = ""

    def asking(self) -> AskOptions:
        """How the model is asked.

        Raises:
            SettingsError: --price cannot be read.
        """
        return cast("AskOptions", self.settings())
