"""`satsuma new`: a card, what it makes, what is weak, and what comes next."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import satsuma.testing
from satsuma.llm.request import Json
from tests.conftest import Call
from tests.drafting.clauses import DRAFT, WISH, answers


@pytest.fixture(scope="module")
def drafter() -> Iterator[satsuma.testing.Server]:
    """A model that drafts one card well."""
    with satsuma.testing.serve(script=answers) as server:
        yield server


@pytest.fixture
def options(drafter: satsuma.testing.Server) -> list[str]:
    return ["-o", "clauses.yaml", "--model", "test/one", "--base-url", drafter.url]


def test_it_shows_three_instances_what_is_weak_and_what_comes_next(
    call: Call, options: list[str], drafter: satsuma.testing.Server
) -> None:
    result = call("new", WISH, *options)
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[0] == "Made with clauses.yaml:"
    assert len([line for line in lines if line.startswith("  clause: ")]) == 3
    assert len([line for line in lines if line.startswith("  verdict: ")]) == 3
    assert "clauses.yaml can run: no errors, no warnings" in lines
    assert lines[-2:] == [
        "  satsuma check clauses.yaml",
        f"  satsuma generate clauses.yaml -n 200 --model test/one --base-url {drafter.url}",
    ]
    assert "Asking test/one for a card." in result.stderr
    assert "clauses.yaml is drafted." in result.stderr
    assert call("check", "clauses.yaml").returncode == 0


def test_nothing_is_shown_where_nothing_is_wanted(call: Call, options: list[str]) -> None:
    result = call("new", WISH, *options, "-n", 0, "--quiet")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert Path("clauses.yaml").exists()


def test_without_instances_the_card_alone_is_told(call: Call, options: list[str]) -> None:
    result = call("new", WISH, *options, "-n", 0)
    lines = result.stdout.splitlines()
    assert lines[0] == "clauses.yaml can run: no errors, no warnings"
    assert lines[2] == "Read the card, and change what is not as you mean it. Then:"


def test_a_file_that_is_there_is_kept_and_force_replaces_it(call: Call, options: list[str]) -> None:
    Path("clauses.yaml").write_text("mine")
    result = call("new", WISH, *options)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == "error: clauses.yaml is there already\n--force replaces it; -o names another file.\n"
    assert Path("clauses.yaml").read_text() == "mine"
    assert call("new", WISH, *options, "--force", "-n", 0).returncode == 0
    assert Path("clauses.yaml").read_text() != "mine"


def test_too_few_instances_are_told_with_the_way_to_find_out_why(call: Call) -> None:
    def same(question: satsuma.testing.Question) -> dict[str, Json] | None:
        told: dict[str, dict[str, Json]] = {"draft": DRAFT, "instance": {"clause": "The same clause each time."}}
        return told.get(question.step)

    with satsuma.testing.serve(script=same) as server:
        result = call("new", WISH, "-o", "clauses.yaml", "--model", "test/one", "--base-url", server.url)
    assert result.returncode == 0
    assert "Only 1 of 3 instances came of that: `satsuma show runs/new-clauses` tells why." in result.stdout
    assert "clauses.yaml can run" in result.stdout


def test_a_model_that_answers_later_exits_4_and_the_same_command_goes_on(call: Call) -> None:
    command = ["new", WISH, "-o", "clauses.yaml", "--model", "file:mail"]
    result = call(*command)
    assert result.returncode == 4
    assert f"Go on with: satsuma new '{WISH}' -o clauses.yaml" in result.stderr
    (request,) = Path("mail/requests.jsonl").read_text().splitlines()
    assert json.loads(request)["body"]["response_format"]["json_schema"]["name"] == "draft"
    assert not Path("clauses.yaml").exists()


def test_a_file_of_examples_that_is_broken_says_where(call: Call, options: list[str]) -> None:
    Path("few.jsonl").write_text('{"clause": "x", "label": "a"}\n{"clause": "y", "lab\n')
    result = call("new", *options, "--examples", "few.jsonl")
    assert (result.returncode, result.stdout) == (2, "")
    assert "few.jsonl, line 2" in result.stderr


def test_a_label_that_is_unclear_is_asked_for_with_the_columns(call: Call, options: list[str]) -> None:
    Path("few.csv").write_text("clause,notes\n" + "".join(f"clause {i},note {i}\n" for i in range(9)))
    result = call("new", *options, "--examples", "few.csv")
    assert result.returncode == 2
    assert "--label COLUMN. The columns are clause (text), notes (text)." in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["x", "--model", "test/one"], "error: the card has no place to go\nName its file: -o my-task.yaml\n"),
        (["-o", "c.yaml", "--model", "test/one"], "error: there is nothing to draft a card from\n"),
        (["x", "-o", "c.yaml"], "error: no model was named\n"),
        (["x", "-o", "c.yaml", "--model", "test/one", "--label", "y"], "error: --label names a column, but"),
    ],
)
def test_what_is_missing_is_said(call: Call, arguments: list[str], said: str) -> None:
    result = call("new", *arguments)
    assert result.returncode == 2
    assert result.stderr.startswith(said)


def test_help_says_what_it_is_drafted_from_and_nothing_of_what_does_not_apply(call: Call) -> None:
    result = call("new", "--help")
    for option in ("[TASK]", "--examples", "--from-dataset", "--label", "--force", "--run"):
        assert option in result.stdout
    for option in ("--revise", "--jsonl", "--votes", "--no-seeds", "CARD"):
        assert option not in result.stdout
