"""Licences: read leniently, judged strictly."""

from __future__ import annotations

import pytest

from satsuma.catalog.licences import LicenceFilter, licence_of, passes, terms_of

SAID = {
    "mit": "mit",
    "MIT License": "mit",
    "license:apache-2.0": "apache-2.0",
    "Apache License, Version 2.0": "apache-2.0",
    "Apache 2": "apache-2.0",
    "Apache-2.0 (MathQA) [recalled]; repository has no licence": "apache-2.0",
    "BSD-3-Clause (CoS-E); CommonsenseQA v1.0 questions MIT [recalled]": "bsd-3-clause",
    "BSD 2 clause": "bsd-2-clause",
    "CC0-1.0": "cc0-1.0",
    "Creative Commons Zero": "cc0-1.0",
    "CC BY 4.0": "cc-by-4.0",
    "CC BY 4.0 (MBPP) [recalled]; copy taken from an MIT repository": "cc-by-4.0",
    "CC-BY-SA-3.0": "cc-by-sa-3.0",
    "CC BY-SA 4.0 (repository licence; text from Stack Overflow)": "cc-by-sa-4.0",
    "Creative Commons Attribution-NonCommercial-ShareAlike 4.0": "cc-by-nc-sa-4.0",
    "cc-by-nc-nd-4.0": "cc-by-nc-nd-4.0",
    "CC BY 4.0 by name, but the link points at CC BY-SA 4.0: treat as share-alike": "cc-by-sa-4.0",
    "CC BY-SA 3.0 (data) [recalled]; repository Apache-2.0": "cc-by-sa-3.0",
    "GPLv3": "gpl-3.0",
    "AGPL-3.0-or-later": "agpl-3.0",
    "LGPL v2.1": "lgpl-2.1",
    "public domain": "public-domain",
    "mit, other": "other",
    "MIT, for non-commercial use": "non-commercial",
    "permitted, limited and submitted": "",
    "all rights reserved": "",
    "": "",
}


@pytest.mark.parametrize(("said", "licence"), SAID.items())
def test_a_licence_is_known_by_what_people_call_it(said: str, licence: str) -> None:
    assert licence_of(said) == licence


@pytest.mark.parametrize(
    ("licence", "terms"),
    [
        ("mit", "permissive"), ("cc-by-4.0", "permissive"), ("cc-by-sa-4.0", "share-alike"), ("odbl", "share-alike"),
        ("gpl-3.0", "copyleft"), ("cc-by-nd-4.0", "no-derivatives"), ("cc-by-nc-4.0", "non-commercial"),
        ("cc-by-nc-sa-4.0", "non-commercial"), ("llama3", "restricted"), ("other", "unknown"), ("", "unknown"),
        ("cc-by-9.9", "unknown"),
    ],
)  # fmt: skip
def test_a_licence_asks_what_its_class_asks(licence: str, terms: str) -> None:
    assert terms_of(licence) == terms


@pytest.mark.parametrize(
    ("wanted", "allowed"),
    [
        ("any", {"mit", "cc-by-sa-4.0", "cc-by-nc-4.0", "other", ""}),
        ("permissive", {"mit"}),
        ("share-alike", {"mit", "cc-by-sa-4.0"}),
    ],
)
def test_a_filter_lets_through_what_asks_no_more_and_never_the_unknown(
    wanted: LicenceFilter, allowed: set[str]
) -> None:
    assert {name for name in ("mit", "cc-by-sa-4.0", "cc-by-nc-4.0", "other", "") if passes(name, wanted)} == allowed
