"""Building a catalog from folders and files: what stays, and what is told of the rest."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from satsuma.catalog.building import build_catalog
from satsuma.catalog.filters import Wanted
from satsuma.errors import DataError, RunError, SettingsError
from tests.catalog.conftest import Listing

LONG = "Messages that people reported as unwanted, with labels."


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def names(path: Path) -> list[object]:
    return [card["name"] for card in lines(path)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two datasets with cards, one file without, and things that are no data."""
    root = tmp_path / "sources"
    (root / "spam" / "data").mkdir(parents=True)
    (root / "spam" / "card.md").write_text(f"# spam\n\n{LONG}\n\n- Licence: CC BY-SA 4.0\n")
    (root / "spam" / "data" / "train.csv").write_text("text,label\nhello,0\nbuy,1\n")
    (root / "spam" / "data" / "test.csv").write_text("text,label\nbye,0\n")
    (root / "news").mkdir()
    (root / "news" / "README.md").write_text(
        "---\nlicense: mit\ntags: [news]\n---\n# news\n\nSentences of newspapers, from 2019.\n"
    )
    (root / "news" / "rows.jsonl").write_text('{"text": "It rained.", "n": 1}\n')
    (root / "loose.csv").write_text("a\n1\n")
    (root / ".hidden").mkdir()
    (root / ".hidden" / "x.csv").write_text("a\n1\n")
    return root


def test_a_folder_gives_a_card_for_each_dataset_in_it(folder: Path, tmp_path: Path) -> None:
    built = build_catalog([folder], tmp_path / "c.jsonl")
    news, spam = lines(tmp_path / "c.jsonl")
    assert (news["name"], news["licence"], news["tags"], news["rows"]) == ("news", "mit", ["news"], 1)
    assert (spam["name"], spam["licence"], spam["description"], spam["rows"]) == ("spam", "cc-by-sa-4.0", LONG, 3)
    assert spam["columns"] == [{"name": "text", "type": ""}, {"name": "label", "type": ""}]
    assert spam["sample"] == [{"text": "bye", "label": "0"}]
    assert spam["loading"] == {
        "kind": "files", "place": str((folder / "spam").resolve()), "files": ["data/test.csv", "data/train.csv"],
    }  # fmt: skip
    assert [(d.name, d.reason) for d in built.dropped] == [("loose", "has no description")]


def test_a_file_that_cannot_be_read_drops_its_dataset_with_the_reason(folder: Path, tmp_path: Path) -> None:
    (folder / "news" / "rows.jsonl").write_bytes(b"\0\0\0")
    built = build_catalog([folder], tmp_path / "c.jsonl")
    assert names(tmp_path / "c.jsonl") == ["spam"]
    (told,) = [d.reason for d in built.dropped if d.name == "news"]
    assert "rows.jsonl is binary" in told
    assert ("cannot be read", 1) in built.reasons()


