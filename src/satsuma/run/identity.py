"""Whether a run that is there and a run that is asked for are the same run.

A run's identity is its card (by content) and its decisive settings; how data is got never matters. A run of another
card is never touched. The same card edited, other decisive settings or a smaller n are refused with what differs, and
go on with `--revise`. A larger n simply goes on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from satsuma.errors import RunError
from satsuma.run.placing import neighbour
from satsuma.run.plain import one_line
from satsuma.run.state import RunState, plain_json, versions

if TYPE_CHECKING:
    from satsuma.run.directory import RunDirectory
    from satsuma.task.card import Card

FINGERPRINT_PREFIX = "c1-"
"""Names the algorithm: blake2b, 128 bits, over the card's JSON in its own order (the order of labels counts)."""
_ABSENT = object()
_MODELS = "models"
_SHOWN = 6


def fingerprint(card: Card) -> str:
    """The content hash of a resolved card, over what it says other than the defaults.

    So a later version's new field, left at its default, makes no card another.
    """
    text = json.dumps(card.model_dump(mode="json", exclude_defaults=True), ensure_ascii=True, separators=(",", ":"))
    return FINGERPRINT_PREFIX + hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def differences(previous: RunState, wanted: RunState) -> list[str]:
    """What decides the data and differs, one short text each: `seed: 0 → 7`, `card.task: "Pick …" → "Choose …"`."""
    old, new = previous.settings, wanted.settings
    found = [*_model_changes(_models(old), _models(new)), *_changes("", _others(old), _others(new))]
    if previous.fingerprint != wanted.fingerprint:
        found += list(_changes("card", previous.card, wanted.card)) or ["card: the order of its fields"]
    if previous.lag != wanted.lag:
        found.append(f"lag: {previous.lag} → {wanted.lag}")
    return found


def check_same_run(directory: RunDirectory, previous: RunState, wanted: RunState, *, revise: bool = False) -> None:
    """Let the run that is there go on as `wanted`.

    Raises:
        RunError: it is an audited or curated copy or of another card, or differs in what decides the data or in a
            smaller n and `revise` is not set.
    """
    there = directory.path
    if previous.curated is not None:
        raise RunError(
            f"{there} is a curated copy of {previous.curated.source}; it does not grow",
            f"Grow {previous.curated.source} and curate it again, or choose another directory with -o.",
        )
    if previous.applied is not None:
        raise RunError(
            f"{there} is a copy of {previous.applied.source} to which an audit was applied; it does not grow",
            f"Grow {previous.applied.source} and apply the verdicts again, or choose another directory with -o.",
        )
    if previous.name != wanted.name:
        raise RunError(
            f"{there} holds a run of the card {previous.name}, not of {wanted.name}",
            f"Choose another directory: -o {neighbour(there, wanted.name)}",
        )
    if revise:
        return
    if changed := differences(previous, wanted):
        more = f"; and {len(changed) - _SHOWN} more" if len(changed) > _SHOWN else ""
        raise RunError(
            f"{there} holds a run that differs: {'; '.join(changed[:_SHOWN])}{more}",
            "--revise goes on in it, reusing every reply whose request did not change; -o chooses another directory.",
        )
    if wanted.n < previous.size:
        raise RunError(
            f"{there} holds {previous.size} instances; -n {wanted.n} would remove {previous.size - wanted.n}",
            "--revise removes them (their replies stay in the journal); -o chooses another directory.",
        )


def is_finished(directory: RunDirectory, previous: RunState, wanted: RunState, *, jsonl: bool = False) -> bool:
    """True if the run that is there is the one that is asked for, complete, with every file as it was written."""
    return (
        previous.state == "complete"
        and previous.n == wanted.n == previous.size
        and not differences(previous, wanted)
        and bool(previous.files)
        and (not jsonl or directory.data_path("train", "jsonl").is_file())
        and directory.readme_path.is_file()
        and directory.hashes() == previous.files
    )


def begin(
    card: Card, decisive: Mapping[str, object], operational: Mapping[str, object], *, n: int, seed: int, lag: int
) -> RunState:
    """The state of a run of `card` before its first candidate.

    Raises:
        TypeError: a setting has no form in JSON.
    """
    return RunState(
        name=card.name,
        fingerprint=fingerprint(card),
        card=plain_json(card.model_dump(mode="json")),
        settings=plain_json(decisive),
        operational=plain_json(operational),
        seed=seed,
        lag=lag,
        n=n,
        versions=versions(),
    )


def _model_changes(old: Mapping[str, object], new: Mapping[str, object]) -> Iterator[str]:
    """`model: a → b` and `model for correction: a → b`; a step without a model of its own asks the run's."""
    for step in dict.fromkeys(["", *old, *new]):
        before, after = (models.get(step) or models.get("", "") for models in (old, new))
        if before != after:
            yield f"model{f' for {step}' if step else ''}: {before} → {after}"


def _models(settings: Mapping[str, object]) -> Mapping[str, object]:
    models = settings.get(_MODELS)
    return models if isinstance(models, Mapping) else {}


def _others(settings: Mapping[str, object]) -> dict[str, object]:
    """The settings that are given: one that an older run does not know is like one that was left out."""
    return {name: value for name, value in settings.items() if name != _MODELS and value not in (None, "", [], {})}


def _changes(where: str, old: object, new: object) -> Iterator[str]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in [*old, *(k for k in new if k not in old)]:
            yield from _changes(f"{where}.{key}" if where else str(key), old.get(key, _ABSENT), new.get(key, _ABSENT))
    elif old != new:
        yield f"{where}: {_shown(old)} → {_shown(new)}"


def _shown(value: object) -> str:
    if value is _ABSENT or value is None:
        return "not given"
    return one_line(json.dumps(value, ensure_ascii=False), 40)
