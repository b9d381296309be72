from __future__ import annotations

import socket
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from satsuma.errors import SettingsError
from satsuma.llm.prices import FREE, Price, Prices, Rate, make_price, parse_price, price, read_prices


@pytest.mark.parametrize(
    ("model", "into", "out"),
    [
        ("openai/gpt-4.1-mini", "0.4", "1.6"),
        ("openrouter/openai/gpt-4.1-mini", "0.4", "1.6"),
        ("anthropic/claude-sonnet-4-5", "3", "15"),
        ("litellm/openai/gpt-4.1-mini", "0.4", "1.6"),
        ("batch:openai/gpt-4.1-mini", "0.2", "0.8"),
        ("openai/gpt-4.1-mini-2025-04-14", "0.4", "1.6"),
    ],
)
def test_the_price_of_a_model_is_known_by_its_identity(model: str, into: str, out: str) -> None:
    known = price(model)
    assert known is not None
    assert (known.input_per_million, known.output_per_million) == (Decimal(into), Decimal(out))


@pytest.mark.parametrize(
    "provider", ["openai", "anthropic", "openrouter", "together", "groq", "mistral", "deepseek", "gemini"]
)
def test_each_provider_is_known_to_the_price_table(provider: str) -> None:
    model = {
        "openai": "gpt-4.1-mini",
        "anthropic": "claude-sonnet-4-5",
        "openrouter": "openai/gpt-4o",
        "together": "meta-llama/Llama-3.3-70B-Instruct-Turbo",
        "groq": "llama-3.3-70b-versatile",
        "mistral": "mistral-small-latest",
        "deepseek": "deepseek-chat",
        "gemini": "gemini-2.5-flash",
    }[provider]
    assert price(f"{provider}/{model}") is not None


@pytest.mark.parametrize(
    "model",
    ["ollama/qwen3", "hf/a/b", "vllm/a/b", "vllm-server/a", "file:/tmp/x", "replay:runs/copa", "openrouter/a/b:free"],
)
def test_what_runs_here_or_is_given_away_costs_nothing(model: str) -> None:
    assert price(model) == FREE


@pytest.mark.parametrize(
    "model", ["acme/m", "openai/no-such-model", "gpt-4.1-mini", "", "/", "openai/text-embedding-3-small"]
)
def test_what_nobody_knows_has_no_price(model: str) -> None:
    assert price(model) is None


def test_the_users_word_counts_more_and_the_file_most() -> None:
    table = {"openai/gpt-4.1-mini": make_price(7, 8)}
    assert price("openai/gpt-4.1-mini", (1.0, 2.0)) == make_price(1, 2)
    assert price("acme/m", (1.0, 2.0)) == make_price(1, 2)
    assert price("openai/gpt-4.1-mini", (1.0, 2.0), table) == make_price(7, 8)
    halved = price("batch:openai/gpt-4.1-mini", None, table)
    assert halved is not None
    assert halved.input_per_million == Decimal("3.5")


def test_a_cost_is_exact() -> None:
    assert make_price("0.1", "0.3").cost(1, 1) == 400_000
    assert make_price(0.4, 1.6).cost(1_000_000, 500_000) == 1_200_000_000_000


def test_a_long_input_costs_the_rate_of_long_inputs() -> None:
    known = Price(Decimal(3), Decimal(15), (Rate(Decimal(6), Decimal(20), 200_000),))
    assert known.cost(200_000, 1) == 200_000 * 3_000_000 + 15_000_000
    assert known.cost(200_001, 1) == 200_001 * 6_000_000 + 20_000_000
    assert known.cost(400_000, 2, requests=2) == 400_000 * 3_000_000 + 30_000_000


def test_a_bound_holds_where_more_input_would_be_cheaper() -> None:
    known = Price(Decimal(4), Decimal(4), (Rate(Decimal(1), Decimal(1), 100),))
    assert known.bound(150, 10) >= max(known.cost(count, 10) for count in range(151))


