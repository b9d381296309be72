"""A build: datasets and a model together give exactly n instances, each part a run of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import satsuma
import satsuma.testing
from satsuma.errors import BudgetSpent, CardError, SettingsError
from satsuma.testing import Server
from satsuma.testing.question import Question
from tests.datatune.test_transform import CARD, answers, folder, rows
from tests.drafting import clauses

pytest.importorskip("pydantic_monty", reason="an extra: pip install 'satsuma[datatune]'")
OF_TARGEN = ("contexts", "seeds", "instance", "correction")


@contextmanager
def model(**how: Any) -> Iterator[Server]:  # noqa: ANN401 - what `answers` takes
    def script(question: Question) -> Any:  # noqa: ANN401 - JSON
        return None if question.step in OF_TARGEN else answers(question, **how)

    with pytest.MonkeyPatch.context() as patch, satsuma.testing.serve(script=script) as server:
        patch.setenv("OPENAI_API_KEY", "sk-test")
        yield server


def built(server: Server, out: Path, datasets: tuple[Path, ...] = (), n: int = 60, **options: Any) -> satsuma.Built:  # noqa: ANN401
    given = {"datasets": tuple(map(str, datasets)), "execute": "program"} if datasets else {}
    return satsuma.build(CARD, n=n, model="openai/teacher", base_url=server.url, out=out, **{**given, **options})


def methods(made: satsuma.Built) -> list[str]:
    return [row["provenance"]["method"] for row in made.dataset.table().to_pylist()]


def test_half_comes_from_datasets_and_the_rest_from_the_model(tmp_path: Path) -> None:
    with model() as server:
        made = built(server, tmp_path / "built", (folder(tmp_path, "shop", rows(200, "shop")),))
    assert made.dataset.state.size == 60
    assert sorted(methods(made)) == ["datatune"] * 30 + ["targen"] * 30
    assert made.dataset.path == tmp_path / "built" / "dataset"


def test_what_datasets_do_not_give_is_generated(tmp_path: Path) -> None:
    with model() as server:
        made = built(server, tmp_path / "built", (folder(tmp_path, "shop", rows(20, "shop")),), share=1)
    assert made.transformed is not None
    assert made.generated is not None
    assert (made.transformed.state.size, made.generated.state.size) == (18, 42)
    assert made.dataset.state.size == 60


def test_without_a_catalog_everything_is_generated(tmp_path: Path) -> None:
    with model() as server:
        made = built(server, tmp_path / "built")
    assert made.transformed is None
    assert set(methods(made)) == {"targen"}
    assert made.dataset.state.size == 60


def test_the_same_build_again_asks_nothing_and_changes_nothing(tmp_path: Path) -> None:
    place = (folder(tmp_path, "shop", rows(200, "shop")),)
    with model() as server:
        first = built(server, tmp_path / "built", place)
        before, data = server.counters.requests, first.dataset.data_path.read_bytes()
        again = built(server, tmp_path / "built", place)
        assert server.counters.requests == before
    assert again.dataset.data_path.read_bytes() == data


def test_a_limit_is_that_of_the_whole(tmp_path: Path) -> None:
    place = (folder(tmp_path, "shop", rows(200, "shop")),)
    with model() as server:
        with pytest.raises(BudgetSpent):
            built(server, tmp_path / "built", place, max_requests=40, concurrency=1)
        assert server.counters.requests <= 40


AS_IT_IS = """
def transform(row):
    return {"message": row["text"], "label": "glad" if row["stars"] > 3 else "cross"}
"""


def test_rows_that_both_parts_have_are_made_up_for(tmp_path: Path) -> None:
    with model(program=AS_IT_IS) as server:
        alone = built(server, tmp_path / "alone", n=30)
        said = alone.dataset.table()["message"].to_pylist()
        same = [{"text": text, "stars": 5 if i % 2 else 1, "kind": "review"} for i, text in enumerate(said)]
        made = built(server, tmp_path / "both", (folder(tmp_path, "same", same),))
    assert made.generated is not None
    assert made.generated.state.size > 30
    assert made.dataset.state.size == 60
    assert len(set(made.dataset.table()["message"].to_pylist())) == 60


def test_a_sentence_becomes_a_card_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    with satsuma.testing.serve(script=clauses.answers) as server:
        made = satsuma.build(clauses.WISH, n=6, model="openai/teacher", base_url=server.url, out=tmp_path / "built")
        before = server.counters.requests
        again = satsuma.build(clauses.WISH, n=6, model="openai/teacher", base_url=server.url, out=tmp_path / "built")
        assert server.counters.requests == before
    assert made.card == again.card == tmp_path / "built" / "card.yaml"
    assert made.dataset.state.name == "card"
    assert made.dataset.state.size == 6


@pytest.mark.parametrize(
    ("options", "wrong"), [({"share": 1.5}, "share is 1.5"), ({"part": "1/2"}, "has no parts"), ({"n": 0}, "n is 0")]
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, options: dict[str, Any], wrong: str) -> None:
    with pytest.raises(SettingsError, match=wrong):
        satsuma.build(CARD, **{"n": 3, "model": "openai/teacher", "out": tmp_path / "built", **options})


def test_a_short_text_that_is_no_card_is_told_apart_from_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(CardError, match="copo"):
        satsuma.build("copo", n=3, model="openai/teacher", out=tmp_path / "built")
