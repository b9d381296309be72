"""`satsuma rate`: how difficult each instance is, from 1 to 5, as a language model rates it by a rubric.

    rating.json       distribution, mean with its interval, means by label, what was asked, what it cost
    ratings.parquet   id, content, label, rating, reason, problem, requests: a row per instance
    journal.sqlite    every request and reply

DataTune (Gandhi et al. 2024), Figure 5, has a language model rate difficulty so. The rater is blind: it reads the task,
the possible labels and the instance's text, and neither its label nor where the instance is from, so that generated
and original data are rated alike. The rubric stands in the prompt (`rate.jinja`) with an example for each level.
`satsuma analyze` shows what lies beside a dataset. Not covered: whether people would rate the same; a model's scale is
its own, so compare only what one model rated.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from satsuma.door import Interrupts
from satsuma.examining.answering import Answers, Bill, Given, answers
from satsuma.examining.chosen import chosen
from satsuma.examining.place import Place, check_same, slug
from satsuma.examining.sets import frozen_card
from satsuma.llm.ask import Question
from satsuma.llm.opening import identities
from satsuma.llm.request import Message, Sampling
from satsuma.progress import Progress
from satsuma.reading.dataset import Dataset, Selection, open_dataset
from satsuma.reading.example import Example
from satsuma.reading.ratings import DOCUMENT, LEVELS, RATINGS, beside, content_of
from satsuma.remote.staging import as_told
from satsuma.run.identity import fingerprint
from satsuma.scoring.significance import bootstrap
from satsuma.settings import Settings
from satsuma.task.outputs.kind import Text
from satsuma.task.templates import built_in

if TYPE_CHECKING:
    from satsuma.task.card import Card

STEP = "rate"
ANSWER_TOKENS = 2048
MOST_LABELS = 40
"""Labels that are told to the rater at most, and that means are given of."""


def _number(value: object) -> object:
    return int(value) if isinstance(value, str) and value.strip() in {str(level) for level in LEVELS} else value


class Difficulty(BaseModel):
    """How difficult an instance is."""

    reason: Text = Field(description="one sentence: what makes it easy or hard")
    difficulty: Annotated[Literal[1, 2, 3, 4, 5], BeforeValidator(_number)] = Field(
        description="from 1, very easy, to 5, very hard"
    )


class LabelRating(BaseModel):
    """One label: its instances that were rated, and their mean."""

    model_config = ConfigDict(frozen=True)

    instances: int
    mean: float


class Rating(BaseModel):
    """How difficult a dataset is, as a model rates it.

    asked: what decides the answers. of: instances that were chosen; instances: that were asked about; rated: of which
    there is a rating. complete: whether all were asked about. mean, low, high: with its 95% interval. distribution:
    level → instances. labels: one by one, where they are a closed set. cost: of all processes, by the
    journal. place: the directory.
    """

    model_config = ConfigDict(frozen=True)

    on: str
    model: str
    data: str
    asked: dict[str, object]
    of: int
    instances: int
    complete: bool
    rated: int = 0
    mean: float | None = None
    low: float | None = None
    high: float | None = None
    distribution: dict[str, int] = Field(default_factory=dict)
    labels: dict[str, LabelRating] = Field(default_factory=dict)
    cost: Bill = Bill()
    notes: tuple[str, ...] = ()
    place: Path = Field(default=Path(), exclude=True)

    @property
    def ratings(self) -> Path:
        """The file of the ratings."""
        return self.place / RATINGS


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be rated. out: the directory; beside the dataset where left out."""

    on: str | Path
    selection: Selection
    n: int | None = None
    out: str | Path | None = None


