"""`satsuma search`: the datasets of a catalog that fit a task or a text, best first, each with the reason why."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from satsuma.catalog.searching import Hit

Format = Literal["table", "json"]
_DESCRIPTION = 60
"""Characters of a description in the table."""


def command(
    query: Annotated[str, typer.Argument(help="A text, or a task card: its name or its file.", metavar="TEXT|CARD")],
    catalog: Annotated[
        Path,
        typer.Option("--catalog", "-c", help="JSON Lines of dataset cards, or a folder of data files.", metavar="PATH"),
    ],
    k: Annotated[int, typer.Option("--k", "-k", help="How many datasets.", min=1)] = 25,
    format: Annotated[Format, typer.Option("--format", help="How to print them.")] = "table",  # noqa: A002
    by: Annotated[
        Literal["both", "meaning", "words"],
        typer.Option("--by", help="What is compared; words alone need no embedder."),
    ] = "both",
    licence: Annotated[
        Literal["any", "permissive", "share-alike"],
        typer.Option("--licence", "--license", help="Which licences; share-alike includes permissive."),
    ] = "any",
    gated: Annotated[bool, typer.Option("--gated", help="Also datasets that ask for something first.")] = False,
    embedder: Annotated[
        str, typer.Option("--embedder", help="auto, minilm, static, or a sentence-transformers model.", metavar="NAME")
    ] = "auto",
) -> None:
    """Search a catalog of datasets, for a text or for what a task card needs."""
    from satsuma.catalog.filters import Wanted
    from satsuma.catalog.index import NONE
    from satsuma.catalog.opening import open_catalog

    text = _query(query)
    opened = open_catalog(catalog, embedder=NONE if by == "words" else embedder, tell=_tell)
    hits = opened.search(text, k, wanted=Wanted(gated=gated, licence=licence), by=by)
    if format == "json":
        _print_json(hits)
    else:
        _print_table(hits, len(opened))


def _query(given: str) -> str:
    """What a card is for; a text as it stands."""
    from satsuma.task.builtin import builtin_names
    from satsuma.task.loader import load_card

    is_card = given in builtin_names() or given.endswith((".yaml", ".yml"))
    return load_card(given).task if is_card else given


def _tell(done: int, of: int) -> None:
    """How far the embedding is: on a terminal one line that changes, else the beginning only."""
    if sys.stderr.isatty():
        typer.echo(
            f"\rembedding descriptions, once: {done:,} of {of:,}{'' if done < of else chr(10)}", err=True, nl=False
        )
    elif done == 0:
        typer.echo(f"embedding {of:,} descriptions, once", err=True)


def _print_json(hits: Sequence[Hit]) -> None:
    import orjson

    said = [{"name": h.entry.name, "score": h.score, "description": h.entry.description} for h in hits]
    typer.echo(orjson.dumps(said, option=orjson.OPT_INDENT_2).decode())


def _print_table(hits: Sequence[Hit], of: int) -> None:
    from satsuma.cli.screen import line, table
    from satsuma.run.plain import one_line

    rows = [
        [
            str(rank),
            h.entry.name,
            f"{h.score:.3f}",
            h.entry.licence or "?",
            "?" if h.entry.rows is None else f"{h.entry.rows:,}",
            _why(h),
            one_line(h.entry.description, _DESCRIPTION),
        ]
        for rank, h in enumerate(hits, 1)
    ]
    table(["", "dataset", "score", "licence", "rows", "why", "description"], rows)
    line(f"{len(hits):,} of {of:,} datasets")


def _why(hit: Hit) -> str:
    """The part of the score that is meaning, and the words that matched."""
    meaning = f"meaning {hit.meaning:.2f}" if hit.meaning else ""
    words = f"words {', '.join(hit.matched[:4])}" if hit.words and hit.matched else ""
    return " · ".join(part for part in (meaning, words) if part)
