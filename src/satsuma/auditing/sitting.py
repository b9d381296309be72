"""One auditor at work on one run: what is to be judged, what was said, and what comes of it.

The run's lock is held throughout, so that nobody changes the dataset underneath. Every verdict is on the disk
(`verdicts.py`) before the next instance is asked for; run.json and README.md get the figures at `settle`, and again
whenever they no longer say what the verdicts say.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from satsuma.auditing.figures import Drawn, audit_of
from satsuma.auditing.naming import Naming
from satsuma.auditing.population import content_of, fields_of, population_of, rows_of
from satsuma.auditing.sample import drawn
from satsuma.auditing.verdicts import Book, Label, Said, Standing, Verdict, now, standing
from satsuma.errors import RunError, SettingsError
from satsuma.run.columns import Row
from satsuma.run.directory import RunDirectory, sha256
from satsuma.run.state import RunState
from satsuma.run.trust import Audit
from satsuma.task.card import Card
from satsuma.task.loader import load_card
from satsuma.task.outputs import output_of

INSTANCES = 50
"""Instances that are drawn unless the run's last audit drew another number."""
AUDITOR = "auditor"
"""Who judges, unless they say."""
_LONGEST_NAME = 60
Note = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be judged, and by whom. n, seed: those of the run's last audit where left out, else 50 and 0."""

    n: int | None = None
    seed: int | None = None
    auditor: str = AUDITOR

    def checked(self) -> Wanted:
        """The same.

        Raises:
            SettingsError: a number or the name cannot be used.
        """
        if self.n is not None and self.n < 1:
            raise SettingsError(f"n is {self.n}, but an audit needs 1 instance or more", "-n 50 draws fifty.")
        name = self.auditor.strip()
        if not name or len(name) > _LONGEST_NAME or not name.isprintable():
            raise SettingsError(
                f"{self.auditor!r} is no name for an auditor", f"A name has 1 to {_LONGEST_NAME} printable characters."
            )
        return Wanted(self.n, self.seed, name)


@contextmanager
def sitting(run: str | os.PathLike[str], wanted: Wanted, note: Note) -> Iterator[Sitting]:
    """A run, held, with its sample drawn.

    Raises:
        RunError: there is no run or no dataset, or another process is at work on it.
        SettingsError: what is wanted cannot be.
    """
    wanted = wanted.checked()
    directory = RunDirectory.open(run)
    with directory.lock():
        state = directory.load_state()
        if state is None:
            raise RunError(f"{directory.path}: its run.json went away", "Run `satsuma generate` again.")
        yield Sitting(directory, state, wanted, note)