async def rated(order: Order, settings: Settings, progress: Progress, interrupts: Interrupts) -> Rating:
    """Rate a dataset. settings: its n is not used.

    Raises:
        SettingsError, CardError, DataError: the dataset cannot be read.
        RunError: the directory holds something else.
        SatsumaError: the asking ended; what there is by then is saved.
    """
    model = identities(settings)[""]
    dataset = open_dataset(order.on, _selection(order))
    whole = list(dataset.examples())
    examples = chosen(whole, order.n, settings.seed)
    labels = _labels(dataset, whole)
    asked: dict[str, object] = {
        "card": fingerprint(dataset.card) if dataset.card is not None else "", "labels": list(labels), "model": model,
        "temperature": settings.temperature, "seed": settings.seed,
    }  # fmt: skip
    data = content_of("\x1e".join(content_of(one.text) for one in examples))
    place = Place.at(order.out if order.out is not None else beside(order.on) / slug(model), DOCUMENT)
    with place.lock():
        before = place.load(Rating)
        if before is not None:
            check_same(place, before.asked, asked)
            if before.complete and before.data == data and (place.path / RATINGS).is_file():
                progress.note(f"{place.path} is finished: there is nothing to do.")
                return before.model_copy(update={"place": place.path})
        sampling = Sampling(temperature=settings.temperature, max_tokens=ANSWER_TOKENS, seed=settings.seed)

        def question(at: int) -> Question[Difficulty]:
            messages = question_about(dataset.card, labels, examples[at].text)
            return Question(messages, Difficulty, STEP, f"{STEP} {examples[at].id}", sampling)

        own = replace(settings, n=len(examples))
        found = await answers(question, own, place.journal_path, progress, interrupts)
        done = examples[: len(found.given)]
        if done and not (before is not None and before.data == data and before.instances > len(done)):
            _save_ratings(place.path / RATINGS, list(zip(done, found.given, strict=True)))
            place.save(_rating(order, asked, data, (examples, found), tuple(dataset.notes)))
        if found.ended is not None:
            raise found.ended
    saved = place.load(Rating)
    if saved is None:
        raise AssertionError("a rating that is complete was saved")
    return saved.model_copy(update={"place": place.path})


def _selection(order: Order) -> Selection:
    """What was named; nothing of a frozen benchmark is what its card says."""
    named = order.selection.card is not None or order.selection.text
    own = None if named else frozen_card(Path(order.on).expanduser())
    return order.selection if own is None else replace(order.selection, card=own)


def question_about(card: Card | None, labels: dict[str, str], text: str) -> tuple[Message, ...]:
    """What the rater reads.

    Raises:
        CardError: the prompt cannot be rendered.
    """
    return built_in("rate").render(task=card.task if card is not None else "", labels=labels, text=text.strip() or "-")


def _labels(dataset: Dataset, examples: Sequence[Example]) -> dict[str, str]:
    """The possible labels and what they mean; empty where they are no closed set or too many."""
    if dataset.card is not None:
        known = {name: one.description for name, one in (dataset.card.output.labels or {}).items()}
    else:
        there = sorted({one.label for one in examples if one.label is not None})
        known = dict.fromkeys(there, "") if 4 * len(there) <= len(examples) else {}
    return known if len(known) <= MOST_LABELS else {}


def _rating(
    order: Order, asked: dict[str, object], data: str, both: tuple[Sequence[Example], Answers[Difficulty]],
    notes: tuple[str, ...],
) -> Rating:  # fmt: skip
    examples, found = both
    done = examples[: len(found.given)]
    pairs = [(one, given.value.difficulty) for one, given in zip(done, found.given, strict=True) if given.value]
    levels: list[int] = [level for _, level in pairs]
    interval = bootstrap(levels, lambda drawn: sum(drawn) / len(drawn)) if levels else None
    if found.ended is not None:
        notes = (*notes, f"{len(done):,} of {len(examples):,} instances were asked about: {found.ended.message}")
    counts = Counter(levels)
    return Rating(
        on=as_told(order.on), model=str(asked["model"]), data=data, asked=dict(asked), of=len(examples),
        instances=len(done), complete=found.ended is None, rated=len(levels),
        mean=interval.value if interval else None, low=interval.low if interval else None,
        high=interval.high if interval else None, distribution={str(level): counts[level] for level in LEVELS},
        labels=_by_label(pairs), cost=found.bill, notes=notes,
    )  # fmt: skip


def _by_label(pairs: Sequence[tuple[Example, int]]) -> dict[str, LabelRating]:
    levels: defaultdict[str, list[int]] = defaultdict(list)
    for example, level in pairs:
        if example.label is not None:
            levels[example.label].append(level)
    if len(levels) > MOST_LABELS:
        return {}
    means = {name: LabelRating(instances=len(own), mean=sum(own) / len(own)) for name, own in levels.items()}
    return dict(sorted(means.items()))


def _save_ratings(path: Path, rows: Sequence[tuple[Example, Given[Difficulty]]]) -> None:
    import pyarrow as pa

    from satsuma.run.plain import no_surrogates
    from satsuma.run.tables import write_table

    schema = pa.schema(
        [("id", pa.string()), ("content", pa.string()), ("label", pa.string()), ("rating", pa.int8()),
         ("reason", pa.string()), ("problem", pa.string()), ("requests", pa.list_(pa.string()))]
    )  # fmt: skip
    write_table(path, schema, (
        {
            "id": no_surrogates(one.id), "content": content_of(one.text),
            "label": None if one.label is None else no_surrogates(one.label),
            "rating": given.value.difficulty if given.value else None,
            "reason": no_surrogates(given.value.reason) if given.value else "",
            "problem": no_surrogates(given.problem), "requests": list(given.keys),
        }
        for one, given in rows
    ))  # fmt: skip
