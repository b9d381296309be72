"""DataTune's reranking (arXiv 2404.14361, section 3.1): which of the datasets that were found are used, in which order.

Each vote names up to `most` datasets, the best first, or none at all. Counted are places (Borda: of four places the
first gives 4 points, the fourth 1), since votes are short lists of which the order matters more than the length; equal
points go to the dataset that more votes name, then to the one that the search had first. Whatever a single vote puts
last is noise, and rows of it would go into the data: after the first, a dataset is taken only if at least half of the
votes that count name it. If more than half of them name none, none is used.

A name that is not among the candidates is left out of its vote; a vote in which no name is left does not count, nor
does one that could not be had. If no vote counts, nothing is chosen, and `none` is 0.

Which configuration of a dataset is used is a vote as well: the one that most votes name, and of several the first.

Not covered: licences and access, which the search has filtered by.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from satsuma.datatune.asking import Asks
from satsuma.datatune.naming import known
from satsuma.datatune.polls import poll, turned
from satsuma.datatune.telling import demonstrations, told
from satsuma.llm.request import Message
from satsuma.sources.rows import Row
from satsuma.sources.show import cut, shown_row, shown_value
from satsuma.targen.asking import form
from satsuma.task.card import Card
from satsuma.task.templates import built_in

if TYPE_CHECKING:
    from satsuma.catalog.entry import Entry
    from satsuma.sources.source import Source

DESCRIPTION_TOKENS, COLUMNS_TOKENS, ROW_TOKENS, CELL_TOKENS = 200, 150, 250, 60
"""Tokens of what a prompt shows of one candidate, at most: so 25 of them stay under 30,000."""
ROWS = 3
"""Rows of a candidate that are shown."""
NAME_TOKENS = 200

_Name = Annotated[str, StringConstraints(min_length=1, max_length=4000)]
_Long = Annotated[str, StringConstraints(strip_whitespace=True, max_length=8000)]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A dataset as the votes see it, in texts that are cut and, but for name and licence, JSON.

    description: its card's. columns: name → type. rows: up to three. licence: for people; the votes do not see it.
    """

    name: str
    description: str
    columns: str
    rows: tuple[str, ...]
    licence: str


@dataclass(frozen=True, slots=True)
class Ranked:
    """A dataset that was chosen. votes: how many name it. reason: of the first vote that has it highest."""

    name: str
    votes: int
    reason: str


@dataclass(frozen=True, slots=True)
class Ranking:
    """What the votes came to.

    chosen: best first. none: votes that no dataset fits. discarded: votes that do not count. unknown: names that are
    no candidate's, as often as they were named. keys: of all requests.
    """

    chosen: tuple[Ranked, ...]
    none: int
    discarded: int
    keys: tuple[str, ...]
    unknown: tuple[str, ...] = ()


class Choice(BaseModel):
    """One place of a vote."""

    model_config = ConfigDict(extra="ignore")

    name: _Name = Field(description="the name of a dataset, exactly as in the list")
    reason: _Long = Field(description="what in its rows decides the output of an instance, in one sentence")


@dataclass(frozen=True, slots=True)
class Configured:
    """The configuration that was chosen. votes: that name it; 0 where there was no choice, or no vote that counts."""

    name: str
    votes: int
    keys: tuple[str, ...]


class ConfigurationVote(BaseModel):
    """The configuration that one vote would use."""

    model_config = ConfigDict(extra="ignore")

    reason: _Long = Field(description="what its rows have that those of the others lack, in one sentence")
    configuration: _Name = Field(description="the name of a configuration, exactly as in the list")


class Vote(BaseModel):
    """The datasets that one vote would use."""

    model_config = ConfigDict(extra="ignore")

    thoughts: _Long = Field(description="which come close, what their rows would become, and what they lack")
    datasets: list[Choice] = Field(max_length=100, description="the best first; [] if none will do")


def candidate_of(entry: Entry, source: Source | None = None, *, seed: int = 0) -> Candidate:
    """A dataset for the votes: rows and columns of its source if that is open, else those of its catalog's entry."""
    columns = [(c.name, c.type) for c in (source.columns if source else entry.columns)]
    rows: Sequence[Row] = [row for _, row in source.sample(seed, ROWS)] if source else entry.sample
    return Candidate(
        name=entry.name,
        description=shown_value(entry.description, DESCRIPTION_TOKENS),
        columns=shown_row(dict(columns), tokens=COLUMNS_TOKENS, cell=CELL_TOKENS) if columns else "",
        rows=tuple(shown_row(row, cell=CELL_TOKENS, tokens=ROW_TOKENS) for row in rows[:ROWS]),
        licence=entry.licence or entry.licence_text,
    )


