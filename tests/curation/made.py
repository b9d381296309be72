"""Datasets with known mistakes: runs that were written and not generated, and rows that satsuma did not make."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import orjson

from satsuma.run.directory import RunDirectory
from satsuma.run.identity import begin
from satsuma.run.run import Run
from satsuma.run.writer import DatasetWriter
from satsuma.task.card import Card
from satsuma.task.instance import Instance, Provenance, Reject, SourceRow

CARD = Card.model_validate(
    {
        "name": "reviews",
        "task": "Say whether the review is good or bad.",
        "inputs": {"review": "a review"},
        "output": {"name": "sentiment", "labels": {"good": "praise", "bad": "blame"}},
        "duplicates": 0.9,
    }
)
_GOOD = ["great", "wonderful", "lovely", "superb", "brilliant", "charming", "delightful", "fine"]
_BAD = ["awful", "terrible", "dreadful", "boring", "horrid", "dull", "poor", "weak"]
_WHO = [
    "uncle",
    "critic",
    "friend",
    "teacher",
    "guide",
    "neighbour",
    "woman",
    "student",
    "doctor",
    "driver",
    "baker",
    "pilot",
]
_WHAT = ["film", "book", "play", "meal", "hotel", "song", "game", "show", "trip", "class", "garden", "museum"]


def review(number: int) -> tuple[str, str]:
    """A review and its label; no two are near-duplicates of one another."""
    draw = random.Random(number)
    good = number % 2 == 0
    one, other = draw.sample(_GOOD if good else _BAD, 2)
    rest = " ".join("".join(draw.choices("bcdfglmnprst", k=2)) + draw.choice("aeiou") for _ in range(8))
    text = f"The {draw.choice(_WHO)} called the {draw.choice(_WHAT)} {number} {one}, {rest}, and found it {other}"
    return text, "good" if good else "bad"


def reviews(count: int) -> list[tuple[str, str]]:
    """Reviews and their labels."""
    return [review(number) for number in range(count)]


def as_file(path: Path, rows: Sequence[tuple[str, str]]) -> Path:
    """The rows as JSON Lines with the columns `text` and `label`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(orjson.dumps({"text": text, "label": label}) + b"\n" for text, label in rows))
    return path


def as_run(place: Path, rows: Sequence[tuple[str, str]], contexts: int = 20, *, sources: int = 0) -> Run:
    """A run of the rows. contexts: how many they are spread over; sources: or how many source rows they are of."""
    directory = RunDirectory.create_or_open(place)
    with directory.lock():
        with DatasetWriter(directory, CARD) as writer:
            for number, (text, label) in enumerate(rows):
                source = SourceRow("d", "default", "train", number % sources, "mit", "model") if sources else None
                context = "" if sources else f"context {number % contexts}"
                origin = Provenance("targen", context, "", {}, label, label, requests=(f"k{number}",), source=source)
                shown = f"review: {text}"
                writer.accept(Instance(f"c{number}", number, {"review": text}, label, shown, label, origin))
            writer.reject(Reject("x", 0, "seeds", "not an answer", raw="?"))
            files = writer.commit()
        accepted = {name: sum(label == name for _, label in rows) for name in ("good", "bad")}
        counts = {"accepted": accepted, "rejects": {"seeds": {"not an answer": 1}}}
        state = begin(CARD, {}, {}, n=len(rows), seed=0, lag=0)
        state = state.model_copy(
            update={"counts": state.counts.model_validate(counts), "files": files, "state": "complete"}
        )
        directory.save_state(state)
    (place / "README.md").write_text("# reviews\n", "utf-8")
    (place / "journal.sqlite").write_bytes(b"a journal")
    return Run(place)
