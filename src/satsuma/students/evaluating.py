"""`satsuma evaluate`: a student's predictions on labelled rows, saved one by one, and their score.

    evaluations/NAME-HASH.parquet   id, gold, said, right, probabilities, and where it grew from (context, varied): a
                                    row per instance, in the order of the test
    evaluations/NAME-HASH.json      the score, its interval, the notes

A test set that holds rows of the training data is refused, unless these are dropped or kept on purpose
(`satsuma.students.overlap`). Labels that the student does not know count as wrong, and are told.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias, TypedDict

from satsuma.errors import DataError, SettingsError
from satsuma.remote.staging import as_told
from satsuma.scoring.official import Item, metric_of
from satsuma.scoring.significance import Interval, bootstrap
from satsuma.students.head import Prediction
from satsuma.students.labelled import Labelled, LabelledSet, read_labelled
from satsuma.students.overlap import overlapping, refuse_overlap
from satsuma.students.several import asked
from satsuma.task.loader import load_card

if TYPE_CHECKING:
    from collections.abc import Mapping

    from satsuma.students.student import Student
    from satsuma.task.card import Card

Overlap = Literal["refuse", "drop", "keep"]
CardRef: TypeAlias = "Card | str | Path | Mapping[str, object]"
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How good a student is on a test set.

    metric, score: the card's official one, with its 95% interval by bootstrap over the instances; parts: its figures by
    name. right: share of instances that are right exactly. predictions: the file. notes: for people. shots: solved
    examples before each text.
    """

    student: str
    card: str
    on: str
    instances: int
    metric: str
    score: Interval
    parts: Mapping[str, float]
    right: float
    predictions: Path
    notes: tuple[str, ...]
    shots: int = 0


class ShotOptions(TypedDict, total=False):
    """Solved examples before each text: shots, how many; train: where they are drawn from; seed: of the draw."""

    shots: int
    train: str | Path | None
    seed: int


@dataclass(frozen=True, slots=True)
class Exam:
    """How a student is measured.

    card: to read the rows with, where it is not the student's; of a student that has learned several tasks, which of
    them. split: of a folder. out: folder of the predictions. shots: solved examples before each text, of the card's own
    or of `train`, drawn by the seed.
    """

    card: CardRef | None = None
    split: str | None = None
    overlap: Overlap = "refuse"
    out: Path | None = None
    shots: int = 0
    train: str | Path | None = None
    seed: int = 0


def evaluate_student(student: Student, on: str | Path, exam: Exam) -> Evaluation:
    """Measure a student.

    Raises:
        DataError: no row has an output, or rows are in the training data (`overlap="refuse"`).
        SettingsError: it has learned several tasks and none is named, or cannot be shown examples.
    """
    student, told = asked(student, exam.card, on)
    read_with = student.card if exam.card is None or student.tasks else load_card(exam.card)
    test = read_labelled(on, read_with, exam.split)
    kept, notes = judged(student, test, exam.overlap)
    student, shown = _shown(student, test, exam)
    notes += [*told, *shown]
    said = student.predictor.predictions(kept)
    metric, items = metric_of(student.card), scored(kept, said)
    right = sum(item.prediction == item.reference for item in items)
    name = f"{Path(on).stem}-{_hash(kept)}" + (f"-{exam.shots}-shot" if exam.shots else "")
    place = (exam.out or student.directory.evaluations) / f"{name}.parquet"
    save_predictions(place, kept, said)
    found = Evaluation(
        str(student.path), student.card.name, as_told(on), len(kept), metric.name, bootstrap(items, metric.value),
        metric.values(items), right / len(kept), place, tuple(notes), exam.shots,
    )  # fmt: skip
    _save(found)
    return found


def _shown(student: Student, test: LabelledSet, exam: Exam) -> tuple[Student, tuple[str, ...]]:
    """The student with the examples that it is shown."""
    if not exam.shots:
        return student, ()
    if student.record.kind in ("encoder", "frozen"):
        raise SettingsError(
            f"{student.path} has a head for its task, and cannot be shown examples",
            "Leave out --shots; students that write (encoder-decoders, decoders) can be shown some.",
        )
    from satsuma.examining.shots import shots_of

    found, told = shots_of(student.card, exam.shots, test.instances, exam.train, exam.seed)
    return student.asked(student.card, found), told


