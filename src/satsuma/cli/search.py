"""`satsuma search`: the datasets of a catalog that fit a task or a text, best first, each with the reason why.

Without a model the order is the search's; with one, it is that of `satsuma transform`, which would use those.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from satsuma.cli.asking import OF_A_RUN
from satsuma.cli.generate import GenerateOptions
from satsuma.cli.options import Gated, Licence, place, with_options

if TYPE_CHECKING:
    from satsuma.catalog.searching import Hit
    from satsuma.datatune.finding import Found

Option = typer.Option
Format = Literal["table", "json"]
_DESCRIPTION = 60
"""Characters of a description or a reason in the table."""


@dataclass(frozen=True, slots=True)
class SearchOptions(GenerateOptions):
    """The command line of `satsuma search`."""

    card: Annotated[str, typer.Argument(help="A text, or a task card: its name or its file.", metavar="TEXT|CARD")]
    n: int = 1
    catalog: Annotated[
        str,
        Option(
            "--catalog",
            "-c",
            help="JSON Lines of dataset cards, or a folder of data files.",
            metavar="PATH",
            parser=place,
        ),
    ] = field(kw_only=True)
    model: Annotated[
        str,
        Option("--model", "-m", help="Widens the query and chooses, as in `satsuma transform CARD`; a name as there."),
    ] = ""
    k: Annotated[int, Option("--k", "-k", help="How many datasets, without a model.", min=1)] = 25
    form: Annotated[Format, Option("--format", help="How to print them.")] = "table"
    by: Annotated[
        Literal["both", "meaning", "words"],
        Option("--by", help="What is compared; words alone need no embedder."),
    ] = "both"
    licence: Licence = "any"
    gated: Gated = False
    embedder: Annotated[
        str, Option("--embedder", help="auto, minilm, static, or a sentence-transformers model.", metavar="NAME")
    ] = "auto"
    most: Annotated[int, Option("--most", help="With a model: datasets that would be used.", min=1)] = 4
    rerank_votes: Annotated[
        int, Option("--rerank-votes", help="With a model: answers of which the majority counts.", min=1)
    ] = 5


@with_options(SearchOptions, without={*OF_A_RUN, "n"})
def command(options: SearchOptions) -> None:
    """Search a catalog of datasets, for a text or for what a task card needs."""
    if options.model:
        found = _shortlisted(options)
        if options.form == "json":
            _print_shortlist_json(found)
        elif not options.quiet:
            _print_shortlist(found)
        return
    from satsuma.catalog.filters import Wanted
    from satsuma.datatune.doors import found_in

    wanted = Wanted(gated=options.gated, licence=options.licence)
    hits, of = found_in(
        options.card, options.catalog, options.k, wanted, by=options.by, embedder=options.embedder, tell=_tell
    )
    if options.form == "json":
        _print_json(hits)
    else:
        _print_table(hits, of)


def _shortlisted(options: SearchOptions) -> Found:
    from satsuma.cli.progress import shown
    from satsuma.datatune.doors import shortlist

    with shown(quiet=options.quiet) as progress:
        return shortlist(
            options.card, model=options.model, out=options.out, progress=progress, catalog=options.catalog,
            licence=options.licence, gated=options.gated, embedder=options.embedder, most=options.most,
            rerank_votes=options.rerank_votes, **options.settings(),
        )  # fmt: skip


def _tell(done: int, of: int) -> None:
    """How far the embedding is: on a terminal one line that changes, else the beginning only."""
    if sys.stderr.isatty():
        typer.echo(
            f"\rembedding descriptions, once: {done:,} of {of:,}{'' if done < of else chr(10)}", err=True, nl=False
        )
    elif done == 0:
        typer.echo(f"embedding {of:,} descriptions, once", err=True)


def _print_json(hits: Sequence[Hit]) -> None:
    _dump([{"name": h.entry.name, "score": h.score, "description": h.entry.description} for h in hits])


def _print_shortlist_json(found: Found) -> None:
    _dump(
        [
            {"name": one.entry.name, "votes": one.votes, "reason": one.reason, "description": one.entry.description}
            for one in found.chosen
        ]
    )


def _dump(said: object) -> None:
    import orjson

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


def _print_shortlist(found: Found) -> None:
    from satsuma.cli.screen import line, table

    rows = [
        [
            str(rank),
            one.entry.name,
            str(one.votes),
            one.entry.licence or "?",
            "?" if one.entry.rows is None else f"{one.entry.rows:,}",
        ]
        for rank, one in enumerate(found.chosen, 1)
    ]
    if rows:
        table(["", "dataset", "votes", "licence", "rows"], rows)
    for one in found.chosen:
        line(f"{one.entry.name}: {one.reason}")
    if not rows:
        line(f"none would be used: {found.none} votes that none fits, {found.discarded} that do not count")
    chosen = {one.entry.name for one in found.chosen}
    if others := [name for name in found.candidates if name not in chosen]:
        line(f"found and not used: {', '.join(others)}")


def _why(hit: Hit) -> str:
    """The part of the score that is meaning, and the words that matched."""
    meaning = f"meaning {hit.meaning:.2f}" if hit.meaning else ""
    words = f"words {', '.join(hit.matched[:4])}" if hit.words and hit.matched else ""
    return " · ".join(part for part in (meaning, words) if part)
