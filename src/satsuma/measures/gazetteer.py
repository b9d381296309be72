"""Countries, nationalities and languages by name: what there is to find entities with where no trained model is.

Countries and languages are those of CLDR, as Babel has them, in English and in the language of the texts;
nationalities are English (`satsuma.measures.demonyms`). Only what begins with a capital counts, the longest name
first, and a nationality before the language of the same name: `French` is a nationality unless `in`, `speak`, `learn`
or the like stands before it. Languages are those with a two-letter code: of the others, many have names that are
common words.

Not covered: cities and regions; inflected forms, which most languages other than English have; names that mean
something else (Georgia, Jordan, Chad, Turkey).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from satsuma.measures.demonyms import DEMONYMS

_MORE = {
    "America": "US", "Britain": "GB", "Burma": "MM", "Cape Verde": "CV", "Czech Republic": "CZ", "East Timor": "TL",
    "England": "GB", "Great Britain": "GB", "Holland": "NL", "Hong Kong": "HK", "Ivory Coast": "CI", "Macao": "MO",
    "Myanmar": "MM", "Northern Ireland": "GB", "Palestine": "PS", "Scotland": "GB", "South Korea": "KR",
    "Swaziland": "SZ", "Turkey": "TR", "U.K.": "GB", "U.S.": "US", "U.S.A.": "US", "UAE": "AE", "UK": "GB", "US": "US",
    "USA": "US", "USSR": "SU", "Soviet Union": "SU", "Wales": "GB",
}  # fmt: skip
_NO_COUNTRIES = frozenset({"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"})
_NO_LANGUAGES = frozenset({"Interlingue", "Kongo", "Luba-Katanga", "Sanskrit"})
_SPEAKING = re.compile(
    r"\b(?:in|into|from|speak|speaks|spoke|speaking|spoken|learn|learns|learned|learning|study|studies|studied"
    r"|studying|translate|translated|write|written|read|fluent in)\s+$",
    re.IGNORECASE,
)


@lru_cache(maxsize=8)
def _countries(language: str) -> dict[str, str]:
    """Name → the country's English name."""
    english = _territories("en")
    found = {name: english[code] for code, name in english.items()}
    found |= {name: english[code] for code, name in _territories(language).items() if code in english}
    return found | {name: english.get(code, name) for name, code in _MORE.items()}


def _territories(language: str) -> dict[str, str]:
    from babel import Locale, UnknownLocaleError

    try:
        names = Locale.parse(language).territories
    except (UnknownLocaleError, ValueError):
        return {}
    return {code: str(name) for code, name in names.items() if len(code) == 2 and code not in _NO_COUNTRIES}


@lru_cache(maxsize=1)
def _languages() -> dict[str, str]:
    from babel import Locale

    names = {str(name) for code, name in Locale("en").languages.items() if len(code) == 2}
    return {name: name for name in names - _NO_LANGUAGES}


@lru_cache(maxsize=8)
def _pattern(language: str) -> re.Pattern[str]:
    names = {*_countries(language), *_languages(), *DEMONYMS}
    capital = (re.escape(name) for name in names if name[:1].isupper())
    longest_first = sorted(capital, key=lambda name: (-len(name), name))
    return re.compile(rf"(?<!\w)(?:{'|'.join(longest_first)})(?!\w)")


@dataclass(frozen=True, slots=True)
class Mention:
    """Where something is named: GPE, NORP or LANGUAGE; a country by its English name. start, end: in the text."""

    kind: str
    name: str
    start: int
    end: int


def mentions(text: str, language: str = "en") -> Iterator[Mention]:
    """The mentions of a text, in order. language: its code, for the names of countries."""
    english = _territories_of_demonyms()
    for match in _pattern(language).finditer(text):
        name = match[0]
        if name in _languages() and (name not in DEMONYMS or _SPEAKING.search(text, 0, match.start())):
            kind = "LANGUAGE"
        elif name in DEMONYMS:
            kind, name = "NORP", english.get(DEMONYMS[name], name)
        else:
            kind, name = "GPE", _countries(language)[name]
        yield Mention(kind, name, match.start(), match.end())


@lru_cache(maxsize=1)
def _territories_of_demonyms() -> dict[str, str]:
    """Country code → the adjective that stands for its people, so that `Danes` and `Danish` are one."""
    first: dict[str, str] = {}
    for word, code in DEMONYMS.items():
        first.setdefault(code, word)
    return first
