"""What a model costs, by its identity, without asking anybody.

The rule, first that knows: the user's price file for this model; the user's `--price IN,OUT`; nothing for what runs on
the user's own machine; the table that the package genai-prices carries. `batch:` costs half. A model that none of them
knows has no price, and a budget in money refuses it.

Prices are bounds: of a price that changes with the time of day the dearest of the next 24 hours counts, and what is
read from a cache counts like any other input. Amounts are whole picodollars (10⁻¹² USD; a price of 1 USD per million
tokens is 1,000,000 picodollars a token), so that sums of millions of requests are exact.

genai-prices is asked with its bundled table only: importing it starts nothing, and its updater, which would use the
network, is never called. The import takes a fifth of a second, so that what can be known without it is asked without.

Not covered: discounts of an account, cached input, batches of providers that give no discount, and units other than
tokens and requests (images, searches).
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from satsuma.errors import SettingsError
from satsuma.llm.batch_opening import BATCH

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, ModelPrice, TieredPrices

PICO = 10**12
"""Picodollars in a dollar."""
LOCAL = frozenset({"file", "hf", "llamacpp", "local", "ollama", "replay", "vllm", "vllm-server"})
"""Providers that cost nothing: they run on the user's machine, or are people."""
ALIASES = {"gemini": "google", "xai": "x-ai", "bedrock": "aws", "vertex": "google", "zhipu": "zhipuai"}
"""Our names of providers that genai-prices calls otherwise."""
BATCH_DISCOUNT = Decimal("0.5")
HINT = "Write it as US dollars per million tokens, in and out: --price 0.40,1.60, or name a file of prices"


@dataclass(frozen=True, slots=True)
class Rate:
    """US dollars per million tokens, in and out, for requests with more than `above` input tokens."""

    input: Decimal
    output: Decimal
    above: int = 0


@dataclass(frozen=True, slots=True)
class Price:
    """What a model costs.

    input_per_million, output_per_million: US dollars. longer: other rates for long inputs, by rising `above`.
    per_request: US dollars for each request besides.
    """

    input_per_million: Decimal
    output_per_million: Decimal
    longer: tuple[Rate, ...] = ()
    per_request: Decimal = Decimal(0)

    def cost(self, input_tokens: int, output_tokens: int, requests: int = 1) -> int:
        """What exactly so many tokens cost, in picodollars; of several requests, each with its share of them."""
        into, out = self.input_per_million, self.output_per_million
        for rate in self.longer:
            if input_tokens > rate.above * requests:
                into, out = rate.input, rate.output
        return self._pico(into, out, input_tokens, output_tokens, requests)

    def bound(self, input_tokens: int, output_tokens: int) -> int:
        """What a request with at most so many tokens costs at most, in picodollars."""
        most = self._pico(self.input_per_million, self.output_per_million, input_tokens, output_tokens)
        for rate in self.longer:
            if input_tokens > rate.above:
                most = max(most, self._pico(rate.input, rate.output, input_tokens, output_tokens))
        return most

    def times(self, factor: Decimal) -> Price:
        """The price multiplied."""
        return Price(
            self.input_per_million * factor,
            self.output_per_million * factor,
            tuple(replace(rate, input=rate.input * factor, output=rate.output * factor) for rate in self.longer),
            self.per_request * factor,
        )

    def _pico(self, into: Decimal, out: Decimal, input_tokens: int, output_tokens: int, requests: int = 1) -> int:
        fee = math.ceil(self.per_request * PICO) * requests if self.per_request else 0
        return _pico_per_token(into) * input_tokens + _pico_per_token(out) * output_tokens + fee


_OPENROUTER_FREE = re.compile("openrouter/.+:free")
FREE = Price(Decimal(0), Decimal(0))


class Prices:
    """The prices of a run's models, each looked up once.

    given: what `Settings.price` says, two numbers or the path of a price file. free: identities that cost nothing.

    Raises:
        SettingsError: a price that cannot be one, or a file that cannot be read.
    """

    def __init__(self, given: tuple[float, float] | str | None, free: Collection[str] = ()) -> None:
        self._table = read_prices(Path(given).expanduser()) if isinstance(given, str) else {}
        self._table |= dict.fromkeys(free, FREE)
        self._pair = None if isinstance(given, str) else given
        if self._pair is not None:
            make_price(*self._pair)  # one that cannot be a price is refused now
        self._known: dict[str, Price | None] = {}

    def __call__(self, model: str) -> Price | None:
        """The price of a model by its identity, None if nobody knows it."""
        if model not in self._known:
            self._known[model] = price(model, self._pair, self._table)
        return self._known[model]

    def at_hand(self, model: str) -> Price | None:
        """The same, None also if genai-prices would have to be loaded for it."""
        return self._known[model] if model in self._known else _own(model, self._pair, self._table)


def price(
    model: str, override: tuple[float, float] | None = None, table: Mapping[str, Price] | None = None
) -> Price | None:
    """The price of a model, None if nobody knows it.

    model: its identity (`openai/gpt-4.1-mini`, `batch:openai/gpt-4.1-mini`). override: `--price`, US dollars per
    million tokens, in and out. table: a price file.

    Raises:
        SettingsError: the override is not two numbers of 0 or more.
    """
    if model.startswith(BATCH) and model not in (table or {}):
        whole = price(model.removeprefix(BATCH), override, table)
        return whole and whole.times(BATCH_DISCOUNT)
    own = _own(model, override, table or {})
    return own if own is not None else _look_up(model.removeprefix("litellm/"))


