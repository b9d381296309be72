"""`satsuma generate` against a real server: options, files, exit codes, going on."""

from __future__ import annotations

import dataclasses
import json
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

import satsuma
import satsuma.testing
from satsuma.cli.generate import GenerateOptions
from satsuma.llm.request import Json
from satsuma.run.run import Run
from satsuma.settings import OPERATIONAL, OPTIONAL, Options, Settings
from tests.conftest import Call


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
    fields = set(GenerateOptions.__dataclass_fields__) - {"card", "out", "quiet", "seeds", "contexts", "focus"}
    left_out = {name for name in fields if name.startswith("no_")}
    assert left_out == {f"no_{step}" for step in OPTIONAL}
    settings = {"models" if name == "model_for" else name for name in fields - left_out} | {"without"}
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


def test_the_current_directory_can_be_filled(
    call: Call, card: Path, model: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    done = call("generate", card, "-n", 2, *model, "-o", ".")
    assert done.returncode == 0, done.stderr
    assert Run(tmp_path / "here").table().num_rows == 2
    other = call("generate", "copa", "-n", 2, *model, "-o", ".")
    assert other.returncode == 2
    assert other.stderr.endswith("Choose another directory: -o ../copa\n")


def test_a_budget_that_is_spent_exits_3_with_what_there_is(call: Call, card: Path, model: list[str]) -> None:
    result = call("generate", card, "-n", 400, *model, "--max-requests", 30, "--concurrency", 4)
    assert result.returncode == 3
    assert result.stderr.splitlines()[-2].startswith("stopped: ")
    assert "of 400 instances, budget" in result.stdout


def test_waiting_for_answers_exits_4_and_says_how_to_go_on(call: Call, card: Path, tmp_path: Path) -> None:
    result = call("generate", card, "-n", 2, "--model", "file:exchange", "--as", "some/model")
    assert (result.returncode, result.stdout) == (4, "")
    assert result.stderr.splitlines() == [
        "stopped: waiting for 1 answer in exchange/replies.jsonl; the requests are in exchange/requests.jsonl",
        'One line for each answer: {"custom_id": "k1-…", "content": "…"}, or as in the output of OpenAI\'s Batch API.',
        f"Go on with: satsuma generate {card} -n 2 --model file:exchange --as some/model",
    ]
    assert (tmp_path / "exchange" / "requests.jsonl").is_file()
    shown = call("show", "runs/tickets").stdout.splitlines()
    assert shown[0].startswith("tickets: 0 of 2 instances, waiting for 1 answer in exchange/replies.jsonl")
    assert "run: runs/tickets" in shown
    assert not [line for line in shown if "wanted" in line or "dataset" in line]


def test_what_is_there_while_more_answers_are_waited_for_is_one_line(call: Call, card: Path, model: list[str]) -> None:
    assert call("generate", card, "-n", 6, *model, "--quiet", "-o", "here").returncode == 0
    more = call("generate", card, "-n", 20, "--model", "file:mail", "--as", "test/one", "-o", "here")
    assert more.returncode == 4, more.stderr
    # The first run may have looked one candidate further.
    assert more.stdout in {"tickets: 6 of 20 so far\n", "tickets: 7 of 20 so far\n"}


def test_a_provider_that_there_is_not_is_told_also_where_a_run_is(call: Call, card: Path, model: list[str]) -> None:
    call("generate", card, "-n", 2, *model, "-o", "here", "--quiet")
    wrong = call("generate", card, "-n", 2, "--model", "opnai/x", "-o", "here")
    assert wrong.returncode == 2
    assert "there is no provider 'opnai'" in wrong.stderr
    assert "Did you mean openai/x?" in wrong.stderr
    other = call("generate", card, "-n", 2, "--model", "openai/x", "-o", "here")
    assert "here holds a run that differs: model: test/one → openai/x\n" in other.stderr


def test_help_shows_the_defaults(call: Call) -> None:
    told = " ".join(call("generate", "--help").stdout.split())
    fields = {f.name: f.default for f in dataclasses.fields(Settings)}
    for about, name in (
        ("Requests in flight at most", "concurrency"), ("before a try is given up", "timeout"),
        ("Tries per request", "tries"), ("Sampling temperature", "temperature"), ("The run's seed", "seed"),
    ):  # fmt: skip
        assert f"{about}; {fields[name]:g} by default." in told
    assert told.count("; the card's by default.") == 3


def test_too_much_that_is_given_up_stops_the_run_in_a_state_of_its_own(call: Call, card: Path, tmp_path: Path) -> None:
    with satsuma.testing.serve(faults=satsuma.testing.Faults(error=0.4)) as server:
        where = ["--model", "test/one", "--base-url", server.url]
        result = call("generate", card, "-n", 300, *where, "--tries", 1)
    assert result.returncode == 2
    assert "requests were given up" in result.stderr
    assert ", stopped (" in result.stdout
    assert satsuma.Run(tmp_path / "runs" / "tickets").state.state == "stopped"


def test_damaged_replies_are_told_when_they_are_asked_again(
    call: Call, card: Path, model: list[str], tmp_path: Path
) -> None:
    call("generate", card, "-n", 6, *model, "--quiet")
    with closing(sqlite3.connect(tmp_path / "runs" / "tickets" / "journal.sqlite")) as journal:
        journal.execute("UPDATE replies SET content = content || ' ' WHERE id IN "
                        "(SELECT id FROM replies WHERE step = 'correction' LIMIT 2)")  # fmt: skip
        journal.commit()
    result = call("generate", card, "-n", 8, *model)
    assert result.returncode == 0, result.stderr
    assert "2 replies in the journal were damaged and are asked again." in result.stderr.splitlines()


def test_repeated_contexts_are_rejects_and_not_candidates(call: Call, card: Path) -> None:
    few: dict[str, Json] = {"contexts": {"contexts": ["a bank", "a shop", "a school"]}}
    with satsuma.testing.serve(script=few) as server:
        result = call("generate", card, "-n", 40, "--model", "test/one", "--base-url", server.url)
    (head,) = (line for line in result.stdout.splitlines() if line.startswith("dropped in"))
    assert head.split() == ["dropped", "in", "because", "rejects"]
    assert "repeats an earlier context" in result.stdout


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
