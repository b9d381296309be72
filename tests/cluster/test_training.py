"""A student that is trained on a machine of a cluster has the bytes of one that was trained here, whatever dies."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypedDict

import pytest

import satsuma
from satsuma.errors import ClusterError, Interrupted, ModelError
from satsuma.progress import Silent
from satsuma.students.settings import TrainKeywords, TrainOptions
from tests.cluster.conftest import WELL, Nodes
from tests.students.conftest import TICKETS, one_thread, tickets, write_model
from tests.tiny_checkpoint import write_checkpoint

ray = pytest.importorskip("ray", reason="not installed (the extra ray)")
pytest.importorskip("torch", reason="needs the extra train")
pytest.importorskip("peft", reason="needs the extra train")

import torch  # noqa: E402 - needs the extra

without_gpu = pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU, which Ray finds")
__all__ = ["one_thread"]  # for every test of this file: each node has one CPU, and so a worker one thread
ENCODER: TrainKeywords = {
    "student": "./encoder", "epochs": 4, "batch": 8, "learning_rate": 1e-3, "device": "cpu",
}  # fmt: skip
OFFLINE = "huggingface_hub.constants.HF_HUB_OFFLINE"
Files = dict[str, bytes]


class Told(Silent):
    """Keeps what is told; does something for the notes that begin in a certain way, once for each."""

    def __init__(self, then: dict[str, Callable[[], None]] | None = None) -> None:
        self.notes: list[str] = []
        self._then = dict(then or {})

    def note(self, text: str) -> None:
        self.notes.append(text)
        for begin in [begin for begin in self._then if text.startswith(begin)]:
            self._then.pop(begin)()

    def worker(self) -> int:
        """The process that trains now."""
        said = [found for note in self.notes if (found := re.search(r": trained on .* \(process (\d+)\)", note))]
        return int(said[-1][1])

    def kill(self) -> None:
        """End that process as a lack of memory would."""
        os.kill(self.worker(), signal.SIGKILL)


class Trained(TypedDict):
    """A student that was trained without a cluster."""

    files: Files
    notes: list[str]


def files_of(student: str | Path) -> Files:
    place = Path(student)
    return {path.relative_to(place).as_posix(): path.read_bytes() for path in place.rglob("*") if path.is_file()}


def provide(place: Path) -> None:
    """What a training needs, under the names that it is told."""
    (place / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in tickets(range(64))))
    (place / "card.yaml").write_text(json.dumps(TICKETS))


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("models")
    for family in ("encoder", "decoder"):
        write_model(family, place / family)
    return place


@pytest.fixture
def room(
    nodes: Nodes, models: Path, tmp_path: Path, started_with: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Nodes:
    """Two nodes, and a folder with data and models in which no worker is."""
    nodes.have(started_with, started_with)
    place = tmp_path / "driver"
    place.mkdir()
    monkeypatch.chdir(place)
    provide(place)
    for model in models.iterdir():
        (place / model.name).symlink_to(model)
    return nodes


@pytest.fixture(scope="module")
def started_with(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the nodes have in their environment."""
    return {**WELL, "TMPDIR": str(tmp_path_factory.mktemp("workers")), "HF_HUB_OFFLINE": "1"}


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the workers are: a tokenizer's file says whether it was."""
    monkeypatch.setattr(OFFLINE, True)


def kept(environment: dict[str, str]) -> list[Path]:
    """What workers have left on their machines."""
    return list(Path(environment["TMPDIR"]).glob("satsuma-training-*"))


@pytest.fixture(scope="module")
def here(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trained]:
    """The student of `ENCODER`, trained without a cluster."""
    place = tmp_path_factory.mktemp("here")
    provide(place)
    (place / "encoder").symlink_to(models / "encoder")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.setattr(OFFLINE, True)
        told = Told()
        satsuma.train("train.jsonl", out="student", card="card.yaml", progress=told, **ENCODER)
        yield {"files": files_of("student"), "notes": told.notes}
    torch.set_num_threads(threads)


def on(nodes: Nodes, told: Told | None = None, **more: object) -> satsuma.Student:
    """The same training on the cluster."""
    options: TrainKeywords = {**ENCODER, "ray": nodes.address, **more}  # type: ignore[typeddict-item]
    return satsuma.train("train.jsonl", out="student", card="card.yaml", progress=told, **options)


def ends(process: int) -> bool:
    """Whether a process is gone within a minute."""
    try:
        handle = os.pidfd_open(process)
    except ProcessLookupError:
        return True
    try:
        watching = select.poll()
        watching.register(handle, select.POLLIN)
        return bool(watching.poll(60_000))
    finally:
        os.close(handle)


