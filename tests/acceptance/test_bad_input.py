"""Whatever is wrong with what a user gives is one or two lines with its place, exit code 2, nothing written or lost."""

from __future__ import annotations

import signal
import socket
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import satsuma
import satsuma.testing
from satsuma.testing import Server

if TYPE_CHECKING:
    from tests.acceptance.conftest import Shell

HEAD = "name: mine\ntask: Say what it is.\ninputs:\n  text_in: A text.\n"
LABELS = "output:\n  labels: [a, b]\n"

CARDS = {
    "yaml that does not parse": (HEAD + "output: {labels: [a, b\n", ["mine.yaml:"]),
    "an unknown key": (HEAD + LABELS + "contxets: some\n", ["mine.yaml:7", "contxets", "contexts"]),
    "one label": (HEAD + "output:\n  labels: [a]\n", ["mine.yaml:6", "labels"]),
    "an undefined name": (
        HEAD + LABELS + "prompts:\n  seeds: Write {{ cuont }} texts about {{ context }}.\n",
        ["mine.yaml:8", "cuont", "count"],
    ),
    "a way to Python": (
        HEAD + LABELS + "prompts:\n  instance: '{{ task.__class__ }}'\n", ["mine.yaml:8", "__class__"]
    ),
    "an object tag": (HEAD + LABELS + "language: !!python/object/apply:os.system [touch pwned]\n", ["mine.yaml:7"]),
    "a key twice": (HEAD + LABELS + "task: Another.\n", ["mine.yaml:7", "task"]),
    "an alias": (HEAD + LABELS + "contexts: *many\n", ["mine.yaml:7", "*many"]),
    "binary": ("\x00\x01\x02", ["mine.yaml"]),
}  # fmt: skip


def refused(result: subprocess.CompletedProcess[str], *said: str) -> None:
    """One or two lines on standard error that say all of this, exit code 2, nothing on standard output."""
    assert result.returncode == 2, result.stderr
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    assert 1 <= len(result.stderr.splitlines()) <= 2, result.stderr
    for words in said:
        assert words in result.stderr


@pytest.mark.parametrize("name", CARDS)
def test_a_card_that_cannot_be_used_is_named_with_its_line(shell: Shell, server: Server, name: str) -> None:
    text, said = CARDS[name]
    (shell.cwd / "mine.yaml").write_text(text)
    before, asked = shell.tree(), server.counters.requests
    refused(shell.generate(server, "-n", 4, card="mine.yaml"), *said)
    assert shell.tree() == before
    assert not (shell.cwd / "run").exists()
    assert server.counters.requests == asked


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["no-such-card", "-n", "4"], ["no such card: no-such-card"]),
        (["tickets.yml", "-n", "4"], ["no such card: tickets.yml", "tickets.yaml"]),
        (["tickets.yaml", "-n", "0"], ["n is 0"]),
        (["tickets.yaml", "-n", "-5"], ["n is -5"]),
        (["tickets.yaml", "-n", "4", "-o", "tickets.yaml"], ["tickets.yaml is a file"]),
        (["tickets.yaml", "-n", "4", "-o", "photos"], ["photos holds something that is not a run", "cat.jpg"]),
        (["tickets.yaml", "-n", "4", "--budget", "5"], ["test/m", "--price"]),
        (["tickets.yaml", "-n", "4", "--model", "replay:nowhere"], ["nowhere"]),
        (["tickets.yaml", "-n", "4", "--model-for", "corection=test/x"], ["corection"]),
        (["tickets.yaml", "-n", "4", "--tpm", "10"], ["tokens"]),
    ],
    ids=lambda value: " ".join(value[2:]) if len(value) > 3 else None,
)
def test_an_option_that_cannot_be_used_is_named_and_nothing_is_written(
    shell: Shell, server: Server, arguments: list[str], said: list[str]
) -> None:
    (shell.cwd / "photos").mkdir()
    (shell.cwd / "photos" / "cat.jpg").write_bytes(b"meow")
    before = shell.tree()
    refused(shell.run("generate", "--model", "test/m", "--base-url", server.url, *arguments), *said)
    assert shell.tree() == before
    assert not (shell.cwd / "runs" / "tickets").exists()


