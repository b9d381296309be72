"""The dataset's files: the same rows give the same bytes, and nothing is replaced before all of it is written."""

from __future__ import annotations

import errno
import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from satsuma.errors import RunError
from satsuma.run import writer as writing_room
from satsuma.run.atomic import writing
from satsuma.run.columns import REJECTS, schema, to_row
from satsuma.run.directory import RunDirectory, sha256
from satsuma.run.writer import DatasetWriter, JsonLines, ParquetFile, complete
from satsuma.task.card import Card
from satsuma.task.instance import Instance, Reject
from tests.run.small_disk import files_of_at_most

MakeInstance = Callable[..., Instance]


def write(directory: RunDirectory, card: Card, items: list[Instance | Reject], **options: bool) -> dict[str, str]:
    with DatasetWriter(directory, card, **options) as writer:
        for item in items:
            writer.accept(item) if isinstance(item, Instance) else writer.reject(item)
        return writer.commit()


def names(directory: RunDirectory) -> set[str]:
    return {p.relative_to(directory.path).as_posix() for p in directory.path.rglob("*") if p.is_file()}


def test_a_row_has_the_inputs_the_output_the_pair_the_id_and_the_provenance(
    directory: RunDirectory, tickets: Card, instance: MakeInstance
) -> None:
    write(directory, tickets, [instance(0, attributes={"tone": "angry"}, votes=3, agreement=2 / 3)])
    table = pq.read_table(directory.data_path())
    assert table.column_names == ["message", "label", "text", "target", "id", "provenance"]
    row = table.to_pylist()[0]
    assert row["label"] == "billing"
    assert row["provenance"]["attributes"] == [{"name": "tone", "value": "angry"}]
    assert row["provenance"]["agreement"] == 2 / 3
    assert row["provenance"]["requests"] == ["k1-" + "0" * 32]


def test_a_choice_is_a_position_and_its_options_are_a_list(
    directory: RunDirectory, riddles: Card, instance: MakeInstance
) -> None:
    made = instance(0)
    riddle = Instance(
        "x", 0, {"riddle": "?", "options": ("a", "b", "c")}, 2, "text", "target", made.provenance
    )  # fmt: skip
    write(directory, riddles, [riddle])
    table = pq.read_table(directory.data_path())
    assert table.schema.field("solution").type == pa.int64()
    assert table.to_pylist()[0]["options"] == ["a", "b", "c"]
    assert table.to_pylist()[0]["solution"] == 2


def test_no_agreement_is_null(directory: RunDirectory, tickets: Card, instance: MakeInstance) -> None:
    write(directory, tickets, [instance(0)])
    assert pq.read_table(directory.data_path()).to_pylist()[0]["provenance"]["agreement"] is None


def test_a_row_fills_every_column(tickets: Card, instance: MakeInstance) -> None:
    row = to_row(instance(0), tickets)
    assert list(row) == schema(tickets).names
    assert set(row["provenance"]) == {f.name for f in schema(tickets).field("provenance").type}  # type: ignore[call-overload]


def test_rejects_keep_what_there_was_as_json(directory: RunDirectory, tickets: Card) -> None:
    reject = Reject(
        "c 1", 7, "instance", "no JSON", "bug", {"message": "half", "options": ("a", "b")}, "raw \ud800", ("k",)
    )
    write(directory, tickets, [reject])
    table = pq.read_table(directory.rejects_path)
    assert table.schema.equals(REJECTS)
    (row,) = table.to_pylist()
    assert json.loads(row["fields"]) == {"message": "half", "options": ["a", "b"]}
    assert (row["index"], row["raw"], row["requests"]) == (7, "raw \ufffd", ["k"])


def test_the_same_rows_give_the_same_bytes(
    tmp_path: Path, tickets: Card, instance: MakeInstance, reject: Callable[[int], Reject]
) -> None:
    one, two = (RunDirectory(tmp_path / name) for name in ("one", "two"))
    instances = [instance(i) for i in range(50)]
    rejects = [reject(i) for i in range(9)]
    first = write(one, tickets, [*instances, *rejects], jsonl=True)
    second = write(two, tickets, [*rejects, *instances], jsonl=True)
    assert first == second
    assert set(first) == {"data/train.parquet", "data/train.jsonl", "rejects.parquet"}


