"""Parts of a run: disjoint shares of its indices, each made without knowing the others."""

from __future__ import annotations

from pathlib import Path

import pytest

import satsuma
import satsuma.testing
from satsuma.errors import RunError, SettingsError
from satsuma.run.run import Run
from satsuma.targen.parts import Part, numbers, part_of, share
from satsuma.task.loader import load_card
from satsuma.testing import Server

CARD = {
    "name": "tickets",
    "task": "Route a message.",
    "inputs": {"message": "a message"},
    "output": {"labels": {"billing": "charges", "bug": "broken"}},
    "contexts": {"per_block": 4},
    "seed": {"per_context": 3},
}


def made(server: Server, out: Path, part: str, n: int = 60) -> Run:
    return satsuma.generate(CARD, n=n, model="openai/teacher", base_url=server.url, out=out, part=part)


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")


def test_parts_of_the_indices_are_disjoint_and_make_up_the_whole() -> None:
    for of in (1, 2, 3, 8):
        parts = [{Part(number, of, 5).index(at) for at in range(40)} for number in range(of)]
        assert set().union(*parts) == set(range(40 * of))
        assert sum(map(len, parts)) == 40 * of


@pytest.mark.parametrize("n", [8, 100, 101, 1003])
def test_the_shares_add_up_to_n(n: int) -> None:
    assert sum(share(f"{number}/8", n) for number in range(1, 9)) == n


def test_a_part_is_a_block_of_contexts() -> None:
    assert part_of("2/8", load_card(CARD)) == Part(1, 8, 12)
    assert part_of("", load_card(CARD)) == Part(0, 1, 12)


def test_parts_grow_from_other_seeds_and_together_have_n(tmp_path: Path) -> None:
    with satsuma.testing.serve() as server:
        parts = [made(server, tmp_path / f"part{i}", f"{i}/3") for i in (1, 2, 3)]
    ids = [set(run.table()["id"].to_pylist()) for run in parts]
    assert [len(one) for one in ids] == [20, 20, 20]
    assert len(set().union(*ids)) == 60
    texts = [row["message"] for run in parts for row in run.table().to_pylist()]
    assert len(set(texts)) == 60


def test_a_part_grows_with_n_like_a_whole_run(tmp_path: Path) -> None:
    with satsuma.testing.serve() as server:
        small = made(server, tmp_path / "small", "2/2", 20).table().to_pylist()
        large = made(server, tmp_path / "large", "2/2", 60).table().to_pylist()
    assert large[:10] == small


def test_another_part_is_another_run(tmp_path: Path) -> None:
    with satsuma.testing.serve() as server:
        made(server, tmp_path / "run", "1/3")
        with pytest.raises(RunError, match='part: "1/3" → "2/3"'):
            made(server, tmp_path / "run", "2/3")


@pytest.mark.parametrize("text", ["0/3", "4/3", "x", "1", "1/0", "-1/3"])
def test_what_is_no_part_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="is no part of a run"):
        numbers(text)


def test_a_part_that_would_be_empty_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="has none"):
        satsuma.generate(CARD, n=2, model="openai/teacher", out=tmp_path / "run", part="1/3")
    assert not (tmp_path / "run").exists()
