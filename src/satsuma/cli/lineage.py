"""Where an instance came from: its context, its seed, the prompts, the replies, and what self-correction made of it.

The row says which requests led to it, by key; their prompts and raw replies are read from the journal.
"""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING, Any, cast

from satsuma.cli.instances import fields, print_fields, shown
from satsuma.cli.screen import line, named
from satsuma.errors import RunError
from satsuma.run.rows import first_rows, rows_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from satsuma.llm.journal import Entry, Journal
    from satsuma.run.columns import Row
    from satsuma.run.run import Run


def print_lineage(run: Run, identifier: str) -> None:
    """Print everything that led to the instance or the rejects of this id.

    Raises:
        RunError: there is none.
        JournalError: the journal cannot be read.
    """
    files = [run.data_path.with_name(f"{split}.parquet") for split in run.splits]
    accepted = [row for file in files for row in rows_of(file, identifier)]
    rejected = rows_of(run.rejects_path, identifier)
    if not accepted and not rejected:
        known = first_rows(run.data_path, 1) or first_rows(run.rejects_path, 1)
        example = f"An id is written like this: {known[0]['id']!r}. " if known else ""
        raise RunError(
            f"{run.path} has no instance and no reject {identifier!r}", f"{example}`satsuma show` shows some."
        )
    keys: list[str] = []
    for row in accepted:
        keys += _instance(row)
    for row in rejected:
        keys += _reject(row)
    _requests(run, list(dict.fromkeys(keys)))


def _instance(row: Row) -> list[str]:
    origin = cast("dict[str, Any]", row["provenance"])
    line(str(row["id"]))
    _named("from", origin.get("run"))
    _named("made of", _source(origin.get("source")))
    _named("context", origin["context"])
    _named("seed", origin["seed"])
    for pair in origin["attributes"]:
        _named(pair["name"], pair["value"])
    print_fields(row)
    _named("asked for", origin["asked"])
    _named("corrected to", _correction(origin))
    if _says_more(row):
        _named("text", row["text"])
        _named("target", row["target"])
    keys: list[str] = origin["requests"]
    return keys


def _source(source: Mapping[str, Any] | None) -> str:
    """The row that an instance was made of; empty for one that was generated."""
    if source is None:
        return ""
    part = "/".join(str(source[name]) for name in ("configuration", "split") if source[name])
    licence = source["licence"] or "unknown"
    return f"row {source['row']} of {source['dataset']} ({part}; licence: {licence}), by the {source['by']}"


def _says_more(row: Row) -> bool:
    """Whether the pair that a student sees has words that are in none of the fields."""
    text, target = str(row["text"]), str(row["target"])
    known = [name for name, _ in fields(row)]
    for _, value in fields(row):
        known += map(str, value if isinstance(value, list) else [value])
    for words in sorted(known, key=len, reverse=True):
        text, target = text.replace(words, ""), target.replace(words, "")
    return any(c.isalnum() for c in text + target)


def _correction(origin: Mapping[str, Any]) -> str:
    agreement = origin["agreement"]
    share = f" ({agreement:.0%} of {origin['votes']} votes)" if agreement is not None and origin["votes"] > 1 else ""
    reason = f": {origin['reason']}" if origin["reason"] else ""
    return f"{origin['corrected']}{share}{reason}"


def _reject(row: Row) -> list[str]:
    line(f"{row['id']}: dropped in {row['step']}")
    _named("because", row["reason"])
    _named("asked for", row["asked"])
    for name, value in json.loads(str(row["fields"])).items():
        _named(name, shown(value))
    keys = row["requests"]
    return [str(key) for key in keys] if isinstance(keys, list) else []


def _requests(run: Run, keys: list[str]) -> None:
    from satsuma.llm.journal import Journal

    if not keys:
        return
    if run.state.blended is not None:
        line("the prompts and replies are in the journals of the runs that were blended")
        return
    with closing(Journal.open(run.journal_path, readonly=True)) as journal:
        for key in keys:
            line("")
            _request(journal, key)


def _request(journal: Journal, key: str) -> None:
    entry = journal.entry(key)
    if entry is None:
        line(f"── {key}: not in this run's journal")
        return
    line(_heading(entry))
    for message in entry.request.messages:
        line(f"[{message.role}]")
        line(message.content)
    line("[reply]")
    line(entry.reply.error or entry.reply.content)


def _heading(entry: Entry) -> str:
    usage, request = entry.reply.usage, entry.request
    draw = f" draw {request.draw}" if request.draw else ""
    took = f"{usage.input_tokens}+{usage.output_tokens} tokens · {entry.seconds:.1f} s"
    return f"── {request.step}{draw} · {request.path} · {request.model} · {took} · {entry.key}"


def _named(name: object, value: object) -> None:
    if value not in ("", None):
        named(str(name), str(value))
