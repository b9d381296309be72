"""Every setting of a run, resolved once, saved whole into run.json.

Two kinds: those that decide what the data is (a change of one makes it another run) and those that decide only how it
is got.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypedDict, get_args

from satsuma.errors import SettingsError

Policy = Literal["relabel", "drop", "keep"]
STEPS = ("contexts", "seeds", "instance", "correction")
"""The steps of TarGEN; each can have a model of its own."""
TRANSFORM_STEPS = ("retrieval", "rerank", "expand", "columns", "plan", "program", "judge", "execute", "ask")
"""The steps of DataTune; each can have a model of its own."""
OPTIONAL = ("contexts", "seeds", "correction")
"""The steps that can be left out."""
RecipeName = Literal["targen", "self-instruct", "one-prompt"]
RECIPES: tuple[RecipeName, ...] = get_args(RecipeName)
"""How instances are generated: TarGEN's steps, or a baseline that is compared with it (`satsuma.targen.recipes`)."""
TARGEN: RecipeName = "targen"
OPERATIONAL = frozenset(
    {"n", "base_url", "concurrency", "timeout", "tries", "rpm", "tpm", "budget", "max_tokens", "max_requests",
     "price", "revise", "retry_failed", "jsonl", "log", "ray", "ray_replicas", "ray_http", "tensor_parallel"}
)  # fmt: skip
"""Settings that decide how data is got, never what it is."""


class AskOptions(TypedDict, total=False):
    """The settings of everything that asks a model, as keyword arguments; see `Settings`."""

    seed: int
    identity: str
    temperature: float | None
    base_url: str
    concurrency: int
    timeout: float
    tries: int
    rpm: float | None
    tpm: float | None
    budget: float | None
    max_tokens: int | None
    max_requests: int | None
    price: tuple[float, float] | str | None
    retry_failed: bool
    log: str