def _own(model: str, override: tuple[float, float] | None, table: Mapping[str, Price]) -> Price | None:
    """The price without genai-prices."""
    if model in table:
        return table[model]
    if model.startswith(BATCH):
        whole = _own(model.removeprefix(BATCH), override, table)
        return whole and whole.times(BATCH_DISCOUNT)
    if override is not None:
        return make_price(*override)
    if re.split("[:/]", model, maxsplit=1)[0] in LOCAL or _OPENROUTER_FREE.fullmatch(model):
        return FREE
    return None


def make_price(input_per_million: float | str, output_per_million: float | str) -> Price:
    """A price from two numbers as a person writes them.

    Raises:
        SettingsError: one is not a number of 0 or more.
    """
    return Price(_dollars(input_per_million), _dollars(output_per_million))


def parse_price(text: str) -> tuple[float, float] | str:
    """What `--price` says: two numbers, `IN,OUT`, or the path of a price file.

    Raises:
        SettingsError: it is neither.
    """
    parts = text.split(",")
    if len(parts) == 2 and not Path(text).expanduser().exists():
        read = make_price(*parts)
        return float(read.input_per_million), float(read.output_per_million)
    if not Path(text).expanduser().is_file():
        raise SettingsError(f"--price is {text!r}, but has to be two numbers or a file that is there", HINT)
    return text


def read_prices(path: Path) -> dict[str, Price]:
    """The prices in a file, YAML or JSON: model → [in, out], US dollars per million tokens.

    Raises:
        SettingsError: the file cannot be read, or an entry is not two numbers of 0 or more.
    """
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise SettingsError(f"the price file {path} cannot be read: {reason}", _FILE_HINT) from error
    if not isinstance(content, dict):
        raise SettingsError(f"the price file {path} does not map models to prices", _FILE_HINT)
    prices = {}
    for model, pair in content.items():
        if not (isinstance(model, str) and isinstance(pair, list) and len(pair) == 2):
            raise SettingsError(f"the price file {path} has {model!r}: {pair!r}, which is not two numbers", _FILE_HINT)
        try:
            prices[model] = make_price(*pair)
        except SettingsError as error:
            raise SettingsError(f"the price file {path}, {model}: {error.message}", _FILE_HINT) from error
    return prices


_FILE_HINT = (
    "Write one line for each model, US dollars per million tokens, in and out:  openai/gpt-4.1-mini: [0.40, 1.60]"
)


def _dollars(value: float | str) -> Decimal:
    try:
        # By way of text, so that 0.1 is a tenth.
        number = Decimal(str(value).strip())
    except InvalidOperation:
        number = Decimal("NaN")
    if isinstance(value, bool) or not number.is_finite() or not 0 <= number <= 10**6:
        raise SettingsError(f"{value!r} is not a price", HINT)
    return number


@lru_cache(maxsize=256)
def _pico_per_token(per_million: Decimal) -> int:
    return math.ceil(per_million * (PICO // 10**6))


def _look_up(model: str) -> Price | None:
    from genai_prices.data_snapshot import get_snapshot

    provider, slash, name = model.partition("/")
    if not slash:
        return None
    providers = {known.id: known for known in get_snapshot().providers}
    found = providers.get(ALIASES.get(provider, provider))
    info = found.find_model(name, all_providers=list(providers.values())) if found else None
    return _dearest(info) if info else None


def _dearest(info: ModelInfo) -> Price | None:
    # Every quarter of an hour: prices by the time of day change at such times.
    now = datetime.now(tz=UTC)
    moments = [now + timedelta(minutes=15 * step) for step in range(96)] if isinstance(info.prices, list) else [now]
    rates = [_rates(info.get_prices(moment)) for moment in moments]
    known = [each for each in rates if each is not None]
    if not known or len(known) < len(rates):
        return None
    starts = sorted({rate.above for each in known for rate in each})
    merged = tuple(
        Rate(max(_at(each, start).input for each in known), max(_at(each, start).output for each in known), start)
        for start in starts
    )
    return Price(merged[0].input, merged[0].output, merged[1:], _fee(info.get_prices(now)))


def _at(rates: list[Rate], tokens: int) -> Rate:
    return [rate for rate in rates if rate.above <= tokens][-1]


def _rates(prices: ModelPrice) -> list[Rate] | None:
    into, out = prices.input_mtok, prices.output_mtok
    if into is None or out is None:
        return None
    starts = {tier.start for one in (into, out) if not isinstance(one, Decimal) for tier in one.tiers}
    return [Rate(_one(into, start), _one(out, start), start) for start in sorted({0, *starts})]


def _one(price: Decimal | TieredPrices, tokens: int) -> Decimal:
    if isinstance(price, Decimal):
        return price
    return [price.base, *(tier.price for tier in price.tiers if tier.start <= tokens)][-1]


def _fee(prices: ModelPrice) -> Decimal:
    fee = prices.requests_kcount
    return fee / 1000 if isinstance(fee, Decimal) else Decimal(0)
