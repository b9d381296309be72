"""What models are asked of data at a URL is what they are asked of the same file on this disk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import satsuma
from satsuma.errors import SettingsError
from tests.datatune.test_program_choice import BETTER, Teacher, serving
from tests.datatune.test_program_choice import CARD as NUMBERS
from tests.examining.examined import CARD, MODEL, file_of, model, rows, truthful

fsspec = pytest.importorskip("fsspec")


def test_a_set_at_a_url_gives_the_same_predictions_under_its_own_name(tmp_path: Path) -> None:
    gold = file_of(tmp_path / "gold.jsonl", rows(12))
    fsspec.filesystem("memory").pipe_file("memory://score/gold.jsonl", gold.read_bytes())
    with model(truthful) as (server, _):
        here = satsuma.score(gold, model=MODEL, base_url=server.url, out=tmp_path / "a", card=CARD, shots=0)
        there = satsuma.score(
            "memory://score/gold.jsonl", model=MODEL, base_url=server.url, out=tmp_path / "b", card=CARD, shots=0
        )
    assert there.on == "memory://score/gold.jsonl"
    assert there.predictions.read_bytes() == here.predictions.read_bytes()
    with pytest.raises(SettingsError, match="the result has no place beside it"):
        satsuma.rate("memory://score/gold.jsonl", model=MODEL, base_url="http://127.0.0.1:1")


def test_rows_at_a_url_are_transformed_into_the_same_run(tmp_path: Path) -> None:
    rows = "".join(json.dumps({"number": i}) + "\n" for i in range(40))
    data = tmp_path / "numbers.jsonl"
    data.write_text(rows)
    fsspec.filesystem("memory").pipe_file("memory://rows/numbers.jsonl", rows.encode())
    with serving(Teacher(BETTER, BETTER)) as server:
        here, there = (
            satsuma.transform(
                NUMBERS, n=10, model="openai/t", base_url=server.url, out=tmp_path / name, datasets=(where,),
                execute="model",
            )
            for name, where in (("here", str(data)), ("there", "memory://rows/numbers.jsonl"))
        )  # fmt: skip
    assert there.data_path.read_bytes() == here.data_path.read_bytes()
    assert there.state.settings == here.state.settings
    assert there.state.transformed == here.state.transformed
