"""The public functions for students. Each is one thin door; importing this module loads none of the rooms behind it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

if TYPE_CHECKING:
    from satsuma.errors import DataError
    from satsuma.llm.request import Json
    from satsuma.progress import Progress
    from satsuma.remote.staging import Staging
    from satsuma.students.averaging import Evaluations
    from satsuma.students.carding import Described
    from satsuma.students.comparing import CompareOptions, Comparison
    from satsuma.students.evaluating import Evaluation, Overlap, ShotOptions
    from satsuma.students.head import Prediction
    from satsuma.students.joining import Joined
    from satsuma.students.settings import TrainKeywords
    from satsuma.students.student import Student
    from satsuma.task.card import Card


def train(
    data: str | Path | Sequence[str | Path],
    *,
    out: str | Path,
    card: Card | str | Path | Mapping[str, object] | None = None,
    text: Sequence[str] = (),
    label: str | None = None,
    split: str | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
    **options: Unpack[TrainKeywords],
) -> Student:
    """Train a student on labelled rows, or go on with it; one that is finished is opened and nothing changes.

    data: a run, a file or a folder of rows, or several of them. out: the student's directory. card: that describes the
    rows; text, label: columns instead; a run brings its own. split: of a folder. options: see `TrainSettings`, and
    `ray`, the address of a cluster that trains (`TrainKeywords`). With `multi_task` each dataset has a card of its own:
    `CARD=DATA` names that of data that bring none.

    Raises:
        ClusterError: there is no cluster at the address in `ray`, it has no room for this, or its workers die.
        DataError: the rows cannot be read, or are fewer than two.
        RunError: `out` holds another student (`overwrite` replaces it), or something else.
        ModelError, ExtraError, SettingsError: the checkpoint, a package or the device is not there.
    """
    from satsuma.progress import Silent
    from satsuma.remote.staging import staging
    from satsuma.students.carding import Described
    from satsuma.students.settings import settings_and_address
    from satsuma.students.several import lessons_of
    from satsuma.students.training import lesson_of, train_student

    places = [data] if isinstance(data, str | Path) else list(data)
    (settings, ray), described = settings_and_address(options), Described(card, tuple(text), label)
    if ray:
        from satsuma.cluster.training import check_asked

        check_asked(ray, settings)
    with staging() as here:
        if settings.multi_task:
            _check_no_card(described)
            lessons = lessons_of(here.each(places), settings, split)
        else:
            lessons = [lesson_of(here.each(places), described, settings, split)]
        return train_student(lessons, settings, out, (progress or Silent()).note, overwrite=overwrite, ray=ray)


def _check_no_card(described: Described) -> None:
    from satsuma.errors import SettingsError

    if described.card is not None or described.text or described.label:
        raise SettingsError("several tasks have a card each, not one", "Name it with its data: copa=gold/copa.jsonl")


def evaluate(
    student: Student | str | Path,
    on: str | Path,
    *,
    card: Card | str | Path | Mapping[str, object] | None = None,
    split: str | None = None,
    overlap: Overlap = "refuse",
    out: str | Path | None = None,
    device: str = "auto",
    **examples: Unpack[ShotOptions],
) -> Evaluation:
    """Measure a student on labelled rows, by its card's official metric, and save its predictions.

    on: a run, a file or a folder, also SuperGLUE's and BIG-bench's own files. card: to read them with, where it is not
    the student's; of a student that has learned several tasks, which of them. overlap: what becomes of rows that are in
    the training data: refuse, drop or keep. out: folder of the predictions; `evaluations` in the student's directory
    where left out. examples: solved ones before each text (`ShotOptions`).

    Raises:
        DataError: no row can be measured on, or rows are in the training data.
        RunError: there is no student, or it is not finished.
        SettingsError: the student cannot be shown examples, or nothing says which of its tasks is meant.
    """
    from satsuma.remote.staging import staging
    from satsuma.students.evaluating import Exam, evaluate_student
    from satsuma.students.student import Student

    opened = student if isinstance(student, Student) else Student(student, device)
    with staging() as here:
        exam = Exam(card, split, overlap, _folder(out), **_shots(examples, here))
        return evaluate_student(opened, here(on), exam)


def evaluate_each(
    student: Student | str | Path,
    on: Mapping[str, str | Path],
    *,
    split: str | None = None,
    overlap: Overlap = "refuse",
    out: str | Path | None = None,
    device: str = "auto",
    **examples: Unpack[ShotOptions],
) -> Evaluations:
    """Measure a student on several tasks, with their average: SuperGLUE's where its eight are there.

    on: the name of a card, or its file → labelled rows. The other arguments are those of `evaluate`.

    Raises:
        DataError, RunError, SettingsError: as from `evaluate`.
    """
    from satsuma.remote.staging import staging
    from satsuma.students.averaging import evaluate_tasks
    from satsuma.students.evaluating import Exam
    from satsuma.students.student import Student

    opened = student if isinstance(student, Student) else Student(student, device)
    with staging() as here:
        exam = Exam(None, split, overlap, _folder(out), **_shots(examples, here))
        return evaluate_tasks(opened, {name: here(where) for name, where in on.items()}, exam)


def _folder(out: str | Path | None) -> Path | None:
    from satsuma.remote.urls import refuse_url

    if out is None:
        return None
    refuse_url(out, "predictions are written on this machine", "Name a folder here with -o.")
    return Path(out)


def _shots(examples: ShotOptions, here: Staging) -> ShotOptions:
    made = examples.copy()
    if "train" in made:
        made["train"] = here(made["train"])
    return made


def predict(
    student: Student | str | Path,
    rows: Iterable[Mapping[str, Json]],
    *,
    card: Card | str | Path | Mapping[str, object] | None = None,
    device: str = "auto",
) -> Iterator[Prediction | DataError]:
    """What a student says of rows with the card's inputs: one for each, in order, as they come.

    A row that cannot be used gives the DataError that says why, in its place. card: which task, of a student that has
    learned several.

    Raises:
        RunError: there is no student, or it is not finished.
        SettingsError: nothing says which of its tasks is meant.
    """
    from satsuma.students.predicting import predicted
    from satsuma.students.several import asked
    from satsuma.students.student import Student

    opened = student if isinstance(student, Student) else Student(student, device)
    return predicted(asked(opened, card)[0], rows)


def compare_students(
    card: Card | str | Path | Mapping[str, object],
    *,
    train: Mapping[str, str | Path | Sequence[str | Path]],
    test: str | Path,
    out: str | Path,
    progress: Progress | None = None,
    **options: Unpack[CompareOptions],
) -> Comparison:
    """Train students on several training sets and measure all of them on one test set (TarGEN's main table).

    train: the name of a training set → its data, or several that are put together. out: directory of the results; what
    it holds of them is reused. options: students, seeds, sizes and the settings of a training (`CompareOptions`).

    Raises:
        DataError: rows cannot be read, or a training set holds rows of the test set.
        SatsumaError: as from `train`.
    """
    from satsuma.progress import Silent
    from satsuma.remote.staging import staging
    from satsuma.remote.urls import refuse_url
    from satsuma.students.comparing import compare

    refuse_url(out, "students are trained on this machine", "Name a directory here with -o.")
    with staging() as here:
        sets = {name: here(data) if isinstance(data, str | Path) else here.each(data) for name, data in train.items()}
        return compare(card, sets, here(test), Path(out), options, (progress or Silent()).note)


def join_comparisons(results: Sequence[str | Path], *, out: str | Path) -> Joined:
    """Put comparisons of several tasks into one table: rows students and training sets, columns tasks, their average.

    results: directories of `compare_students`. out: directory of the table.

    Raises:
        DataError: a directory holds no comparison.
        SettingsError: there are fewer than two, two are of one card, or their baselines differ.
    """
    from satsuma.students.joining import join

    return join(results, Path(out))
