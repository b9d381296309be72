"""The bundled recordings: one for every SuperGLUE card, small together, and each replays whole without a model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import satsuma
from satsuma.recordings import recorded_cards, recording
from satsuma.task.builtin import builtin_path

SUPERGLUE = ("axb", "axg", "boolq", "cb", "copa", "multirc", "record", "rte", "wic", "wsc")
AT_LEAST = {"copa": 120, "wsc": 120}


def test_every_superglue_card_has_its_recording_and_all_are_under_four_megabytes() -> None:
    assert set(SUPERGLUE) <= set(recorded_cards())
    journals = [recording(card).journal for card in recorded_cards()]
    assert sum(path.stat().st_size for path in journals) < 4_000_000


@pytest.mark.parametrize("card", recorded_cards())
def test_a_recording_replays_to_all_its_instances_and_asks_no_model(card: str, tmp_path: Path) -> None:
    run = satsuma.demo(card, out=tmp_path / "run")
    about = json.loads((recording(card).journal.parent / "provenance.json").read_text("utf-8"))
    assert run.state.state == "complete"
    assert run.state.size == about["n"] >= AT_LEAST.get(card, 16)
    assert (run.state.totals.requests, run.state.totals.recorded) == (0, about["requests"])
    counts = run.state.counts
    assert counts.accepted == counts.share
    rates = about["rates"]
    for step in ("duplicate", "surplus"):
        assert sum(counts.rejects.get(step, {}).values()) == round(rates[step] * about["candidates"])


@pytest.mark.parametrize("card", recorded_cards())
def test_a_recording_names_who_answered_and_a_card_that_there_is(card: str) -> None:
    assert recording(card).model == "claude (via file exchange)"
    assert builtin_path(card).is_file()