class Options(AskOptions, total=False):
    """The settings of a run besides n and model, as keyword arguments; see `Settings`."""

    models: Mapping[str, str]
    votes: int | None
    blind: bool | None
    policy: Policy | None
    without: tuple[str, ...]
    recipe: RecipeName
    part: str
    revise: bool
    jsonl: bool
    ray: str
    ray_replicas: int
    ray_http: int
    tensor_parallel: int


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a generation run.

    n: instances wanted. model: PROVIDER/NAME, file:DIR or replay:PATH; models: step → model where a step has its own.
    identity: the name under which answers of `file:` are recorded. votes, blind, policy: of self-correction; None
    takes the card's. without: steps that are left out, of `OPTIONAL`. recipe: of `RECIPES`; the baselines have none of
    these steps. part: `2/8` for the second of eight parts of a
    run that independent machines make (`satsuma.targen.parts`). concurrency: requests in flight at most. timeout:
    seconds without a byte before an attempt is given up. tries: attempts per request. rpm, tpm: requests and tokens per
    minute. budget: US dollars. max_tokens, max_requests: of the whole run. price: US dollars per million tokens, in and
    out, or the path of a file of prices (YAML or JSON: model → [in, out]). revise: go on in a directory that holds
    another run of the same card name. ray: `local`, `auto` or HOST:PORT of a Ray cluster, empty for none; ray_replicas:
    of each model that runs in a process, 0 for as many as there is room for; ray_http: actors that ask a model behind
    an address, 0 for this process (`satsuma.cluster`). tensor_parallel: GPUs that one engine of vLLM is spread over.
    """

    n: int
    model: str
    seed: int = 0
    models: Mapping[str, str] = field(default_factory=dict)
    identity: str = ""
    votes: int | None = None
    blind: bool | None = None
    policy: Policy | None = None
    without: tuple[str, ...] = ()
    recipe: RecipeName = TARGEN
    part: str = ""
    temperature: float | None = 1.0
    base_url: str = ""
    concurrency: int = 256
    timeout: float = 60.0
    tries: int = 6
    rpm: float | None = None
    tpm: float | None = None
    budget: float | None = None
    max_tokens: int | None = None
    max_requests: int | None = None
    price: tuple[float, float] | str | None = None
    revise: bool = False
    retry_failed: bool = False
    jsonl: bool = False
    log: str = ""
    ray: str = ""
    ray_replicas: int = 0
    ray_http: int = 0
    tensor_parallel: int = 1

    def __post_init__(self) -> None:
        if self.n <= 0:
            raise SettingsError(f"n is {self.n}, but has to be 1 or more", "Say how many instances you want: -n 200")
        if not self.model:
            raise SettingsError(
                "no model was named", "Name one with --model PROVIDER/NAME; `satsuma models` lists them."
            )
        self._check_numbers()
        self._check_recipe()
        self._check_left_out()
        self._check_spread()
        for step in self.models:
            if step not in STEPS + TRANSFORM_STEPS:
                raise SettingsError(
                    f"a model is named for the step {step!r}, which there is not",
                    f"The steps are {', '.join(STEPS)}: --model-for correction=openai/gpt-4.1",
                )

    def _check_recipe(self) -> None:
        if self.recipe not in RECIPES:
            raise SettingsError(f"there is no recipe {self.recipe!r}", f"The recipes are {', '.join(RECIPES)}.")
        if self.recipe == TARGEN:
            return
        if self.part:
            raise SettingsError(f"the recipe {self.recipe} has no parts", "Leave out --part.")
        object.__setattr__(self, "without", OPTIONAL)

    def _check_left_out(self) -> None:
        for step in self.without:
            if step not in OPTIONAL:
                raise SettingsError(
                    f"the step {step!r} cannot be left out",
                    f"These can: {', '.join(OPTIONAL)}; every run has the step instance.",
                )
        if "correction" in self.without:
            for name in ("votes", "blind", "policy"):
                if getattr(self, name) is not None:
                    raise SettingsError(
                        f"{name} is given, but the correction is left out", f"Leave out --{name} or --no-correction."
                    )
        object.__setattr__(self, "without", tuple(step for step in OPTIONAL if step in self.without))

    def _check_spread(self) -> None:
        for name in ("ray_replicas", "ray_http"):
            value, option = getattr(self, name), f"--{name.replace('_', '-')}"
            if value < 0:
                raise SettingsError(f"{name} is {value}, but has to be 0 or more")
            if value and not self.ray:
                raise SettingsError(f"{option} is given without --ray", f"Write --ray {option} {value}.")
        if self.tensor_parallel < 1:
            raise SettingsError(f"tensor_parallel is {self.tensor_parallel}, but has to be 1 or more")
        if self.tensor_parallel > 1 and not any(m.startswith("vllm/") for m in (self.model, *self.models.values())):
            raise SettingsError(
                f"tensor_parallel is {self.tensor_parallel}, but no model of this run is vllm/…",
                "Leave out --tensor-parallel; it spreads an engine of vLLM over GPUs.",
            )

    def _check_numbers(self) -> None:
        for name in ("temperature", "timeout", "rpm", "tpm", "budget"):
            value = getattr(self, name)
            if value is not None and not math.isfinite(value):
                raise SettingsError(f"{name} is {value}, but has to be a number")
        for name in ("concurrency", "tries", "timeout"):
            if getattr(self, name) <= 0:
                raise SettingsError(f"{name} is {getattr(self, name)}, but has to be more than 0")
        if self.temperature is not None and self.temperature < 0:
            raise SettingsError(f"temperature is {self.temperature:g}, but has to be 0 or more")
        if self.votes is not None and self.votes < 1:
            raise SettingsError(f"votes is {self.votes}, but has to be 1 or more")

    def with_models_of(self, card: Mapping[str, str]) -> Settings:
        """These settings, with the card's models for steps that were given none; a replay asks only its recording."""
        if self.model.startswith("replay:") or not card:
            return self
        return dataclasses.replace(self, models={**card, **self.models})

    def with_n(self, n: int) -> Settings:
        """These settings, for another number of instances."""
        return dataclasses.replace(self, n=n)

    def operational(self) -> dict[str, object]:
        """The settings that decide only how data is got."""
        return {name: getattr(self, name) for name in sorted(OPERATIONAL)}

    def decisive(self) -> dict[str, object]:
        """The settings that decide what the data is. The recipe is one of them where it is a baseline."""
        found = {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.name not in OPERATIONAL}
        return {name: value for name, value in found.items() if name != "recipe" or value != TARGEN}