def judged(student: Student, test: LabelledSet, overlap: Overlap) -> tuple[list[Labelled], list[str]]:
    """The instances that count, and what a reader has to know of them.

    Raises:
        DataError: there are none, or the training data holds some and that is refused.
    """
    notes = list(test.notes)
    kept = [one for one in test.instances if one.output is not None]
    if len(kept) < len(test.instances):
        notes.append(f"{len(test.instances) - len(kept):,} rows have no {student.card.output.name} and are left out")
    if overlap != "keep":
        found = overlapping(student.directory.trained_on(), kept)
        if overlap == "refuse":
            refuse_overlap(test.name, found, len(kept))
        gone = {id(one) for one, _ in found}
        kept = [one for one in kept if id(one) not in gone]
        if gone:
            notes.append(f"{len(gone):,} rows are in the training data and are left out")
    if not kept:
        raise DataError(
            f"{test.name} has no row to measure on" + (f": {notes[-1]}" if notes else ""),
            f"It needs rows with a {student.card.output.name}.",
        )
    return kept, [*notes, *_unknown(student, kept)]


def scored(kept: Sequence[Labelled], said: Sequence[Prediction]) -> list[Item]:
    """The instances with their predictions, as measures take them."""
    return [
        Item(p.output, one.output, one.options, one.also, one.pair)
        for one, p in zip(kept, said, strict=True)
        if one.output is not None
    ]


def _unknown(student: Student, kept: Sequence[Labelled]) -> list[str]:
    """Labels of the test that training never saw."""
    if student.card.output.kind != "labels":
        return []
    seen = student.record.labels_seen(student.card.name)
    if seen is None:
        return []
    missing = Counter(str(one.output) for one in kept if str(one.output) not in seen)
    if not missing:
        return []
    told = ", ".join(f"{name} ({count:,})" for name, count in missing.most_common(_SHOWN))
    return [f"labels that training never saw: {told}; they are counted"]


def _hash(kept: Sequence[Labelled]) -> str:
    hashed = hashlib.blake2b(digest_size=4)
    for one in kept:
        hashed.update(f"{one.id}\x1f{one.text}\x1f{one.output}\x1e".encode("utf-8", "surrogatepass"))
    return hashed.hexdigest()


def save_predictions(path: Path, kept: Sequence[Labelled], said: Sequence[Prediction]) -> None:
    """Write a row per instance.

    Raises:
        RunError: it could not be written.
    """
    import pyarrow as pa

    from satsuma.run.plain import no_surrogates
    from satsuma.run.tables import write_table

    chance = pa.struct([("name", pa.string()), ("probability", pa.float64())])
    columns = [("id", pa.string()), ("gold", pa.string()), ("predicted", pa.string()), ("said", pa.string())]
    drawn = pa.list_(pa.struct([("name", pa.string()), ("value", pa.string())]))
    more = [("right", pa.bool_()), ("probabilities", pa.list_(chance)), ("context", pa.string()), ("varied", drawn)]
    write_table(path, pa.schema([*columns, *more]), (
        {
            "id": no_surrogates(one.id), "gold": no_surrogates(written(one.output)),
            "predicted": None if p.output is None else no_surrogates(written(p.output)),
            "said": no_surrogates(p.said), "right": p.output == one.output,
            "probabilities": [{"name": n, "probability": c} for n, c in p.probabilities.items()],
            "context": no_surrogates(one.context),
            "varied": [{"name": n, "value": no_surrogates(v)} for n, v in one.varied],
        }
        for one, p in zip(kept, said, strict=True)
    ))  # fmt: skip


def written(output: object) -> str:
    """An output as text: a label, a position, or several of them with commas between."""
    if isinstance(output, tuple):
        return ", ".join(map(str, output))
    return "" if output is None else str(output)


def _save(found: Evaluation) -> None:
    import orjson

    from satsuma.run.atomic import write_atomically

    document = {
        "student": found.student, "card": found.card, "on": found.on, "shots": found.shots,
        "instances": found.instances, "metric": found.metric,
        "score": found.score.value, "low": found.score.low, "high": found.score.high, "parts": found.parts,
        "right": found.right, "notes": found.notes,
    }  # fmt: skip
    write_atomically(found.predictions.with_suffix(".json"), orjson.dumps(document, option=orjson.OPT_INDENT_2))
