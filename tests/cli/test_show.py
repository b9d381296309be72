"""`satsuma show`, `tasks` and `models`: what they print, and that nothing in a dataset is obeyed by the terminal."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

import satsuma
from satsuma.run.directory import RunDirectory
from satsuma.run.identity import begin
from satsuma.run.writer import DatasetWriter
from satsuma.task.card import Card
from satsuma.task.instance import Instance, Provenance, Reject
from tests.conftest import Call

HOSTILE = "\x1b[2J\x1b]0;owned\x07 [red]red[/red] :smile: \u202egnp.exe \ud800 \x9b31m"


class Terminal(io.StringIO):
    """A terminal, as far as programs ask."""

    def isatty(self) -> bool:
        return True


def made(place: Path, text: str, labels: int = 2, pair: tuple[str, str] | None = None) -> satsuma.Run:
    """A run that was not generated, all of whose texts are `text`; pair: what a student sees, if something else."""
    shown, target = pair or (text, text)
    names = {f"label{i}": text for i in range(labels)}
    card = Card.model_validate({"name": "made", "task": "x", "inputs": {"message": "x"}, "output": {"labels": names}})
    directory = RunDirectory.create_or_open(place)
    origin = Provenance("targen", text, text, {"tone": text}, text, text, 3, 2 / 3, text, "m", "m")
    with directory.lock():
        with DatasetWriter(directory, card) as writer:
            for i in range(4):
                writer.accept(Instance(f"context {i}", i, {"message": text}, f"label{i % 2}", shown, target, origin))
            writer.reject(Reject("context 9", 9, "instance", text, text, {"message": text}, text))
            files = writer.commit()
        state = begin(card, {}, {}, n=4, seed=0, lag=0).model_copy(update={"files": files, "reason": "as it is"})
        counts = state.counts.model_copy(
            update={"accepted": dict.fromkeys(names, 2), "rejects": {"instance": {"x": 1}}}
        )
        matrix = {a: {a: 3, "label0": 1} for a in names}
        directory.save_state(state.model_copy(update={"counts": counts, "matrix": matrix}))
    return satsuma.Run(place)


def test_a_run_is_shown_with_its_summary_and_a_few_instances(call: Call, tmp_path: Path) -> None:
    made(tmp_path / "run", "hello")
    out = call("show", "run").stdout
    assert out.startswith("made: 4 of 4 instances, running (as it is)\n")
    assert "Self-correction changed" in out
    assert out.count("  message: hello") == 3
    assert call("show", "run", "--instances", 0).stdout.count("  message: hello") == 0
    assert not [line for line in out.splitlines() if line != line.rstrip()]


def test_many_labels_are_cut_short(call: Call, tmp_path: Path) -> None:
    made(tmp_path / "run", "hello", labels=30)
    out = call("show", "run").stdout
    assert "and 10 more labels" in out
    assert "corrected to" in out


@pytest.mark.parametrize("arguments", [[], ["context 1"], ["context 9"]])
def test_hostile_text_is_shown_and_not_obeyed(call: Call, tmp_path: Path, arguments: list[str]) -> None:
    made(tmp_path / "run", HOSTILE)
    out = call("show", "run", *arguments).stdout
    for active in ("\x1b", "\x07", "\x9b", "\u202e"):
        assert active not in out
    assert r"\x1b[2J\x1b]0;owned\x07 [red]red[/red] :smile: \u202egnp.exe" in out


def test_the_pair_of_a_student_is_shown_only_where_it_says_something_else(call: Call, tmp_path: Path) -> None:
    made(tmp_path / "run", "hello", pair=("message: hello", "label1"))
    assert "\n  text: " not in call("show", "run", "context 1").stdout
    made(tmp_path / "other", "hello", pair=("Who says hello?", "somebody"))
    out = call("show", "other", "context 1").stdout
    assert "\n  text: Who says hello?\n  target: somebody\n" in out


def test_a_terminal_has_values_wrapped_between_words_and_a_pipe_has_them_whole(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(tmp_path / "run", "word " * 50 + "\nend")
    whole = call("show", "run", "context 1").stdout
    assert f"  message: {'word ' * 50}\n    end\n" in whole
    terminal = Terminal()
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys, "stdout", terminal)
    call("show", "run", "context 1")
    lines = terminal.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert lines.count("    end") == whole.splitlines().count("    end")


def test_a_reject_is_shown_with_its_reason(call: Call, tmp_path: Path) -> None:
    made(tmp_path / "run", "why not")
    out = call("show", "run", "context 9").stdout
    assert "context 9: dropped in instance" in out
    assert "because: why not" in out


def test_an_instance_is_shown_with_its_context_seed_prompts_and_replies(
    call: Call, card: Path, model: list[str], tmp_path: Path
) -> None:
    call("generate", card, "-n", 4, *model, "--quiet")
    row = satsuma.Run(tmp_path / "runs" / "tickets").table().to_pylist()[2]
    out = call("show", "runs/tickets", row["id"]).stdout
    origin = row["provenance"]
    for text in (
        row["message"],
        f"context: {origin['context']}",
        f"asked for: {origin['asked']}",
        "[system]",
        "[user]",
    ):
        assert text in out
    for key in origin["requests"]:
        assert key in out
    steps = [line.split()[1] for line in out.splitlines() if line.startswith("── ")]
    assert steps == ["seeds", "instance", "correction"]
    assert out.count("[reply]\n{") == 3


def test_a_request_that_the_journal_lacks_is_said_to_be_missing(
    call: Call, card: Path, model: list[str], tmp_path: Path
) -> None:
    call("generate", card, "-n", 2, *model, "--quiet")
    run = satsuma.Run(tmp_path / "runs" / "tickets")
    from satsuma.llm.journal import Journal

    run.journal_path.unlink()
    Journal.open(run.journal_path).close()
    row = run.table().to_pylist()[0]
    out = call("show", "runs/tickets", row["id"]).stdout
    assert f"── {row['provenance']['requests'][0]}: not in this run's journal" in out


def test_an_unknown_id_and_a_directory_that_is_no_run_are_errors(call: Call, tmp_path: Path) -> None:
    made(tmp_path / "run", "hello")
    unknown = call("show", "run", "context 99")
    assert unknown.returncode == 2
    assert "An id is written like this: 'context 0'" in unknown.stderr
    assert "there is no such run" in call("show", "gone").stderr
    assert "is not a run" in call("show", tmp_path).stderr


def test_a_run_without_a_dataset_yet_is_shown(call: Call, tmp_path: Path) -> None:
    run = made(tmp_path / "run", "hello")
    run.data_path.unlink()
    assert "run: run" in call("show", "run").stdout


def test_tasks_lists_the_cards_and_shows_one_as_it_is(call: Call) -> None:
    listed = call("tasks").stdout.splitlines()
    names = [line.split()[0] for line in listed]
    assert {"boolq", "copa", "rte", "support-tickets"} <= set(names)
    assert all(len(line.split()) > 3 for line in listed)
    shown = call("tasks", "show", "support-tickets").stdout
    assert satsuma.load_card("support-tickets").task in " ".join(shown.split())
    wrong = call("tasks", "show", "cpoa")
    assert wrong.returncode == 2
    assert "copa" in wrong.stderr


def test_models_lists_the_providers_and_whether_their_keys_are_set_and_never_a_key(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GROQ_API_KEY", "planted-Secret-123")
    out = call("models").stdout
    assert "GROQ_API_KEY is set" in out
    assert "OPENAI_API_KEY is not set" in out
    assert "OLLAMA_API_KEY (optional)" in out
    assert "file:DIR" in out
    assert "planted" not in out
