"""Real tiny models of all three families are trained end to end, stop early, and go on after a kill."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Unpack

import pytest

pytest.importorskip("torch", reason="needs the extra train")
pytest.importorskip("peft", reason="needs the extra train")

import pyarrow.parquet as pq
import torch

import satsuma
from satsuma.errors import DataError, Interrupted, ModelError, RunError, SettingsError
from satsuma.progress import Silent
from satsuma.students.head_labels import LabelsHead
from satsuma.students.items import Item, padding, training_batches
from satsuma.students.settings import TrainOptions
from tests.students.conftest import FAMILIES, THINGS, TICKETS, Rows, message, tickets, write_model

Write = Callable[[str, Rows], Path]
FAST: TrainOptions = {"epochs": 20, "batch": 8, "learning_rate": 5e-3, "patience": 20, "device": "cpu"}


def fast(model: Path, **more: Unpack[TrainOptions]) -> TrainOptions:
    """Settings under which a small model learns a rule in seconds."""
    return {**FAST, "student": str(model), **more}


class Notes(Silent):
    """Keeps what is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def note(self, text: str) -> None:
        self.told.append(text)


@pytest.fixture
def data(write: Write) -> Path:
    return write("train.jsonl", tickets(range(64)))


def weights(student: Path) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    found: dict[str, torch.Tensor] = load_file(student / "model" / "model.safetensors")
    return found


@pytest.mark.parametrize("family", FAMILIES)
def test_each_family_learns_a_rule_and_says_so_on_unseen_rows(
    family: str, models: dict[str, Path], data: Path, write: Write, tmp_path: Path
) -> None:
    student = satsuma.train(
        data, out=tmp_path / "s", card=TICKETS, **fast(models[family], lora=0, epochs=40, patience=40)
    )
    assert student.record.kind == family
    found = satsuma.evaluate(student, write("test.jsonl", tickets(range(64, 104))))
    assert found.score.value >= 0.9
    assert found.score.low <= found.score.value <= found.score.high
    rows = pq.read_table(found.predictions).to_pylist()
    assert [row["id"] for row in rows] == [f"t{n}" for n in range(64, 104)]
    assert sum(row["right"] for row in rows) / 40 == found.right
    assert abs(sum(p["probability"] for p in rows[0]["probabilities"]) - 1) < 1e-5
    record = json.loads((student.path / "student.json").read_text())
    assert record["state"] == "finished"
    assert record["settings"]["learning_rate"] == 5e-3
    assert record["data"]["dev"] == 10
    assert not (student.path / "checkpoint").exists()


def test_a_decoder_is_trained_by_adapters_and_needs_its_own_checkpoint(
    models: dict[str, Path], data: Path, tmp_path: Path
) -> None:
    student = satsuma.train(
        data, out=tmp_path / "s", card=TICKETS, student=str(models["decoder"]), epochs=3, learning_rate=1e-2
    )
    first, *_, last = student.record.history
    assert last.train_loss < first.train_loss
    assert student.record.settings["lora"] == 16
    assert (student.path / "model" / "adapter_model.safetensors").is_file()
    said = student.predict([{"message": message(3)}])
    assert said[0].output in ("billing", "bug")


def test_an_encoder_scores_every_option_however_many_there_are(
    models: dict[str, Path], write: Write, tmp_path: Path
) -> None:
    card = {
        "name": "pick",
        "task": "Pick the thing that costs money.",
        "inputs": {"premise": "a sentence", "things": "a thing"},
        "output": {"choice": {"field": "things", "count": [2, 4]}},
    }

    def rows(numbers: Sequence[int]) -> Rows:
        return [
            {"premise": message(n), "things": [*wrong(n)[: n % 3], THINGS[n % 4], *wrong(n)[n % 3 :]], "label": n % 3}
            for n in numbers
        ]

    def wrong(n: int) -> list[str]:
        return [THINGS[4 + (n + k) % 4] for k in range(2 + n % 2)]

    student = satsuma.train(write("a.jsonl", rows(range(64))), out=tmp_path / "s", card=card, **fast(models["encoder"]))
    found = satsuma.evaluate(student, write("b.jsonl", rows(range(64, 94))))
    assert found.score.value >= 0.9
    (said,) = student.predict([{"premise": message(1), "things": [*THINGS[4:], THINGS[0]]}])
    assert said.output == 4
    assert len(said.probabilities) == 5


