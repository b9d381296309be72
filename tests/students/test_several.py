"""Students of several tasks, trained together, asked one by one and trained further; instructions and examples."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Unpack

import pytest

pytest.importorskip("torch", reason="needs the extra train")
pytest.importorskip("peft", reason="needs the extra train")

import torch
import transformers

import satsuma
from satsuma.errors import DataError, Interrupted, ModelError, RunError, SettingsError
from satsuma.progress import Silent
from satsuma.students.before import Before
from satsuma.students.checkpoints import find_base
from satsuma.students.head_writer import WriterHead
from satsuma.students.labelled import Labelled
from satsuma.students.settings import TrainOptions
from satsuma.task.loader import load_card
from tests.students.conftest import THINGS, TICKETS, Rows, message, tickets

Write = Callable[[str, Rows], Path]
FAST: TrainOptions = {"batch": 8, "learning_rate": 5e-3, "lora": 0, "device": "cpu", "dev": 0.0}
THING = {"name": "thing", "task": "please help with the", "inputs": {"message": "a message"},
         "output": {"text": "the thing"}, "metric": "exact-match"}  # fmt: skip
CARDS: dict[str, dict[str, object]] = {"tickets": {**TICKETS, "task": "billing or bug"}, "thing": {**THING}}


def things(numbers: Sequence[int]) -> Rows:
    """Rows of the card `THING`."""
    return [{"message": message(n), "label": THINGS[n % len(THINGS)], "id": f"n{n}"} for n in numbers]


@pytest.fixture
def data(write: Write, tmp_path: Path) -> list[str]:
    """Two tasks whose texts are of one kind: only the instruction says which is asked."""
    import yaml

    for name, card in CARDS.items():
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(card))
    write("t.jsonl", tickets(range(64)))
    write("n.jsonl", things(range(64, 104)))
    return [f"{tmp_path}/{name}.yaml={tmp_path}/{file}.jsonl" for name, file in (("tickets", "t"), ("thing", "n"))]


def options(model: Path, **more: Unpack[TrainOptions]) -> TrainOptions:
    """Settings of a quick training."""
    return {**FAST, "epochs": 1, "student": str(model), **more}


def learned(model: Path, data: list[str], out: Path, **more: Unpack[TrainOptions]) -> satsuma.Student:
    given: TrainOptions = {**options(model), "multi_task": True, **more}
    return satsuma.train(data, out=out, **given)


def test_one_student_learns_two_tasks_and_is_measured_on_each(
    models: dict[str, Path], data: list[str], write: Write, tmp_path: Path
) -> None:
    student = learned(models["encoder-decoder"], data, tmp_path / "s", epochs=24, instruction=True)
    assert {name: card.output.kind for name, card in student.tasks.items()} == {"tickets": "labels", "thing": "text"}
    record = json.loads((student.path / "student.json").read_text())
    assert [task["data"]["instances"] for task in record["tasks"]] == [64, 40]
    assert [round(task["share"], 2) for task in record["tasks"]] == [0.56, 0.44]
    assert record["data"]["instances"] == 104
    assert record["settings"]["instruction"] is True
    test = write("test.jsonl", tickets(range(120, 150)))
    other = write("other.jsonl", things(range(120, 150)))
    found = satsuma.evaluate_each(student.path, {"tickets": test, "thing": other})
    assert found.tasks["tickets"].score.value >= 0.9
    assert found.tasks["thing"].score.value >= 0.9
    assert found.tasks["thing"].metric == "exact-match"
    assert found.name == "average of 2 tasks"
    assert found.average == pytest.approx(sum(one.score.value for one in found.tasks.values()) / 2)
    alone = satsuma.evaluate(student.path, test, card="tickets")
    assert alone.predictions.read_bytes() == found.tasks["tickets"].predictions.read_bytes()
    asked = list(satsuma.predict(student.path, [{"message": message(121)}], card="thing"))
    assert [getattr(one, "output", None) for one in asked] == [THINGS[1]]


def test_of_several_tasks_one_has_to_be_named(
    models: dict[str, Path], data: list[str], write: Write, tmp_path: Path
) -> None:
    student = learned(models["decoder"], data, tmp_path / "s", epochs=1)
    test = write("test.jsonl", tickets(range(120, 124)))
    with pytest.raises(SettingsError, match="has learned several tasks: tickets, thing") as unsaid:
        satsuma.evaluate(student, test)
    assert unsaid.value.hint == "Say which is meant: --card tickets"
    found = satsuma.evaluate(student, test, card={**TICKETS, "name": "another"})
    assert found.card == "another"
    assert found.notes == ("the student has not learned another",)
    assert repr(student).endswith("decoder, tickets, thing, 104 instances)")
    with pytest.raises(DataError, match="row t5 is training row t5"):
        satsuma.evaluate(student, write("seen.jsonl", tickets(range(5, 6))), card="tickets")


class Killed(Silent):
    """Kills the training when it tells of an epoch."""

    def note(self, text: str) -> None:
        if text.startswith("epoch 1"):
            raise KeyboardInterrupt


def test_a_mixture_that_was_killed_ends_with_the_same_weights(
    models: dict[str, Path], data: list[str], tmp_path: Path
) -> None:
    from safetensors.torch import load_file

    said: TrainOptions = {"epochs": 2, "temperature": 3.0, "dev": 0.1}
    learned(models["encoder-decoder"], data, tmp_path / "whole", **said)
    with pytest.raises(Interrupted):
        given: TrainOptions = {**options(models["encoder-decoder"]), "multi_task": True, **said}
        satsuma.train(data, out=tmp_path / "killed", progress=Killed(), **given)
    learned(models["encoder-decoder"], data, tmp_path / "killed", **said)
    one, other = (load_file(tmp_path / name / "model" / "model.safetensors") for name in ("whole", "killed"))
    assert all(torch.equal(one[name], other[name]) for name in one)
    with pytest.raises(RunError, match=r"temperature was 3\.0 and is 2\.0"):
        learned(models["encoder-decoder"], data, tmp_path / "killed", epochs=2, dev=0.1)


def test_what_cannot_be_mixed_is_told(models: dict[str, Path], data: list[str], tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="has a head for one task, so it cannot learn 2") as encoder:
        learned(models["encoder"], data, tmp_path / "e")
    assert "encoder-decoder or a decoder" in encoder.value.hint
    with pytest.raises(SettingsError, match="reads no instruction"):
        satsuma.train(
            tmp_path / "t.jsonl", out=tmp_path / "i", card=TICKETS, student=str(models["encoder"]), instruction=True
        )
    with pytest.raises(SettingsError, match="a frozen student has one head"):
        satsuma.train(data, out=tmp_path / "f", multi_task=True, frozen=True)
    with pytest.raises(SettingsError, match=r"all of the data is of one task \(tickets\)"):
        learned(models["decoder"], data[:1], tmp_path / "one")
    with pytest.raises(DataError, match="brings no card") as bare:
        learned(models["decoder"], [data[0], str(tmp_path / "n.jsonl")], tmp_path / "bare")
    assert bare.value.hint.startswith("Name it: CARD=")
    with pytest.raises(SettingsError, match="several tasks have a card each"):
        satsuma.train(data, out=tmp_path / "c", multi_task=True, card=TICKETS)
    assert not any((tmp_path / name).exists() for name in ("e", "i", "f", "one", "bare", "c"))


PLAIN = {
    "encoder-decoder": transformers.AutoModelForSeq2SeqLM,
    "decoder": transformers.AutoModelForCausalLM,
}


@pytest.mark.parametrize("family", PLAIN)
def test_a_student_of_several_tasks_is_a_plain_checkpoint_and_is_trained_further(
    family: str, models: dict[str, Path], data: list[str], write: Write, tmp_path: Path
) -> None:
    more: TrainOptions = {"epochs": 2}
    if family == "decoder":
        more |= {"lora": 4, "merge": True}
    first = learned(models[family], data, tmp_path / "first", **more)
    loaded = PLAIN[family].from_pretrained(first.path / "model")
    tokenizer = transformers.AutoTokenizer.from_pretrained(first.path / "model")
    assert not (first.path / "model" / "adapter_config.json").exists()
    assert tokenizer("refund")["input_ids"]
    own = dict(first.asked(first.tasks["tickets"]).predictor._model.named_parameters())  # type: ignore[attr-defined]
    assert all(torch.equal(tensor, own[name]) for name, tensor in loaded.named_parameters())
    began = dict(PLAIN[family].from_pretrained(models[family]).named_parameters())
    assert any(not torch.equal(tensor, began[name]) for name, tensor in loaded.named_parameters())
    second = satsuma.train(
        write("more.jsonl", tickets(range(200, 264))), out=tmp_path / "second", card=TICKETS, **options(first.path),
    )  # fmt: skip
    assert second.record.checkpoint == str(first.path)
    assert second.tasks == {}
    again = satsuma.train(
        tmp_path / "more.jsonl", out=tmp_path / "direct", card=TICKETS, **options(models[family])
    )  # fmt: skip
    assert second.record.history[0].train_loss < again.record.history[0].train_loss


def test_adapters_are_trained_further_only_as_whole_weights(
    models: dict[str, Path], data: list[str], tmp_path: Path
) -> None:
    first = learned(models["decoder"], data, tmp_path / "first", epochs=1, lora=4)
    with pytest.raises(ModelError, match="a set of adapters, which are not trained further") as adapters:
        satsuma.train(tmp_path / "t.jsonl", out=tmp_path / "s", card=TICKETS, student=str(first.path))
    assert "--merge" in adapters.value.hint
    with pytest.raises(SettingsError, match="4-bit weights"):
        learned(models["decoder"], data, tmp_path / "q", quantize=True, lora=4, merge=True)


def test_an_instruction_is_part_of_the_student_and_is_used_when_it_predicts(
    models: dict[str, Path], write: Write, tmp_path: Path
) -> None:
    data = write("t.jsonl", tickets(range(32)))
    said: TrainOptions = options(models["decoder"])
    instructed: TrainOptions = {**said, "instruction": True}
    told = satsuma.train(data, out=tmp_path / "told", card=TICKETS, **instructed)
    bare = satsuma.train(data, out=tmp_path / "bare", card=TICKETS, **said)
    assert told.record.settings["instruction"] is True
    assert "instruction" not in bare.record.settings
    card = load_card(TICKETS)
    base = find_base(str(told.path))
    whole = base.tokenizer("Route a message.\n\nrefund please\n")["input_ids"]
    one = Labelled("1", {}, ("refund please",), (), "billing", "refund please", "billing", "")
    (item,) = told.predictor._head.items([one], learn=False)  # type: ignore[attr-defined]
    assert list(item.rows[0][: int(item.target)]) == whole
    (item,) = WriterHead(card, base, 64, 2).items([one], learn=False)
    assert list(item.rows[0][: int(str(item.target))]) == base.tokenizer("refund please\n")["input_ids"]
    with pytest.raises(RunError, match="instruction was True and is False"):
        satsuma.train(data, out=tmp_path / "told", card=TICKETS, **said)


def test_too_long_a_text_is_cut_behind_its_description(models: dict[str, Path]) -> None:
    card = load_card({**TICKETS, "task": "help with invoice"})
    base = find_base(str(models["decoder"]))
    head = WriterHead(card, base, 14, 2, Before.of(card, instruction=True))
    one = Labelled("1", {}, (), (), "billing", "a " * 30 + "refund", "billing", "")
    (item,) = head.items([one], learn=True)
    ids = list(item.rows[0])
    assert ids[:3] == base.tokenizer("help with invoice")["input_ids"]
    assert ids[11] == base.tokenizer("refund")["input_ids"][0]
    assert len(ids) == 14


def test_examples_stand_before_the_text_as_many_as_there_is_room_for(models: dict[str, Path]) -> None:
    card = load_card(TICKETS)
    base = find_base(str(models["decoder"]))
    shots = [Labelled(str(n), {}, (), (), "bug", f"crash on {n}", "bug", "") for n in range(3)]
    one = Labelled("1", {}, (), (), "billing", "refund", "billing", "")

    def prompt(longest: int) -> list[int]:
        (item,) = WriterHead(card, base, longest, 2, Before.of(card, shots, instruction=False)).items([one], learn=True)
        return list(item.rows[0])

    def ids(text: str) -> list[int]:
        found: list[int] = base.tokenizer(text)["input_ids"]
        return found

    answer = [*ids("billing"), 3]
    assert prompt(64) == ids("crash on 0 bug crash on 1 bug crash on 2 bug refund") + answer
    assert prompt(12) == ids("crash on 0 bug crash on 1 bug refund") + answer
    assert prompt(10) == ids("crash on 0 bug refund") + answer


def test_two_shot_evaluation_takes_examples_of_the_card_or_of_training_data(
    models: dict[str, Path], write: Write, tmp_path: Path
) -> None:
    shown = {**TICKETS, "examples": [{"message": "refund my card", "label": "billing"},
                                     {"message": "crash on login", "label": "bug"}]}  # fmt: skip
    student = satsuma.train(
        write("t.jsonl", tickets(range(32))), out=tmp_path / "s", card=shown,
        **options(models["decoder"]),
    )  # fmt: skip
    test = write("test.jsonl", tickets(range(64, 94)))
    zero, two = satsuma.evaluate(student, test), satsuma.evaluate(student, test, shots=2)
    assert (zero.shots, two.shots) == (0, 2)
    assert two.predictions.name.endswith("-2-shot.parquet")
    assert zero.predictions.read_bytes() != two.predictions.read_bytes()
    more = satsuma.evaluate(student, test, shots=4, train=tmp_path / "t.jsonl")
    assert more.shots == 4
    with pytest.raises(SettingsError, match="3 examples are wanted, and the card tickets has 2"):
        satsuma.evaluate(student, test, shots=3)
    encoder = satsuma.train(
        tmp_path / "t.jsonl", out=tmp_path / "e", card=shown, student=str(models["encoder"]), epochs=1
    )
    with pytest.raises(SettingsError, match="cannot be shown examples"):
        satsuma.evaluate(encoder, test, shots=2)


def test_a_text_that_is_rendered_whole_is_followed_by_its_target_directly(
    models: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = {**TICKETS, "verbalize": {"text": "\ncard: {{ fields.message }}\nlogin: ", "strip": False}}
    card = load_card(whole)
    base = find_base(str(models["decoder"]))
    shots = [Labelled("s", {}, (), (), "bug", "\ncard: crash\nlogin: ", "bug", "")]
    before = Before.of(card, shots, instruction=False)
    assert before.opened("\ncard: refund\nlogin: ", 1) == "\ncard: crash\nlogin: bug\n\ncard: refund\nlogin: "
    one = Labelled("1", {}, (), (), "billing", "\ncard: refund\nlogin: ", "billing", "")
    head = WriterHead(card, base, 64, 8, before)
    shown: list[str] = []

    def target(_: WriterHead, target: str) -> tuple[int, ...]:
        shown.append(target)
        return ()

    monkeypatch.setattr(WriterHead, "_target", target)
    head.items([one], learn=True)
    assert shown[-1] == " billing"
    assert WriterHead(card, base, 64, 8)._whole("login: ") == WriterHead(card, base, 64, 8)._whole("login:")
