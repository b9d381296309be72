"""A model that answers through files: wave after wave to the same dataset, whatever else is in the replies."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import satsuma
import satsuma.testing
from satsuma.testing import Behaviour, Faults
from satsuma.testing.question import read
from satsuma.testing.teacher import say

if TYPE_CHECKING:
    from pathlib import Path

    from tests.acceptance.conftest import Shell

TEACHER = Behaviour(seed=21, noise=0.1)
N = 3


def _answer(directory: Path, *, openai: bool = False) -> int:
    """Answer every open request; how many there were."""
    lines = (directory / "requests.jsonl").read_text(encoding="utf-8").splitlines()
    with (directory / "replies.jsonl").open("a", encoding="utf-8") as replies:
        for line in lines:
            request = json.loads(line)
            assert (request["method"], request["url"]) == ("POST", "/v1/chat/completions")
            said = say(read(request["body"]), TEACHER)
            choice = {"index": 0, "message": {"role": "assistant", "content": said.content}, "finish_reason": "stop"}
            whole = {"response": {"status_code": 200, "body": {"choices": [choice]}}, "error": None}
            reply = whole if openai else {"content": said.content}
            replies.write(json.dumps({"custom_id": request["custom_id"], **reply}) + "\n")
    return len(lines)


def test_wave_after_wave_it_ends_with_the_bytes_of_a_live_run(shell: Shell) -> None:
    command = ["generate", "tickets.yaml", "-n", N, "--model", "file:mail", "--as", "m", "-o", "run"]
    waves: list[int] = []
    for wave in range(40):
        result = shell.run(*command)
        if result.returncode != 4:
            break
        asked = _answer(shell.cwd / "mail", openai=wave % 2 == 0)
        assert f"{asked} " in result.stderr
        assert "Go on with: satsuma generate tickets.yaml" in result.stderr
        assert len(shell.journal()) == sum(waves)
        waves.append(asked)
    assert result.returncode == 0, result.stderr
    assert len(waves) >= 4
    before = shell.tree()
    assert shell.run(*command).returncode == 0
    assert shell.tree() == before
    with satsuma.testing.serve(seed=21, noise=0.1) as server:
        live = shell.run("generate", "tickets.yaml", "-n", N, "--model", "m", "--base-url", server.url, "-o", "live")
        assert live.returncode == 0, live.stderr
    assert shell.data("run") == shell.data("live")
    assert {row["provenance"]["model"] for row in satsuma.Run("run").table().to_pylist()} == {"m"}


def test_whatever_else_is_in_the_replies_is_reported_and_never_fatal(shell: Shell) -> None:
    command = ["generate", "tickets.yaml", "-n", N, "--model", "file:mail", "-o", "run"]
    assert shell.run(*command).returncode == 4
    key = json.loads((shell.cwd / "mail" / "requests.jsonl").read_text().splitlines()[0])["custom_id"]
    assert _answer(shell.cwd / "mail") == 1
    with (shell.cwd / "mail" / "replies.jsonl").open("ab") as replies:
        replies.write(b'{"custom_id": "k1-00000000000000000000000000000000", "content": "who asked?"}\n')
        replies.write(json.dumps({"custom_id": key, "content": "something else"}).encode() + b"\n")
        replies.write(b'not json\n\xff\xfe\x00\n\n[]\n{"content": "nameless"}\n{"custom_id": 7, "content": "x"}\n')
        replies.write(b'{"custom_id": "torn", "conte')
    result = shell.run(*command)
    assert result.returncode == 4, result.stderr
    assert "Traceback" not in result.stderr
    for line, what in ((2, "does not have"), (3, "second"), (4, "line")):
        assert [x for x in result.stderr.splitlines() if str(line) in x and what in x], (line, what, result.stderr)
    assert len(shell.journal()) == 1
    assert shell.journal()[0].reply.content != "something else"


def test_a_recording_that_lacks_a_reply_says_which_step_asked(shell: Shell) -> None:
    with satsuma.testing.serve(seed=3) as server:
        assert shell.generate(server, "-n", 6).returncode == 0
    result = shell.run("generate", "tickets.yaml", "-n", 60, "--model", "replay:run", "-o", "more", "--quiet")
    assert result.returncode == 2, result.stderr
    assert "run/journal.sqlite has no reply to a request (step " in result.stderr
    assert len(result.stderr.splitlines()) == 2
    other = shell.run("generate", "copa", "-n", 6, "--model", "replay:run", "-o", "other")
    assert other.returncode == 2
    assert "step contexts" in other.stderr
    assert not (shell.cwd / "other").exists()


def test_a_recording_of_exactly_what_its_dataset_came_from_is_enough(shell: Shell) -> None:
    with satsuma.testing.serve(seed=5, noise=0.4, faults=Faults(malformed=0.08)) as server:
        run = satsuma.generate("tickets.yaml", n=20, model="test/m", base_url=server.url, out="run")
    rows = [*run.table().to_pylist(), *run.rejects().to_pylist()]
    needed = {key for row in rows for key in row.get("requests") or row["provenance"]["requests"]}
    spare = [(e.key,) for e in shell.journal() if e.key not in needed and e.request.step != "contexts"]
    assert spare
    with closing(sqlite3.connect(run.journal_path)) as journal:
        journal.executemany("DELETE FROM replies WHERE key = ?", spare)
        journal.commit()
    again = satsuma.generate("tickets.yaml", n=20, model="replay:run", out="again")
    assert shell.data("run") == shell.data("again")
    assert again.state.state == "complete"