def test_no_key_says_which_variable_to_set(shell: Shell) -> None:
    before = shell.tree()
    refused(shell.run("generate", "tickets.yaml", "-n", 4, "--model", "openai/gpt-4.1-mini"), "OPENAI_API_KEY")
    assert shell.tree() == before


def test_a_wrong_key_is_refused_at_once_and_nothing_is_written(shell: Shell) -> None:
    with satsuma.testing.serve(key="right") as server:
        result = shell.run(
            "generate", "tickets.yaml", "-n", 50, "--model", "openai/m", "--base-url", server.url,
            env={"OPENAI_API_KEY": "wrong-key-wrong-key"},
        )  # fmt: skip
        refused(result, "openai/m refuses the key", "OPENAI_API_KEY")
        assert server.counters.requests <= 2
    assert "wrong-key-wrong-key" not in result.stderr
    assert set(shell.tree()) == {"tickets.yaml"}


def test_a_model_that_is_not_there_is_named(shell: Shell, server: Server) -> None:
    result = shell.run(
        "generate", "tickets.yaml", "-n", 4, "--model", satsuma.testing.UNKNOWN_MODEL, "--base-url", server.url
    )
    refused(result, satsuma.testing.UNKNOWN_MODEL, server.url)
    assert set(shell.tree()) == {"tickets.yaml"}


def test_an_endpoint_that_is_not_there_is_named(shell: Shell) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
        result = shell.run("generate", "tickets.yaml", "-n", 4, "--model", "test/m", "--base-url", url)
    refused(result, "test/m cannot be reached", "--base-url")
    assert set(shell.tree()) == {"tickets.yaml"}


def test_a_mistake_after_a_finished_run_leaves_it_finished(shell: Shell) -> None:
    with satsuma.testing.serve(key="right") as server:
        options = ["generate", "tickets.yaml", "--model", "openai/m", "--base-url", server.url, "-o", "run"]
        assert shell.run(*options, "-n", 6, env={"OPENAI_API_KEY": "right"}).returncode == 0
        before, replies = _but_the_journal(shell), shell.journal()
        refused(shell.run(*options, "-n", 40, "--quiet", env={"OPENAI_API_KEY": "wrong"}), "refuses the key")
        assert _but_the_journal(shell) == before
        assert shell.journal() == replies
        again = shell.run(*options, "-n", 6, env={"OPENAI_API_KEY": "right"})
        assert "there is nothing to do" in again.stderr


def _but_the_journal(shell: Shell) -> dict[str, bytes]:
    """Every other file: the journal also counts the attempts that were refused."""
    return {name: data for name, (_, data) in shell.tree("run").items() if not name.startswith("journal")}


def test_another_cards_directory_is_left_alone(shell: Shell, server: Server) -> None:
    assert shell.generate(server, "-n", 4).returncode == 0
    before = shell.tree()
    refused(shell.generate(server, "-n", 4, card="copa"), "holds a run of the card tickets, not of copa", "-o")
    assert shell.tree() == before


def test_another_cards_directory_is_left_alone_even_if_its_run_was_killed_early(shell: Shell) -> None:
    from tests.acceptance.conftest import command

    with satsuma.testing.serve(faults=satsuma.testing.Faults(hang=1)) as server:
        process = shell.start(*command(server, "-n", 4))
        server.wait_for(1)
        process.kill()
        process.communicate()
        refused(shell.generate(server, "-n", 4, card="copa"), "holds a run of the card tickets, not of copa")
        edited = (shell.cwd / "tickets.yaml").read_text().replace("refunds", "money back")
        (shell.cwd / "tickets.yaml").write_text(edited)
        refused(shell.generate(server, "-n", 4), "--revise")


