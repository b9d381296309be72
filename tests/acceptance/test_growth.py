"""What instances grow from: texts of one's own, several of one seed, steps left out; and always the same bytes."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import pytest

import satsuma
import satsuma.testing
from satsuma.errors import SettingsError
from satsuma.testing import Faults, Latency, Server
from tests.acceptance.conftest import command

if TYPE_CHECKING:
    from tests.acceptance.conftest import Shell

UNEVEN = Latency(median_ms=3, p99_ms=40)
SAID = Faults(malformed=0.05, wrong_label=0.03)
N = 24
TEXTS = [f"A customer whose order {i} is about item {i * 7} and who lives in street {i * 13}." for i in range(60)]
PASSAGES = {
    "name": "questions",
    "task": "Say whether the passage answers the question.",
    "inputs": {"passage": "A paragraph.", "question": "A question about the passage, one sentence."},
    "output": {"labels": {"yes": "it does", "no": "it does not"}},
    "seed": {"field": "passage", "uses": 3, "per_context": 4},
}


def serve(seed: int = 31) -> AbstractContextManager[Server]:
    return satsuma.testing.serve(seed=seed, latency=UNEVEN, faults=SAID, noise=0.1)


def _write(shell: Shell) -> None:
    lines = [json.dumps({"text": text}) for text in TEXTS]
    (shell.cwd / "texts.jsonl").write_text("\n".join([*lines, lines[0], '{"text": ""}']) + "\n")
    (shell.cwd / "places.txt").write_text("a bank\na shop\na school\n")
    (shell.cwd / "questions.yaml").write_text(json.dumps(PASSAGES))


WAYS: dict[str, tuple[str, dict[str, Any]]] = {
    "tree": ("tickets.yaml", {}),
    "uses": ("questions.yaml", {}),
    "own texts": ("tickets.yaml", {"seeds": "texts.jsonl"}),
    "own texts and contexts": ("tickets.yaml", {"seeds": "texts.jsonl:text", "contexts": "places.txt"}),
    "own contexts": ("tickets.yaml", {"contexts": "places.txt"}),
    "no contexts": ("tickets.yaml", {"without": ("contexts",)}),
    "no seeds": ("questions.yaml", {"without": ("seeds",)}),
    "no correction": ("tickets.yaml", {"without": ("correction",)}),
    "the instance alone": ("questions.yaml", {"without": ("correction", "seeds", "contexts")}),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_shares_are_exact_and_the_bytes_the_same_at_any_concurrency(shell: Shell, way: str) -> None:
    _write(shell)
    card, options = WAYS[way]
    for concurrency in (1, 64):
        with serve() as server:
            run = satsuma.generate(
                card, n=N, model="test/m", base_url=server.url, out=f"run-{concurrency}", concurrency=concurrency,
                **options,
            )  # fmt: skip
    assert shell.data("run-1") == shell.data("run-64")
    counts = Counter(row["label"] for row in run.table().to_pylist())
    assert set(counts.values()) == {N // len(counts)}


@pytest.mark.parametrize(
    ("card", "options"),
    [
        ("questions.yaml", []),
        ("tickets.yaml", ["--seeds", "texts.jsonl", "--contexts", "places.txt"]),
        ("questions.yaml", ["--no-contexts"]),
        ("questions.yaml", ["--no-seeds", "--no-correction"]),
    ],
    ids=["uses", "own texts", "no contexts", "no seeds"],
)
def test_killed_half_way_it_goes_on_to_the_same_bytes(shell: Shell, card: str, options: list[str]) -> None:
    _write(shell)
    with serve() as server:
        assert shell.generate(server, "-n", N, *options, out="whole", card=card).returncode == 0
        needed = server.counters.requests
    with serve() as server:
        process = shell.start(*command(server, "-n", N, "--concurrency", 8, *options, card=card))
        server.wait_for(needed // 2, timeout=30)
        process.kill()
        process.communicate()
        assert process.returncode == -9
        server.wait_until_idle()
        assert shell.generate(server, "-n", N, *options, card=card).returncode == 0
    assert shell.data("run") == shell.data("whole")


def _rows(card: str, n: int, without: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    with serve() as server:
        run = satsuma.generate(card, n=n, model="test/m", base_url=server.url, out="run", without=without)
    rows: list[dict[str, Any]] = run.table().to_pylist()
    return rows


def _steps(shell: Shell, run: str = "run") -> set[str]:
    return {entry.request.step for entry in shell.journal(run)}


def test_uses_of_a_seed_share_it_and_are_asked_for_by_number(shell: Shell) -> None:
    _write(shell)
    rows = _rows("questions.yaml", 30)
    by_passage: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_passage.setdefault(row["passage"], []).append(row)
    assert 10 <= len(by_passage) <= 14
    assert max(Counter(map(len, by_passage.values()))) == 3
    for group in by_passage.values():
        assert len({row["id"].rpartition(" / use ")[0] for row in group}) == 1
        assert len({row["question"] for row in group}) == len(group)
    asked = {e.request.path: e.request for e in shell.journal() if e.request.step == "instance"}
    first, second = (asked[f"context 0 / seed 0 / use {use}"] for use in (0, 1))
    assert "This is number 1." in first.messages[-1].content
    assert "This is number 2." in second.messages[-1].content
    assert (first.draw, second.draw) == (0, 1)


def test_instances_grow_from_ones_own_texts_in_order_and_only_the_other_steps_are_asked(shell: Shell) -> None:
    _write(shell)
    with serve() as server:
        made = shell.generate(server, "-n", N, "--seeds", "texts.jsonl", "--contexts", "places.txt")
    assert made.returncode == 0, made.stderr
    assert "seeds: 60 texts; 1 is there already and 1 is blank and left out" in made.stderr
    rows = satsuma.Run("run").table().to_pylist()
    for row in rows:
        number = TEXTS.index(row["provenance"]["seed"])
        assert row["id"] == f"context {number % 3} / seed {number}"
        assert row["provenance"]["context"] == ("a bank", "a shop", "a school")[number % 3]
        assert row["provenance"]["method"] == "targen"
    assert _steps(shell) == {"instance", "correction"}
    state = json.loads((shell.cwd / "run" / "run.json").read_text())
    assert state["card"]["seed"]["given"]["count"] == 60
    assert TEXTS[0] not in (shell.cwd / "run" / "run.json").read_text()


def test_texts_may_be_given_in_python_and_can_be_an_input_of_the_card(shell: Shell) -> None:
    _write(shell)
    with serve() as server:
        run = satsuma.generate(
            {**PASSAGES, "seed": "passage"}, n=20, model="test/m", base_url=server.url, out="run", seeds=TEXTS
        )
    rows = run.table().to_pylist()
    assert all(row["passage"] == row["provenance"]["seed"] in TEXTS for row in rows)
    assert all(row["provenance"]["context"] == "" for row in rows)


def test_when_the_texts_end_the_run_says_so_with_what_there_is_and_goes_on_for_nothing(shell: Shell) -> None:
    _write(shell)
    with serve() as server:
        ended = shell.generate(server, "-n", 100, "--seeds", "texts.jsonl")
        assert ended.returncode == 5, ended.stderr
        assert "all 60 texts given as seeds have been used" in ended.stderr
        assert "`uses: 2` under `seed` of the card" in ended.stderr
        before, asked = shell.data(), server.counters.requests
        assert shell.generate(server, "-n", 100, "--seeds", "texts.jsonl").returncode == 5
        assert server.counters.requests == asked
    assert shell.data() == before
    run = satsuma.Run("run")
    assert (run.state.state, run.state.counts.candidates) == ("exhausted", 60)
    assert 40 < run.state.size <= 60


def test_a_changed_file_is_another_run_and_a_moved_one_is_not(shell: Shell) -> None:
    _write(shell)
    with serve() as server:

        def made(seeds: str) -> satsuma.Run:
            return satsuma.generate("tickets.yaml", n=6, model="test/m", base_url=server.url, out="run", seeds=seeds)

        made("texts.jsonl")
        (shell.cwd / "texts.jsonl").rename(shell.cwd / "moved.jsonl")
        asked = server.counters.requests
        assert made("moved.jsonl").state.state == "complete"
        assert server.counters.requests == asked
        with (shell.cwd / "moved.jsonl").open("a") as file:
            file.write('"one more"\n')
        with pytest.raises(satsuma.RunError, match=r"card\.seed\.given\.count: 60 → 61"):
            made("moved.jsonl")


def test_without_contexts_seeds_come_in_rounds_that_show_what_exists(shell: Shell) -> None:
    rows = _rows("tickets.yaml", N, without=("contexts",))
    assert {row["id"].rpartition(" ")[0] for row in rows} == {"seed"}
    assert {row["provenance"]["context"] for row in rows} == {""}
    assert _steps(shell) == {"seeds", "instance", "correction"}
    seeds = [entry.request for entry in shell.journal() if entry.request.step == "seeds"]
    assert any(row["provenance"]["seed"] in r.messages[-1].content for r in seeds for row in rows[:3])


def test_without_seeds_all_inputs_are_written_in_one_go_and_no_two_are_asked_for_as_the_same(shell: Shell) -> None:
    _write(shell)
    rows = _rows("questions.yaml", N, without=("seeds",))
    assert {row["provenance"]["seed"] for row in rows} == {""}
    assert all("instance" in row["id"] for row in rows)
    assert len({row["passage"] for row in rows}) == N
    assert _steps(shell) == {"contexts", "instance", "correction"}


def test_without_correction_the_asked_label_stays_and_says_so(shell: Shell) -> None:
    rows = _rows("tickets.yaml", N, without=("correction",))
    for row in rows:
        origin = row["provenance"]
        assert row["label"] == origin["asked"] == origin["corrected"]
        assert (origin["votes"], origin["agreement"], origin["corrector"], origin["reason"]) == (0, None, "", "")
    assert _steps(shell) == {"contexts", "seeds", "instance"}
    run = satsuma.Run("run")
    assert run.state.matrix == {}
    assert run.state.settings["without"] == ["correction"]
    shown = shell.run("show", "run", rows[0]["id"])
    assert shown.returncode == 0, shown.stderr


@pytest.mark.usefixtures("shell")
def test_what_is_left_out_makes_another_run() -> None:
    _rows("tickets.yaml", 6)
    with pytest.raises(satsuma.RunError, match=r'without: not given → \["correction"\]'):
        _rows("tickets.yaml", 6, without=("correction",))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"without": ("instance",)}, "the step 'instance' cannot be left out"),
        ({"without": ("correction",), "votes": 3}, "votes is given, but the correction is left out"),
        ({"without": ("seeds",), "seeds": ["one"]}, "seeds are given and left out at once"),
        ({"without": ("contexts",), "contexts": ["one"]}, "contexts are given and left out at once"),
    ],
)
def test_contradictions_are_refused(shell: Shell, options: dict[str, Any], says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        satsuma.generate("tickets.yaml", n=3, model="test/m", out="run", **options)
    assert not (shell.cwd / "run").exists()


def test_files_that_cannot_be_used_are_refused_before_anything_is_written(shell: Shell, server: Server) -> None:
    for command_name, option in (("generate", "--seeds"), ("estimate", "--contexts")):
        refused = shell.run(command_name, *command(server, "-n", 3, option, "none.jsonl")[1:])
        assert (refused.returncode, refused.stdout) == (2, "")
        assert "there is no file none.jsonl" in refused.stderr
    assert not (shell.cwd / "run").exists()


@pytest.mark.parametrize("way", WAYS)
def test_an_estimate_counts_what_is_asked(shell: Shell, way: str) -> None:
    _write(shell)
    card, options = WAYS[way]
    with satsuma.testing.serve(seed=8) as server:
        told = satsuma.estimate(card, n=40, model="test/m", base_url=server.url, out="run", **options)
        satsuma.generate(card, n=40, model="test/m", base_url=server.url, out="run", **options)
        again = satsuma.estimate(card, n=80, model="test/m", base_url=server.url, out="run", **options)
    asked = Counter(entry.request.step for entry in shell.journal())
    for step in told.steps:
        assert step.requests.low <= asked[step.step] <= step.requests.high, step.step
    assert again.basis == "pilot"
    assert {step.step for step in again.steps if step.requests.likely} == set(asked)
