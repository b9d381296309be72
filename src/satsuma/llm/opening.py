"""From a run's settings to the models it asks: which identities, and how each is reached.

Four ways to name a model: `PROVIDER/NAME` is asked over the wire (`models.py`), `batch:PROVIDER/NAME` is the same model
by the provider's batch API (`batch.py`), `file:DIR` answers later (`exchange.py`), `replay:PATH` answers from a
recording and takes over the identities in it (`replay.py`).
`--base-url` is the address of the run's model, and of a step's own model only if that is of the same provider: a key
goes to the provider that it is for.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from satsuma.errors import JournalError, SettingsError
from satsuma.llm.batch_notes import Origin
from satsuma.llm.batch_opening import BATCH
from satsuma.llm.bill import Bill, Used, spent_for
from satsuma.llm.budget import Budget
from satsuma.llm.eventlog import EventLog
from satsuma.llm.exchange import FileExchange
from satsuma.llm.http import checked_url
from satsuma.llm.lane import Lane
from satsuma.llm.limits import Limiter
from satsuma.llm.models import LISTED, find, open_model, provider_of
from satsuma.llm.parking import Motion, Parking
from satsuma.llm.prices import PICO, Prices
from satsuma.llm.provider import FailureKind
from satsuma.llm.replay import Replay, recorded_models
from satsuma.llm.retry import RetryPolicy
from satsuma.llm.routes import Later, Recorded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from satsuma.llm.journal import Journal
    from satsuma.llm.limits import Log
    from satsuma.llm.provider import Provider
    from satsuma.llm.request import Usage
    from satsuma.llm.routes import ModelTotals, Route
    from satsuma.settings import Settings

FILE, REPLAY = "file:", "replay:"
"""What the names of models that are not asked over the wire begin with."""
FIRST_CONCURRENCY = 32
"""Requests in flight at first."""


def identities(settings: Settings) -> dict[str, str]:
    """The identities of the models that a run asks: step, or "" for all others → identity.

    Opens nothing but a recording.

    Raises:
        SettingsError: a model's name or the base URL cannot be used.
        ModelError: there is no such provider.
        JournalError: a recording cannot be read, or does not say which models it was made of.
    """
    if settings.base_url:
        checked_url(settings.base_url)
    return {step: _identity(step, model, settings) for step, model in _named(settings).items()}


def _named(settings: Settings) -> dict[str, str]:
    """Step, or "" for all others → model as it is named; a recording names every step that it recorded."""
    named = {"": settings.model, **settings.models}
    if settings.model.startswith(REPLAY):
        return {**dict.fromkeys(_recorded(settings.model), settings.model), **named}
    return named


def _identity(step: str, model: str, settings: Settings) -> str:
    if model.startswith(FILE):
        return settings.identity or "file"
    if model.startswith(REPLAY):
        recorded = _recorded(model)
        return recorded.get(step) or recorded[""]
    name = model.removeprefix(BATCH)
    find(name, base_url=_base_url(name, settings))
    return name


def _base_url(model: str, settings: Settings) -> str:
    """The address of a model: the run's, if it is of the same provider."""
    own = provider_of(model) == provider_of(settings.model.removeprefix(BATCH))
    return settings.base_url if own else ""


def _recorded(model: str) -> Mapping[str, str]:
    """The identities in a recording."""
    path = _path(model, REPLAY)
    recorded = recorded_models(path)
    if "" not in recorded:
        raise JournalError(f"the recording {path} does not say which model it was made of", "Record it again.")
    return recorded


def _path(model: str, scheme: str) -> Path:
    path = model.removeprefix(scheme)
    if not path:
        raise SettingsError(f"the model {model!r} names no path", f"Write {scheme}PATH.")
    return Path(path).expanduser()


