"""What self-correction did: labels asked for and labels in the dataset (TarGEN, Figure 2), and how sure the votes were.

From the provenance of the instances of a run. `changed` is the share of corrected instances whose label is another
than the one that was asked for. `agreement` is the share of an instance's votes that its label got.
`votes_against` is the mean share of votes against the label, over instances with two votes or more: the
probability that one more vote would be for another label. It is no share of wrong labels: a majority is wrong less
often than a vote, and a mistake that the corrector makes every time has full agreement. `noise` is the estimate of the
share of wrong labels (`satsuma.selecting.noise`), as the run's run.json has it.

Not defined for a dataset without provenance, such as one that satsuma did not make.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from satsuma.measures.outcome import NotDefined
from satsuma.proportions import Share, wilson
from satsuma.reading.example import Lineage
from satsuma.remote.staging import place_of

if TYPE_CHECKING:
    from satsuma.llm.request import Json

MOST = 200
_TRACKED = 20_000


@dataclass(frozen=True, slots=True)
class Move:
    """How many instances were asked for as one label and have another."""

    asked: str
    corrected: str
    instances: int


@dataclass(frozen=True, slots=True)
class Correction:
    """What self-correction did.

    instances: that were corrected. changed: their share whose label changed, with its 95% interval. matrix: asked for
    → corrected to → instances, empty for free text. moves: changes, the most frequent first. agreement, unanimous:
    mean agreement and the share where all votes agreed. votes_against: None where no instance has two votes. noise: as
    in run.json; None where that has none.
    """

    instances: int
    changed: Share
    matrix: dict[str, dict[str, int]]
    moves: tuple[Move, ...]
    agreement: float | None
    unanimous: float | None
    votes_against: float | None
    noise: dict[str, Json] | None = None


def noise_of(where: str) -> dict[str, Json] | None:
    """What a run says of its wrong labels; None of a run that says nothing, and of what is no run.

    Raises:
        RunError: its run.json cannot be read.
    """
    if not (place_of(where) / "run.json").is_file():
        return None
    from satsuma.run.directory import RunDirectory

    state = RunDirectory(place_of(where)).load_state()
    return state.noise.model_dump(mode="json") if state is not None and state.noise is not None else None


class CorrectionTally:
    """Counts instance by instance."""

    def __init__(self) -> None:
        self._corrected = 0
        self._changed = 0
        self._pairs: Counter[tuple[str, str]] = Counter()
        self._agreements: Counter[float] = Counter()
        self._against = 0.0
        self._voted = 0

    def add(self, lineage: Lineage | None) -> None:
        """Where one instance comes from."""
        if lineage is None or not lineage.corrected:
            return
        self._corrected += 1
        self._changed += lineage.asked != lineage.corrected
        pair = (lineage.asked, lineage.corrected)
        if pair in self._pairs or len(self._pairs) < _TRACKED:
            self._pairs[pair] += 1
        if lineage.agreement is not None:
            self._agreements[lineage.agreement] += 1
            if lineage.votes > 1:
                self._voted += 1
                self._against += 1 - lineage.agreement

    def result(self, noise: dict[str, Json] | None = None) -> Correction | NotDefined:
        """The counts; not defined where nothing was corrected. noise: of run.json."""
        if not self._corrected:
            return NotDefined("no instance says what was asked for and what it was corrected to")
        rated = self._agreements.total()
        weighted = sum(agreement * count for agreement, count in self._agreements.items())
        return Correction(
            instances=self._corrected,
            changed=wilson(self._changed / self._corrected, self._corrected),
            matrix=self._matrix(),
            moves=self._moves(),
            agreement=weighted / rated if rated else None,
            unanimous=self._agreements[1.0] / rated if rated else None,
            votes_against=self._against / self._voted if self._voted else None,
            noise=noise,
        )

    def _matrix(self) -> dict[str, dict[str, int]]:
        if len({asked for asked, _ in self._pairs}) > MOST or len({to for _, to in self._pairs}) > MOST:
            return {}
        matrix: dict[str, dict[str, int]] = defaultdict(dict)
        for (asked, corrected), count in sorted(self._pairs.items()):
            matrix[asked][corrected] = count
        return dict(matrix)

    def _moves(self) -> tuple[Move, ...]:
        changes = [Move(*pair, count) for pair, count in self._pairs.items() if pair[0] != pair[1]]
        return tuple(sorted(changes, key=lambda move: (-move.instances, move.asked, move.corrected))[:MOST])