def test_row_groups_close_by_rows_and_by_bytes(tmp_path: Path, tickets: Card, instance: MakeInstance) -> None:
    by_rows, by_size = RunDirectory(tmp_path / "rows"), RunDirectory(tmp_path / "size")
    write(by_rows, tickets, [instance(i, "short") for i in range(writing_room.GROUP_ROWS + 1)])
    metadata = pq.read_metadata(by_rows.data_path())
    assert [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)] == [writing_room.GROUP_ROWS, 1]
    long = "x" * (writing_room.GROUP_BYTES // 4)
    write(by_size, tickets, [instance(i, long) for i in range(5)])
    assert pq.read_metadata(by_size.data_path()).num_row_groups == 3


def test_memory_does_not_grow_with_the_rows(tmp_path: Path, tickets: Card, instance: MakeInstance) -> None:
    file = ParquetFile(tmp_path / "x.parquet", schema(tickets))
    row = to_row(instance(0), tickets)
    peaks = []
    tracemalloc.start()
    try:
        for rows in (2, 12):
            tracemalloc.reset_peak()
            before = pa.total_allocated_bytes()
            for _ in range(rows * writing_room.GROUP_ROWS):
                file.add(dict(row))
            peaks.append(tracemalloc.get_traced_memory()[1] + pa.total_allocated_bytes() - before)
    finally:
        tracemalloc.stop()
        file.discard()
    assert peaks[1] < 1.3 * peaks[0] + 1_000_000


@pytest.mark.parametrize(
    "text", ["nul \x00", "lone \ud800 surrogate", "\u202egnp.exe", "<script>", "\U0001f34a", "a" * 100_000]
)
def test_hostile_text_is_kept_as_far_as_utf8_can_hold_it(
    directory: RunDirectory, tickets: Card, instance: MakeInstance, text: str
) -> None:
    write(directory, tickets, [instance(0, text, reason=text, context=text)], jsonl=True)
    row = pq.read_table(directory.data_path()).to_pylist()[0]
    assert row["message"] == text.replace("\ud800", "\ufffd")
    assert json.loads(directory.data_path("train", "jsonl").read_bytes()) == row


def test_a_dataset_of_nothing_has_its_columns(directory: RunDirectory, tickets: Card) -> None:
    write(directory, tickets, [])
    table = pq.read_table(directory.data_path())
    assert (table.num_rows, table.column_names[0]) == (0, "message")


def test_leaving_without_commit_keeps_the_previous_dataset(
    directory: RunDirectory, tickets: Card, instance: MakeInstance
) -> None:
    before = write(directory, tickets, [instance(0)])
    with pytest.raises(ZeroDivisionError), DatasetWriter(directory, tickets, jsonl=True) as writer:
        writer.accept(instance(1))
        _ = 1 / 0
    assert directory.hashes() == before
    assert names(directory) == {"data/train.parquet", "rejects.parquet"}


def test_what_a_killed_process_left_is_overwritten(
    directory: RunDirectory, tickets: Card, instance: MakeInstance
) -> None:
    (directory.path / "data").mkdir()
    (directory.path / "data" / ".train.parquet.part").write_bytes(b"half a file")
    write(directory, tickets, [instance(0)])
    assert names(directory) == {"data/train.parquet", "rejects.parquet"}


@pytest.mark.parametrize("other", ["rejects.parquet", "data/train.jsonl"])
def test_if_one_file_cannot_be_opened_none_stays_under_its_hidden_name(
    directory: RunDirectory, tickets: Card, instance: MakeInstance, other: str
) -> None:
    before = write(directory, tickets, [instance(0)], jsonl=True)
    path = directory.path / other
    path.with_name(f".{path.name}.part").mkdir()
    with pytest.raises(RunError, match=rf"{path.name} could not be written: Is a directory"):
        DatasetWriter(directory, tickets)
    assert names(directory) == before.keys()


def test_lines_that_are_there_never_go_stale(directory: RunDirectory, tickets: Card, instance: MakeInstance) -> None:
    write(directory, tickets, [instance(0)], jsonl=True)
    write(directory, tickets, [instance(0), instance(1)])
    assert len(directory.data_path("train", "jsonl").read_text().splitlines()) == 2


def test_a_full_disk_is_an_error_that_names_the_file_and_the_previous_dataset_stays(
    directory: RunDirectory, tickets: Card, instance: MakeInstance
) -> None:
    before = write(directory, tickets, [instance(0)])
    instances = [instance(i) for i in range(2000)]
    with (
        files_of_at_most(4096),
        pytest.raises(RunError, match=r"train\.\w+ could not be written: File too large") as caught,
    ):
        write(directory, tickets, [*instances], jsonl=True)
    assert "run the same command again" in caught.value.hint
    assert directory.hashes() == before
    assert names(directory) == {"data/train.parquet", "rejects.parquet"}


def test_nothing_is_put_in_place_before_all_files_are_written(tmp_path: Path) -> None:
    columns = pa.schema([("text", pa.string())])
    for name in ("one.parquet", "two.parquet", "three.jsonl"):
        (tmp_path / name).write_bytes(b"before")
    with (
        ParquetFile(tmp_path / "one.parquet", columns) as one,
        ParquetFile(tmp_path / "two.parquet", columns) as two,
        JsonLines(tmp_path / "three.jsonl") as three,
    ):
        one.add({"text": "short"})
        two.add({"text": "".join(map(chr, range(200, 5000)))})
        three.add({"text": "short"})
        with files_of_at_most(4096), pytest.raises(RunError, match=r"two\.parquet could not be written"):
            complete(one, two, three)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == dict.fromkeys(
        ("one.parquet", "two.parquet", "three.jsonl"), b"before"
    )


def test_no_space_left_is_said_in_the_systems_words(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="a could not be written: No space left on device"), writing(tmp_path / "a"):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_the_hash_is_of_the_file_that_is_there(directory: RunDirectory, tickets: Card, instance: MakeInstance) -> None:
    made = write(directory, tickets, [instance(0)])
    assert made["data/train.parquet"] == sha256(directory.data_path())
