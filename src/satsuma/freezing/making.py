"""From an audited run to a frozen benchmark.

What counts is what people said: an instance is taken if somebody judged it and all who did said that its label is
right. Disputed, wrong and skipped ones are left out. Of these, n are drawn by the rules of an audit's sample
(`satsuma.auditing.sample`): stratified by label, by chance of the seed. Provenance stays behind: a benchmark's rows are
the card's columns, the verbalized pair, the id in the run, and the canary.

The directory is made under a hidden name and put in place whole, its files read-only. No time, no path and no name of
a machine goes into it, so that the same run gives the same hash. Not covered: whether the instances are in a model's
training data already.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from satsuma.auditing.figures import judgements, rightness
from satsuma.auditing.population import Population, rows_of, stratum_of
from satsuma.auditing.sample import drawn
from satsuma.auditing.sitting import Note, Sitting, Wanted, sitting
from satsuma.errors import RunError, SettingsError
from satsuma.freezing.page import readme
from satsuma.remote.urls import MADE_HERE, refuse_url
from satsuma.run.atomic import write_atomically, writing
from satsuma.run.columns import Row, schema
from satsuma.run.frozen import ABOUT, CARD, COLUMN, DATA, MARK, README, SUMS, benchmark_hash, is_frozen, sums_of
from satsuma.run.lock import LOCK_NAME
from satsuma.run.placing import beside, check_replaceable
from satsuma.run.tables import write_table

if TYPE_CHECKING:
    from satsuma.task.card import Card


class About(BaseModel):
    """What a frozen benchmark says of itself, in its file FROZEN.

    instances, labels: how many, by label. judged, right, wrong, disputed: of the run's instances, by its audit.
    auditors: who judged. unaudited: nobody judged what is in it. source: the sha256 of the run's dataset.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    canary: str
    instances: int
    labels: dict[str, int]
    judged: int
    right: int
    wrong: int
    disputed: int
    auditors: tuple[str, ...]
    unaudited: bool
    seed: int
    models: dict[str, str] = Field(default_factory=dict)
    source: str
    satsuma: str


@dataclass(frozen=True, slots=True)
class Frozen:
    """A frozen benchmark. hash: the sha256 of its SHA256SUMS."""

    path: Path
    hash: str
    about: About


def make(run: str | Path, out: Path, n: int | None, seed: int, note: Note, *, unaudited: bool) -> Frozen:
    """Freeze a run's audited instances in directory `out`.

    Raises:
        RunError: there is no run, it was not audited, there are fewer than n, or `out` holds something else.
        SettingsError: n is less than 1.
    """
    if n is not None and n < 1:
        raise SettingsError(f"n is {n}, but has to be 1 or more", "Leave -n out for all that were judged right.")
    refuse_url(out, MADE_HERE, "Name a directory on this machine, and copy it from there.")
    place = out.expanduser()
    _check_free(place)
    with sitting(run, Wanted(), note) as at:
        chosen = _chosen(at, n, seed, unaudited=unaudited)
        if at.state.state != "complete":
            note(f"{run} is not complete: the benchmark is made of the {at.state.size:,} instances that there are.")
        if unaudited:
            note("NOT AUDITED: nobody judged the labels of this benchmark. It says so in its README and in FROZEN.")
        with beside(place) as part:
            about = _fill(part, at, chosen, seed)
            _put_in_place(part, place, note)
    return Frozen(place, benchmark_hash(place), about)


@dataclass(frozen=True, slots=True)
class _Chosen:
    """ids: of the instances, in the order of the dataset. counts: judged, right, wrong, disputed, in the run."""

    ids: tuple[str, ...]
    counts: Mapping[str, int]
    auditors: tuple[str, ...]
    unaudited: bool


def _chosen(at: Sitting, n: int | None, seed: int, *, unaudited: bool) -> _Chosen:
    standing = at.standing()
    there = set(at.population.ids)
    said = {one: found for own in standing.values() for one in own if one in there
            if (found := judgements(standing, one))}  # fmt: skip
    shares = {one: rightness(found) for one, found in said.items()}
    counts = Counter("right" if share == 1 else "wrong" if share == 0 else "disputed" for share in shares.values())
    if not said and not unaudited:
        raise RunError(
            f"{at.directory.path} was not audited: nobody judged its labels",
            f"First: satsuma audit {at.directory.path} -n 200. With --unaudited a benchmark is made all the same.",
        )
    fit = at.population.ids if unaudited else tuple(one for one in at.population.ids if shares.get(one) == 1)
    if not fit or (n is not None and n > len(fit)):
        not_so_many = f", not {n:,}" if n is not None else ""
        if unaudited:
            raise RunError(
                f"{at.directory.path} has {len(fit):,} instances{not_so_many}", "Leave -n out for all of them."
            )
        raise RunError(
            f"people judged {len(fit):,} instances right{not_so_many}",
            f"Audit more of them: satsuma audit {at.directory.path} -n {2 * (n or 50)}",
        )
    ids = _drawn(at.population, fit, n, seed)
    total = {"judged": len(said), **{name: counts[name] for name in ("right", "wrong", "disputed")}}
    return _Chosen(ids, total, tuple(sorted(standing)), unaudited)


