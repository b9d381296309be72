"""run.json: what a run is and where it stands, as one frozen model with a format number.

Everything that decides the data (card, decisive settings, lag) and everything that is asked about it afterwards
(totals, counts, the correction matrix, the files with their hashes). No key ever gets in: every text is redacted on
its way to the disk.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from satsuma.errors import RunError
from satsuma.run.blended import Blended
from satsuma.run.curated import Curated
from satsuma.run.redact import own_secrets, redact
from satsuma.run.transformed import Transformed
from satsuma.run.trust import Applied, Audit, Noise

FORMAT = 1
"""Raised when a field changes its meaning; a newer one is refused."""

StateName = Literal["running", "complete", "budget", "interrupted", "waiting", "exhausted", "stopped", "failed"]
"""`running` is also what a killed run says: it had no chance to say otherwise."""


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Totals(_Frozen):
    """What a run has cost since it was begun, over all its processes.

    requests: answered by a model; recorded: replies from a recording, which cost nothing; replayed: of earlier
    processes, from the journal, used by the last one. tokens: of `requests`. usd: US dollars, None where no price is
    known. seconds: of wall clock while a process was at work. given_up: requests whose tries were exhausted.
    """

    requests: int = 0
    recorded: int = 0
    replayed: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    usd: float | None = None
    seconds: float = 0.0
    given_up: int = 0


class Counts(_Frozen):
    """What came of the candidates.

    candidates: judged. steps: step → questions asked in it. accepted and share: label → instances there and wanted.
    rejects: step → class of reason → how many.
    """

    candidates: int = 0
    steps: dict[str, int] = Field(default_factory=dict)
    accepted: dict[str, int] = Field(default_factory=dict)
    share: dict[str, int] = Field(default_factory=dict)
    rejects: dict[str, dict[str, int]] = Field(default_factory=dict)


class RunState(_Frozen):
    """The contents of run.json.

    card: the resolved card, prompts included; fingerprint: its hash (`satsuma.run.identity.fingerprint`). settings:
    those that decide the data; operational: those that decide how it is got. models: step → model identity, `""`
    for all other steps. matrix: label asked for → label after self-correction → instances. transformed: the
    datasets and plans of a transformation. blended: the sources of a blend. noise: an estimate of the labels that
    are wrong; audit: what people found; curated: that this is a curated copy of another dataset; applied: that this
    is an audited copy of another run. files: path in the directory → sha256.
    """

    format: int = FORMAT
    name: str
    fingerprint: str
    card: dict[str, JsonValue]
    settings: dict[str, JsonValue]
    operational: dict[str, JsonValue] = Field(default_factory=dict)
    seed: int = 0
    lag: int = 0
    models: dict[str, str] = Field(default_factory=dict)
    versions: dict[str, str] = Field(default_factory=dict)
    state: StateName = "running"
    reason: str = ""
    n: int
    totals: Totals = Totals()
    counts: Counts = Counts()
    matrix: dict[str, dict[str, int]] = Field(default_factory=dict)
    transformed: Transformed | None = None
    blended: Blended | None = None
    noise: Noise | None = None
    audit: Audit | None = None
    applied: Applied | None = None
    curated: Curated | None = None
    files: dict[str, str] = Field(default_factory=dict)

    @property
    def size(self) -> int:
        """Instances in the dataset."""
        return sum(self.counts.accepted.values())


def plain_json(value: object) -> dict[str, JsonValue]:
    """A mapping as JSON gives it back: tuples are lists, keys are text.

    Raises:
        TypeError: it holds something that JSON has no form for.
    """
    made: dict[str, JsonValue] = json.loads(json.dumps(dict(value) if isinstance(value, Mapping) else value))
    return made


def versions() -> dict[str, str]:
    """The versions that the bytes of a dataset may depend on."""
    import pyarrow as pa

    from satsuma import __version__

    return {"satsuma": __version__, "python": platform.python_version(), "pyarrow": str(pa.__version__)}


def to_json(state: RunState) -> bytes:
    """The bytes of run.json: indented, redacted, in the order of the model's fields."""
    document = _redacted(state.model_dump(mode="json"), own_secrets())
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode("utf-8", "replace")


def from_json(data: bytes, path: Path) -> RunState:
    """Read run.json.

    Raises:
        RunError: it is not JSON, not a run's, or from a newer version.
    """
    hint = f"If it cannot be restored, move {path.parent} away and start the run again."
    try:
        document = json.loads(data)
    except ValueError as error:
        raise RunError(f"{path} is not valid JSON: {error}", hint) from error
    number = document.get("format") if isinstance(document, dict) else None
    if not isinstance(number, int):
        raise RunError(f"{path} was not written by satsuma: it has no format number", hint)
    if number > FORMAT:
        raise RunError(
            f"{path} has format {number}, but this satsuma knows formats up to {FORMAT}",
            "Use a newer satsuma: pip install -U satsuma",
        )
    try:
        return RunState.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(x) for x in first["loc"])
        raise RunError(f"{path}: {where}: {first['msg']}", hint) from error


def _redacted(value: JsonValue, own: Sequence[str]) -> JsonValue:
    if isinstance(value, str):
        return redact(value, own)
    if isinstance(value, list):
        return [_redacted(v, own) for v in value]
    if isinstance(value, dict):
        return {redact(k, own): _redacted(v, own) for k, v in value.items()}
    return value