def rerank_question(card: Card, candidates: Sequence[Candidate], most: int) -> tuple[Message, ...]:
    """The question of one vote.

    Raises:
        CardError: the prompt cannot be rendered.
    """
    return built_in("rerank").render(
        task=told(card),
        demonstrations=list(demonstrations(card)),
        language=card.language,
        most=most,
        candidates=[
            {
                "name": shown_value(one.name, NAME_TOKENS),
                "description": one.description,
                "columns": one.columns,
                "rows": list(one.rows),
            }
            for one in candidates
        ],
        answer=form(Vote),
    )


async def rerank(asks: Asks, card: Card, candidates: Sequence[Candidate], *, votes: int = 5, most: int = 4) -> Ranking:
    """The datasets to use, at most `most`. Candidates have different names and stand in the order of the search.

    Raises:
        CardError: the prompt cannot be rendered.
    """
    if not candidates:
        return Ranking((), 0, 0, ())

    def question(draw: int) -> tuple[Message, ...]:
        return rerank_question(card, turned(candidates, draw, votes), most)

    cast = await poll(asks, "rerank", "rerank", question, Vote, votes)
    names = [candidate.name for candidate in candidates]
    unknown = [cut(c.name, NAME_TOKENS) for vote in cast.votes for c in vote.datasets if known(c.name, names) is None]
    ballots = [_known(vote, names, most) for vote in cast.votes]
    none = sum(not vote.datasets for vote in cast.votes)
    counted = [ballot for ballot in ballots if ballot]
    chosen = () if none > len(counted) else _chosen(counted, names, most, len(counted) + none)
    return Ranking(chosen, none, votes - len(counted) - none, cast.keys, tuple(unknown))


def _known(vote: Vote, names: Sequence[str], most: int) -> dict[str, str]:
    """The datasets of a vote with their reasons, each once, in its order."""
    found: dict[str, str] = {}
    for choice in vote.datasets:
        if (name := known(choice.name, names)) is not None:
            found.setdefault(name, choice.reason)
    return dict(list(found.items())[:most])


def _chosen(ballots: Sequence[Mapping[str, str]], names: Sequence[str], most: int, counted: int) -> tuple[Ranked, ...]:
    points: Counter[str] = Counter()
    votes: Counter[str] = Counter()
    best: dict[str, tuple[int, str]] = {}
    for ballot in ballots:
        for place, (name, reason) in enumerate(ballot.items()):
            points[name] += most - place
            votes[name] += 1
            if name not in best or place < best[name][0]:
                best[name] = (place, reason)
    order = sorted(votes, key=lambda name: (-points[name], -votes[name], names.index(name)))
    kept = [name for at, name in enumerate(order) if at == 0 or 2 * votes[name] >= counted]
    return tuple(Ranked(name, votes[name], best[name][1]) for name in kept[:most])


def configuration_question(
    card: Card, dataset: str, configurations: Sequence[tuple[str, Sequence[str]]]
) -> tuple[Message, ...]:
    """The question for one of the configurations of a dataset: their names, and rows of theirs as JSON.

    Raises:
        CardError: the prompt cannot be rendered.
    """
    return built_in("rerank_configuration").render(
        task=told(card),
        demonstrations=list(demonstrations(card)),
        language=card.language,
        dataset=shown_value(dataset, NAME_TOKENS),
        configurations=[
            {"name": shown_value(name, NAME_TOKENS), "rows": list(rows[:ROWS])} for name, rows in configurations
        ],
        answer=form(ConfigurationVote),
    )


async def choose_configuration(
    asks: Asks, card: Card, dataset: str, configurations: Mapping[str, Sequence[str]], votes: int = 5
) -> Configured:
    """The configuration to use. configurations: name → rows as `shown_row` shows them, at least one, the usual first.

    If no vote counts, it is the first one.

    Raises:
        CardError: the prompt cannot be rendered.
    """
    first = next(iter(configurations))
    if len(configurations) == 1:
        return Configured(first, 0, ())
    shown = list(configurations.items())

    def question(draw: int) -> tuple[Message, ...]:
        return configuration_question(card, dataset, turned(shown, draw, votes))

    cast = await poll(asks, "rerank", dataset, question, ConfigurationVote, votes)
    counts = Counter(known(vote.configuration, configurations) for vote in cast.votes)
    name = max(configurations, key=lambda one: counts[one])
    return Configured(name, counts[name], cast.keys)