def test_a_student_has_the_same_bytes_and_the_notes_arrive(
    room: Nodes, here: Trained, started_with: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("satsuma.cluster.parcels.PIECE", 10_000)  # files of 20 pieces
    told = Told()
    on(room, told)
    assert files_of("student") == here["files"]
    (place,) = [note for note in told.notes if "trained on" in note]
    assert re.fullmatch(r"\./encoder: trained on [\d.]+ \(process \d+\), 1 CPU", place)
    assert [note for note in told.notes if note != place] == here["notes"]
    assert not kept(started_with)
    assert ends(told.worker())
    assert on(room, ray="127.0.0.1:1").record.state == "finished"  # which needs no cluster


def test_adapters_name_the_checkpoint_as_the_user_does_wherever_they_were_trained(room: Nodes) -> None:
    said: TrainOptions = {"student": "decoder", "epochs": 1, "device": "cpu"}
    satsuma.train("train.jsonl", out="here", card="card.yaml", **said)
    satsuma.train("train.jsonl", out="there", card="card.yaml", ray=room.address, **said)
    assert json.loads(files_of("there")["model/adapter_config.json"])["base_model_name_or_path"] == "decoder"
    assert files_of("there") == files_of("here")


def test_killed_workers_go_on_from_the_last_checkpoint_to_the_same_bytes(
    room: Nodes, here: Trained, started_with: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("satsuma.cluster.training.DEATHS", 2)  # and between these two there is a checkpoint
    told = Told({"./encoder: trained on": lambda: told.kill(), "epoch 2 of": lambda: told.kill()})
    on(room, told)
    assert [note.partition("; ")[2] for note in told.notes if "is gone" in note] == [
        "another begins", "another goes on from the last checkpoint",
    ]  # fmt: skip
    assert any(note.startswith("goes on after epoch") for note in told.notes)
    assert files_of("student") == here["files"]
    assert not kept(started_with)  # what the killed ones left, too


def test_a_killed_node_is_made_up_for_by_another(room: Nodes, here: Trained) -> None:
    def kill() -> None:
        at = [node.all_processes["raylet"][0].process.pid for _, node in room.at_work]
        room.kill(at.index(int(Path("/proc", str(told.worker()), "stat").read_text().rpartition(")")[2].split()[1])))

    told = Told({"epoch 2 of": kill})
    on(room, told)
    assert any("is gone; another goes on" in note for note in told.notes)
    assert files_of("student") == here["files"]


def test_three_deaths_without_a_checkpoint_end_it(room: Nodes) -> None:
    class Killing(Told):
        deaths = 0

        def note(self, text: str) -> None:
            super().note(text)
            if "trained on" in text:
                self.deaths += 1
                self.kill()

    told = Killing()
    with pytest.raises(ClusterError, match=r"3 workers that train \./encoder died one after the other") as died:
        on(room, told)
    assert told.deaths == 3
    assert "The same command goes on" in died.value.hint


def interrupt() -> None:
    raise KeyboardInterrupt


def test_a_training_begun_here_goes_on_there_and_ends_here(
    room: Nodes, here: Trained, started_with: dict[str, str]
) -> None:
    with pytest.raises(Interrupted, match="student: stopped"):
        on(room, Told({"epoch 1 of": interrupt}), ray="")
    told = Told({"epoch 2 of": interrupt})
    with pytest.raises(Interrupted, match="student: stopped"):
        on(room, told)
    assert any(note.startswith("goes on after epoch 1,") for note in told.notes)
    assert not kept(started_with)
    assert ends(told.worker())
    assert sorted(path.name for path in Path("student", "checkpoint").iterdir()) == ["best.pt", "state.pt"]
    told = Told()
    on(room, told, ray="")
    assert any(note.startswith("goes on after epoch 2,") for note in told.notes)
    assert files_of("student") == here["files"]


def command(*more: str) -> list[str]:
    """The same training as it is typed."""
    options = [*("--student", "./encoder", "--epochs", "4", "--batch", "8", "--lr", "1e-3", "--device", "cpu"), *more]
    return [
        *(sys.executable, "-m", "satsuma", "train", "train.jsonl", "--card", "card.yaml", "-o", "student"), *options,
    ]  # fmt: skip


def test_a_killed_driver_takes_its_worker_with_it_and_the_training_goes_on_without_ray(
    room: Nodes, here: Trained
) -> None:
    process = subprocess.Popen(command("--ray", room.address), stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    told = Told()
    for line in process.stderr:
        told.note(line.rstrip())
        if line.startswith("epoch 1 of"):
            break
    process.kill()
    process.communicate()
    assert ends(told.worker())
    on(room, told, ray="")
    assert any(note.startswith("goes on after epoch") for note in told.notes)
    assert files_of("student") == here["files"]


def test_ray_as_the_last_word_trains_on_this_machine(
    models: Path, here: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    provide(tmp_path)
    (tmp_path / "encoder").symlink_to(models / "encoder")
    done = subprocess.run(command("--ray"), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "student: encoder ./encoder, trained on 54 of 64 instances" in done.stdout
    assert re.search(r"\./encoder: trained on [\d.]+ \(process \d+\), \d+ CPUs?\n", done.stderr)
    assert "epoch 4 of 4" in done.stderr
    assert files_of("student") == here["files"]


def test_a_worker_that_finds_no_room_waits_and_says_so_once(room: Nodes, monkeypatch: pytest.MonkeyPatch) -> None:
    from satsuma.cluster.joining import joined

    class Busy:
        def begun(self) -> None:
            """It has room."""

    monkeypatch.setattr("satsuma.cluster.training.LATE", 0.2)
    with joined(room.address):
        busy = [ray.remote(Busy).options(num_cpus=1).remote() for _ in range(2)]
        ray.get([one.begun.remote() for one in busy])
        told = Told({"./encoder: no machine": lambda: ray.kill(busy[0]), "./encoder: trained on": interrupt})
        with pytest.raises(Interrupted):
            on(room, told)
        ray.kill(busy[1])
    (late,) = [note for note in told.notes if "no machine has had room" in note]
    assert "it needs 1 CPU, and waits" in late


@without_gpu
def test_a_gpu_that_no_machine_has_is_refused_before_anything_is_sent(room: Nodes) -> None:
    for more, option in (({"device": "cuda"}, "--device cuda"), ({"device": "auto", "quantize": True}, "--quantize")):
        with pytest.raises(
            ClusterError, match=f"{option} needs a GPU, and the Ray cluster has none: 3 machines with 2"
        ):
            on(room, student="decoder", **more)
    assert not Path("student").exists()


@without_gpu
def test_a_gpu_that_torch_does_not_find_is_told_with_the_machine(room: Nodes) -> None:
    node = room.cluster.add_node(num_cpus=1, num_gpus=1, include_dashboard=False)
    try:
        with pytest.raises(ClusterError, match=r"Ray has a GPU, and torch \S+ finds none, on [\d.]+") as wrong:
            on(room, device="auto")
    finally:
        room.cluster.remove_node(node)
    assert wrong.value.hint.startswith("On every machine of the cluster, before `ray start` there: install a torch")


def test_a_checkpoint_that_is_not_at_the_same_path_there_is_told_with_the_machine(
    room: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("satsuma.cluster.training.absolute", lambda _: "/nowhere/encoder")
    with pytest.raises(ModelError, match=r"there is no folder /nowhere/encoder, on [\d.]+") as wrong:
        on(room)
    assert "at the same path on every machine" in wrong.value.hint


def test_a_machine_without_the_extra_is_told_with_what_to_install(room: Nodes, tmp_path: Path) -> None:
    lacking = tmp_path / "lacking"
    lacking.mkdir()
    (lacking / "sitecustomize.py").write_text("import sys\nsys.modules['peft'] = None\n")
    without = {"PYTHONPATH": os.pathsep.join([str(lacking), os.environ["PYTHONPATH"]])}
    node = room.cluster.add_node(num_cpus=3, include_dashboard=False, env_vars=without)  # the largest
    try:
        with pytest.raises(ClusterError, match=r"needs peft, which is not installed, on [\d.]+") as wrong:
            on(room)
    finally:
        room.cluster.remove_node(node)
    assert wrong.value.hint == (
        "On every machine of the cluster, before `ray start` there: Install it: pip install 'satsuma[train]'"
    )


def test_a_machine_without_satsuma_says_so(room: Nodes, tmp_path: Path) -> None:
    lacking = tmp_path / "lacking"
    lacking.mkdir()
    (lacking / "satsuma.py").write_text('raise ModuleNotFoundError("No module named \'satsuma\'", name="satsuma")\n')
    node = room.cluster.add_node(num_cpus=3, include_dashboard=False, env_vars={"PYTHONPATH": str(lacking)})
    try:
        with pytest.raises(ModelError, match=r"cannot start a worker that trains \./encoder: satsuma is not installed"):
            on(room)
    finally:
        room.cluster.remove_node(node)


def test_a_training_here_loads_nothing_of_the_cluster(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    provide(tmp_path)
    for name in [name for name in sys.modules if name.startswith("satsuma.cluster")]:
        monkeypatch.setitem(sys.modules, name, None)
    said: TrainOptions = {"student": str(models / "encoder"), "epochs": 1}
    assert satsuma.train("train.jsonl", out="student", card="card.yaml", **said).record.state == "finished"
    with pytest.raises(ImportError):
        satsuma.train("train.jsonl", out="other", card="card.yaml", ray="auto", **said)


def test_a_frozen_student_is_embedded_on_the_cluster(room: Nodes, monkeypatch: pytest.MonkeyPatch) -> None:
    import numpy as np

    monkeypatch.setattr("satsuma.cluster.embedding.TEXTS", 20)
    write_checkpoint(Path("bert"))
    said: TrainOptions = {"student": "./bert", "frozen": True}
    heads = []
    for name, address in (("here", ""), ("there", room.address)):
        satsuma.train("train.jsonl", out=name, card="card.yaml", ray=address, **said)
        heads.append(np.load(Path(name, "model", "head.npz")))
    one, other = heads
    assert np.allclose(one["matrix"], other["matrix"], atol=1e-4)
    assert np.allclose(one["bias"], other["bias"], atol=1e-4)
    assert files_of("there")["student.json"] == files_of("here")["student.json"]
