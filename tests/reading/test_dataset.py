"""Any dataset as instances: files, folders, what `datasets` saved, runs, cards; and what is no dataset."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from satsuma.errors import DataError, SatsumaError
from satsuma.reading.dataset import Dataset, Selection, open_dataset
from satsuma.reading.example import Example, Lineage
from satsuma.run.columns import PROVENANCE
from tests.reading.runs import written

ROWS = [
    {"id": "a", "premise": "It rained.", "hypothesis": "It was wet.", "label": 0},
    {"id": "b", "premise": "It snowed.", "hypothesis": "It was hot.", "label": 1},
]
TEXTS = ["It rained.\nIt was wet.", "It snowed.\nIt was hot."]


def jsonl(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def read(where: Path, selection: Selection | None = None) -> tuple[Dataset, list[Example]]:
    dataset = open_dataset(where, selection)
    return dataset, list(dataset.examples())


@pytest.mark.parametrize("kind", ["jsonl", "json", "csv", "tsv", "parquet"])
def test_files_of_rows_are_read_whatever_their_format(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"rows.{kind}"
    if kind == "parquet":
        pq.write_table(pa.Table.from_pylist(ROWS), path)
    elif kind == "json":
        path.write_text(json.dumps(ROWS), "utf-8")
    elif kind == "jsonl":
        jsonl(path, ROWS)
    else:
        sign = "," if kind == "csv" else "\t"
        path.write_text("\n".join(sign.join(map(str, row)) for row in (ROWS[0], *(r.values() for r in ROWS))), "utf-8")
    dataset, found = read(path)
    assert [example.text for example in found] == TEXTS
    assert [example.label for example in found] == ["0", "1"]
    assert [example.id for example in found] == ["a", "b"]
    assert found[0].fields == {"premise": "It rained.", "hypothesis": "It was wet."}
    assert found == list(dataset.examples())
    assert dataset.label == "label"
    assert "premise, hypothesis" in dataset.text


def test_a_folder_is_read_by_its_split_and_says_which_others_there_are(tmp_path: Path) -> None:
    jsonl(tmp_path / "train.jsonl", ROWS)
    jsonl(tmp_path / "test.jsonl", ROWS[:1])
    dataset, found = read(tmp_path)
    assert len(found) == 2
    assert dataset.notes == ["the split train is measured; there are also: test"]
    assert len(read(tmp_path, Selection(split="test"))[1]) == 1
    with pytest.raises(SatsumaError, match="dev"):
        read(tmp_path, Selection(split="dev"))


def saved(place: Path, table: pa.Table) -> Path:
    """What `datasets` writes with save_to_disk, as far as a reader needs it."""
    place.mkdir()
    features = {"label": {"_type": "ClassLabel", "names": ["entailed", "not"]}}
    marked = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    with (
        pa.OSFile(str(place / "data-00000-of-00001.arrow"), "wb") as sink,
        pa.ipc.new_stream(sink, marked.schema) as writer,
    ):
        writer.write_table(marked)
    (place / "state.json").write_text(json.dumps({"_data_files": [{"filename": "data-00000-of-00001.arrow"}]}))
    (place / "dataset_info.json").write_text("{}")
    return place


def test_what_datasets_saved_is_read_with_the_names_of_its_labels(tmp_path: Path) -> None:
    _, found = read(saved(tmp_path / "saved", pa.Table.from_pylist(ROWS)))
    assert [example.label for example in found] == ["entailed", "not"]


def test_what_datasets_itself_saves_is_read(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets", reason="the extra `datasets` is not installed")
    datasets.disable_progress_bars()
    datasets.Dataset.from_list(ROWS).save_to_disk(tmp_path / "saved")
    assert [example.text for example in read(tmp_path / "saved")[1]] == TEXTS


def test_named_columns_are_taken_and_have_to_be_there(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "rows.jsonl", ROWS)
    dataset, found = read(path, Selection(text=("hypothesis",), label="premise"))
    assert [(example.text, example.label) for example in found] == [
        ("It was wet.", "It rained."),
        ("It was hot.", "It snowed."),
    ]
    assert dataset.text == "hypothesis"
    for wrong in (Selection(text=("sentence",)), Selection(label="sentence")):
        with pytest.raises(DataError, match="there is no column sentence") as caught:
            open_dataset(path, wrong)
        assert "id, premise, hypothesis, label" in caught.value.hint


def test_a_card_says_what_the_text_and_the_labels_are(tmp_path: Path) -> None:
    row = {"premise": "It rained.", "choice1": "It was wet.", "choice2": "I ate.", "question": "effect", "label": 0}
    dataset, found = read(jsonl(tmp_path / "rows.jsonl", [row]), Selection(card="copa"))
    assert found[0].text.split("\n") == [
        "It rained.",
        "What was the effect?",
        "choice1: It was wet.",
        "choice2: I ate.",
    ]
    assert found[0].label == "choice1"
    assert dataset.text == "the card copa"
    yes = {"passage": "Rain is wet.", "question": "is rain wet", "label": True}
    assert read(jsonl(tmp_path / "b.jsonl", [yes]), Selection(card="boolq"))[1][0].label in ("yes", "true")
    with pytest.raises(DataError, match="there is no column premise, which the card copa has as an input"):
        open_dataset(tmp_path / "b.jsonl", Selection(card="copa"))


def test_a_dataset_of_satsumas_is_known_by_its_columns(tmp_path: Path) -> None:
    origin = {"method": "targen", "context": "c", "asked": "no", "corrected": "yes", "votes": 3, "agreement": 2 / 3}
    row = {
        "message": "Hi",
        "team": "yes",
        "text": "message: Hi",
        "target": "yes",
        "id": "context 1",
        "provenance": origin,
    }
    schema = pa.schema([(n, pa.string()) for n in ("message", "team", "text", "target", "id")]).append(
        pa.field("provenance", PROVENANCE)
    )
    pq.write_table(pa.Table.from_pylist([row], schema), tmp_path / "train.parquet")
    (example,) = read(tmp_path)[1]
    assert example == Example("context 1", "message: Hi", "yes", {"message": "Hi"}, Lineage("no", "yes", 3, 2 / 3, "c"))


def test_labels_of_any_kind_are_text_and_nothing_is_no_label(tmp_path: Path) -> None:
    values: list[object] = ["x", 1, 1.0, True, ["a", "b"], None, "", float("nan"), "NaN", {"a": 1}]
    dataset, found = read(jsonl(tmp_path / "rows.jsonl", [{"text": "t", "label": value} for value in values]))
    assert [e.label for e in found] == ["x", "1", "1", "true", "a, b", None, None, None, None, '{"a":1}']
    assert any("all of them are taken as text" in note for note in dataset.notes)


def test_rows_that_cannot_be_used_are_left_out_and_told(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"text": "a"}\nnot json\n{"text": null}\n{"text": 5}\n[1]\n{"text": ""}\n', "utf-8")
    dataset, found = read(path)
    assert [example.text for example in found] == ["a", "5", ""]
    assert dataset.notes[-1].startswith("3 rows cannot be used and are left out, the first: rows.jsonl, line 2")
    list(dataset.examples())
    assert len(dataset.notes) == 1


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("rows.jsonl", b"", "is empty|holds no row"),
        ("rows.jsonl", b"nonsense\n", "holds no row"),
        ("rows.jsonl", b'{"number": 1}\n', "no column holds text"),
        ("rows.jsonl", b'{"text": null}\n', "no column holds text"),
        ("rows.json", b"[]", "holds no"),
        ("rows.parquet", b"PAR1 and nothing else", "cannot be read as Parquet"),
        ("picture.png", b"\x89PNG", "is no dataset"),
    ],
)
def test_what_is_no_dataset_is_told(tmp_path: Path, name: str, content: bytes, told: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SatsumaError, match=told):
        read(tmp_path / name)


def test_nothing_and_an_empty_folder_are_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no such file or directory"):
        open_dataset(tmp_path / "nothing")
    with pytest.raises(DataError, match="is no dataset"):
        open_dataset(tmp_path)


def test_a_run_is_read_by_its_card(tmp_path: Path) -> None:
    run = written(tmp_path / "run", [("Paid twice.", "shop", "bug", "billing"), ("It fails.", "app", "bug", "bug")])
    dataset, found = read(run.path)
    assert dataset.kind == "run of satsuma"
    assert dataset.label == "team"
    assert dataset.card is not None
    assert dataset.card.name == "tickets"
    assert [example.label for example in found] == ["billing", "bug"]
    assert found[0].text == "message: Paid twice.\nproduct: shop"
    assert found[0].fields == {"message": "Paid twice.", "product": "shop"}
    assert found[0].lineage == Lineage("bug", "billing", 3, 2 / 3, "context 0")
    assert [e.text for e in read(run.path, Selection(text=("product",)))[1]] == ["shop", "app"]


def test_a_run_without_a_dataset_is_told(tmp_path: Path) -> None:
    run = written(tmp_path / "run", [])
    run.data_path.unlink()
    with pytest.raises(DataError, match="has no dataset yet"):
        open_dataset(run.path)
