"""`satsuma score`: a language model, measured on a labelled set.

    score.json            the figure with its interval, its parts, what was asked, what it cost
    predictions.parquet   id, gold, predicted, said, right, problem, requests: a row per instance, in order
    journal.sqlite        every request and reply

The measure is the card's official one (`satsuma.scoring`); the interval is a bootstrap over the instances. An instance
without an answer that could be one of its own counts as wrong, and is counted as unread. A measurement that ended
early has the first part of its instances, and says so; the same command goes on. One that is finished is read and not
asked again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from satsuma.door import Interrupts
from satsuma.errors import DataError
from satsuma.examining.answering import Answers, Bill, Given, answers
from satsuma.examining.chosen import chosen
from satsuma.examining.place import Place, check_same, name_of, slug
from satsuma.examining.questions import ANSWER_TOKENS, Examiner, Form, Said, form_of
from satsuma.examining.sets import card_of, hash_of, measured, standing
from satsuma.examining.shots import shots_of
from satsuma.llm.opening import identities
from satsuma.llm.request import Sampling
from satsuma.progress import Progress
from satsuma.remote.staging import as_told
from satsuma.run.identity import fingerprint
from satsuma.scoring.official import Item, metric_of
from satsuma.scoring.significance import Interval, bootstrap
from satsuma.settings import Settings
from satsuma.students.labelled import Labelled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from satsuma.task.card import Card

DOCUMENT, PREDICTIONS = "score.json", "predictions.parquet"
NO_CHOICE = "it is none of the choices"
_MOST_LABELS = 200


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be measured. None: the default of the card (shots, form, split) or of the set (card, n, out)."""

    on: str | Path
    card: Card | str | Path | Mapping[str, object] | None = None
    n: int | None = None
    out: str | Path | None = None
    shots: int | None = None
    train: str | Path | None = None
    form: Form | None = None
    reason: bool = False
    split: str | None = None


class LabelScore(BaseModel):
    """One label: instances that have it, and the share of them that is right."""

    model_config = ConfigDict(frozen=True)

    instances: int
    right: float


class Score(BaseModel):
    """How good a model is on a set.

    asked: what decides the answers: card, model, form, shots, reason, temperature, seed. of: instances that were
    chosen; instances: that were answered for. complete: whether these are all. metric: the card's official one;
    score, low, high: the figure and its 95% interval; None where the set lacks what the measure needs. parts: its
    figures by name. right: share that is right exactly. unread: no answer that could be one of theirs. labels: one by
    one. benchmark: the hash of a frozen benchmark that is as it was frozen. cost: of all processes, by the journal.
    place: the directory.
    """

    model_config = ConfigDict(frozen=True)

    on: str
    card: str
    model: str
    data: str
    asked: dict[str, object]
    of: int
    instances: int
    complete: bool
    metric: str
    score: float | None = None
    low: float | None = None
    high: float | None = None
    parts: dict[str, float] = Field(default_factory=dict)
    right: float = 0.0
    unread: int = 0
    labels: dict[str, LabelScore] = Field(default_factory=dict)
    benchmark: str = ""
    cost: Bill = Bill()
    notes: tuple[str, ...] = ()
    place: Path = Field(default=Path(), exclude=True)

    @property
    def predictions(self) -> Path:
        """The file of the predictions."""
        return self.place / PREDICTIONS


@dataclass(frozen=True, slots=True)
class _Test:
    """What is asked: the instances, who asks, and what a reader has to know."""

    card: Card
    instances: tuple[Labelled, ...]
    examiner: Examiner
    asked: dict[str, object]
    data: str
    benchmark: str
    notes: tuple[str, ...]


async def measure(order: Order, settings: Settings, progress: Progress, interrupts: Interrupts) -> Score:
    """Measure a model. settings: its n is not used.

    Raises:
        SettingsError, CardError, DataError: what is to be measured cannot be.
        RunError: the directory holds something else.
        SatsumaError: the asking ended; what there is by then is saved.
    """
    model = identities(settings)[""]
    test = _prepared(order, settings, model)
    k = len(test.asked["shots"]) if isinstance(test.asked["shots"], list) else 0
    default = Path("scores") / f"{name_of(order.on)}-{slug(model)}-{k}-shot"
    place = Place.at(order.out if order.out is not None else default, DOCUMENT)
    with place.lock():
        for note in test.notes:
            progress.note(note)
        before = place.load(Score)
        if before is not None:
            check_same(place, before.asked, test.asked)
            if _is_finished(place, before, test):
                progress.note(f"{place.path} is finished: there is nothing to do.")
                return before.model_copy(update={"place": place.path})
        own = replace(settings, n=len(test.instances))
        found = await answers(lambda at: test.examiner.question(test.instances[at]), own, place.journal_path, progress,
                              interrupts)  # fmt: skip
        score = _settled(order, test, found, place, before)
        if found.ended is not None:
            raise found.ended
        return score


