"""`satsuma estimate`: a table, JSON, a pilot; and when the price table is loaded."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import satsuma
import satsuma.testing
from satsuma.cli.estimate import EstimateOptions
from satsuma.cli.generate import GenerateOptions
from tests.conftest import Call


def test_it_takes_every_option_of_generate() -> None:
    more = set(EstimateOptions.__dataclass_fields__) - set(GenerateOptions.__dataclass_fields__)
    assert more == {"pilot", "format"}


def test_it_is_a_table_with_ranges_and_asks_nothing(call: Call, tmp_path: Path) -> None:
    result = call(
        "estimate", "copa", "-n", 1000, "--model", "openai/gpt-4.1-mini"
    )  # there is no key, and no need of one
    assert (result.returncode, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[0].startswith("copa: 1,000 instances, estimated from the prompts")
    total = next(line for line in lines if line.startswith("total"))
    assert total.count("–") == 8
    assert "time: " in result.stdout
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_price_says_how_to_give_one(call: Call) -> None:
    unpriced = ["estimate", "copa", "-n", 10, "--model", "openai/nobody-knows"]
    result = call(*unpriced)
    assert result.returncode == 0
    assert "the price of openai/nobody-knows is not known: --price IN,OUT" in result.stdout
    priced = call(*unpriced, "--price", "0.4,1.6")
    assert "not known" not in priced.stdout


def test_a_pilot_is_the_beginning_of_the_run(
    call: Call, card: Path, model: list[str], server: satsuma.testing.Server
) -> None:
    arguments = [card, "-n", 40, *model, "--price", "1,1", "-o", "here"]
    result = call("estimate", *arguments, "--pilot", 10)
    assert result.returncode == 0, result.stderr
    assert "estimated from its first 10" in result.stdout
    assert "paid already, and part of it: " in result.stdout
    before = server.counters
    assert call("generate", *arguments).returncode == 0
    assert server.counters.repeated == before.repeated
    assert satsuma.Run("here").state.totals.requests > server.counters.requests - before.requests


def test_json_has_everything_and_nothing_else_is_printed(call: Call, card: Path, model: list[str]) -> None:
    result = call("estimate", card, "-n", 40, *model, "--price", "1,1", "--pilot", 5, "--format", "json")
    found = json.loads(result.stdout)
    assert (found["n"], found["basis"], found["pilot"]) == (40, "pilot", 5)
    assert found["total"]["usd"]["low"] <= found["total"]["usd"]["likely"] <= found["total"]["usd"]["high"]
    assert [step["step"] for step in found["steps"]] == ["contexts", "seeds", "instance", "correction"]
    assert found["paid"]["instances"] == 5


LOADED = (
    "import atexit, sys; atexit.register(lambda: print('LOADED' if 'genai_prices' in sys.modules else 'NOT LOADED'))"
)


def _loads_prices(*arguments: object) -> bool:
    code = f"{LOADED}\nfrom satsuma.cli.main import main\nsys.argv = {['satsuma', *map(str, arguments)]!r}\nmain()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.splitlines()[-1] == "LOADED"


def test_the_price_table_is_loaded_only_where_nothing_else_knows_the_price(
    call: Call, card: Path, model: list[str]
) -> None:
    here = [card, "-n", 4, "-o", "here", "--quiet"]
    assert call("generate", *here, *model).returncode == 0
    assert not _loads_prices("generate", *here, *model)  # finished
    assert not _loads_prices("generate", card, "-n", 4, "-o", "again", "--model", "replay:here")
    assert not _loads_prices("generate", card, "-n", 5, "-o", "here", *model, "--price", "1,1")
    assert _loads_prices("generate", card, "-n", 7, "-o", "here", *model)  # at the end, for run.json
    assert satsuma.Run("again").state.totals.usd == 0
