"""No door that reads data to train on takes a frozen benchmark, a file in one, or rows of one among others."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

import satsuma
from satsuma.errors import SettingsError
from satsuma.run.frozen import COLUMN, MARK, is_frozen
from tests.auditing.runs import TICKETS, messages, written

Door = Callable[[Path, Path], object]
MODEL = "file:asked"

DOORS: dict[str, Door] = {
    "train": lambda data, out: satsuma.train(data, out=out, card=TICKETS, frozen=True),
    "compare-students": lambda data, out: satsuma.compare_students(
        TICKETS, train={"original": data}, test=data, out=out
    ),
    "curate": lambda data, out: satsuma.curate(data, out=out, card=str(data.parent / "tickets.yaml")),
    "export": lambda data, out: satsuma.export(data, "chat", out, card=TICKETS),
    "blend": lambda data, out: satsuma.blend(
        data.parent / "plain.jsonl", data, out=out, as_card=str(data.parent / "tickets.yaml")),
    "transform": lambda data, out: satsuma.transform(
        TICKETS, n=2, model=MODEL, out=out, datasets=(str(data),)
    ),
    "new --examples": lambda data, out: satsuma.new(
        "Route.", out=data.parent / "card.yaml", model=MODEL, examples=data, run=out
    ),
    "new --from-dataset": lambda data, out: satsuma.new(
        "Route.", out=data.parent / "card.yaml", model=MODEL, from_dataset=data, run=out
    ),
    "generate --seeds": lambda data, out: satsuma.generate(TICKETS, n=2, model=MODEL, out=out, seeds=f"{data}:text"),
    "generate --contexts": lambda data, out: satsuma.generate(TICKETS, n=2, model=MODEL, out=out, contexts=data),
    "score --train": lambda data, out: satsuma.score(
        data.parent / "plain.jsonl", model=MODEL, card=TICKETS, shots=1, train=data, out=out
    ),
}  # fmt: skip


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A frozen benchmark of eight messages."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tickets.yaml").write_text(json.dumps(TICKETS))
    plain = [{"message": f"Something else altogether, number {i}.", "label": "bug"} for i in range(4)]
    (tmp_path / "plain.jsonl").write_text("".join(json.dumps(row) + "\n" for row in plain))
    run = written(tmp_path / "run", messages(8))
    return satsuma.freeze(run.path, out=tmp_path / "bench", unaudited=True).path


def rows(bench: Path) -> list[dict[str, object]]:
    found: list[dict[str, object]] = pq.read_table(bench / "data" / "test.parquet").to_pylist()
    return found


@pytest.mark.parametrize("name", DOORS)
def test_data_to_train_on_is_never_a_benchmark(name: str, bench: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.jsonl"
    plain = {"message": "Mine.", "label": "bug", "text": "Mine.", "target": "bug", "id": "mine"}
    copy.write_text("".join(json.dumps(row) + "\n" for row in [plain, *rows(bench)]))
    for data in (bench, copy):
        if data.is_dir() and name in ("new --examples", "generate --seeds", "generate --contexts"):
            data = bench / "data" / "test.parquet"  # these take files
        if data.suffix == ".parquet" and name.startswith("new"):
            (tmp_path / "test.parquet").write_bytes(data.read_bytes())
            data = tmp_path / "test.parquet"
        with pytest.raises(SettingsError, match="frozen benchmark, or has rows of one, and these must never be"):
            DOORS[name](data, tmp_path / "out")
    assert not (tmp_path / "out" / "data").exists()


def test_what_evaluates_takes_it(bench: Path, tmp_path: Path) -> None:
    left = satsuma.curate(
        tmp_path / "plain.jsonl", card=str(tmp_path / "tickets.yaml"), against_eval=[bench / "data" / "test.parquet"],
        noise="off", duplicates="off",
    )  # fmt: skip
    assert left.record.kept == 4


def test_rows_of_one_are_known_in_every_format_and_at_any_place(bench: Path, tmp_path: Path) -> None:
    data = [{"message": f"Filler {i} " + "x" * 4000, "label": "bug", COLUMN: ""} for i in range(600)]
    data += [
        {"message": str(row["message"]), "label": str(row["label"]), COLUMN: str(row[COLUMN])} for row in rows(bench)
    ]
    place = tmp_path / "copies"
    place.mkdir()
    lines = "".join(json.dumps(row) + "\n" for row in data)
    (place / "a.jsonl").write_text(lines)
    (place / "b.JSON").write_text(json.dumps(data))
    with gzip.open(place / "c.jsonl.gz", "wt") as packed:
        packed.write(lines)
    with (place / "d.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, ["message", "label", COLUMN])
        table.writeheader()
        table.writerows(data)
    pq.write_table(pa.Table.from_pylist(data), place / "e.parquet")
    pyarrow.feather.write_feather(pa.Table.from_pylist(data), place / "f.arrow", compression="uncompressed")
    assert [path.name for path in sorted(place.iterdir()) if not is_frozen(path)] == []
    nested = tmp_path / "nested" / "data" / "deep"
    nested.mkdir(parents=True)
    (place / "e.parquet").rename(nested / "train.parquet")
    assert is_frozen(tmp_path / "nested")


def test_a_run_that_a_benchmark_lies_in_is_none(bench: Path, tmp_path: Path) -> None:
    bench.rename(tmp_path / "run" / "bench")
    assert is_frozen(tmp_path / "run" / "bench")
    assert not is_frozen(tmp_path / "run")


def test_data_that_only_has_such_a_column_is_none(tmp_path: Path) -> None:
    pq.write_table(pa.table({COLUMN: ["a bird", None]}), tmp_path / "birds.parquet")
    pq.write_table(pa.table({COLUMN: [1, 2]}), tmp_path / "numbers.parquet")
    pq.write_table(pa.table({"text": [MARK]}), tmp_path / "quoted.parquet")
    (tmp_path / "broken.jsonl.gz").write_bytes(b"no gzip")
    (tmp_path / "broken.parquet").write_bytes(b"no parquet")
    assert not is_frozen(tmp_path)
