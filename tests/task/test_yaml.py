"""YAML is text with lines; whatever could do more than that is refused where it stands."""

from __future__ import annotations

import time

import pytest
import yaml as pyyaml

from satsuma.errors import CardError
from satsuma.task import yaml
from satsuma.task.yaml import MAX_BYTES, MAX_DEPTH, MAX_VALUES, Document, read_yaml


def read(text: str) -> Document:
    return read_yaml(text.encode(), "card.yaml")


def refusal(source: str | bytes) -> str:
    with pytest.raises(CardError) as caught:
        read_yaml(source.encode() if isinstance(source, str) else source, "card.yaml")
    return caught.value.message


@pytest.mark.parametrize(
    "written", ["yes", "No", "1", "1.0", "0x1F", "1e3", "2024-01-01", "true", "off", "1:30", "1_000", ".inf", "="]
)
def test_a_scalar_stays_the_text_that_the_user_wrote(written: str) -> None:
    document = read(f"key: {written}\nlist: [{written}]\n{written}: value\n")
    assert document.data == {"key": written, "list": [written], written: "value"}


def test_only_a_plain_empty_value_is_none() -> None:
    document = read("a:\nb: ~\nc: null\nd: ''\ne: 'null'\nnull: text\n")
    assert document.data == {"a": None, "b": None, "c": None, "d": "", "e": "null", "null": "text"}


def test_every_field_has_its_line() -> None:
    document = read("a: 1\nb:\n  c: |\n    first\n    second\n  d:\n    - x\n    - y\n")
    assert document.keys == {("a",): 1, ("b",): 2, ("b", "c"): 3, ("b", "d"): 6, ("b", "d", 0): 7, ("b", "d", 1): 8}
    assert document.blocks == {("b", "c")}
    assert document.line(("b", "d", 1)) == 8
    assert document.line(("b", "unknown", "deeper")) == 2


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("a: 1\nb: !!python/object/apply:os.system ['x']", "card.yaml:2: b: !!python/object/apply:os.system is a tag"),
        ("a: !secret x", "card.yaml:1: a: !secret is a tag"),
        ("a: !!str 1", "card.yaml:1: a: !!str is a tag"),
        ("a: ! x", "card.yaml:1: a: ! is a tag"),
        ("a: &x 1", "card.yaml:1: a: &x is an anchor"),
        ("a: 1\n<<: {b: 2}", 'card.yaml:2: "<<": << is a merge key'),
        ("a: 1\nb: 2\na: 3", 'card.yaml:3: a: "a" stands here twice; the first is on line 1'),
        ("a: {b: 1, b: 2}", 'card.yaml:1: a.b: "b" stands here twice'),
        ("? [a]\n: b", "card.yaml:1: a key is a list or a mapping"),
        ("? {a: b}\n: c", "card.yaml:1: a key is a list or a mapping"),
        ("'': b", 'card.yaml:1: "": a key is empty'),
        ("a: [b, c", "card.yaml:1: is not YAML: a list or mapping that is opened with [ or { is not closed"),
        ("a: 1\n---\nb: 2", "card.yaml:2: holds several documents"),
        ("", "card.yaml: is empty"),
        ("# nothing\n", "card.yaml: is empty"),
        ("- a\n- b", "card.yaml:1: is not a card"),
        ("just text", "card.yaml:1: is not a card"),
        (b"a: 1\nb: \xff\n", "card.yaml:2: is not text in UTF-8: byte 0xff"),
        ("a: b".encode("utf-16"), "card.yaml:1: is written in UTF-16; save it as UTF-8"),
        (b"a: 1\nb: \x00", "card.yaml:2: has the control character U+0000"),
        (b"\x7fELF\x02\x01", "card.yaml:1: has the control character U+007F"),
        ('a: 1\nb: "\\x1b[31m"', "card.yaml:2: b: has the control character U+001B"),
        (b"a" * (MAX_BYTES + 1), "card.yaml: is larger than 4096 kB"),
        (
            "task: Route: it",
            "card.yaml:1: is not YAML: a colon stands inside unquoted text here; put the text in quotes",
        ),
        ("a: 1\n\tb: 2", "card.yaml:2: is not YAML: "),
        ("a: @b", "card.yaml:1: is not YAML: unquoted text cannot begin with this character"),
        ("a: 1\nb: 'open", "card.yaml:2: is not YAML: a quote that is opened is never closed"),
        ("a:\n  - b\n c: d", "card.yaml:3: is not YAML: this line is indented differently"),
    ],
)
def test_what_is_not_plain_data_is_refused_with_its_line(source: str | bytes, said: str) -> None:
    assert refusal(source).splitlines()[0].startswith(said)


def test_an_alias_bomb_is_refused_without_being_expanded() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    started = time.perf_counter()
    said = refusal("\n".join(lines))
    assert time.perf_counter() - started < 1
    assert said.splitlines()[0].startswith("card.yaml:1: a0: &a0 is an anchor")
    assert "card.yaml:2: a1[0]: *a0 is an alias; cards have none: write the value out, or put it in quotes" in said


def test_depth_is_refused_while_reading_and_not_after_it() -> None:
    assert read("a: " + "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1)).data
    assert f"is nested more than {MAX_DEPTH} levels deep" in refusal("a: " + "[" * MAX_DEPTH + "]" * MAX_DEPTH)
    assert f"is nested more than {MAX_DEPTH} levels deep" in refusal("[" * 1_000_000)


def test_a_file_of_too_many_values_is_refused() -> None:
    assert f"has more than {MAX_VALUES:,} values" in refusal("a: [" + "1," * MAX_VALUES + "]")


def test_all_mistakes_that_leave_the_rest_readable_are_told_at_once() -> None:
    said = refusal("a: !t x\nb: &y z\nb: *y\n").splitlines()
    assert [line.split(": ")[0] for line in said] == ["card.yaml:1", "card.yaml:2", "card.yaml:3", "card.yaml:3"]


def test_mistakes_before_the_one_that_ends_the_reading_are_told_too() -> None:
    assert len(refusal("a: !t x\nb: 'open").splitlines()) == 2


def test_pyyamls_own_parser_reads_the_same_as_libyaml(monkeypatch: pytest.MonkeyPatch) -> None:
    source = 'a: yes\nb: {c: |, d: [1, "x"]}\n'.replace("c: |,", "c: ~,") + "e: |\n  text\n"
    there = read(source)
    monkeypatch.setattr(yaml, "_LOADER", pyyaml.SafeLoader)
    assert read(source) == there
    assert refusal("a: &x 1\nb: *x") == "\n".join(refusal("a: &x 1\nb: *x").splitlines())
    assert "is not YAML" in refusal("a: b: c")


def test_a_byte_order_mark_is_no_mistake() -> None:
    assert read_yaml(b"\xef\xbb\xbfa: 1", "card.yaml").data == {"a": "1"}