def _prepared(order: Order, settings: Settings, model: str) -> _Test:
    card = card_of(order.on, order.card)
    metric_of(card)
    form = form_of(card, order.form)
    whole = measured(order.on, card, order.split)
    shots, told = shots_of(card, order.shots, whole.instances, order.train, settings.seed)
    taken = tuple(chosen(whole.instances, order.n, settings.seed, lambda one: one.pair))
    sampling = Sampling(temperature=settings.temperature, max_tokens=ANSWER_TOKENS, seed=settings.seed)
    asked: dict[str, object] = {
        "card": fingerprint(card), "model": model, "form": form, "shots": [one.id for one in shots],
        "examples": hash_of(shots), "reason": order.reason, "temperature": settings.temperature, "seed": settings.seed,
    }  # fmt: skip
    examiner = Examiner(card, form, shots, reason=order.reason, sampling=sampling)
    benchmark, state = standing(Path(order.on).expanduser())
    return _Test(card, taken, examiner, asked, hash_of(taken), benchmark, (*state, *whole.notes, *told))


def _is_finished(place: Place, before: Score, test: _Test) -> bool:
    same = (before.data, before.benchmark) == (test.data, test.benchmark)
    return before.complete and same and (place.path / PREDICTIONS).is_file()


def _settled(order: Order, test: _Test, found: Answers[BaseModel], place: Place, before: Score | None) -> Score:
    """Save what there is; less than what an earlier process had of the same set is not put in its place."""
    done = test.instances[: len(found.given)]
    said = [_said(test.examiner, one, given) for one, given in zip(done, found.given, strict=True)]
    score = _score(order, test, done, said, found)
    if before is not None and before.data == test.data and before.instances > score.instances:
        return before
    if done:
        _save_predictions(place.path / PREDICTIONS, test.examiner, list(zip(done, said, found.given, strict=True)))
        place.save(score)
    return score.model_copy(update={"place": place.path})


def _said(examiner: Examiner, instance: Labelled, given: Given[BaseModel]) -> Said:
    return Said(None, given.raw) if given.value is None else examiner.said(instance, given.value)


def _score(
    order: Order, test: _Test, done: Sequence[Labelled], said: Sequence[Said], found: Answers[BaseModel]
) -> Score:
    items = [
        Item(one.output, instance.output, instance.options, instance.also, instance.pair)
        for instance, one in zip(done, said, strict=True)
        if instance.output is not None
    ]
    interval, parts, notes = _figures(test.card, items)
    if found.ended is not None:
        notes = (f"{len(done):,} of {len(test.instances):,} instances were answered: {found.ended.message}", *notes)
    return Score(
        on=as_told(order.on), card=test.card.name, model=str(test.asked["model"]), data=test.data,
        asked=dict(test.asked),
        of=len(test.instances), instances=len(done), complete=found.ended is None, metric=test.card.metric,
        score=interval.value if interval else None, low=interval.low if interval else None,
        high=interval.high if interval else None, parts=parts,
        right=sum(item.prediction == item.reference for item in items) / len(items) if items else 0.0,
        unread=sum(one.output is None for one in said), labels=_labels(test, done, said),
        benchmark=test.benchmark, cost=found.bill, notes=(*test.notes, *notes),
    )  # fmt: skip


def _figures(card: Card, items: Sequence[Item]) -> tuple[Interval | None, dict[str, float], tuple[str, ...]]:
    """The official measure, its parts, and what there is to tell; nothing where the set lacks what it needs."""
    if not items:
        return None, {}, ()
    metric = metric_of(card)
    try:
        return bootstrap(items, metric.value), dict(metric.values(items)), ()
    except DataError as error:
        return None, {}, (f"{metric.name} is not defined here: {error.message}",)


def _labels(test: _Test, done: Sequence[Labelled], said: Sequence[Said]) -> dict[str, LabelScore]:
    """By label, or position of the right option; empty where outputs are no closed set."""
    if test.card.output.kind not in ("labels", "choice"):
        return {}
    right: defaultdict[str, list[bool]] = defaultdict(list)
    for instance, one in zip(done, said, strict=True):
        right[test.examiner.shown(instance, instance.output)].append(one.output == instance.output)
    if len(right) > _MOST_LABELS:
        return {}
    return {name: LabelScore(instances=len(found), right=sum(found) / len(found)) for name, found in right.items()}


def _save_predictions(path: Path, examiner: Examiner, rows: Sequence[tuple[Labelled, Said, Given[BaseModel]]]) -> None:
    import pyarrow as pa

    from satsuma.run.plain import no_surrogates
    from satsuma.run.tables import write_table

    texts = [(name, pa.string()) for name in ("id", "gold", "predicted", "said")]
    schema = pa.schema([*texts, ("right", pa.bool_()), ("problem", pa.string()), ("requests", pa.list_(pa.string()))])
    write_table(path, schema, (
        {
            "id": no_surrogates(one.id), "gold": no_surrogates(examiner.shown(one, one.output)),
            "predicted": None if said.output is None else no_surrogates(examiner.shown(one, said.output)),
            "said": no_surrogates(said.words), "right": said.output == one.output,
            "problem": no_surrogates(given.problem or (NO_CHOICE if said.output is None else "")),
            "requests": list(given.keys),
        }
        for one, said, given in rows
    ))  # fmt: skip
