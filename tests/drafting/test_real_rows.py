"""Rows in the forms that public datasets have them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from satsuma.drafting.fields import fields_of
from satsuma.drafting.rows import read_dataset
from satsuma.llm.request import Json

Make = Callable[[int], dict[str, Json]]
Shown = tuple[str, str, list[str], list[str]]
"""Kind and name of the output, the inputs, and the columns that are left out."""


def copa(i: int) -> dict[str, Json]:
    kind = ["cause", "effect"][i % 2]
    return {"premise": f"The man did {i}.", "choice1": f"a {i}", "choice2": f"b {i}", "question": kind, "label": i % 2,
            "idx": i}  # fmt: skip


def boolq(i: int) -> dict[str, Json]:
    return {"question": f"is {i} one", "passage": f"A passage about {i} and more.", "idx": i, "label": i % 2 == 0}


def mrpc(i: int) -> dict[str, Json]:
    return {"sentence1": f"First {i} of a pair.", "sentence2": f"Second {i} of a pair.", "label": i % 2, "idx": i}


def arc(i: int) -> dict[str, Json]:
    options: dict[str, Json] = {"text": [f"x{i}", f"y{i}", f"z{i}"], "label": ["A", "B", "C"]}
    return {"id": f"Mercury_{i}", "question": f"Which of {i}?", "choices": options, "answerKey": "CAB"[i % 3]}


def cose(i: int) -> dict[str, Json]:
    return {"question": f"Where would {i} be?", "choices": [f"shop {i}", f"house {i}"], "answer": f"house {i}"}


def squad(i: int) -> dict[str, Json]:
    answers: dict[str, Json] = {"text": [f"year {i}"], "answer_start": [7]}
    return {"id": f"56be{i}", "title": f"Title {i}", "context": f"In the year {i} some 900 people came, and many left.",
            "question": f"When was {i}?", "answers": answers}  # fmt: skip


def ecare(i: int) -> dict[str, Json]:
    kind = ["cause", "effect"][i % 2]
    return {"premise": f"Premise {i} is here.", "ask_for": kind, "hypothesis1": f"One {i}.", "hypothesis2": f"Two {i}.",
            "label": i % 2, "explanation": f"Since {i}."}  # fmt: skip


def gsm8k(i: int) -> dict[str, Json]:
    return {"question": f"How many are {i}?", "answer": f"They are {i} and so\n#### {i}"}


def svamp(i: int) -> dict[str, Json]:
    return {"ID": f"chal-{i}", "Body": f"There were {i}.", "Question": f"How many {i}?", "Answer": 3.0 * i}


def goemotions(i: int) -> dict[str, Json]:
    labels: list[list[Json]] = [["joy"], ["joy", "love"], ["anger"]]
    return {"text": f"That is {i} really nice.", "labels": labels[i % 3], "id": f"e{i}"}


def yelp(i: int) -> dict[str, Json]:
    return {"text": f"Went there {i} times and liked it well enough.", "stars": 1 + i % 5}


FORMS: list[tuple[Make, Shown]] = [
    (copa, ("choice", "label", ["premise", "choice1", "choice2", "question"], ["idx"])),
    (boolq, ("labels", "label", ["question", "passage"], ["idx"])),
    (mrpc, ("labels", "label", ["sentence1", "sentence2"], ["idx"])),
    (arc, ("choice", "answerKey", ["question", "choices"], ["id"])),
    (cose, ("choice", "answer", ["question", "choices"], [])),
    (squad, ("span", "answers", ["title", "context", "question"], ["id"])),
    (ecare, ("choice", "label", ["premise", "ask_for", "hypothesis1", "hypothesis2", "explanation"], [])),
    (gsm8k, ("text", "answer", ["question"], [])),
    (svamp, ("text", "Answer", ["Body", "Question"], ["ID"])),
    (goemotions, ("multiple", "labels", ["input_text"], ["id"])),
    (yelp, ("scale", "stars", ["input_text"], [])),
]


@pytest.mark.parametrize(("make", "expected"), FORMS, ids=[make.__name__ for make, _ in FORMS])
def test_the_fields_of_a_known_form_are_found(tmp_path: Path, make: Make, expected: Shown) -> None:
    (tmp_path / "train.jsonl").write_text("\n".join(json.dumps(make(i)) for i in range(30)), encoding="utf-8")
    found = fields_of(read_dataset(str(tmp_path)))
    assert (found.kind, found.name, [one.name for one in found.inputs], list(found.left_out)) == expected