def test_a_dataset_that_needs_a_program_is_refused_and_the_program_is_not_run(folder: Path, tmp_path: Path) -> None:
    (folder / "news" / "rows.jsonl").unlink()
    (folder / "news" / "news.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    built = build_catalog([folder], tmp_path / "c.jsonl")
    assert ("needs a program of its own to be loaded, which is never run", 1) in built.reasons()
    assert not (tmp_path / "ran").exists()


def test_links_lead_nowhere(folder: Path, tmp_path: Path) -> None:
    (folder / "loop").symlink_to(folder)
    build_catalog([folder], tmp_path / "c.jsonl")
    assert names(tmp_path / "c.jsonl") == ["news", "spam"]


def test_what_says_nothing_is_left_out_and_counted(listing: Listing, tmp_path: Path) -> None:
    source = listing(
        {"name": "good", "description": LONG},
        {"name": "empty", "description": ""},
        {"name": "none"},
        {"name": "tiny", "description": "A   data   set."},
        {"name": "disabled", "description": LONG + "!", "disabled": True},
        {"name": "gated", "description": LONG + "?", "gated": "auto"},
        {"name": "coded", "description": LONG + ".", "loading": {"kind": "hub", "needs_code": True}},
        {"name": "good", "description": LONG},
    )
    built = build_catalog([source], tmp_path / "out" / "c.jsonl")
    assert names(tmp_path / "out" / "c.jsonl") == ["good"]
    assert sum(count for _, count in built.reasons()) == 7
    assert dict(built.reasons())["has no description"] == 2


def test_gated_datasets_and_licences_are_the_users_choice(listing: Listing, tmp_path: Path) -> None:
    source = listing(
        {"name": "gated", "description": LONG, "gated": True, "license": "mit"},
        {"name": "share", "description": LONG, "license": "cc-by-sa-4.0"},
        {"name": "unknown", "description": LONG},
        {"name": "free", "description": LONG, "license": "CC0"},
    )
    out = tmp_path / "c.jsonl"
    build_catalog([source], tmp_path / "all.jsonl", Wanted(gated=True))
    assert names(tmp_path / "all.jsonl") == ["gated", "share", "unknown", "free"]
    build_catalog([source], out, Wanted(licence="permissive"))
    assert names(out) == ["free"]
    build_catalog([source], out, Wanted(licence="share-alike", gated=True))
    assert names(out) == ["gated", "share", "free"]


def test_several_sources_are_one_catalog(folder: Path, listing: Listing, tmp_path: Path) -> None:
    source = listing({"name": "spam", "description": "Another collection of that name, from elsewhere."})
    build_catalog([folder, source], tmp_path / "c.jsonl")
    assert names(tmp_path / "c.jsonl") == ["news", "spam", "spam"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"name": "a", "description"', r"catalog\.jsonl:1 is not JSON"),
        ("\n[1]\n", r"catalog\.jsonl:2 is not a dataset card"),
        ('{"description": "without a name, which is needed"}', r"catalog\.jsonl:1 has no name"),
        ("", "no dataset is left"),
        ('{"name": "a", "description": "short"}', "fewer than 20 characters"),
    ],
)
def test_a_catalog_that_is_none_is_told_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "catalog.jsonl").write_text(text)
    with pytest.raises(DataError, match=said):
        build_catalog([tmp_path / "catalog.jsonl"], tmp_path / "out.jsonl")
    assert not (tmp_path / "out.jsonl").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["catalog.jsonl"]


def test_a_failed_build_leaves_the_old_catalog(listing: Listing, tmp_path: Path) -> None:
    build_catalog([listing({"name": "a", "description": LONG})], tmp_path / "c.jsonl")
    before = (tmp_path / "c.jsonl").read_bytes()
    (tmp_path / "bad.jsonl").write_text('{"name": "b", "description": "long enough to stay in a catalog"}\nnot json\n')
    with pytest.raises(DataError):
        build_catalog([tmp_path / "bad.jsonl"], tmp_path / "c.jsonl")
    assert (tmp_path / "c.jsonl").read_bytes() == before


def test_the_same_sources_give_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    build_catalog([folder], tmp_path / "a.jsonl")
    build_catalog([folder], tmp_path / "b.jsonl")
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()


def test_nothing_to_build_from_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="nothing to build"):
        build_catalog([], tmp_path / "c.jsonl")
    with pytest.raises(DataError, match="there is no"):
        build_catalog([tmp_path / "absent"], tmp_path / "c.jsonl")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no data files"):
        build_catalog([tmp_path / "empty"], tmp_path / "c.jsonl")


@pytest.mark.parametrize("place", [".", "..", "/"])
def test_a_catalog_needs_a_name(folder: Path, place: str) -> None:
    with pytest.raises(RunError, match="names no new file or directory"):
        build_catalog([folder], Path(place))


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_folder_that_may_not_be_read_is_told(folder: Path, tmp_path: Path) -> None:
    folder.chmod(0)
    try:
        with pytest.raises(DataError, match="cannot be read"):
            build_catalog([folder], tmp_path / "c.jsonl")
    finally:
        folder.chmod(stat.S_IRWXU)