def test_several_labels_and_several_options_are_learned_at_once(
    models: dict[str, Path], write: Write, tmp_path: Path
) -> None:
    labels = {"name": "topics", "task": "Name the topics.", "inputs": {"message": "a message"},
              "output": {"name": "topics", "labels": ["billing", "bug"], "multiple": [0, 2]}}  # fmt: skip
    things = {"name": "pick", "task": "Pick all that cost money.", "inputs": {"premise": "a text", "things": "a thing"},
              "output": {"name": "right", "choice": {"field": "things", "count": 4, "right": [1, 2]}}}  # fmt: skip
    both: Rows = [
        {"message": f"{THINGS[n % 8]} {THINGS[(n // 8) % 8]} {n % 30}",
         "topics": sorted({("billing", "bug")[k >= 4] for k in (n % 8, (n // 8) % 8)})}
        for n in range(64)
    ]  # fmt: skip
    options: Rows = [
        {"premise": message(n), "things": [THINGS[(n + 3 * k) % 8] for k in range(4)],
         "right": [k for k in range(4) if (n + 3 * k) % 8 < 4]}
        for n in range(64)
    ]  # fmt: skip
    for name, card, rows in (("m", labels, both), ("c", things, options)):
        student = satsuma.train(write(f"{name}.jsonl", rows), out=tmp_path / name, card=card, **fast(models["encoder"]))
        found = satsuma.evaluate(student, write(f"{name}-test.jsonl", rows[::3]), overlap="keep")
        assert found.right >= 0.8, name


SPANS = {
    "name": "find",
    "task": "Find the thing.",
    "inputs": {"message": "a message", "question": "a question"},
    "output": {"name": "answer", "span": {"field": "message", "none": True}},
    "metric": "token-f1+em",
}


def spans(numbers: Sequence[int]) -> Rows:
    """The thing stands at any place of a window; in a quarter of the rows there is none."""
    return [
        {
            "message": " ".join(["was"] * (n % 13)) + (f" {message(n)}" if n % 4 else " my the today please"),
            "question": "help",
            "answer": THINGS[n % 8] if n % 4 else "",
        }
        for n in numbers
    ]


def test_an_encoder_finds_a_span_also_in_a_text_of_several_windows(
    models: dict[str, Path], write: Write, tmp_path: Path
) -> None:
    student = satsuma.train(
        write("a.jsonl", spans(range(128))), out=tmp_path / "s", card=SPANS, **fast(models["encoder"], longest=24)
    )  # fmt: skip
    found = satsuma.evaluate(student, write("b.jsonl", spans(range(130, 170))), overlap="drop")
    assert found.parts["em"] >= 0.8
    long = " ".join(["was"] * 45) + f" {message(5)}"
    said, none = student.predict(
        [{"message": long, "question": "help"}, {"message": "my the today", "question": "help"}]
    )
    assert said.output == "error"
    assert none.output == ""


def test_a_writer_writes_what_has_no_closed_set(models: dict[str, Path], write: Write, tmp_path: Path) -> None:
    card = {"name": "say", "task": "Say the thing.", "inputs": {"message": "a text"}, "output": {"text": "the thing"},
            "metric": "exact-match"}  # fmt: skip
    rows: Rows = [{"message": message(n), "label": THINGS[n % 8]} for n in range(64)]
    data = write("a.jsonl", rows)
    for family in ("encoder-decoder", "decoder"):
        student = satsuma.train(
            data, out=tmp_path / family, card=card, **fast(models[family], lora=0, epochs=40, patience=40),
        )  # fmt: skip
        said = student.predict([{"message": message(n)} for n in range(100, 108)])
        assert [p.output for p in said] == [THINGS[n % 8] for n in range(100, 108)]
    with pytest.raises(SettingsError, match="free text, which the encoder"):
        satsuma.train(tmp_path / "a.jsonl", out=tmp_path / "e", card=card, student=str(models["encoder"]))


class Killed(Silent):
    """Kills the training when it tells of an epoch."""

    def note(self, text: str) -> None:
        if text.startswith("epoch 2"):
            raise KeyboardInterrupt


def test_a_training_that_was_killed_ends_with_the_same_weights(
    models: dict[str, Path], data: Path, tmp_path: Path
) -> None:
    said = {"card": TICKETS, "student": str(models["encoder"]), "epochs": 4, "learning_rate": 1e-3, "device": "cpu"}
    satsuma.train(data, out=tmp_path / "whole", **said)  # type: ignore[arg-type]
    with pytest.raises(Interrupted, match="stopped"):
        satsuma.train(data, out=tmp_path / "killed", progress=Killed(), **said)  # type: ignore[arg-type]
    with pytest.raises(RunError, match="not finished"):
        satsuma.Student(tmp_path / "killed")
    notes = Notes()
    satsuma.train(data, out=tmp_path / "killed", progress=notes, **said)  # type: ignore[arg-type]
    assert "goes on after epoch 2, step 8" in notes.told
    one, other = weights(tmp_path / "whole"), weights(tmp_path / "killed")
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_the_same_command_again_changes_nothing_and_another_one_is_refused(
    models: dict[str, Path], data: Path, tmp_path: Path
) -> None:
    said = {"card": TICKETS, "student": str(models["encoder"]), "epochs": 1}
    satsuma.train(data, out=tmp_path / "s", **said)  # type: ignore[arg-type]
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "s").rglob("*")}
    satsuma.train(data, out=tmp_path / "s", **said)  # type: ignore[arg-type]
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "s").rglob("*")} == before
    with pytest.raises(RunError, match="batch was 16 and is 8") as refused:
        satsuma.train(data, out=tmp_path / "s", batch=8, **said)  # type: ignore[arg-type]
    assert "--overwrite" in refused.value.hint
    again = satsuma.train(data, out=tmp_path / "s", batch=8, overwrite=True, **said)  # type: ignore[arg-type]
    assert again.record.settings["batch"] == 8


def test_a_batch_in_small_parts_has_the_gradient_of_the_whole(data: Path, tmp_path: Path) -> None:
    place = tmp_path / "no-dropout"
    write_model("encoder", place)
    config = json.loads((place / "config.json").read_text())
    config |= {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    (place / "config.json").write_text(json.dumps(config))
    for name, micro in (("whole", None), ("parts", 3)):
        satsuma.train(
            data, out=tmp_path / name, card=TICKETS, student=str(place), epochs=2, learning_rate=1e-3, device="cpu",
            micro_batch=micro,
        )  # fmt: skip
    one, other = weights(tmp_path / "whole"), weights(tmp_path / "parts")
    assert all(torch.allclose(one[name], other[name], atol=1e-4) for name in one)


def test_full_memory_halves_the_parts_and_is_told_once(
    models: dict[str, Path], data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = LabelsHead.loss
    held = 4

    def loss(self: LabelsHead, model: torch.nn.Module, items: Sequence[Item], device: str) -> torch.Tensor:
        if model.training and len(items) > held:
            raise RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory")
        return whole(self, model, items, device)

    monkeypatch.setattr(LabelsHead, "loss", loss)
    notes = Notes()
    said = {"card": TICKETS, "student": str(models["encoder"]), "epochs": 1}
    student = satsuma.train(data, out=tmp_path / "s", progress=notes, **said)  # type: ignore[arg-type]
    assert student.record.micro_batch == 4
    assert sum("memory is full" in told for told in notes.told) == 1
    held = 0
    with pytest.raises(ModelError, match="not enough memory for a single instance") as full:
        satsuma.train(data, out=tmp_path / "none", **said)  # type: ignore[arg-type]
    assert "--longest" in full.value.hint


def test_it_stops_when_dev_gets_no_better_and_keeps_the_best(
    models: dict[str, Path], write: Write, tmp_path: Path
) -> None:
    rows = tickets(range(40))
    for at, row in enumerate(rows):
        row["label"] = ("billing", "bug")[(at * 7919 % 13) % 2]  # nothing to learn
    student = satsuma.train(
        write("noise.jsonl", rows), out=tmp_path / "s", card=TICKETS, student=str(models["encoder"]), epochs=30,
        learning_rate=5e-3, patience=2,
    )  # fmt: skip
    losses = [epoch.dev_loss for epoch in student.record.history]
    assert len(losses) < 30
    assert len(losses) == student.record.best_epoch + 2
    assert losses[student.record.best_epoch - 1] == min(loss for loss in losses if loss is not None)


def test_batches_by_length_have_little_padding_and_every_item_once() -> None:
    items = [Item(at, ((1,) * (5 + at * 37 % 60),)) for at in range(1000)]
    batches = training_batches([item.length for item in items], 16, 0, 0)
    assert sorted(at for batch in batches for at in batch) == list(range(1000))
    assert padding(items, batches) < 0.1
    assert batches != training_batches([item.length for item in items], 16, 0, 1)
    assert batches == training_batches([item.length for item in items], 16, 0, 0)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_tokenizer_without_a_padding_token_changes_nothing(family: str, data: Path, tmp_path: Path) -> None:
    said = {"card": TICKETS, "epochs": 1, "learning_rate": 1e-3, "device": "cpu", "lora": 0}
    found, chances = [], []
    rows = [{"message": message(n)} for n in (1, 70)] + [{"message": "refund"}]
    for name, pads in (("with", True), ("without", False)):
        notes = Notes()
        model = write_model(family, tmp_path / name, pads=pads)
        student = satsuma.train(data, out=tmp_path / f"s-{name}", student=str(model), progress=notes, **said)  # type: ignore[arg-type]
        assert any("no padding token" in told for told in notes.told) is not pads
        found.append(student.record.history[0].train_loss)
        chances.append([p.probabilities["bug"] for p in student.predict(rows)])
    assert found[0] == pytest.approx(found[1], abs=1e-5)
    assert chances[0] == pytest.approx(chances[1], abs=1e-4)


@pytest.mark.parametrize("family", FAMILIES)
def test_fewer_instances_than_a_batch_are_one_batch(
    family: str, models: dict[str, Path], write: Write, tmp_path: Path
) -> None:
    student = satsuma.train(
        write("few.jsonl", tickets((0, 4, 9))), out=tmp_path / "s", card=TICKETS, student=str(models[family]),
        epochs=2, batch=16, lora=0, device="cpu",
    )  # fmt: skip
    assert [epoch.dev_loss for epoch in student.record.history] == [None, None]
    assert student.record.best_epoch == 2
    assert student.record.notes == ["3 instances: nothing is set aside, and no epoch is left out"]
    assert student.predict([{"message": message(3)}])[0].output in ("billing", "bug")


def test_an_empty_split_and_one_that_is_not_there_are_told(
    models: dict[str, Path], write: Write, tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    write("train.jsonl", tickets(range(12))).rename(folder / "train.jsonl")
    (folder / "validation.jsonl").write_text("")
    said = {"card": TICKETS, "student": str(models["encoder"]), "epochs": 1}
    with pytest.raises(DataError, match=r"validation\.jsonl is empty"):
        satsuma.train(folder, out=tmp_path / "e", split="validation", **said)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="there is no split 'test'"):
        satsuma.train(folder, out=tmp_path / "n", split="test", **said)  # type: ignore[arg-type]
    student = satsuma.train(folder, out=tmp_path / "s", split="train", **said)  # type: ignore[arg-type]
    with pytest.raises(DataError, match=r"validation\.jsonl is empty"):
        satsuma.evaluate(student, folder, split="validation")
    assert not (tmp_path / "e").exists()


def test_full_memory_halves_what_is_predicted_at_once(
    models: dict[str, Path], data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    student = satsuma.train(data, out=tmp_path / "s", card=TICKETS, student=str(models["encoder"]), epochs=1)
    rows = [{"message": message(n)} for n in range(40)]
    whole, held = LabelsHead.results, 3
    expected = student.predict(rows)

    def results(self: LabelsHead, model: torch.nn.Module, items: Sequence[Item], device: str) -> list[object]:
        if len(items) > held:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return whole(self, model, items, device)

    monkeypatch.setattr(LabelsHead, "results", results)
    found = student.predict(rows)
    assert [p.output for p in found] == [p.output for p in expected]
    assert [p.probabilities["bug"] for p in found] == pytest.approx([p.probabilities["bug"] for p in expected])
    held = 0
    with pytest.raises(ModelError, match="not enough memory for a single instance"):
        student.predict(rows)


def test_what_is_not_there_is_told(
    models: dict[str, Path], data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)  # read when it was imported
    missing = {"./nowhere": "there is no folder ./nowhere", "no/model": "HF_HUB_OFFLINE is set"}
    for name, why in missing.items():
        with pytest.raises(ModelError, match=why):
            satsuma.train(data, out=tmp_path / "s", card=TICKETS, student=name)
    assert not (tmp_path / "s").exists()
    if not torch.cuda.is_available():
        with pytest.raises(SettingsError, match="the device cuda is not there") as absent:
            satsuma.train(data, out=tmp_path / "g", card=TICKETS, student=str(models["encoder"]), device="cuda")
        assert "--device cpu" in absent.value.hint
        with pytest.raises(SettingsError, match="4-bit weights need a GPU"):
            satsuma.train(data, out=tmp_path / "q", card=TICKETS, student=str(models["decoder"]), quantize=True)