def _drawn(population: Population, fit: Sequence[str], n: int | None, seed: int) -> tuple[str, ...]:
    """N of those that fit, stratified, in the order of the dataset."""
    if n is None:
        return tuple(fit)
    stratum = dict(zip(population.ids, population.strata, strict=True))
    among = Population(tuple(fit), tuple(stratum[one] for one in fit), population.names)
    taken = set(drawn(among, n, seed))
    return tuple(one for one in fit if one in taken)


def _fill(part: Path, at: Sitting, chosen: _Chosen, seed: int) -> About:
    """Write all files of the benchmark."""
    from satsuma import __version__

    card = at.card
    found = rows_of(at.directory.data_path(), chosen.ids)
    kept = [name for name in schema(card).names if name != "provenance"]
    rows = [{name: found[one][name] for name in kept} for one in chosen.ids]
    labels = Counter(stratum_of(card, at.naming.output, row[card.output.name]) for row in rows)
    about = About(
        name=card.name, canary=_canary(card.name, rows), instances=len(rows),
        labels={name: labels[name] for name in dict.fromkeys((*at.naming.output.weights(), *labels)) if labels[name]},
        **chosen.counts, auditors=() if chosen.unaudited else chosen.auditors, unaudited=chosen.unaudited, seed=seed,
        models=dict(at.state.models), source=at.data, satsuma=__version__,
    )  # fmt: skip
    _write_rows(part / DATA, card, kept, rows, about.canary)
    with writing(part):
        _write(part / CARD, _card_text(card, at.state.card))
        _write(part / ABOUT, about.model_dump_json(indent=2) + "\n")
        _write(part / README, readme(card, about))
        _write(part / SUMS, sums_of(part))
    return about


def _canary(name: str, rows: Sequence[Row]) -> str:
    """The same for the same instances, and found nowhere else."""
    import orjson

    digest = sha256(orjson.dumps([name, *rows], option=orjson.OPT_SORT_KEYS)).digest()
    return f"{MARK}{uuid.UUID(bytes=digest[:16], version=5)}"


def _write_rows(path: Path, card: Card, kept: Sequence[str], rows: Sequence[Row], canary: str) -> None:
    import pyarrow as pa

    columns = pa.schema([*(field for field in schema(card) if field.name in kept), (COLUMN, pa.string())])
    write_table(path, columns, ({**row, COLUMN: canary} for row in rows))


def _card_text(card: Card, data: Mapping[str, object]) -> str:
    import yaml

    return yaml.safe_dump({"name": card.name, **data}, allow_unicode=True, sort_keys=False, width=120)


def _write(path: Path, text: str) -> None:
    write_atomically(path, text.encode())


def _check_free(place: Path) -> None:
    """Refuse a place that can never hold the benchmark; one that holds a benchmark may hold this one."""
    if _is_benchmark(place):
        return
    if place.is_symlink() or (place.exists() and (not place.is_dir() or any(place.iterdir()))):
        raise RunError(f"{place} is there already, and is no frozen benchmark", "Name another directory with -o.")
    check_replaceable(place)


def _is_benchmark(place: Path) -> bool:
    return (place / SUMS).is_file() and is_frozen(place)


def _put_in_place(part: Path, place: Path, note: Note) -> None:
    if _is_benchmark(place):
        if (place / SUMS).read_bytes() == (part / SUMS).read_bytes():
            note(f"{place} is this benchmark already: there is nothing to do.")
            return
        raise RunError(f"{place} holds another frozen benchmark", "A benchmark never changes: name another place.")
    _check_free(place)
    with writing(place):
        for path in part.rglob("*"):
            if path.is_file() and path.name != LOCK_NAME:
                path.chmod(0o444)
        (part / LOCK_NAME).unlink(missing_ok=True)
        part.replace(place)
