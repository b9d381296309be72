"""What the verdicts on a sample say of the whole dataset: `satsuma.run.trust.Audit`.

The share of labels that is right is counted in each stratum and weighed by its size (`satsuma.proportions`). Where
people differ on an instance, it is right as far as the share of them who say so. Strata of which nothing was judged
are counted together with those of which least was judged. Not covered: mistakes that all auditors make.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from satsuma.auditing.naming import text_of
from satsuma.auditing.population import Population
from satsuma.auditing.verdicts import Label, Standing, Verdict
from satsuma.proportions import Share, Stratum, kappa, stratified
from satsuma.run.trust import Agreement, Audit, LabelAudit
from satsuma.task.outputs.kind import ALL

UNNAMED = "another"
"""What stands for a right label that nobody named."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A sample. ids: of its instances. given: id → the label that the instance has. data: sha256 of the dataset."""

    ids: Sequence[str]
    given: Mapping[str, Label]
    seed: int
    data: str


def judgements(verdicts: Standing, identifier: str) -> list[Verdict]:
    """What was said of an instance, of those who judged it."""
    said = (own[identifier] for own in verdicts.values() if identifier in own)
    return [verdict for verdict in said if verdict.verdict in ("right", "wrong")]


def rightness(said: Sequence[Verdict]) -> float:
    """The share of judgements that say that the label is right."""
    return sum(verdict.verdict == "right" for verdict in said) / len(said)


def audit_of(population: Population, sample: Drawn, verdicts: Standing) -> Audit:
    """The figures of a sample."""
    stratum = dict(zip(population.ids, population.strata, strict=True))
    said = {identifier: judgements(verdicts, identifier) for identifier in sample.ids}
    judged = {identifier: found for identifier, found in said.items() if found}
    seen = {identifier for own in verdicts.values() for identifier in own}
    strata = strata_of(population, {one: rightness(found) for one, found in judged.items()}, stratum)
    whole = stratified(collapsed(tuple(strata.values())))
    own = {name: {i: v for i, v in by.items() if i in judged} for name, by in verdicts.items()}
    counts = {name: sum(v.verdict != "skip" for v in by.values()) for name, by in own.items()}
    return Audit(
        instances=len(population.ids),
        sample=len(sample.ids),
        judged=len(judged),
        skipped=sum(identifier in seen and identifier not in judged for identifier in sample.ids),
        seed=sample.seed,
        **_interval(whole),
        labels=tuple(_label(name, one) for name, one in strata.items() if name != ALL),
        auditors={name: count for name, count in counts.items() if count},
        agreement=_agreement(judged, sample.given),
        mistakes=_mistakes(judged, sample.given),
        data=sample.data,
    )


def strata_of(population: Population, right: Mapping[str, float], stratum: Mapping[str, str]) -> dict[str, Stratum]:
    """Stratum → its size and what was judged of it. right: id → how far it is right."""
    judged: dict[str, list[float]] = {}
    for identifier, share in right.items():
        judged.setdefault(stratum[identifier], []).append(share)
    shares = {name: judged.get(name, []) for name in population.sizes()}
    return {name: Stratum(size, len(shares[name]), sum(shares[name])) for name, size in population.sizes().items()}


def collapsed(strata: Iterable[Stratum]) -> tuple[Stratum, ...]:
    """The strata, those of which nothing was judged merged with those of which least was."""
    there = [one for one in strata if one.size]
    judged = [one for one in there if one.sampled]
    if len(judged) == len(there) or not judged:
        return tuple(there)
    least = min(one.sampled for one in judged)
    merged = [one for one in there if one.sampled <= least]
    joined = Stratum(
        sum(one.size for one in merged), sum(one.sampled for one in merged), sum(one.right for one in merged)
    )
    return (joined, *(one for one in there if one.sampled > least))


def _label(name: str, one: Stratum) -> LabelAudit:
    found = stratified([one])
    share = found.value if found else None
    return LabelAudit(
        label=name,
        instances=one.size,
        judged=one.sampled,
        right=share,
        low=found.low if found else None,
        high=found.high if found else None,
    )


def _interval(found: Share | None) -> dict[str, float | None]:
    if found is None:
        return {"accuracy": None, "low": None, "high": None}
    return {"accuracy": found.value, "low": found.low, "high": found.high}


def _right_one(verdict: Verdict, given: Label) -> object:
    """What an auditor takes for right, so that two can be compared."""
    if verdict.verdict == "right":
        return ("is", given)
    return ("is", verdict.label) if verdict.label is not None else ("is not", given)


def _agreement(judged: Mapping[str, Sequence[Verdict]], given: Mapping[str, Label]) -> tuple[Agreement, ...]:
    auditors = list(dict.fromkeys(verdict.auditor for found in judged.values() for verdict in found))
    made = []
    for one, other in combinations(sorted(auditors), 2):
        pairs = []
        for identifier, found in judged.items():
            said = {v.auditor: _right_one(v, given[identifier]) for v in found}
            if one in said and other in said:
                pairs.append((said[one], said[other]))
        if pairs:
            same = sum(a == b for a, b in pairs) / len(pairs)
            made.append(Agreement(auditors=(one, other), judged=len(pairs), same=same, kappa=kappa(pairs)))
    return tuple(made)


def _mistakes(judged: Mapping[str, Sequence[Verdict]], given: Mapping[str, Label]) -> dict[str, dict[str, int]]:
    """Label → right label → instances of which somebody said so."""
    counts: Counter[tuple[str, str]] = Counter()
    for identifier, found in judged.items():
        if given[identifier] is None:
            continue
        wrong = {text_of(v.label) or UNNAMED for v in found if v.verdict == "wrong"}
        counts.update((text_of(given[identifier]), right) for right in wrong)
    nested: dict[str, dict[str, int]] = {}
    for (label, right), count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        nested.setdefault(label, {})[right] = count
    return nested
