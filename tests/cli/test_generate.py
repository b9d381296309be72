"""`satsuma generate` against a real server: options, files, exit codes, going on."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import satsuma
import satsuma.testing
from satsuma.cli.generate import GenerateOptions
from satsuma.settings import OPERATIONAL, Options, Settings

Call = Callable[..., "subprocess.CompletedProcess[str]"]


def test_a_card_becomes_a_dataset_and_the_summary_goes_to_standard_output(
    call: Call, card: Path, model: list[str], tmp_path: Path
) -> None:
    result = call("generate", card, "-n", 6, *model)
    assert result.returncode == 0
    assert "tickets: 6 of 6 instances, complete" in result.stdout
    assert "dataset: runs/tickets/data/train.parquet" in result.stdout
    assert "6/6 · billing 3/3, bug 3/3" in result.stderr
    assert satsuma.Run(tmp_path / "runs" / "tickets").table().num_rows == 6


def test_every_option_reaches_the_settings(call: Call, card: Path, model: list[str], tmp_path: Path) -> None:
    given = "--seed 7 --votes 2 --no-blind --policy drop --temperature 0.5 --concurrency 4 --timeout 9 --tries 2"
    limits = "--rpm 60000 --tpm 90000000 --max-tokens 90000000 --max-requests 900 --price 0.1,0.4 --budget 5"
    result = call(
        "generate",
        card,
        "-n",
        2,
        *model,
        *given.split(),
        *limits.split(),
        "--jsonl",
        "--log",
        "log.jsonl",
        "-o",
        "here",
    )
    assert result.returncode == 0, result.stderr
    state = satsuma.Run(tmp_path / "here").state
    assert state.seed == 7
    decisive = {"votes": 2, "blind": False, "policy": "drop", "temperature": 0.5}
    assert decisive.items() <= state.settings.items()
    operational = {"concurrency": 4, "timeout": 9, "tries": 2, "budget": 5, "price": [0.1, 0.4], "max_requests": 900}
    assert operational.items() <= state.operational.items()
    assert (tmp_path / "here" / "data" / "train.jsonl").is_file()
    assert (tmp_path / "log.jsonl").is_file()


def test_the_command_line_has_an_option_for_every_setting() -> None:
    fields = set(GenerateOptions.__dataclass_fields__) - {"card", "out", "quiet"}
    settings = {"models" if name == "model_for" else name for name in fields}
    assert settings == set(Settings.__dataclass_fields__)
    assert set(Options.__annotations__) == settings - {"n", "model"}
    assert settings >= OPERATIONAL


def test_a_model_per_step_and_a_price_are_read_or_refused_with_an_example(
    call: Call, card: Path, model: list[str]
) -> None:
    wrong = call("generate", card, "-n", 2, *model, "--model-for", "correction")
    assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 2)
    assert "--model-for correction=openai/gpt-4.1" in wrong.stderr
    assert "--price 0.40,1.60" in call("generate", card, "-n", 2, *model, "--price", "cheap").stderr
    twice = ["--model-for", "seeds=test/two", "--model-for", "seeds=test/three"]
    assert "names the step seeds twice" in call("generate", card, "-n", 2, *model, *twice).stderr
    assert call("generate", card, "-n", 2, *model, "--model-for", "correction=test/two").returncode == 0


def test_the_same_command_again_changes_nothing_and_says_so(
    call: Call, card: Path, model: list[str], tmp_path: Path
) -> None:
    call("generate", card, "-n", 4, *model)
    files = [p for p in (tmp_path / "runs").rglob("*") if p.is_file() and p.name != ".lock"]
    before = {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in files}
    again = call("generate", card, "-n", 4, *model)
    assert again.returncode == 0
    assert "is finished" in again.stderr
    assert "4 of 4 instances" in again.stdout
    assert {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in files} == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing", "-n", "3"], "no such card: nothing"),
        (["nothing.yaml", "-n", "3"], "no such card: nothing.yaml"),
        (["copa", "-n", "0"], "n is 0"),
        (["copa", "-n", "-3"], "n is -3"),
        (["copa", "-n", "3", "--votes", "0"], "votes is 0"),
        (["copa", "-n", "3", "-o", "tickets.yaml"], "is a file, but a run needs a directory"),
    ],
)
def test_what_cannot_be_done_is_one_or_two_lines_and_nothing_is_written(
    call: Call, card: Path, model: list[str], tmp_path: Path, arguments: list[str], said: str
) -> None:
    result = call("generate", *arguments, *model)
    assert (result.returncode, result.stdout) == (2, "")
    assert said in result.stderr
    assert len(result.stderr.splitlines()) <= 2
    assert [p.name for p in tmp_path.iterdir()] == [card.name]


def test_no_model_and_no_key_are_errors_that_say_what_to_do(call: Call, card: Path, tmp_path: Path) -> None:
    assert "--model PROVIDER/NAME" in call("generate", card, "-n", 3).stderr
    keyless = call("generate", card, "-n", 3, "--model", "openai/gpt-4.1-mini")
    assert keyless.returncode == 2
    assert "OPENAI_API_KEY" in keyless.stderr
    assert not (tmp_path / "runs" / "tickets").exists()


def test_an_edited_card_goes_on_with_revise_only(call: Call, card: Path, model: list[str]) -> None:
    call("generate", card, "-n", 4, *model)
    card.write_text(card.read_text().replace("about charges", "about charges or refunds"))
    refused = call("generate", card, "-n", 4, *model)
    assert refused.returncode == 2
    assert '"about charges" → "about charges or refunds"' in refused.stderr
    assert "--revise" in refused.stderr
    assert call("generate", card, "-n", 4, *model, "--revise").returncode == 0


def test_another_cards_directory_is_refused(call: Call, card: Path, model: list[str]) -> None:
    call("generate", card, "-n", 2, *model, "-o", "here")
    assert (
        "holds a run of the card tickets, not of copa" in call("generate", "copa", "-n", 2, *model, "-o", "here").stderr
    )


def test_a_budget_that_is_spent_exits_3_with_what_there_is(call: Call, card: Path, model: list[str]) -> None:
    result = call("generate", card, "-n", 400, *model, "--max-requests", 30, "--concurrency", 4)
    assert result.returncode == 3
    assert result.stderr.splitlines()[-2].startswith("stopped: ")
    assert "of 400 instances, budget" in result.stdout


def test_waiting_for_answers_exits_4_and_says_how_to_go_on(call: Call, card: Path, tmp_path: Path) -> None:
    result = call("generate", card, "-n", 2, "--model", "file:exchange", "--as", "some/model")
    assert result.returncode == 4
    assert f"Go on with: satsuma generate {card} -n 2 --model file:exchange --as some/model" in result.stderr
    assert (tmp_path / "exchange" / "requests.jsonl").is_file()


def test_quiet_shows_nothing_but_errors(call: Call, card: Path, model: list[str]) -> None:
    done = call("generate", card, "-n", 2, *model, "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_ctrl_c_puts_the_dataset_so_far_in_place_and_says_how_to_go_on(card: Path, tmp_path: Path) -> None:
    with satsuma.testing.serve() as server:
        command = [sys.executable, "-m", "satsuma", "generate", card.name, "-n", "100000", "--model", "test/one"]
        process = subprocess.Popen(
            [*command, "--base-url", server.url],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
        )
        server.wait_for(100)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert "Go on with: satsuma generate tickets.yaml -n 100000 --model test/one" in err
    assert "of 100,000 instances, interrupted" in out
    state = json.loads((tmp_path / "runs" / "tickets" / "run.json").read_text())
    assert state["state"] == "interrupted"
    assert satsuma.Run(tmp_path / "runs" / "tickets").table().num_rows == sum(state["counts"]["accepted"].values())
