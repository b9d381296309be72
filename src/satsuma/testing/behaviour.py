"""How the simulated model and its server behave: one frozen object, resolved once."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TypedDict

from satsuma.errors import SettingsError
from satsuma.llm.request import Json
from satsuma.testing import script
from satsuma.testing.faults import Faults, Latency
from satsuma.testing.script import Script, ScriptFunction

ScriptSource = ScriptFunction | Path | str | Mapping[str, Json]


class Options(TypedDict, total=False):
    """The fields of `Behaviour`, for functions that pass them on."""

    seed: int
    latency: Latency
    faults: Faults
    script: ScriptSource | None
    ideas: int
    noise: float
    vote_noise: float
    sway: float
    reply_tokens: tuple[int, int] | None
    reject_response_format: bool
    key: str | None
    models: tuple[str, ...]
    rpm: float | None
    tpm: float | None
    burst: float | None
    rate_headers: bool
    record: bool


@dataclass(frozen=True)
class Behaviour:
    """Everything that can be set.

    seed: what every draw starts from. script: answers of one's own (`satsuma.testing.script`). ideas: the stock of
    ideas of a model that has few; 0 for one without end. noise: share of instances that have another label than was
    asked for. vote_noise: share of corrections that choose another label of the set. sway: share of
    corrections that confirm the label they are shown, if they are shown one, without a look. reply_tokens: lengthen
    every answer to a length from this range. reject_response_format: answer 400 to a body with response_format. key:
    the only API key that is let in (None: any). models: the only names that exist (empty: every name but
    `no-such-model`). rpm, tpm: refuse with 429 what goes over so many requests or tokens a minute; burst: requests
    that may come at once (default rpm). rate_headers: say x-ratelimit-* in every answer, as is done whenever rpm or
    tpm is set. record: keep the bodies of all requests.
    """

    seed: int = 0
    latency: Latency = field(default_factory=Latency)
    faults: Faults = field(default_factory=Faults)
    script: ScriptSource | None = None
    ideas: int = 0
    noise: float = 0.0
    vote_noise: float = 0.0
    sway: float = 0.0
    reply_tokens: tuple[int, int] | None = None
    reject_response_format: bool = False
    key: str | None = None
    models: tuple[str, ...] = ()
    rpm: float | None = None
    tpm: float | None = None
    burst: float | None = None
    rate_headers: bool = False
    record: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be, and read the script.

        Raises:
            SettingsError: a number out of its range. DataError: a script that cannot be used.
        """
        for name in ("noise", "vote_noise", "sway"):
            if not 0 <= getattr(self, name) <= 1:
                raise SettingsError(f"{name} is {getattr(self, name)}", "Give a share from 0 to 1.")
        for name in ("rpm", "tpm", "burst"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise SettingsError(f"{name} is {value}", "Give a number above 0, or leave it out for no limit.")
        if self.ideas < 0:
            raise SettingsError(f"ideas is {self.ideas}", "Give the size of the stock, or 0 for no end of ideas.")
        if self.reply_tokens is not None and not 0 < self.reply_tokens[0] <= self.reply_tokens[1]:
            raise SettingsError(
                f"reply_tokens is {self.reply_tokens}", "Give the fewest and the most, such as (150, 600)."
            )
        _ = self.scripted

    @cached_property
    def scripted(self) -> Script | None:
        """The script, read."""
        return None if self.script is None else script.load(self.script)

    def to_json(self) -> dict[str, Json]:
        """The options that are not the default, for another process.

        Raises:
            SettingsError: the script is a function, which cannot be sent.
        """
        if callable(self.script):
            raise SettingsError(
                "a script that is a function cannot be sent to another process",
                "Write it as a YAML file, or leave out process=True.",
            )
        plain = dataclasses.asdict(self)
        plain["script"] = str(Path(self.script).resolve()) if isinstance(self.script, str | Path) else self.script
        return {k: v for k, v in plain.items() if v != getattr(_DEFAULT, k) or k in {"latency", "faults"}}


_DEFAULT = Behaviour()


def from_json(plain: Mapping[str, Json]) -> Behaviour:
    """What `Behaviour.to_json` wrote.

    Raises:
        SettingsError: an option that there is not.
    """
    known = {f.name for f in dataclasses.fields(Behaviour)}
    if unknown := sorted(plain.keys() - known):
        raise SettingsError(f"no such option: {', '.join(unknown)}", f"There are: {', '.join(sorted(known))}.")
    values: dict[str, object] = dict(plain)
    for name, kind in (("latency", Latency), ("faults", Faults)):
        part = plain.get(name)
        if isinstance(part, dict):
            values[name] = kind(**part)  # type: ignore[arg-type]  # checked in its __post_init__
    for name in ("reply_tokens", "models"):
        part = plain.get(name)
        if isinstance(part, list):
            values[name] = tuple(part)
    return Behaviour(**values)  # type: ignore[arg-type]  # checked by name above and by value in __post_init__
