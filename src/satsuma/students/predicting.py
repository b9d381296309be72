"""`satsuma predict`: rows in, what a student says of them out, as they come.

Rows are taken in batches of at most `BATCH`, in order; a row that cannot be used gives an answer that says why, in its
place, and the others go on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING

from satsuma.errors import DataError
from satsuma.students.head import Prediction

if TYPE_CHECKING:
    from satsuma.llm.request import Json
    from satsuma.students.labelled import Labelled
    from satsuma.students.student import Student

BATCH = 256


def predicted(student: Student, rows: Iterable[Mapping[str, Json]]) -> Iterator[Prediction | DataError]:
    """One for each row, in order: what the student says, or why the row cannot be used."""
    source = enumerate(rows)
    while batch := list(islice(source, BATCH)):
        found: list[Labelled | DataError] = []
        for number, row in batch:
            try:
                found.append(student.reader.instance({**row, student.card.output.name: None}, number))
            except DataError as error:
                found.append(error)
        good = [one for one in found if not isinstance(one, DataError)]
        said = iter(student.predictor.predictions(good))
        for one in found:
            yield one if isinstance(one, DataError) else next(said)


def as_row(said: Prediction | DataError, name: str) -> dict[str, object]:
    """What is printed for a row. name: the output's."""
    if isinstance(said, DataError):
        return {"error": said.message}
    output = list(said.output) if isinstance(said.output, tuple) else said.output
    made: dict[str, object] = {"id": said.id, name: output, "said": said.said}
    if said.probabilities:
        made["probabilities"] = {label: round(chance, 6) for label, chance in said.probabilities.items()}
    return made
