"""Real runs are blended, and what was exported from one is a source like the run itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import satsuma
import satsuma.testing
from satsuma.errors import DataError
from satsuma.run.run import Run
from tests.scripted import ANSWERS

Make = Callable[[str, int], Run]
KINDS = ("axg", "copa", "entities", "multirc", "qa", "record", "toxicity", "wsc")
"""One card of every kind of output, and two that have computed or extra columns."""


@pytest.fixture
def generated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Generates eight instances of a card with this seed."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")

    def make(card: str, seed: int) -> Run:
        with satsuma.testing.serve(script=ANSWERS.get(card), seed=seed) as server:
            out = tmp_path / f"{card}-{seed}"
            return satsuma.generate(card, n=8, model="openai/teacher", base_url=server.url, out=out, seed=seed)

    return make


@pytest.mark.parametrize("card", KINDS)
def test_what_was_exported_is_read_as_it_was_and_repeats_its_run(card: str, generated: Make, tmp_path: Path) -> None:
    one, other = generated(card, 0), generated(card, 1)
    exported = satsuma.export(one, "fields", tmp_path / "exported.jsonl")
    made = satsuma.blend(exported, one.path, other.path, out=tmp_path / "mix", balance="none", partial=True)
    own = {row["id"]: row for row in made.table().to_pylist()}
    names = [*satsuma.load_card(card).columns, satsuma.load_card(card).output.name, "text", "target"]
    for at, row in enumerate(one.table().to_pylist()):
        read = own[f"exported / row {at}"]
        assert [read[name] for name in names] == [row[name] for name in names]
    repeated = [row["id"] for row in made.rejects().to_pylist() if row["step"] == "duplicate"]
    assert len(repeated) == len(set(repeated)) == 8
    assert all(identifier.startswith(f"{card}-0 / ") for identifier in repeated)
    assert made.state.size == 16


def test_runs_keep_the_requests_of_their_rows_and_are_not_changed(generated: Make, tmp_path: Path) -> None:
    one, other = generated("copa", 0), generated("copa", 1)
    before = one.data_path.read_bytes()
    made = satsuma.blend(one.path, other.path, out=tmp_path / "mix", ratio="1:1")
    keys = {f"copa-0 / {row['id']}": row["provenance"]["requests"] for row in one.table().to_pylist()}
    found = {row["id"]: row["provenance"]["requests"] for row in made.table().to_pylist()}
    assert {name: found[name] for name in keys} == keys
    assert one.data_path.read_bytes() == before
    with pytest.raises(satsuma.SatsumaError, match="differs"):
        satsuma.generate("copa", n=99, model="openai/teacher", base_url="http://localhost:1", out=made.path)


BAD: list[tuple[str, dict[str, Any], str]] = [
    (
        "copa",
        {"premise": "It rained.", "choice1": "a b", "choice2": "c d", "question": "why", "label": 0},
        "question is why",
    ),
    ("copa", {"premise": "It rained.", "choice1": "a b", "choice2": "", "question": "cause", "label": 0}, "choice2"),
    (
        "copa",
        {"premise": "It rained.", "choice1": "a b", "choice2": "c", "question": "cause", "label": True},
        "no option",
    ),
    ("elementary_math", {"problem": "2 + 2 ?", "answers": list("123456"), "answer": 3}, "6 of at most 5"),
    ("elementary_math", {"problem": "2 + 2 ?", "answers": "4", "answer": 0}, "0 of at most 5"),
    ("qa", {"passage": "It cost 5 euros.", "question": "How much?", "answer": "6 euros"}, "does not stand in passage"),
    ("toxicity", {"comment": "You fool.", "problems": "insult"}, "no list"),
    ("toxicity", {"comment": "You fool.", "problems": ["rude"]}, "none of the card's labels"),
    (
        "entities",
        {"sentence": "Anna ran.", "entities": [{"start": 1, "end": 4, "label": "person", "text": "Anna"}]},
        "place",
    ),
    ("entities", {"sentence": "Anna ran.", "entities": [{"start": 0, "text": "Anna"}]}, "no start, end"),
]


@pytest.mark.parametrize(("card", "row", "told"), BAD, ids=[told for _, _, told in BAD])
def test_a_row_of_a_file_that_is_no_instance_is_told(card: str, row: dict[str, Any], told: str, tmp_path: Path) -> None:
    paths = [tmp_path / "one.jsonl", tmp_path / "two.jsonl"]
    for path in paths:
        path.write_text(json.dumps(row) + "\n", "utf-8")
    with pytest.raises(DataError, match="has no row that can be used") as refused:
        satsuma.blend(*paths, out=tmp_path / "mix", as_card=card)
    assert told in refused.value.hint
