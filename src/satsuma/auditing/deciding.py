"""What becomes of an instance by what people said of it, and what that makes of the dataset's accuracy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from satsuma.auditing.figures import collapsed, rightness, strata_of
from satsuma.auditing.population import Population
from satsuma.auditing.verdicts import Label, Verdict
from satsuma.proportions import Stratum

How = Literal["relabel", "drop"]
"""What becomes of a label that was judged wrong. `relabel`: it becomes the one that was named, and without one the
instance is dropped. `drop`: the instance is dropped."""


@dataclass(frozen=True, slots=True)
class Decision:
    """kind: what becomes of the instance. label: the right one. who: judged it so."""

    kind: Literal["keep", "relabel", "drop", "disputed"]
    label: Label = None
    who: str = ""


def decided(said: Sequence[Verdict], how: How) -> Decision:
    """What becomes of an instance. Where people differ, on whether it is right or on what would be, it stays."""
    wrong = [verdict for verdict in said if verdict.verdict == "wrong"]
    if not wrong:
        return Decision("keep")
    who = " and ".join(sorted(verdict.auditor for verdict in wrong))
    named = {verdict.label for verdict in wrong if verdict.label is not None}
    if len(wrong) < len(said) or (how == "relabel" and len(named) > 1):
        return Decision("disputed")
    label = named.pop() if len(named) == 1 else None
    return Decision("relabel" if how == "relabel" and label is not None else "drop", label, who)


def accuracy_after(
    population: Population, sample: Sequence[str], said: Mapping[str, Sequence[Verdict]], done: Mapping[str, Decision]
) -> float | None:
    """The share of right labels in the copy: what was judged as it was judged, the others as often as the sample.

    said: id → judgements, of every instance that was judged. None where the sample says nothing, or nothing is left.
    """
    stratum = dict(zip(population.ids, population.strata, strict=True))
    right = {one: rightness(said[one]) for one in sample if one in said}
    shares = _shares(strata_of(population, right, stratum))
    if shares is None:
        return None
    known = {one: _right_now(done[one], said[one]) for one in said}
    held = sum(share for share in known.values() if share is not None)
    rest = population.sizes()
    for one in known:
        rest[stratum[one]] -= 1
    left = len(population.ids) - sum(share is None for share in known.values())
    return (held + sum(shares[name] * size for name, size in rest.items() if size)) / left if left else None


def _right_now(done: Decision, said: Sequence[Verdict]) -> float | None:
    """How far the label is right in the copy; None if the instance is not there any more."""
    if done.kind == "drop":
        return None
    return 1.0 if done.kind == "relabel" else rightness(said)


def _shares(strata: Mapping[str, Stratum]) -> dict[str, float] | None:
    """Stratum → the share that is right; one of which nothing was judged has that of those it is counted with."""
    joined = collapsed(strata.values())
    if not any(one.sampled for one in joined):
        return None
    together = joined[0].right / joined[0].sampled if joined[0].sampled else 0.0
    return {name: one.right / one.sampled if one.sampled else together for name, one in strata.items()}