def test_an_edited_card_goes_on_with_revise_and_reuses_what_did_not_change(shell: Shell) -> None:
    with satsuma.testing.serve(seed=2, record=True) as server:
        assert shell.generate(server, "-n", 12).returncode == 0
        first = server.counters
        card = (shell.cwd / "tickets.yaml").read_text()
        (shell.cwd / "tickets.yaml").write_text(card + "correction: {votes: 3}\n")
        before, messages = shell.tree(), [row["message"] for row in satsuma.Run("run").table().to_pylist()]
        refused(shell.generate(server, "-n", 12), "votes: 1 → 3", "--revise")
        assert shell.tree() == before
        assert server.counters == first

        revised = shell.generate(server, "-n", 12, "--revise")
        assert revised.returncode == 0, revised.stderr
        second = server.counters
        assert second.by_step["correction"] > first.by_step["correction"]
        assert second.repeated == 0
    assert [row["message"] for row in satsuma.Run("run").table().to_pylist()] == messages
    assert {row["provenance"]["votes"] for row in satsuma.Run("run").table().to_pylist()} == {2}


def test_a_journal_of_a_newer_version_is_refused_and_left_alone(shell: Shell, server: Server) -> None:
    assert shell.generate(server, "-n", 4).returncode == 0
    with sqlite3.connect(shell.cwd / "run" / "journal.sqlite") as journal:
        journal.execute("PRAGMA user_version = 99")
    journal.close()
    before = shell.tree()
    refused(shell.generate(server, "-n", 8), "journal.sqlite", "newer satsuma (format 99")
    assert shell.tree() == before


@pytest.mark.parametrize("how", ["overwritten", "cut off", "empty", "not a journal"])
def test_a_journal_that_is_damaged_is_named_with_the_way_on(shell: Shell, server: Server, how: str) -> None:
    assert shell.generate(server, "-n", 4).returncode == 0
    path = shell.cwd / "run" / "journal.sqlite"
    whole = path.read_bytes()
    path.write_bytes(
        {
            "overwritten": whole[:100] + b"\xff" * 400 + whole[500:],
            "cut off": whole[: len(whole) // 2],
            "empty": b"",
            "not a journal": b"hello " * 1000,
        }[how]
    )
    before = shell.tree()
    refused(shell.generate(server, "-n", 8), "journal.sqlite")
    assert shell.tree() == before


def test_a_disk_that_fills_up_loses_nothing_that_was_paid(shell: Shell) -> None:
    limit = "import os, resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
    limit += "resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000)); os.execv(sys.argv[1], sys.argv[1:])"
    from tests.acceptance.conftest import command

    with satsuma.testing.serve(seed=9) as server:
        full = shell.run(*command(server, "-n", 200), under=(sys.executable, "-c", limit))
        assert full.returncode == 2, full.stderr
        assert "Traceback" not in full.stderr
        assert "journal.sqlite" in full.stderr
        assert "room" in full.stderr
        saved = {entry.key for entry in shell.journal()}
        assert saved
        done = shell.generate(server, "-n", 200)
        assert done.returncode == 0, done.stderr
        assert saved <= {entry.key for entry in shell.journal()}
        assert server.counters.repeated <= 256
        assert shell.generate(server, "-n", 200, out="whole").returncode == 0
    assert shell.data("run") == shell.data("whole")


def test_a_directory_in_use_names_the_process_that_uses_it(shell: Shell) -> None:
    from tests.acceptance.conftest import command

    with satsuma.testing.serve(faults=satsuma.testing.Faults(hang=1)) as server:
        first = shell.start(*command(server, "-n", 4))
        server.wait_for(1)
        refused(shell.generate(server, "-n", 4), f"run is in use by process {first.pid}", "-o")
        assert first.poll() is None
        first.send_signal(signal.SIGKILL)
        first.communicate()