class Sitting:
    """What an auditor has before them."""

    def __init__(self, directory: RunDirectory, state: RunState, wanted: Wanted, note: Note) -> None:
        self.directory = directory
        self.state = state
        self.auditor = wanted.auditor
        self.card: Card = load_card(state.card)
        self.naming = Naming(self.card, output_of(self.card))
        self.book = Book(directory.path)
        self._note = note
        last = state.audit
        self.seed = wanted.seed if wanted.seed is not None else last.seed if last else 0
        self.data = sha256(directory.data_path()) if directory.data_path().exists() else ""
        self.population = population_of(directory.data_path(), self.card, self.naming.output)
        number = state.applied.number if state.applied else 0
        n = wanted.n if wanted.n is not None else last.sample if last else INSTANCES
        if last and wanted.n is None and last.sample == last.instances:
            n = max(n, INSTANCES)  # it was all there was, and there may be more by now
        self.ids = drawn(self.population, n, self.seed, number)
        if not self.ids:
            raise RunError(f"there is nothing to audit: {directory.data_path()} has no instances")
        self.rows = rows_of(directory.data_path(), self.ids)
        self._contents = {one: content_of(self.card, row) for one, row in self.rows.items()}
        self._verdicts = self.standing(told=True)

    def standing(self, *, told: bool = False) -> Standing:
        """The verdicts that count, of every auditor: on instances that are as they were when they were judged."""
        verdicts, notes = self.book.read()
        counting = standing(verdicts)
        named = {one for own in counting.values() for one in own}
        there = self.rows | rows_of(self.directory.data_path(), named - self.rows.keys())
        self._contents |= {one: content_of(self.card, row) for one, row in there.items() if one not in self._contents}
        kept: Standing = {}
        gone = 0
        for auditor, own in counting.items():
            valid = {one: v for one, v in own.items() if self._contents.get(one) == v.content}
            gone += len(own) - len(valid)
            if valid:
                kept[auditor] = valid
        if told:
            self._tell(notes, gone)
        return kept

    @property
    def other_splits(self) -> list[str]:
        """The splits besides train, of a run that was curated into several."""
        return [split for split in ("validation", "test") if self.directory.data_path(split).is_file()]

    def _tell(self, notes: list[str], gone: int) -> None:
        if self.other_splits:
            self._note(f"The split train is judged, and not {' and '.join(self.other_splits)}.")
        for text in notes:
            self._note(text)
        last = self.state.audit
        if last is not None and last.data != self.data:
            were = "instance" if last.instances == 1 else "instances"
            self._note(f"The dataset has changed since its last audit, when it had {last.instances:,} {were}.")
        if gone:
            are = "verdict is" if gone == 1 else "verdicts are"
            self._note(f"{gone:,} {are} of instances that are gone or changed, and not counted.")

    @property
    def own(self) -> dict[str, Verdict]:
        """Id → this auditor's verdict, the latest last."""
        return self._verdicts.setdefault(self.auditor, {})

    def pending(self) -> list[str]:
        """The ids of the sample that this auditor has said nothing of, in order."""
        return [one for one in self.ids if one not in self.own]

    def label_of(self, identifier: str) -> Label:
        """The label that an instance of the sample has; None where it cannot be named."""
        row = self.rows[identifier]
        return self.naming.given(fields_of(self.card, row), row[self.card.output.name])

    def say(self, identifier: str, verdict: Said, label: Label = None) -> None:
        """Note a verdict; it is on the disk when this returns.

        Raises:
            RunError: it could not be written.
        """
        self.enter(Verdict(id=identifier, verdict=verdict, label=label, auditor=self.auditor, time=now()))

    def enter(self, verdict: Verdict) -> bool:
        """Note a verdict of any auditor on any instance that is there; False if it says what counts already.

        Raises:
            RunError: it could not be written.
        """
        entered = verdict.model_copy(update={"content": self._contents[verdict.id]})
        own = self._verdicts.setdefault(verdict.auditor, {})
        before = own.get(verdict.id)
        if before is not None and (before.verdict, before.label) == (entered.verdict, entered.label):
            return False
        self.book.append(entered)
        own.pop(verdict.id, None)
        if entered.verdict != "undone":
            own[verdict.id] = entered
        return True

    def undo(self) -> str | None:
        """Take this auditor's latest verdict on the sample back, and return its id; None if there is none."""
        latest = next((one for one in reversed(list(self.own)) if one in self.rows), None)
        if latest is not None:
            self.say(latest, "undone")
        return latest

    def look_up(self, ids: set[str]) -> dict[str, Row]:
        """The rows of these ids that are there, in the sample or not."""
        found = {one: self.rows[one] for one in ids if one in self.rows}
        found |= rows_of(self.directory.data_path(), ids - found.keys())
        self._contents |= {one: content_of(self.card, row) for one, row in found.items()}
        return found

    def is_as_judged(self, row: Row) -> bool:
        """Whether a row is the instance that verdicts on its id are about."""
        return content_of(self.card, row) == self._contents.get(str(row["id"]))

    def result(self) -> Audit:
        """The figures of the sample, by the verdicts on the disk."""
        given = {one: self.label_of(one) for one in self.ids}
        return audit_of(self.population, Drawn(self.ids, given, self.seed, self.data), self.standing())

    def settle(self) -> Audit:
        """The figures, written into run.json and README.md unless they are there.

        Raises:
            RunError: they could not be written.
        """
        from satsuma.run.readme import write_readme

        audit = self.result()
        kept = audit if audit.judged or not self.state.audit else self._before()
        if (not audit.judged and self.state.audit is None) or kept == self.state.audit:
            return audit
        self.state = self.state.model_copy(update={"audit": kept})
        write_readme(self.directory, self.card, self.state)
        self.directory.save_state(self.state)
        return audit

    def _before(self) -> Audit | None:
        """What run.json says goes on holding while nothing was judged of a dataset that has changed since."""
        last = self.state.audit
        return last if last is not None and last.data != self.data else None