class Opening:
    """Opens the models of one run; they share a budget, a motion and a log.

    note: takes lines for people. log: takes events; by default they go to the file that the settings name. policy: how
    requests are tried again; by default as often as the settings say.

    Raises:
        SettingsError: a setting cannot be used.
    """

    def __init__(
        self,
        settings: Settings,
        journal: Journal,
        note: Callable[[str], None] | None = None,
        log: Log | None = None,
        policy: RetryPolicy | None = None,
    ) -> None:
        self.motion = Motion()
        self._prices = Prices(settings.price, free=_replayed(settings))
        self._settings = settings
        self._journal = journal
        self._note = note
        self._file = EventLog(Path(settings.log)) if log is None and settings.log else None
        self._log = log or self._file
        self._policy = policy or RetryPolicy(tries=settings.tries)
        named = (settings.model, *settings.models.values())
        self._batched = frozenset(m.removeprefix(BATCH) for m in named if m.startswith(BATCH))
        self._bill = Bill(journal)
        # Without a budget in money nothing has to be known of money until the end.
        price_of = self._prices.at_hand if settings.budget is None else self._prices
        before = self._bill.uses()
        self._before = spent_for(before, price_of)
        self._all_known = all(price_of(used.model) is not None for used in before)
        self._budget = Budget(
            usd=settings.budget, tokens=settings.max_tokens, requests=settings.max_requests,
            spent=self._before, price_of=lambda model: self._prices(self._priced(model)), lost=self._lose,
        )  # fmt: skip

    def routes(self, steps: Mapping[str, str]) -> dict[str, Route]:
        """How each identity is reached. steps: as from `identities`.

        Raises:
            ModelError: there is no such provider, or its key is missing.
            SettingsError: one identity for two models.
        """
        named = _named(self._settings)
        self._budget.require_prices(sorted(set(steps.values())))
        made: dict[str, tuple[str, Route]] = {}
        for step, identity in steps.items():
            model = named[step]
            if identity not in made:
                made[identity] = (model, self._route(model))
            elif made[identity][0] != model:
                raise SettingsError(
                    f"{made[identity][0]} and {model} would both be recorded as {identity}", "Name one of them."
                )
        return {identity: route for identity, (_, route) in made.items()}

    def usd(self, models: Mapping[str, ModelTotals]) -> float | None:
        """What the run has cost so far, earlier processes included; None where that takes a look into the price table.

        models: what each did in this process.
        """
        uses = [Used(self._priced(identity), done.attempts, done.usage) for identity, done in models.items()]
        if not self._all_known or any(self._prices.at_hand(used.model) is None for used in uses):
            return None
        return (self._before.picodollars + spent_for(uses, self._prices.at_hand).picodollars) / PICO

    def left(self) -> float | None:
        """What is left of the budget, in parts of what is spent of it; None without one."""
        return self._budget.left()

    def cost(self) -> float | None:
        """What the run has cost by its journal, in US dollars; None if a price is unknown. Loads the price table."""
        return self._bill.usd(self._prices)

    def close(self) -> None:
        """Let go of the log, and keep what came to no reply."""
        self._bill.close()
        if self._file is not None:
            self._file.close()

    def _lose(self, identity: str, attempts: int, used: Usage) -> None:
        self._bill.lose(self._priced(identity), attempts, used)

    def _priced(self, identity: str) -> str:
        """The model as it is billed in this process."""
        return f"{BATCH}{identity}" if identity in self._batched else identity

    def _route(self, model: str) -> Route:
        if model.startswith(REPLAY):
            return Recorded(Replay(_path(model, REPLAY)))
        if model.startswith(FILE):
            exchange = FileExchange(
                _path(model, FILE), note=self._note, known=lambda key: self._journal.get(key) is not None
            )
            return Later(Parking(exchange, self.motion), exchange.close)
        return self._batches(model.removeprefix(BATCH)) if model.startswith(BATCH) else self._lane(model)

    def _batches(self, model: str) -> Route:
        from satsuma.llm.batch import Batched, BatchModel
        from satsuma.llm.batch_book import Means
        from satsuma.llm.batch_opening import open_batches

        base_url = _base_url(model, self._settings)
        api = open_batches(model, base_url=base_url, timeout=self._settings.timeout, note=self._note)
        means = Means(
            self._journal, self._budget, policy=self._policy, note=self._note, log=self._log,
            advice=_advice(model, base_url),
        )  # fmt: skip
        return Batched(BatchModel(api, Origin(model, base_url), means), self.motion)

    def _lane(self, model: str) -> Lane:
        s, base_url = self._settings, _base_url(model, self._settings)
        provider = self._provider(model, base_url)
        limiter = Limiter(
            ceiling=s.concurrency, start=min(FIRST_CONCURRENCY, s.concurrency), rpm=s.rpm, tpm=s.tpm, log=self._log
        )
        return Lane(
            model, provider, limiter, self._budget, self.motion,
            policy=self._policy, advice=_advice(model, base_url), log=self._log,
        )  # fmt: skip

    def _provider(self, model: str, base_url: str) -> Provider:
        """The model in this process, behind its address, or on Ray."""
        s = self._settings
        if s.ray:
            from satsuma.cluster.opening import open_on_ray

            if (placed := open_on_ray(model, base_url, s, self._note)) is not None:
                return placed
        return open_model(
            model, base_url=base_url, timeout=s.timeout, concurrency=s.concurrency,
            tensor_parallel=s.tensor_parallel, note=self._note,
        )  # fmt: skip


def _replayed(settings: Settings) -> set[str]:
    """The identities that are answered from a recording, which costs nothing."""
    return {_identity(step, model, settings) for step, model in _named(settings).items() if model.startswith(REPLAY)}


def _advice(model: str, base_url: str) -> dict[FailureKind, str]:
    """What to do when this model refuses for good."""
    kind, name = find(model, base_url=base_url)
    url = base_url or kind.address()
    where = f" at {url}" if url else ""
    slash = "" if url.rstrip("/").endswith(("/v1", "/openai")) else ", and the address, which often ends in /v1"
    return {
        FailureKind.AUTH: f"Check the key in {kind.variable() or ' or '.join(kind.variables)}. {LISTED}",
        FailureKind.NOT_FOUND: f"Check the name {name!r}{where}{slash}.",
    }
