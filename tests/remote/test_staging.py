"""Data at a URL give what the same file on this disk gives, under the URL's name; and no copy stays behind."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import satsuma
from satsuma.datatune.doors import fetched
from satsuma.datatune.options import TransformOptions, split
from satsuma.errors import DataError, ExtraError, RunError, SatsumaError, SettingsError
from satsuma.remote import stores
from satsuma.remote.staging import as_told, place_of, said, sending, staging
from tests.curation.made import CARD, as_run, reviews

fsspec = pytest.importorskip("fsspec")

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem


@pytest.fixture
def store() -> Iterator[AbstractFileSystem]:
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    memory.pseudo_dirs[:] = [""]
    yield memory
    memory.store.clear()
    memory.pseudo_dirs[:] = [""]


@pytest.fixture(autouse=True)
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The temporary directory, of this test alone, so that what is left in it is seen."""
    folder = tmp_path / "room"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def rows_of(count: int) -> bytes:
    made = [{"review": text, "sentiment": label, "id": f"r{n}"} for n, (text, label) in enumerate(reviews(count))]
    return "".join(json.dumps(row) + "\n" for row in made).encode()


def put_folder(store: AbstractFileSystem, folder: Path, url: str) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            store.pipe_file(f"{url}/{path.relative_to(folder).as_posix()}", path.read_bytes())


def test_what_is_no_url_stays_as_it_is_and_nothing_is_made(room: Path) -> None:
    path = Path("x.jsonl")
    with staging() as here:
        assert here(path) is path
        assert here("x.jsonl") == "x.jsonl"
        assert here(None) is None
        assert list(room.iterdir()) == []


def test_a_url_is_fetched_once_and_told_by_its_own_name(store: AbstractFileSystem, room: Path) -> None:
    store.pipe_file("memory://b/gold.jsonl", rows_of(3))
    with staging() as here:
        copy = here("memory://b/gold.jsonl")
        assert isinstance(copy, Path)
        assert copy.read_bytes() == rows_of(3)
        assert copy.name == "gold.jsonl"
        store.rm("memory://b/gold.jsonl")
        assert here("memory://b/gold.jsonl") == copy
        assert here.named("copa=memory://b/gold.jsonl") == f"copa={copy}"
        assert as_told(copy) == "memory://b/gold.jsonl"
        assert place_of("memory://b/gold.jsonl") == copy
        assert said(f"{copy}: no") == "memory://b/gold.jsonl: no"
    assert list(room.iterdir()) == []
    assert as_told(copy) == str(copy)


@pytest.mark.parametrize("ending", [DataError("no"), KeyboardInterrupt(), ValueError("a bug")])
def test_no_copy_stays_behind_however_it_ends(store: AbstractFileSystem, room: Path, ending: BaseException) -> None:
    store.pipe_file("memory://b/gold.jsonl", rows_of(3))
    with pytest.raises(type(ending)), staging() as here, sending("memory://b/out.jsonl") as place:
        here("memory://b/gold.jsonl")
        assert isinstance(place, Path)
        place.write_text("half")
        raise ending
    assert list(room.iterdir()) == []
    assert not store.exists("memory://b/out.jsonl")


def test_a_folder_brings_its_data_and_what_says_what_it_is(store: AbstractFileSystem) -> None:
    for name in ("train.jsonl", "sub/test.csv", ".git/x.jsonl", "photo.png", "run.json", "README.md"):
        store.pipe_file(f"memory://b/f/{name}", b"{}\n")
    with staging() as here:
        copy = Path(here("memory://b/f/"))
        there = {one.relative_to(copy).as_posix() for one in copy.rglob("*") if one.is_file()}
        assert as_told(copy / "train.jsonl") == "memory://b/f/train.jsonl"
    assert there == {"train.jsonl", "sub/test.csv", "run.json", "README.md"}


