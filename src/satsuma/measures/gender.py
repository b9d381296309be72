"""Gendered words by label: whether one label goes with men and another with women.

Counted are pronouns, words for family and words that name a gender, in English, over the words of the input
(`satsuma.selecting.rouge`). `feminine_share` is feminine words over feminine and masculine ones: 0.5 is balanced. `gap`
is the largest difference of that share between two labels that have `LEAST` such words or more; `gap_significant`
says whether chance explains it (the two 95% Wilson intervals do not overlap).

Not covered: names, occupations, genders without words of their own, and other languages.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from satsuma.measures.outcome import NotDefined
from satsuma.proportions import Share, wilson
from satsuma.selecting.rouge import words

_FEMININE = """
    she her hers herself woman women girl girls lady ladies female females mother mothers mom moms mum mums mommy
    grandmother grandma daughter daughters sister sisters wife wives aunt aunts niece nieces girlfriend girlfriends
    bride brides widow widows queen queens princess princesses actress actresses waitress waitresses heroine
    businesswoman policewoman saleswoman congresswoman mrs miss ms madam
"""
FEMININE = frozenset(_FEMININE.split())
_MASCULINE = """
    he him his himself man men boy boys gentleman gentlemen male males father fathers dad dads daddy grandfather
    grandpa son sons brother brothers husband husbands uncle uncles nephew nephews boyfriend boyfriends groom grooms
    widower widowers king kings prince princes actor actors waiter waiters hero businessman policeman salesman
    congressman mr sir
"""
MASCULINE = frozenset(_MASCULINE.split())
LEAST = 20
MOST_LABELS = 1000


@dataclass(frozen=True, slots=True)
class Balance:
    """Gendered words. feminine, masculine: how often they stand. feminine_share: None where there are none."""

    feminine: int
    masculine: int
    feminine_share: float | None


@dataclass(frozen=True, slots=True)
class Gender:
    """Gendered words of all instances and by label. gap: None where fewer than two labels have enough of them."""

    instances: int
    overall: Balance
    per_label: dict[str, Balance]
    gap: float | None
    gap_significant: bool


class GenderTally:
    """Counts instance by instance."""

    def __init__(self) -> None:
        self._instances = 0
        self._counts: dict[str | None, Counter[str]] = defaultdict(Counter)

    def add(self, text: str, label: str | None) -> None:
        """One instance."""
        self._instances += 1
        found = words(text)
        feminine = sum(word in FEMININE for word in found)
        masculine = sum(word in MASCULINE for word in found)
        if label in self._counts or len(self._counts) < MOST_LABELS:
            self._counts[label].update(feminine=feminine, masculine=masculine)
        self._counts[None].update(all_feminine=feminine, all_masculine=masculine)

    def result(self, *, per_label: bool) -> Gender | NotDefined:
        """The balance. per_label: whether the labels are a closed set."""
        total = self._counts[None]
        overall = _balance(total["all_feminine"], total["all_masculine"])
        if overall.feminine_share is None:
            return NotDefined("there are no gendered words (English ones are looked for)")
        labels = sorted(name for name in self._counts if name is not None) if per_label else []
        counts = {name: _balance(self._counts[name]["feminine"], self._counts[name]["masculine"]) for name in labels}
        shares = [_share(b) for b in counts.values() if b.feminine + b.masculine >= LEAST]
        low, high = (min(shares, key=_value), max(shares, key=_value)) if len(shares) > 1 else (None, None)
        return Gender(
            instances=self._instances,
            overall=overall,
            per_label=counts,
            gap=high.value - low.value if low and high else None,
            gap_significant=bool(low and high and low.high < high.low),
        )


def _balance(feminine: int, masculine: int) -> Balance:
    total = feminine + masculine
    return Balance(feminine, masculine, feminine / total if total else None)


def _share(balance: Balance) -> Share:
    total = balance.feminine + balance.masculine
    return wilson(balance.feminine / total, total)


def _value(share: Share) -> float:
    return share.value