def test_a_price_by_the_time_of_day_is_the_dearest() -> None:
    known = price("deepseek/deepseek-chat")
    assert known is not None
    assert known.output_per_million >= Decimal("1.1")


def test_a_fee_for_each_request_is_part_of_the_price() -> None:
    assert Price(Decimal(0), Decimal(0), per_request=Decimal("0.01")).cost(5, 5, requests=3) == 30_000_000_000


def test_price_on_the_command_line_is_two_numbers() -> None:
    assert parse_price("0.40, 1.60") == (0.4, 1.6)


@pytest.mark.parametrize("text", ["", "1", "1,2,3", "a,b", "-1,2", "nan,1", "1,inf", "1e99,1"])
def test_a_price_that_is_not_two_numbers_is_refused(text: str) -> None:
    with pytest.raises(SettingsError) as raised:
        parse_price(text)
    assert "--price 0.40,1.60" in raised.value.hint


@pytest.mark.parametrize("text", ["acme/m: [0.1, 2]\nacme/n: [1, 1e-2]\n", '{"acme/m": [0.1, 2], "acme/n": [1, 0.01]}'])
def test_a_price_file_is_yaml_or_json(tmp_path: Path, text: str) -> None:
    file = tmp_path / "prices"
    file.write_text(text)
    assert read_prices(file) == {"acme/m": make_price("0.1", 2), "acme/n": make_price(1, "0.01")}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[1, 2]", "does not map"),
        ("acme/m: 3", "acme/m"),
        ("acme/m: [1]", "acme/m"),
        ("acme/m: [1, -1]", "acme/m: -1 is not a price"),
        ("acme/m: [1, true]", "True is not a price"),
        ("a: !!python/object/apply:os.system [ls]", "cannot be read"),
        ("a: [", "cannot be read"),
    ],
)
def test_a_price_file_that_is_something_else_is_refused_by_name(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "prices.yaml"
    file.write_text(text)
    with pytest.raises(SettingsError) as raised:
        read_prices(file)
    assert words in raised.value.message
    assert str(file) in raised.value.message


def test_a_price_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        read_prices(tmp_path / "none.yaml")


def test_no_price_is_asked_for_over_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        pytest.fail("a price was asked for over the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert price("openai/gpt-4.1-nano") is not None


def test_the_price_table_is_only_loaded_when_a_price_is_asked_for() -> None:
    code = "import satsuma.llm.budget, sys; print('genai_prices' in sys.modules, 'yaml' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_the_option_is_two_numbers_or_a_file_that_is_there(tmp_path: Path) -> None:
    path = tmp_path / "prices.yaml"
    path.write_text("acme/m: [1, 2]\n")
    assert parse_price("0.4,1.6") == (0.4, 1.6)
    assert parse_price(str(path)) == str(path)
    with pytest.raises(SettingsError, match="two numbers or a file"):
        parse_price(str(tmp_path / "missing.yaml"))


def test_a_runs_prices_come_from_its_file_and_what_is_replayed_is_free(tmp_path: Path) -> None:
    path = tmp_path / "prices.yaml"
    path.write_text("acme/m: [1, 2]\n")
    prices = Prices(str(path), free=["recorded/m"])
    assert prices("acme/m") == make_price(1, 2)
    assert prices.at_hand("batch:acme/m") == make_price("0.5", 1)
    assert prices("recorded/m") == make_price(0, 0)
    assert prices("nobody/knows") is None


def test_what_only_the_table_knows_is_not_at_hand_until_it_was_looked_up() -> None:
    prices = Prices(None)
    assert prices.at_hand("ollama/qwen3") == make_price(0, 0)
    assert prices.at_hand("openai/gpt-4.1-mini") is None
    assert prices("openai/gpt-4.1-mini") is not None
    assert prices.at_hand("openai/gpt-4.1-mini") == prices("openai/gpt-4.1-mini")
