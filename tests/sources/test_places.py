"""Configurations and splits are found by the names of folders and files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from satsuma.errors import SourceError
from satsuma.sources import places
from satsuma.sources.places import choose, parts


def folder(tmp_path: Path, *names: str) -> Path:
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")
    return tmp_path


def found(place: Path) -> list[tuple[str, str, str, list[str]]]:
    return [
        (p.configuration, p.split, p.format, [f.relative_to(place).as_posix() for f in p.files]) for p in parts(place)
    ]


def test_one_file_is_one_split(tmp_path: Path) -> None:
    place = folder(tmp_path, "data.jsonl", "card.md")
    assert found(place) == [("default", "train", "jsonl", ["data.jsonl"])]
    (only,) = parts(place / "data.jsonl")
    assert (only.configuration, only.split, only.files) == ("default", "train", (place / "data.jsonl",))


def test_parts_of_a_split_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    place = folder(
        tmp_path, "data/train-10.csv", "data/train-9.csv", "data/test.csv.gz", "data/dev-0.csv", ".x/train.csv"
    )
    assert found(place) == [
        ("default", "train", "csv", ["data/train-9.csv", "data/train-10.csv"]),
        ("default", "validation", "csv", ["data/dev-0.csv"]),
        ("default", "test", "csv", ["data/test.csv.gz"]),
    ]


def test_folders_are_configurations_or_splits(tmp_path: Path) -> None:
    place = folder(
        tmp_path, "en/train.parquet", "en/test.parquet", "de/train/part-0.parquet", "de/validation/a.parquet"
    )
    assert [(c, s) for c, s, _, _ in found(place)] == [
        ("de", "train"), ("de", "validation"), ("en", "train"), ("en", "test"),
    ]  # fmt: skip


def test_of_several_formats_the_one_that_knows_most_of_types_is_read(tmp_path: Path) -> None:
    place = folder(tmp_path, "train.csv", "train.parquet", "train.jsonl", "dataset_infos.json")
    assert found(place) == [("default", "train", "parquet", ["train.parquet"])]


def test_a_folder_of_save_to_disk_is_read_by_its_state(tmp_path: Path) -> None:
    place = folder(tmp_path, "train/data-0.arrow", "train/cache-1.arrow", "unseen/data-0.arrow", "dataset_dict.json")
    for split in ("train", "unseen"):
        state = {"_data_files": [{"filename": "data-0.arrow"}]}
        (place / split / "state.json").write_text(json.dumps(state))
    assert found(place) == [
        ("default", "train", "arrow", ["train/data-0.arrow"]),
        ("default", "unseen", "arrow", ["unseen/data-0.arrow"]),
    ]


def test_what_is_chosen_is_what_is_named_or_the_first(tmp_path: Path) -> None:
    there = parts(folder(tmp_path, "en/train.csv", "en/test.csv", "de/test.csv"))
    assert (choose(there, None, None).configuration, choose(there, None, None).split) == ("de", "test")
    assert choose(there, "en", None).split == "train"
    assert choose(there, "en", "test").files[0].name == "test.csv"
    with pytest.raises(SourceError) as raised:
        choose(there, "fr", None)
    assert str(raised.value) == "there is no configuration 'fr'\nconfigurations: de, en"
    with pytest.raises(SourceError) as raised:
        choose(there, "de", "train")
    assert str(raised.value) == "there is no split 'train'\nsplits: test"


def test_a_folder_with_a_script_and_no_data_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"holds copa\.py and no data: .* which satsuma never runs"):
        parts(folder(tmp_path, "copa.py", "README.md"))
    assert found(folder(tmp_path, "train.csv"))


def test_where_there_is_nothing_the_message_says_what_could_be(tmp_path: Path) -> None:
    for place in (tmp_path / "nothing", tmp_path, folder(tmp_path / "x", "a.md") / "a.md"):
        with pytest.raises(SourceError, match=str(place)):
            parts(place)
    with pytest.raises(SourceError, match=r"\.parquet, \.arrow"):
        parts(tmp_path / "x")


def test_a_folder_of_a_whole_disk_is_not_walked_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "FILES", 2)
    with pytest.raises(SourceError, match="more than 2 data files"):
        parts(folder(tmp_path, "a.csv", "b.csv", "c.csv"))


def test_of_a_folder_only_the_files_that_are_named_are_read(tmp_path: Path) -> None:
    place = folder(tmp_path, "a.csv", "b/test.csv", "c.csv")
    (train, test) = parts(place, ("b/test.csv", "a.csv"))
    assert (train.files, test.files) == ((place / "a.csv",), (place / "b/test.csv",))
    for name in ("../a.csv", "/etc/a.csv", "b/../../a.csv"):
        with pytest.raises(SourceError, match="no file inside"):
            parts(place, (name,))
