"""`satsuma score` measures what it says, pays for nothing twice, and shows no model what it is measured on."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import satsuma
from satsuma.cli.asking import KEPT, OF_A_RUN
from satsuma.door import Interrupts
from satsuma.errors import BudgetSpent, DataError, Interrupted, ModelError, RunError, SettingsError, Waiting
from satsuma.examining.chosen import chosen
from satsuma.examining.measuring import Order, Score, measure
from satsuma.llm.request import Json
from satsuma.progress import Snapshot
from satsuma.settings import Settings
from satsuma.testing import Server
from satsuma.testing.question import Question
from tests.conftest import Call
from tests.examining.examined import CARD, MODEL, file_of, model, number, rows, truthful


def half(text: str, question: Question) -> Mapping[str, Json]:  # noqa: ARG001
    """Says that everything is glad."""
    return {"label": "glad"}


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    return file_of(tmp_path / "gold.jsonl", rows(30))


def scored(server: Server, on: Path, out: Path, **options: Any) -> Score:  # noqa: ANN401 - what `score` takes
    given = {"card": CARD, "shots": 0, **options}
    return satsuma.score(on, model=MODEL, base_url=server.url, out=out, **given)


def files(score: Score) -> tuple[bytes, bytes]:
    return (score.place / "score.json").read_bytes(), score.predictions.read_bytes()


def test_the_figures_are_those_of_the_predictions(gold: Path, tmp_path: Path) -> None:
    with model(half) as (server, _):
        found = scored(server, gold, tmp_path / "out")
    assert (found.metric, found.score, found.instances, found.complete) == ("accuracy", 20 / 30, 30, True)
    assert found.low is not None
    assert found.high is not None
    assert found.low < 20 / 30 < found.high
    assert {name: (one.instances, one.right) for name, one in found.labels.items()} == {
        "glad": (20, 1.0),
        "cross": (10, 0.0),
    }
    table = pq.read_table(found.predictions).to_pylist()
    assert [row["id"] for row in table] == [str(i) for i in range(30)]
    assert sum(row["right"] for row in table) == 20
    assert {row["predicted"] for row in table} == {"glad"}
    assert all(len(row["requests"]) == 1 for row in table)
    assert json.loads((tmp_path / "out" / "score.json").read_bytes())["cost"]["requests"] == 30


def test_a_score_that_is_finished_is_read_without_a_model(
    gold: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with model(truthful) as (server, _):
        first = scored(server, gold, tmp_path / "out")
    before = files(first)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    again = satsuma.score(gold, model=MODEL, card=CARD, shots=0, out=tmp_path / "out")
    assert again == first
    assert files(again) == before


def test_a_larger_sample_contains_the_smaller_one_and_asks_only_what_is_new(gold: Path, tmp_path: Path) -> None:
    with model(truthful) as (server, _):
        few = scored(server, gold, tmp_path / "out", n=10)
        ids = [row["id"] for row in pq.read_table(few.predictions).to_pylist()]
        assert server.counters.requests == 10
        many = scored(server, gold, tmp_path / "out", n=25)
        assert server.counters.requests == 25
    assert set(ids) < {row["id"] for row in pq.read_table(many.predictions).to_pylist()}
    assert ids == sorted(ids, key=int)
    assert ids != [str(i) for i in range(10)], "a file that is sorted by label would be measured on one label"


def test_the_bytes_do_not_depend_on_how_many_are_in_flight(gold: Path, tmp_path: Path) -> None:
    with model(half) as (server, _):
        one = scored(server, gold, tmp_path / "one", concurrency=1)
        many = scored(server, gold, tmp_path / "many", concurrency=32)
    assert files(one) == files(many)


def test_a_recording_gives_the_same_predictions(gold: Path, tmp_path: Path) -> None:
    with model(half) as (server, _):
        first = scored(server, gold, tmp_path / "first")
    journal = tmp_path / "first" / "journal.sqlite"
    again = satsuma.score(gold, model=f"replay:{journal}", card=CARD, shots=0, out=tmp_path / "again")
    assert again.predictions.read_bytes() == first.predictions.read_bytes()
    assert (again.score, again.model, again.cost.requests) == (first.score, MODEL, 0)


def test_at_the_end_of_the_budget_the_first_part_is_scored_and_the_same_call_goes_on(
    gold: Path, tmp_path: Path
) -> None:
    with model(truthful) as (server, _):
        with pytest.raises(BudgetSpent, match="requests"):
            scored(server, gold, tmp_path / "out", max_requests=12, concurrency=2)
        part = Score.model_validate_json((tmp_path / "out" / "score.json").read_bytes())
        assert not part.complete
        assert 0 < part.instances <= 12
        assert part.of == 30
        assert any("were answered" in note for note in part.notes)
        table = pq.read_table(tmp_path / "out" / "predictions.parquet").to_pylist()
        assert [row["id"] for row in table] == [str(i) for i in range(part.instances)]
        whole = scored(server, gold, tmp_path / "out")
        assert server.counters.requests == 30
    assert (whole.complete, whole.instances, whole.score) == (True, 30, 1.0)


class Impatient:
    """Interrupts when so many instances are answered."""

    def __init__(self, interrupts: Interrupts, after: int) -> None:
        self._interrupts = interrupts
        self._after = after

    def update(self, snapshot: Snapshot) -> None:
        if snapshot.candidates == self._after:
            self._interrupts.interrupt()

    def note(self, text: str) -> None:
        """Ignore it."""


def test_an_interrupt_leaves_the_first_part_in_place(gold: Path, tmp_path: Path) -> None:
    order = Order(gold, CARD, out=tmp_path / "out", shots=0)
    interrupts = Interrupts()
    with model(truthful) as (server, _):
        settings = Settings(n=1, model=MODEL, base_url=server.url, concurrency=2, temperature=0.0)
        with pytest.raises(Interrupted):
            asyncio.run(measure(order, settings, Impatient(interrupts, 6), interrupts))
        part = Score.model_validate_json((tmp_path / "out" / "score.json").read_bytes())
        assert not part.complete
        assert 6 <= part.instances < 30
        assert scored(server, gold, tmp_path / "out").complete
        assert server.counters.requests == 30, "what was in flight was journaled"


def test_a_model_that_cannot_be_reached_leaves_nothing_behind(gold: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="OPENAI_API_KEY"):
        satsuma.score(gold, model=MODEL, card=CARD, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_answers_that_come_later_are_waited_for_in_one_wave(gold: Path, tmp_path: Path) -> None:
    place = f"file:{tmp_path / 'answers'}"
    with pytest.raises(Waiting):
        satsuma.score(gold, model=place, identity="a/person", card=CARD, shots=0, out=tmp_path / "out")
    requests = [json.loads(line) for line in (tmp_path / "answers" / "requests.jsonl").read_text("utf-8").splitlines()]
    assert len(requests) == 30
    replies = ({"custom_id": one["custom_id"], "content": '{"label": "glad"}'} for one in requests)
    (tmp_path / "answers" / "replies.jsonl").write_text("".join(json.dumps(one) + "\n" for one in replies), "utf-8")
    found = satsuma.score(gold, model=place, identity="a/person", card=CARD, shots=0, out=tmp_path / "out")
    assert (found.model, found.complete, found.score) == ("a/person", True, 20 / 30)


def test_an_answer_that_cannot_be_used_is_wrong_and_counted(gold: Path, tmp_path: Path) -> None:
    def rule(text: str, question: Question) -> Mapping[str, Json] | str:
        return "I would rather not say." if number(text) == 4 else truthful(text, question)

    with model(rule) as (server, _):
        found = scored(server, gold, tmp_path / "out")
    assert (found.unread, found.score) == (1, 29 / 30)
    row = pq.read_table(found.predictions).to_pylist()[4]
    assert (row["predicted"], row["right"], row["said"]) == (None, False, "I would rather not say.")
    assert row["problem"]
    assert len(row["requests"]) == 2, "it was asked once more"


def test_examples_come_from_the_card_and_are_the_same_in_every_question(gold: Path, tmp_path: Path) -> None:
    with model(truthful) as (server, seen):
        scored(server, gold, tmp_path / "out", shots=2)
    heads = {question.last_message.partition("<question>")[0] for question in seen}
    assert len(heads) == 1
    (head,) = heads
    assert head.count("<example>") == 2
    assert "label: glad" in head
    assert "label: cross" in head, "labels take turns"


def test_no_example_is_of_the_measured_set_whatever_file_it_is_in(gold: Path, tmp_path: Path) -> None:
    loud = {"message": "MESSAGE 7  is odd.", "label": "glad"}
    other = {"message": "Never measured.", "label": "cross"}
    train = file_of(tmp_path / "train.jsonl", [*rows(30), loud, other])
    with model(truthful) as (server, seen):
        found = scored(server, gold, tmp_path / "out", shots=1, train=train, n=5)
        assert all("Never measured." in question.last_message.partition("<question>")[0] for question in seen)
        assert any("31 examples are in the measured set" in note for note in found.notes)
        with pytest.raises(SettingsError, match=r"2 examples are wanted.*31 more are in the measured set"):
            scored(server, gold, tmp_path / "two", shots=2, train=train, n=5)
        with pytest.raises(SettingsError, match="0 or more"):
            scored(server, gold, tmp_path / "less", shots=-1)


def test_another_measurement_is_not_put_in_the_place_of_one(gold: Path, tmp_path: Path) -> None:
    with model(truthful) as (server, _):
        scored(server, gold, tmp_path / "out")
        before = (tmp_path / "out" / "score.json").read_bytes()
        with pytest.raises(RunError, match="another measurement: shots"):
            scored(server, gold, tmp_path / "out", shots=1)
        (tmp_path / "mine").mkdir()
        (tmp_path / "mine" / "thesis.txt").write_text("dear")
        with pytest.raises(RunError, match=r"something else: thesis\.txt"):
            scored(server, gold, tmp_path / "mine")
    assert (tmp_path / "out" / "score.json").read_bytes() == before


def test_a_set_without_a_card_or_without_outputs_is_refused(gold: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="--card"):
        satsuma.score(gold, model=MODEL)
    blank = file_of(tmp_path / "blank.jsonl", [{"message": "One."}])
    with pytest.raises(DataError, match="no row to measure on"):
        satsuma.score(blank, model=MODEL, card=CARD)
    with pytest.raises(SettingsError, match="n is 0"):
        satsuma.score(gold, model=MODEL, card=CARD, n=0)
    assert not (tmp_path / "scores").exists()


def test_a_big_bench_task_is_asked_as_the_suite_does_with_two_examples(tmp_path: Path) -> None:
    scores = {"yes": {"yes": 1.0, "no": 0.0}, "no": {"yes": 0.0, "no": 1.0}}
    given = [(f"Speaker 1: 'Is it {i}?' Speaker 2: 'It rains {i}.' ", "yes" if i % 2 else "no") for i in range(6)]
    task = {
        "name": "implicatures", "append_choices_to_input": False, "example_input_prefix": "\n\nQ: ",
        "example_output_prefix": "\nA: ",
        "examples": [{"input": text, "target_scores": scores[right]} for text, right in given],
    }  # fmt: skip
    (tmp_path / "task.json").write_text(json.dumps(task))

    def rule(text: str, question: Question) -> Mapping[str, Json]:
        shown = question.last_message.partition("<question>")[0]
        assert shown.count("<example>") == 2
        assert shown.count("\nA: ") == 2
        assert text.startswith("Q: Speaker 1: 'Is it ")
        assert text.endswith("\nA:")
        return {"answer": "Yes." if int(text[len("Q: Speaker 1: 'Is it ")]) < 2 else "no"}

    with model(rule) as (server, _):
        found = satsuma.score(
            tmp_path / "task.json", model=MODEL, card="implicatures", base_url=server.url, out=tmp_path / "out"
        )
    assert found.parts == {"multiple-choice-grade": 3 / 6, "normalized": 0.0}
    assert found.unread == 0
    assert found.asked["form"] == "text"


def test_the_command_prints_the_figures_or_json(call: Call, gold: Path, tmp_path: Path) -> None:
    (tmp_path / "mood.yaml").write_text(json.dumps(CARD))
    with model(half) as (server, _):
        options = ("--card", tmp_path / "mood.yaml", "--model", MODEL, "--base-url", server.url, "-q")
        done = call("score", gold, *options, "--format", "json")
        told = call("score", gold, *options[:-1])
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["score"] == 20 / 30
    assert "30 instances, 0-shot" in told.stdout
    assert "0.6667" in told.stdout
    assert "scores/gold-openai-teacher-0-shot/predictions.parquet" in told.stdout
    assert "nothing to do" in told.stderr


def test_words_that_are_no_choice_are_wrong_and_counted(tmp_path: Path) -> None:
    text: dict[str, Json] = {"choice1": "dry", "choice2": "wet", "question": "effect"}
    data = [{**text, "premise": f"It rained {i}.", "label": i % 2} for i in range(4)]
    said = iter(["wet", "Choice2", "neither", "dry."])
    with model(lambda text, question: {"answer": next(said)}) as (server, _):  # noqa: ARG005
        found = satsuma.score(
            file_of(tmp_path / "copa.jsonl", data), model=MODEL, card="copa", form="text", base_url=server.url,
            out=tmp_path / "out", concurrency=1,
        )  # fmt: skip
    table = pq.read_table(found.predictions).to_pylist()
    assert [row["predicted"] for row in table if row["problem"]] == [None]
    assert found.unread == 1
    assert {row["said"] for row in table} == {"wet", "Choice2", "neither", "dry."}


def test_a_sample_keeps_minimal_pairs_together() -> None:
    items = [f"{side}{i}" for i in range(50) for side in "ab"]
    ten, nine = (chosen(items, n, 7, lambda one: one[1:]) for n in (10, 9))
    assert Counter(one[1:] for one in ten) == dict.fromkeys({one[1:] for one in ten}, 2)
    assert (len(ten), len(nine)) == (10, 8)
    assert set(nine) < set(ten) < set(chosen(items, 31, 7, lambda one: one[1:]))


def test_the_command_has_the_options_of_asking_and_none_of_a_run() -> None:
    wanted = {"model", "base_url", "budget", "retry_failed", "seed"}
    assert wanted <= KEPT
    assert not KEPT & set(OF_A_RUN)
    assert {"votes", "policy", "no_seeds", "part"} <= set(OF_A_RUN)
