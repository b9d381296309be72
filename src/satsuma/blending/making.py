"""A blend as a run directory: its rows, what was dropped, run.json and the dataset card.

    data/train.parquet   the card's columns; `provenance` is each row's own, with `run`, the source that it is from
    rejects.parquet      every row of a source that is not in the blend, with the reason
    run.json             state complete; `blended` has the sources with their counts and licences

The same sources and the same order of them give the same bytes. A directory that holds this very blend is left as it
is; one that holds anything else is refused. There is no journal: the replies are in those of the sources.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import orjson
import pyarrow as pa

from satsuma.blending.choosing import Chosen, Labels, chosen
from satsuma.blending.order import Order
from satsuma.blending.parts import Part, read_parts
from satsuma.blending.screening import DEMONSTRATION, DUPLICATE, UNUSABLE, Dropped, screened
from satsuma.catalog.licences import licence_of, licence_of_all
from satsuma.errors import RunError
from satsuma.progress import Progress
from satsuma.remote.staging import as_told
from satsuma.run.blended import Blended, BlendSource
from satsuma.run.columns import PROVENANCE, REJECTS, Row, schema
from satsuma.run.directory import RunDirectory
from satsuma.run.identity import begin
from satsuma.run.readme import write_readme
from satsuma.run.run import Run
from satsuma.run.state import Counts, RunState
from satsuma.run.writer import ParquetFile, complete
from satsuma.selecting.selection import reason_class
from satsuma.task.card import Card


def make_blend(order: Order, progress: Progress) -> Run:
    """Blend, and put the result in place.

    Raises:
        SatsumaError: what is wrong with a source, the ratio or the directory, and what to do.
    """
    directory = RunDirectory.create_or_open(order.out)
    card, parts = read_parts(order)
    settings = _settings(order, parts)
    begun = begin(card, settings, {}, n=0, seed=0, lag=0)
    if _is_there(directory, begun):
        return Run(directory.path)
    kept, dropped = screened(card, parts)
    made = chosen(card, order, kept)
    dropped = [*dropped, *made.surplus]
    blended = Blended(
        sources=tuple(_told(at, part, dropped, made) for at, part in enumerate(parts)),
        ratio=order.ratio or (),
        balance=order.balance,
        licence=_licence(parts),
        notes=(*_aside(parts), *made.notes),
    )
    with directory.lock():
        _check_free(directory, begun)
        _write(directory, card, made, dropped)
        state = _state(begun, made, dropped, blended).model_copy(update={"files": directory.hashes()})
        write_readme(directory, card, state)
        directory.save_state(state)
    for note in blended.notes:
        progress.note(note)
    return Run(directory.path)


def _aside(parts: Sequence[Part]) -> Iterator[str]:
    """Which rows are there to measure with, and are not blended."""
    for part in parts:
        if part.aside:
            told = " and ".join(f"{count:,} rows of its {split} split" for split, count in part.aside.items())
            yield f"{part.name}: {told} are set aside to measure with"


def _settings(order: Order, parts: Sequence[Part]) -> dict[str, object]:
    """What decides the data."""
    return {
        "blend": [{"name": part.name, "data": part.data, "licence": part.licence} for part in parts],
        "ratio": list(order.ratio or ()),
        "wanted": order.n,
        "balance": order.balance,
    }


def _is_there(directory: RunDirectory, begun: RunState) -> bool:
    there = directory.load_state()
    if there is None:
        return False
    same = there.fingerprint == begun.fingerprint and there.settings == begun.settings
    if not same or there.blended is None:
        raise RunError(
            f"{directory.path} holds another run of {there.name}", "Choose another directory with -o, or remove it."
        )
    return there.state == "complete" and directory.hashes() == there.files and directory.readme_path.is_file()


def _check_free(directory: RunDirectory, begun: RunState) -> None:
    """Once more under the lock: another process may have been quicker."""
    _is_there(directory, begun)


def _licence(parts: Sequence[Part]) -> str:
    """What the sources' licences ask for. A file's, and one that a card leaves open, ask for nothing that is known."""
    named = [part.licence for part in parts if part.licence not in ("", "other")]
    known = licence_of_all(licence_of(one) or one for one in named)
    return "unknown" if len(named) < len(parts) and not known else known


def _told(at: int, part: Part, dropped: Sequence[Dropped], made: Chosen) -> BlendSource:
    steps = Counter(one.step for one in dropped if one.part == at)
    models = dict.fromkeys(part.state.models.values()) if part.state else {}
    return BlendSource(
        name=part.name,
        path=as_told(part.path),
        kind="run" if part.state else "file",
        state=part.state.state if part.state else "",
        card=part.state.fingerprint if part.state else "",
        licence=part.licence,
        models=tuple(models),
        data=part.data,
        rows=len(part.rows) + len(part.bad),
        unusable=steps[UNUSABLE],
        demonstrations=steps[DEMONSTRATION],
        duplicates=steps[DUPLICATE],
        used=sum(source == at for source, _ in made.rows),
        set_aside=sum(part.aside.values()),
    )


def _state(begun: RunState, made: Chosen, dropped: Sequence[Dropped], blended: Blended) -> RunState:
    rejects: dict[str, Counter[str]] = {}
    for one in dropped:
        rejects.setdefault(one.step, Counter())[reason_class(one.reason)] += 1
    counts = Counts(
        candidates=len(made.rows) + len(dropped),
        accepted=dict(made.accepted),
        share=dict(made.wanted),
        rejects={step: dict(found) for step, found in rejects.items()},
    )
    told = {"state": "complete", "n": len(made.rows), "counts": counts, "blended": blended}
    return begun.model_copy(update=told)


def _write(directory: RunDirectory, card: Card, made: Chosen, dropped: Sequence[Dropped]) -> None:
    with (
        ParquetFile(directory.data_path(), _columns(card)) as data,
        ParquetFile(directory.rejects_path, REJECTS) as rejects,
    ):
        for _, row in made.rows:
            data.add(row)
        labels = Labels(card)
        for index, one in enumerate(dropped):
            rejects.add(_reject(card, labels, one, index))
        complete(data, rejects)


def _columns(card: Card) -> pa.Schema:
    """The card's columns, with a provenance that says which source a row is from."""
    own = schema(card)
    at = own.get_field_index("provenance")
    return own.set(at, pa.field("provenance", pa.struct([*PROVENANCE, pa.field("run", pa.string())])))


def _reject(card: Card, labels: Labels, one: Dropped, index: int) -> Row:
    row = one.row or {}
    fields = {name: row[name] for name in card.columns if name in row}
    origin = row.get("provenance")
    keys = origin.get("requests") if isinstance(origin, dict) else None
    return {
        "id": one.id,
        "index": index,
        "step": one.step,
        "reason": one.reason,
        "asked": labels.of(row) if row else "",
        "fields": orjson.dumps(fields).decode(),
        "raw": "",
        "requests": list(keys or ()),
    }
