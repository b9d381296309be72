"""Data in the page: little, whole, and nothing that markup could begin or end."""

from __future__ import annotations

import base64
import json
import random
import re
import zlib
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("numpy")

from satsuma.reporting import packing
from satsuma.reporting.drawing import clean
from satsuma.reporting.instances import Origin, Shown
from satsuma.reporting.lineages import Asked
from satsuma.reporting.page import island, policy


def unpacked(packed: str) -> dict[str, object]:
    assert re.fullmatch(r"[A-Za-z0-9+/=]*", packed)
    return cast("dict[str, object]", json.loads(zlib.decompress(base64.b64decode(packed))))


@given(st.lists(st.one_of(st.none(), st.text(max_size=3), st.integers(0, 3)), max_size=30))
def test_a_column_is_what_it_was(values: list[str | int | None]) -> None:
    found = packing.interned(values)
    if isinstance(found, dict):
        different, places = cast("tuple[list[object], list[int]]", (found["values"], found["at"]))
        assert [different[place] for place in places] == values
        assert 2 * len(different) <= len(values)
    else:
        assert found == values


@given(st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10))
def test_json_in_the_page_is_the_same_and_has_no_markup(value: object) -> None:
    text = island(value)  # type: ignore[arg-type]
    assert json.loads(text) == value
    assert not set("<>&\u2028\u2029") & set(text)


def instances(count: int, length: int) -> tuple[list[Shown], dict[str, Asked]]:
    made, asked, drawn = [], {}, random.Random(7)
    for i in range(count):
        key = f"k{i}"
        noise = "".join(chr(33 + drawn.randrange(90)) for _ in range(length))
        made.append(Shown(0, f"id {i}", "x", {"text": noise}, Origin("c", "s", requests=(key,))))
        asked[key] = Asked(key, "instance", "p", "m", 0, (("user", f"{noise}\nsame\nsame"),), noise, "", 1, 1, None)
    return made, asked


def test_what_fits_is_whole() -> None:
    made, asked = instances(20, 100)
    packed = packing.pack(made, range(20), asked)
    assert (packed.whole, packed.cut) == (20, packing.CUTS[0])
    told = unpacked(packed.lineages)
    assert set(cast("dict[str, object]", told["of"])) == {str(i) for i in range(20)}
    lines = cast("list[str]", told["lines"])
    assert lines.count("same") == 1
    (first, *_) = cast("list[dict[str, list[list[object]]]]", told["requests"])
    role, numbers = first["messages"][0]
    assert role == "user"
    assert "\n".join(lines[n] for n in cast("list[int]", numbers)) == f"{made[0].fields['text']}\nsame\nsame"


def test_what_does_not_fit_loses_lineages_first_and_then_the_ends_of_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    made, asked = instances(40, 3_000)
    whole = packing.pack(made, range(40), asked)
    monkeypatch.setattr(packing, "BUDGET", int(whole.size * 0.9))
    fewer = packing.pack(made, range(40), asked)
    assert 0 < fewer.whole < 40
    assert fewer.cut == packing.CUTS[0]
    monkeypatch.setattr(packing, "BUDGET", 30_000)
    shorter = packing.pack(made, range(40), asked)
    assert shorter.size <= 30_000
    assert shorter.cut < packing.CUTS[0]
    assert "characters in all]" in str(unpacked(shorter.instances)["fields"])


def test_of_a_drawing_only_shapes_and_words_are_kept() -> None:
    drawn = clean(
        '<svg xmlns="http://www.w3.org/2000/svg" onload="x()" viewBox="0 0 1 1"><script>x()</script><style>*{}</style>'
        '<a href="javascript:x()"><text>inside</text></a><foreignObject/><image href="http://a/b"/>'
        '<path d="M0,0" fill="url(http://a)" style="x" aria-roledescription="bar" aria-label="&lt;b&gt; 3" '
        'onclick="x()"/>'
        '<g><text fill="var(--ink)">&lt;script&gt;</text></g></svg>'
    )
    assert drawn.count("<") - drawn.count("</") == 4
    assert 'data-tip="&lt;b&gt; 3"' in drawn
    assert "&lt;script&gt;" in drawn
    for gone in ("script>x", "href", "onclick", "onload", "style", "url(", "inside"):
        assert gone not in drawn


def test_the_policy_lets_in_this_program_and_no_other() -> None:
    told = policy("a{}", "x()")
    assert told.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in told
    assert policy("a{}", "y()") != told
