"""Licences by what they ask: a normal identifier for what a source says, and its class.

Identifiers are those of SPDX in lower case, and the hub's own where SPDX has none. What a source says is read
leniently ("CC BY-SA 4.0 (repository licence)", "Apache 2", "license:mit") and judged strictly: where several are
named, the one that asks most counts, and what is not in the table is unknown, which is never permissive.

Source: https://spdx.org/licenses/ and https://huggingface.co/docs/hub/repositories-licenses. This is a filter and not
legal advice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal, get_args

Terms = Literal["permissive", "share-alike", "copyleft", "no-derivatives", "non-commercial", "restricted", "unknown"]
"""From asking least to asking most. permissive: at most attribution."""
TERMS: tuple[Terms, ...] = get_args(Terms)
LicenceFilter = Literal["any", "permissive", "share-alike"]
FILTERS: tuple[LicenceFilter, ...] = get_args(LicenceFilter)

MAX_TEXT = 2000
"""Characters of what a source says that are read."""

_TABLE: dict[Terms, str] = {
    "permissive": """
        0bsd afl-3.0 apache-2.0 artistic-2.0 blueoak-1.0.0 bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear bsl-1.0
        c-uda cc0-1.0 cdla-permissive-1.0 cdla-permissive-2.0 ecl-2.0 etalab-2.0 isc mit
        mit-0 ms-pl ncsa odc-by ofl-1.1 ogl-uk-3.0 pddl postgresql public-domain python-2.0 unlicense upl-1.0 wtfpl
        zlib""",
    "share-alike": "cdla-sharing-1.0 gfdl odbl",
    "copyleft": """
        agpl-3.0 cecill-2.1 epl-1.0 epl-2.0 eupl-1.1 eupl-1.2 gpl gpl-2.0 gpl-3.0 lgpl lgpl-2.1 lgpl-3.0 lgpl-lr mpl-2.0
        osl-3.0""",
    "no-derivatives": "",
    "non-commercial": "non-commercial",
    "restricted": """
        apple-ascl apple-amlr bigcode-openrail-m bigscience-bloom-rail-1.0 bigscience-openrail-m creativeml-openrail-m
        deepfloyd-if-license fair-noncommercial-research-license gemma h-research intel-research llama2 llama3 llama3.1
        llama3.2 llama3.3 llama4 open-mdw openrail openrail++""",
}
_TERMS_OF: dict[str, Terms] = {name: terms for terms, names in _TABLE.items() for name in names.split()}

_CC = re.compile(
    r"\b(?:cc|creative[ -]commons)[ -]*(?:licen[cs]e[ -]*)?(zero|0|by|attribution)"
    r"((?:[ -]*(?:nc|sa|nd|non-?commercial|share-?alike|no-?derivatives|no-?derivs))*)"
    r"[ -]*(?:international|unported)?[ -]*v?(\d\.\d)?",
    re.IGNORECASE,
)
_CC_BY = re.compile(r"cc-by((?:-(?:nc|nd|sa))*)-[2-4]\.[05]")
_CC_TERMS: tuple[tuple[str, Terms], ...] = (("nc", "non-commercial"), ("nd", "no-derivatives"), ("sa", "share-alike"))
_PARTS = (("nc", r"nc|non-?commercial"), ("nd", r"nd|no-?deriv"), ("sa", r"sa|share-?alike"))
_NAMED = (
    (r"apache(?:[ -]*(?:software[ -]*)?licen[cs]e)?[ ,-]*(?:v|version)?[ .-]*2(?:\.0)?", "apache-2.0"),
    (r"0bsd", "0bsd"),
    (r"bsd[ -]*(\d)[ -]*clause(?:[ -]*clear)?", "bsd-{0}-clause"),
    (r"bsd", "bsd"),
    (r"(a|l)?gpl(?:[ -]*(?:licen[cs]e)?[ -]*v?(\d(?:\.\d)?)(?:\.0)?)?(?:-only|-or-later|\+)?", "gpl"),
    (r"mpl[ -]*(?:v)?2(?:\.0)?", "mpl-2.0"),
    (r"odc[ -]*by|odc[ -]*attribution", "odc-by"),
    (r"odbl|odc[ -]*odbl", "odbl"),
    (r"mit(?:[ -]*licen[cs]e)?(?!-)", "mit"),
    (r"public[ -]*domain", "public-domain"),
    (r"(?:the[ -]*)?unlicense", "unlicense"),
)
_RESTRICTION = re.compile(
    r"non-?[ ]?commercial|research[ -](?:use|purposes?)?[ -]?only|no[ -]derivatives", re.IGNORECASE
)


def licence_of(text: str) -> str:
    """The identifier of the strictest licence that a text names, of equals the first; empty if it names none."""
    found = sorted(_named_in(text[:MAX_TEXT].lower()), key=lambda named: (named[0], -len(named[1])))
    return max((name for _, name in found), key=lambda name: TERMS.index(terms_of(name)), default="")


def terms_of(licence: str) -> Terms:
    """What a licence asks, by its normal identifier."""
    if match := _CC_BY.fullmatch(licence):
        return next((terms for part, terms in _CC_TERMS if part in match[1]), "permissive")
    return _TERMS_OF.get(licence, "unknown")


def licence_of_all(licences: Iterable[str]) -> str:
    """The licence of what is made of several sources: the strictest that any of them has, of equals the first.

    Empty where they ask for no more than attribution, or there are none; `unknown` where one of them is not known.
    """
    strictest = max(licences, key=lambda name: TERMS.index(terms_of(name)), default="mit")
    return "" if terms_of(strictest) == "permissive" else strictest or "unknown"


def passes(licence: str, wanted: LicenceFilter) -> bool:
    """Whether a dataset of this licence (empty: not known) may be used under the filter."""
    return terms_pass(terms_of(licence), wanted)


def terms_pass(terms: Terms, wanted: LicenceFilter) -> bool:
    """As `passes`, of what a licence asks."""
    allowed = {"permissive": ("permissive",), "share-alike": ("permissive", "share-alike")}
    return wanted == "any" or terms in allowed[wanted]


def _named_in(text: str) -> Iterator[tuple[int, str]]:
    """Every identifier that a text in lower case names, with its place."""
    for match in re.finditer(r"(?<![\w.+-])[\w+-][\w.+-]*", text.replace("license:", " " * 8)):
        if terms_of(match[0].rstrip(".")) != "unknown":
            yield match.start(), match[0].rstrip(".")
    if any(word.strip() in ("other", "unknown") for word in text.split(",")):
        yield len(text), "other"
    for match in _CC.finditer(text):
        yield match.start(), _creative_commons(match)
    for pattern, name in _NAMED:
        for match in re.finditer(rf"(?<![\w-]){pattern}(?!\w)", text):
            yield match.start(), _filled(name, match)
    if restriction := _RESTRICTION.search(text):
        yield restriction.start(), "non-commercial"


def _creative_commons(match: re.Match[str]) -> str:
    if match[1] in ("0", "zero"):
        return "cc0-1.0"
    parts = [part for part, pattern in _PARTS if re.search(pattern, match[2] or "")]
    order = [part for part in ("nc", "nd", "sa") if part in parts]
    return "-".join(["cc", "by", *order, match[3] or "4.0"])


def _filled(name: str, match: re.Match[str]) -> str:
    if name == "gpl":
        version = match[2] or ""
        family = f"{match[1] or ''}gpl"
        return f"{family}-{version}" if "." in version else f"{family}-{version}.0" if version else family
    return name.format(*match.groups()) if "{" in name else name
