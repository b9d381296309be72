"""Text as YAML: it comes back as it was, and nothing in it is anything else."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from satsuma.drafting.scalars import block, key, quoted, scalar
from satsuma.task.yaml import read_yaml

TRICKS = [
    "yes", "No", "null", "~", "1", "1.0", "0x1f", "2024-01-01", "1:30", ".inf", "<<", "=", "- a", "? a", ": a", "a: b",
    "a #b", "#a", "a:", "!x", "!!python/object:os.system", "&a", "*a", "[a]", "{a: b}", "{{ task }}", "{% if %}", "|",
    ">-", "'a'", '"a"', 'a "b" c', "a\\nb", "%a", "@a", "`a`", "---", "...", "a, b", ", a", "a,", "it's", " a", "a ",
    "a  b", "\ta", "Straße", "日本語", "عربي", "🍊", "👩\u200d🔬", "نیم\u200cفاصله", "-", "?", "e.g. x", "50%",
    "x" * 300,
]  # fmt: skip
UNSEEN = ["a\u202eb", "\ufeffa", "a\u2028b", "a\u00a0b", "a\u200bb", "a\u0085b", "\ue000"]


def read(text: str) -> object:
    return read_yaml(text.encode(), "x").data


@pytest.mark.parametrize("text", [*TRICKS, *UNSEEN])
def test_tricks_come_back_as_the_text_that_they_are(text: str) -> None:
    assert read(f"k: {scalar(text)}\n{key(text)}: v\n") == {"k": text, text: "v"}
    assert yaml.safe_load(f"k: {scalar(text)}\n") == {"k": text}


@pytest.mark.parametrize("text", UNSEEN)
def test_what_nobody_can_see_is_written_as_its_escape(text: str) -> None:
    assert quoted(text).isascii()
    assert scalar(text) == quoted(text)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=300))
def test_any_text_comes_back_wherever_it_stands(text: str) -> None:
    document = f"a:\n  b: {scalar(text, 2)}\n  c: {scalar(text * 3, 2)}\n  d: end\n"
    assert read(document) == {"a": {"b": text, "c": text * 3, "d": "end"}}


@given(st.lists(st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=12), max_size=60))
def test_words_are_folded_and_come_back(words: list[str]) -> None:
    text = " ".join(words)
    written = scalar(text, 4)
    assert read(f"a:\n    b: {written}\n    c: d\n") == {"a": {"b": text, "c": "d"}}
    assert all(len(line) <= 118 or " " not in line.strip() for line in written.splitlines()[1:])


def test_what_other_programs_take_for_something_else_is_quoted() -> None:
    for text in ("yes", "no", "true", "null", "1", "1.5", "2024-01-01", "on"):
        assert key(text) == f'"{text}"'
    assert [key(text) for text in ("unusual", "not unusual", "it's", "nach Hause")] == [
        "unusual", "not unusual", "it's", "nach Hause",
    ]  # fmt: skip


def test_a_block_keeps_lines() -> None:
    text = "{% for a in b %}\n  {{ a }}\n\n{% endfor %}\n# not a comment\n"
    assert read(f"v:\n  t: {block(text, 4)}\n  u: w\n") == {"v": {"t": text, "u": "w"}}
