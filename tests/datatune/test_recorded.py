"""Transformations with a language model's own answers, recorded through the file exchange, replayed on the real rows.

The journals are in tests/recordings/transform; the rows are those of the shared data, which is not part of a checkout.
What was searched for is in the recording; the search itself is measured in benchmarks/retrieval.py.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

import satsuma
from satsuma.catalog.building import entries_of
from satsuma.catalog.entry import Entry
from satsuma.datatune import finding
from satsuma.datatune.options import TransformOptions

pytest.importorskip("pydantic_monty", reason="an extra: pip install 'satsuma[datatune]'")
pytest.importorskip("bm25s", reason="an extra: pip install 'satsuma[retrieval]'")
HERE = Path(__file__).parent.parent / "recordings" / "transform"
SHARED = Path(__file__).parents[3] / "shared" / "data"
CARDS = sorted(place.name for place in HERE.iterdir()) if HERE.is_dir() else []

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="the shared data is not there")


@pytest.fixture(scope="module")
def entries() -> dict[tuple[str, str], Entry]:
    places = (SHARED / "sources", SHARED / "catalog" / "huggingface_2494.jsonl")
    found = (one for place in places for one in entries_of(place))
    made: dict[tuple[str, str], Entry] = {}
    for one in found:
        if isinstance(one, Entry):
            made.setdefault((one.name, one.loading.kind), one)
    return made


@pytest.mark.parametrize("card", CARDS)
def test_a_recorded_transformation_gives_its_instances_again(
    card: str, entries: dict[tuple[str, str], Entry], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = json.loads((HERE / card / "provenance.json").read_text("utf-8"))

    def searched(queries: Sequence[str], options: TransformOptions) -> list[Entry]:  # noqa: ARG001
        assert list(queries) == told["queries"]
        return [entries[name, kind] for name, kind in told["candidates"]]

    monkeypatch.setattr(finding, "_searched", searched)
    own = HERE / card / "card.yaml"
    where = {"datasets": (str(SHARED / "sources" / told["dataset"]),)} if "dataset" in told else {"catalog": "c.jsonl"}
    run = satsuma.transform(
        own if own.exists() else told["card"], n=told["n"], model=f"replay:{HERE / card / 'journal.sqlite'}",
        out=tmp_path / "run", execute=told["execute"], **where,
    )  # fmt: skip
    assert (run.state.state, run.state.size) == ("complete", told["n"])
    transformed = run.state.transformed
    assert transformed is not None
    assert [(use.name, use.by, use.accepted) for use in transformed.datasets if use.tried] == [
        tuple(use) for use in told["datasets"]
    ]
    assert next((use.comparison for use in transformed.datasets if use.comparison), None) == told["comparison"]
    assert run.state.totals.requests == 0
    for row in run.table().to_pylist():
        assert row["provenance"]["source"]["licence"] in told["licences"]


def test_there_are_three_tasks_with_forty_instances_each_and_a_program_that_was_accepted() -> None:
    told = [json.loads((HERE / card / "provenance.json").read_text("utf-8")) for card in CARDS]
    assert {"cause_and_effect", "code_line_description", "implicatures"} <= {
        one["card"] for one in told if one["n"] >= 40
    }
    assert any(by == "program" and one["execute"] == "auto" for one in told for _, by, _ in one["datasets"])
    assert all(one["model"] == "claude (via file exchange)" for one in told)
