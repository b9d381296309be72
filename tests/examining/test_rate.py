"""`satsuma rate` is blind, pays for nothing twice, and `satsuma analyze` shows what it laid beside a dataset."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import satsuma
from satsuma.errors import BudgetSpent
from satsuma.examining.rating import Rating
from satsuma.llm.request import Json
from satsuma.measures.outcome import NotDefined
from satsuma.measures.ratings import Ratings, RatingTally
from satsuma.reading.dataset import Selection, open_dataset
from satsuma.reading.ratings import beside, ratings_of
from satsuma.run.run import Run
from satsuma.task.card import Card
from satsuma.testing import Server
from satsuma.testing.question import Question
from tests.auditing.runs import messages, written
from tests.conftest import Call
from tests.examining.examined import CARD, MODEL, file_of, model, number, rows


def by_number(text: str, question: Question) -> Mapping[str, Json]:  # noqa: ARG001
    """1 to 5 in turn; a number as text now and then."""
    level = number(text) % 5 + 1
    return {"reason": "by its number", "difficulty": str(level) if level == 2 else level}


def rated(server: Server, on: Path, **options: Any) -> Rating:  # noqa: ANN401 - what `rate` takes
    return satsuma.rate(on, model=MODEL, base_url=server.url, **options)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return written(tmp_path / "run", messages(20))


def tallied(on: Path, selection: Selection | None = None) -> Ratings | NotDefined:
    dataset = open_dataset(on, selection)
    tally = RatingTally(ratings_of(dataset.name))
    for example in dataset.examples():
        tally.add(example)
    return tally.result(per_label=True)


def test_every_instance_is_rated_and_the_figures_are_those_of_the_rows(run: Run) -> None:
    with model(by_number, "input") as (server, _):
        found = rated(server, run.path)
    assert found.place == run.path / "ratings" / "openai-teacher"
    assert (found.instances, found.rated, found.mean) == (20, 20, 3.0)
    assert found.distribution == {"1": 4, "2": 4, "3": 4, "4": 4, "5": 4}
    assert found.low is not None
    assert found.low < 3 < (found.high or 0)
    table = pq.read_table(found.ratings).to_pylist()
    assert [row["rating"] for row in table] == [i % 5 + 1 for i in range(20)]
    levels = [row["rating"] for row in table if row["label"] == "bug"]
    assert found.labels["bug"].mean == sum(levels) / len(levels)


def test_the_rater_sees_neither_the_label_nor_where_an_instance_is_from(run: Run, tmp_path: Path) -> None:
    swapped = written(tmp_path / "swapped", messages(20, labels=("bug", "billing")))
    with model(by_number, "input") as (server, seen):
        rated(server, run.path)
        first = [question.messages for question in seen]
        rated(server, swapped.path)
        second = [question.messages for question in seen[len(first) :]]
    assert sorted(first) == sorted(second)
    assert not [text for said in first for _, text in said if "targen" in text or "context " in text]


def test_what_is_finished_is_not_asked_again_and_a_budget_ends_it_in_order(run: Run) -> None:
    with model(by_number, "input") as (server, _):
        with pytest.raises(BudgetSpent):
            rated(server, run.path, max_requests=7, concurrency=2)
        document = run.path / "ratings" / "openai-teacher" / "rating.json"
        part = Rating.model_validate_json(document.read_bytes())
        assert (part.complete, part.of) == (False, 20)
        whole = rated(server, run.path)
        assert server.counters.requests == 20
        assert rated(server, run.path) == whole
        assert server.counters.requests == 20


def test_an_answer_off_the_scale_is_no_rating(run: Run) -> None:
    def rule(text: str, question: Question) -> Mapping[str, Json]:
        return {"reason": "hard", "difficulty": 9} if number(text) == 3 else by_number(text, question)

    with model(rule, "input") as (server, _):
        found = rated(server, run.path)
    assert (found.instances, found.rated) == (20, 19)
    row = pq.read_table(found.ratings).to_pylist()[3]
    assert row["rating"] is None
    assert row["problem"]


def test_the_analysis_counts_ratings_of_texts_that_are_still_there(run: Run, tmp_path: Path) -> None:
    assert isinstance(tallied(run.path), NotDefined)
    with model(by_number, "input") as (server, _):
        rated(server, run.path)
    found = tallied(run.path)
    assert isinstance(found, Ratings)
    assert (found.model, found.instances, found.mean, found.models) == (MODEL, 20, 3.0, {MODEL: 3.0})
    assert set(found.per_label) == {"billing", "bug"}
    grown = written(tmp_path / "other", [*messages(5), ({"message": "New 1."}, "bug")])
    (run.path / "ratings").rename(grown.path / "ratings")
    again = tallied(grown.path)
    assert isinstance(again, Ratings)
    assert again.instances == 5


def test_a_file_is_rated_by_its_columns_and_the_ratings_lie_where_no_reader_takes_them_for_data(tmp_path: Path) -> None:
    folder = tmp_path / "gold"
    folder.mkdir()
    file = file_of(folder / "val.jsonl", rows(12))
    with model(by_number, "input") as (server, seen):
        found = rated(server, file, text=("message",), label="label")
    assert found.place == folder / "_ratings" / "val.jsonl" / "openai-teacher"
    assert beside(file) == folder / "_ratings" / "val.jsonl"
    assert all("- cross" in question.last_message for question in seen), "labels that are a closed set are told"
    assert len(list(open_dataset(folder, Selection(text=("message",), label="label")).examples())) == 12
    assert isinstance(tallied(file, Selection(text=("message",), label="label")), Ratings)


def test_the_rater_is_told_the_task_and_what_labels_mean(tmp_path: Path) -> None:
    file = file_of(tmp_path / "rows.jsonl", rows(3))
    with model(by_number, "input") as (server, seen):
        rated(server, file, card=Card.model_validate(CARD), out=tmp_path / "out", n=2)
    assert len(seen) == 2
    for question in seen:
        assert "Tell the mood of a message." in question.last_message
        assert "- glad: the customer is content" in question.last_message
        assert all(f"\n{level} - " in question.last_message for level in range(1, 6))


def test_the_command_prints_the_distribution_or_json(call: Call, run: Run) -> None:
    with model(by_number, "input") as (server, _):
        options = ("rate", run.path, "--model", MODEL, "--base-url", server.url)
        done = call(*options)
        told = call(*options, "--format", "json")
    assert done.returncode == 0, done.stderr
    assert "20 of 20 instances" in done.stdout
    assert "mean difficulty: 3.00" in done.stdout
    assert json.loads(told.stdout)["distribution"]["5"] == 4
