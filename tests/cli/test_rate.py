"""`satsuma rate` on the command line, and the ratings in `analyze` and `report`, beside those of another dataset."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from satsuma.testing import Server
from tests.conftest import Call


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """A synthetic set and an original one."""
    made = []
    for name in ("synthetic", "original"):
        path = tmp_path / f"{name}.jsonl"
        rows = [{"message": f"The {name} message {i} is here.", "label": ("billing", "bug")[i % 2]} for i in range(30)]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        made.append(path)
    return made[0], made[1]


def options(server: Server) -> tuple[object, ...]:
    return ("--model", "test/m", "--base-url", server.url, "-q")


def test_a_card_or_columns_say_what_is_rated(call: Call, server: Server, files: tuple[Path, Path], card: Path) -> None:
    for given in (("--card", card), ("--text", "message", "--label", "label", "-o", "other")):
        done = call("rate", files[0], *given, *options(server), "--format", "json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["rated"] == 30
    assert (Path("_ratings") / "synthetic.jsonl" / "test-m" / "rating.json").is_file()
    missing = call("rate", files[0], "--text", "words", *options(server))
    assert missing.returncode == 2
    assert "there is no column words" in missing.stderr


def test_ratings_stand_beside_those_of_the_original_in_the_table_the_json_and_the_report(
    call: Call, server: Server, files: tuple[Path, Path], card: Path
) -> None:
    pytest.importorskip("sklearn", reason="needs the extra analyze")
    for path in files:
        assert call("rate", path, "--card", card, *options(server)).returncode == 0
    given = (files[0], "--against", files[1], "--card", card, "--embedder", "none")
    shown = call("analyze", *given)
    assert shown.returncode == 0, shown.stderr
    (line,) = [one for one in shown.stdout.splitlines() if one.startswith("rated difficulty")]
    assert len(line.split()) >= 7
    told = json.loads(call("analyze", *given, "--format", "json").stdout)
    own, other = told["measures"]["ratings"], told["against"][0]["measures"]["ratings"]
    for ratings in (own, other):
        assert ratings["model"] == "test/m"
        assert sum(ratings["distribution"].values()) == ratings["instances"] == 30
        assert set(ratings["per_label"]) == {"billing", "bug"}
    assert "pvi" in told["measures"]


def test_without_ratings_analyze_says_how_to_get_them_only_where_they_are_asked_for(
    call: Call, files: tuple[Path, Path], card: Path
) -> None:
    pytest.importorskip("sklearn", reason="needs the extra analyze")
    done = call("analyze", files[0], "--card", card, "--only", "ratings")
    assert "no instance was rated; `satsuma rate` asks a model to" in done.stdout
    assert "rated difficulty" not in call("analyze", files[0], "--card", card, "--embedder", "none").stdout