def test_an_object_whose_name_leads_out_of_the_folder_is_refused(store: AbstractFileSystem, room: Path) -> None:
    store.store["/b/f/../../../evil.jsonl"] = fsspec.implementations.memory.MemoryFile(store, "/b/f/x", b"{}")
    store.pipe_file("memory://b/f/train.jsonl", b"{}\n")
    with pytest.raises(DataError, match="no name of a file in it"), staging() as here:
        here("memory://b/f")
    assert not list(room.parent.rglob("evil.jsonl"))


def test_half_an_object_is_no_data(store: AbstractFileSystem, monkeypatch: pytest.MonkeyPatch) -> None:
    store.pipe_file("memory://b/gold.jsonl", rows_of(3))
    monkeypatch.setattr(type(store), "get_file", lambda _, __, to, **___: Path(to).write_bytes(b"half"))
    with pytest.raises(DataError, match=r"memory://b/gold.jsonl: 4 of \d+ bytes came"), staging() as here:
        here("memory://b/gold.jsonl")


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        (PermissionError("KEY"), "may not be read with this machine's credentials"),
        (OSError(28, "full"), "there is no room here for a copy of memory://b/x"),
        (RuntimeError("NoCredentials: sk-aaaaaaaaaaaaaaaaaaaa at memory://b/x?sig=ZZZ"), "cannot be read: NoCred"),
    ],
)
def test_what_a_store_raises_is_told_in_a_line(
    store: AbstractFileSystem, monkeypatch: pytest.MonkeyPatch, raised: Exception, told: str
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise raised

    monkeypatch.setattr(type(store), "info", fails)
    with pytest.raises(DataError, match=told) as error, staging() as here:
        here("memory://b/x?sig=ZZZ")
    assert "ZZZ" not in str(error.value)
    assert "sk-aaa" not in str(error.value)
    assert "\n" not in error.value.message
    assert error.value.hint


@pytest.mark.parametrize(
    ("url", "kind", "told"),
    [
        ("memory://b/none.jsonl", DataError, "memory://b/none.jsonl: there is no such object"),
        ("nowhere://b/x", SettingsError, "nothing knows the protocol of nowhere://b/x"),
        ("s3://KEY:SECRET@b/x", SettingsError, r"s3://\[redacted\]@b/x carries a key"),
    ],
)
def test_what_cannot_be_fetched_says_why_and_what_to_do(url: str, kind: type[SatsumaError], told: str) -> None:
    with pytest.raises(kind, match=told) as error:
        satsuma.analyze(url)
    assert error.value.hint


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from fsspec import core

    def lacks(_: str) -> None:
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr(core, "url_to_fs", lacks)
    with pytest.raises(ExtraError, match="Install s3fs to access S3"), staging() as here:
        here("s3://b/x.jsonl")


def test_curating_a_url_gives_the_bytes_of_curating_the_file(
    store: AbstractFileSystem, tmp_path: Path, room: Path
) -> None:
    (tmp_path / "gold.jsonl").write_bytes(rows_of(20))
    store.pipe_file("memory://b/gold.jsonl", rows_of(20))
    here = satsuma.curate(str(tmp_path / "gold.jsonl"), out=tmp_path / "here", noise="off")
    there = satsuma.curate("memory://b/gold.jsonl", out=tmp_path / "there", noise="off")
    assert there.record.source == "memory://b/gold.jsonl"
    assert there.record.files == here.record.files
    told = (tmp_path / "there" / "curation.json").read_text("utf-8")
    assert str(room) not in told
    assert list(room.iterdir()) == []


def test_what_curation_records_of_leaks_and_bad_rows_names_no_copy(
    store: AbstractFileSystem, tmp_path: Path, room: Path
) -> None:
    store.pipe_file("memory://b/gold.jsonl", rows_of(20) + b"no row\n")
    store.pipe_file("memory://b/test.jsonl", rows_of(4))
    done = satsuma.curate(
        "memory://b/gold.jsonl", out=tmp_path / "new", noise="off", against_eval=["memory://b/test.jsonl"]
    )
    assert {str(hit["set"]) for hit in done.leaks()} == {"test.jsonl"}
    assert len(done.leaks()) == 4
    for path in done.path.rglob("*"):
        if path.is_file():
            assert str(room).encode() not in path.read_bytes(), path
    assert not [note for note in done.record.notes if str(room) in note]


def test_a_curated_folder_goes_to_a_url_and_is_complete_with_its_last_file(
    store: AbstractFileSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gold.jsonl").write_bytes(rows_of(20))
    order: list[str] = []
    real = stores._put_file

    def put(memory: AbstractFileSystem, copy: Path, path: str) -> None:
        order.append(path)
        real(memory, copy, path)

    monkeypatch.setattr(stores, "_put_file", put)
    here = satsuma.curate(str(tmp_path / "gold.jsonl"), out=tmp_path / "here", noise="off")
    done = satsuma.curate(str(tmp_path / "gold.jsonl"), out="memory://b/new", noise="off")
    assert order[-1] == "/b/new/curation.json"
    assert as_told(done.path) == "memory://b/new"
    assert done.leaks() == []
    data = (here.path / "data" / "train.parquet").read_bytes()
    assert store.cat_file("memory://b/new/data/train.parquet") == data
    assert not any("/." in name for name in store.find("memory://b/new"))
    with pytest.raises(RunError, match="something at memory://b/new already"):
        satsuma.curate(str(tmp_path / "gold.jsonl"), out="memory://b/new", noise="off")


def test_export_reads_a_run_there_and_writes_there(store: AbstractFileSystem, tmp_path: Path) -> None:
    run = as_run(tmp_path / "run", reviews(12))
    put_folder(store, tmp_path / "run", "memory://b/run")
    here = satsuma.export(run, "pairs", tmp_path / "here.jsonl")
    satsuma.export("memory://b/run", "pairs", "memory://b/there.jsonl")
    assert store.cat_file("memory://b/there.jsonl") == here.read_bytes()
    with pytest.raises(SettingsError, match="memory://b/run is not on this machine, so the result has no place"):
        satsuma.export("memory://b/run", "pairs")


def test_a_file_url_is_the_file(tmp_path: Path) -> None:
    (tmp_path / "gold.jsonl").write_bytes(rows_of(6))
    url = (tmp_path / "gold.jsonl").as_uri()
    made = satsuma.export(url, "pairs", (tmp_path / "out.jsonl").as_uri(), card=CARD)
    assert made == tmp_path / "out.jsonl"
    assert len(made.read_bytes().splitlines()) == 6


def test_blending_takes_urls_and_records_them(store: AbstractFileSystem, tmp_path: Path) -> None:
    for name, rows in (("a.jsonl", rows_of(8)), ("b.jsonl", rows_of(12))):
        (tmp_path / name).write_bytes(rows)
        store.pipe_file(f"memory://b/{name}", rows)
    here = satsuma.blend(tmp_path / "a.jsonl", tmp_path / "b.jsonl", out=tmp_path / "here", as_card=CARD)
    there = satsuma.blend("memory://b/a.jsonl", "memory://b/b.jsonl", out="memory://b/blend", as_card=CARD)
    assert there.state.blended is not None
    assert there.state.blended.sources[0].path == "memory://b/a.jsonl"
    assert store.cat_file("memory://b/blend/data/train.parquet") == here.data_path.read_bytes()
    assert b"room" not in store.cat_file("memory://b/blend/run.json")


def test_analyzing_a_url_gives_the_figures_of_the_file(store: AbstractFileSystem, tmp_path: Path) -> None:
    for package in ("sklearn", "babel", "vaderSentiment"):
        pytest.importorskip(package)
    (tmp_path / "gold.jsonl").write_bytes(rows_of(12))
    store.pipe_file("memory://b/gold.jsonl", rows_of(12))
    here = satsuma.analyze(tmp_path / "gold.jsonl", only=("labels", "vocabulary"), embedder=None)
    there = satsuma.analyze("memory://b/gold.jsonl", only=("labels", "vocabulary"), embedder=None)
    assert there.name == "memory://b/gold.jsonl"
    assert there.measures == here.measures


def test_a_report_of_a_run_elsewhere_has_its_record_and_goes_elsewhere(
    store: AbstractFileSystem, tmp_path: Path, room: Path
) -> None:
    for package in ("sklearn", "babel", "vaderSentiment", "vl_convert"):
        pytest.importorskip(package)
    as_run(tmp_path / "run", reviews(12))
    put_folder(store, tmp_path / "run", "memory://b/run")
    made = satsuma.report("memory://b/run", embedder=None)
    assert made.records[0].size == 12
    assert any(one.origin for one in made.instances)
    made.save("memory://b/report.html")
    page = store.cat_file("memory://b/report.html")
    assert str(room).encode() not in page
    assert b"memory://b/run" in page


def test_a_transformation_is_the_same_wherever_its_rows_lie(store: AbstractFileSystem, tmp_path: Path) -> None:
    (tmp_path / "gold.jsonl").write_bytes(rows_of(3))
    store.pipe_file("memory://b/gold.jsonl", rows_of(3))
    with staging() as here:
        there = fetched({"datasets": ("memory://b/gold.jsonl", "hf:a/b"), "catalog": "c.jsonl", "seed": 3}, here)
        mine, rest = split(there)
        assert Path(mine.datasets[0]).read_bytes() == rows_of(3)
    assert rest == {"seed": 3}
    local = TransformOptions(catalog="c.jsonl", datasets=(str(tmp_path / "gold.jsonl"), "hf:a/b"))
    assert mine.decisive() == local.decisive()


def test_students_learn_from_a_url_and_remember_its_name(
    store: AbstractFileSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("numpy")
    training = pytest.importorskip("satsuma.students.training")
    seen: list[tuple[tuple[str, ...], int]] = []
    keep = lambda lessons, *_, **__: seen.extend((one.names, len(one.instances)) for one in lessons)  # noqa: E731
    monkeypatch.setattr(training, "train_student", keep)
    store.pipe_file("memory://b/gold.jsonl", rows_of(6))
    satsuma.train("memory://b/gold.jsonl", out=tmp_path / "student", card=CARD)
    assert seen == [(("memory://b/gold.jsonl",), 6)]
    with pytest.raises(SettingsError, match="s3://b/student: a student lies on this machine"):
        satsuma.evaluate("s3://b/student", "memory://b/gold.jsonl")


def test_an_error_in_the_data_names_the_url(store: AbstractFileSystem, tmp_path: Path, room: Path) -> None:
    store.pipe_file("memory://b/gold.jsonl", b"{}\n")
    with pytest.raises(SatsumaError) as error:
        satsuma.export("memory://b/gold.jsonl", "pairs", tmp_path / "x.jsonl", card=CARD)
    assert str(room) not in str(error.value)
    store.pipe_file("memory://b/data.xyz", b"{}\n")
    with pytest.raises(SatsumaError, match=r"memory://b/data.xyz") as error:
        satsuma.curate("memory://b/data.xyz", out=tmp_path / "x")
    assert str(room) not in str(error.value)


def test_http_is_for_reading() -> None:
    with pytest.raises(SettingsError, match="http://h/x can be read, but not written"), sending("http://h/x"):
        pass


@pytest.mark.parametrize("out", ["s3://b/run", Path("s3://b/run")])
def test_a_run_stays_on_this_machine(out: str | Path) -> None:
    with pytest.raises(SettingsError, match="s3://b/run: a run is made on this machine") as refused:
        satsuma.generate("copa", n=1, model="openai/x", out=out)
    assert "satsuma export" in refused.value.hint
    with pytest.raises(SettingsError, match="s3://b/run"):
        satsuma.push("s3://b/run", "me/x")


def test_a_url_that_went_through_pathlib_is_told() -> None:
    with pytest.raises(SettingsError, match=r"s3://b/x.jsonl: a URL loses a slash"):
        satsuma.analyze(Path("s3://b/x.jsonl"))
