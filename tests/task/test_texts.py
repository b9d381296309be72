"""Texts of a user's own: read from every kind of file, each once, and what is wrong said clearly."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from satsuma.checking import check_card
from satsuma.errors import CardError, DataError, SettingsError
from satsuma.run.identity import fingerprint
from satsuma.task.card import Card
from satsuma.task.loader import examine, load_card
from satsuma.task.textfiles import with_texts
from satsuma.task.texts import Texts, hash_of, texts_from

CARD = "task: Route it.\ninputs: {message: A message.}\noutput: {labels: {a: x, b: y}}\n"


def parquet(path: Path, **columns: pa.Array) -> Path:
    pq.write_table(pa.table(columns), path)
    return path


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", "one\n\n  two, with a comma \r\nthree\n"),
        ("a.jsonl", '"one"\n{"text": "two, with a comma", "id": 2}\n\n"three"\n'),
        ("a.ndjson", '{"text": "one"}\n{"text": " two, with a comma "}\n{"text": "three"}'),
        ("a.csv", 'id,text\n1,one\n2,"two, with a comma"\n3,three\n'),
        ("a.csv", 'only\none\n"two, with a comma"\nthree\n'),
        ("a.tsv", "text\tid\none\t1\ntwo, with a comma\t2\nthree\t3\n"),
        ("a.txt", "\ufeffone\ntwo, with a comma\nthree"),
        ("a.jsonl", '\ufeff"one"\n"two, with a comma"\n"three"'),
        ("a.CSV", '\ufefftext\none\n"two, with a comma"\nthree\n'),
    ],
)
def test_every_kind_of_file_is_read(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_bytes(content.encode())
    assert texts_from(str(tmp_path / name), "seeds").texts == ("one", "two, with a comma", "three")


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int8(), pa.string())])
def test_parquet_is_read_by_column(tmp_path: Path, kind: pa.DataType) -> None:
    body = pa.array(["one", None, "two"]).cast(kind)
    path = parquet(tmp_path / "a.parquet", text=pa.array(["x", "y", "z"]), body=body)
    assert texts_from(f"{path}:body", "seeds") == Texts(("one", "two"), blank=1)
    assert texts_from(path, "seeds").texts == ("x", "y", "z")


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_another_column_is_named_after_a_colon(tmp_path: Path, name: str) -> None:
    content = "text,body\nx,one\ny,two\n" if name == "a.csv" else '{"body": "one"}\n{"body": "two", "text": "y"}\n'
    (tmp_path / name).write_text(content)
    assert texts_from(f"{tmp_path / name}:body", "seeds").texts == ("one", "two")


def test_a_file_whose_name_has_a_colon_is_found_first(tmp_path: Path) -> None:
    (tmp_path / "a.txt:b.txt").write_text("one\n")
    assert texts_from(tmp_path / "a.txt:b.txt", "seeds").texts == ("one",)


def test_blank_texts_and_repeats_are_left_out_and_counted(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('"one"\n" one "\n"  "\n"two"\n{"text": null}\n"One"\n')
    found = texts_from(tmp_path / "a.jsonl", "seeds")
    assert found == Texts(("one", "two", "One"), blank=2, repeats=1)
    assert found.left_out() == "1 is there already and 2 are blank"


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.pdf", b"x", r"a\.pdf: its kind cannot be told.*\.txt, \.jsonl"),
        ("a.txt", b"\n \n", r"a\.txt has no texts that are not blank"),
        ("a.txt", b"", r"a\.txt has no texts$"),
        ("a.csv", b"", r"a\.csv is empty"),
        ("a.csv", b"id,body\n1,x\n", r"a\.csv has no column text; it has id, body.*a\.csv:COLUMN"),
        ("a.csv", b'text,n\n"x,1\n', r"a\.csv, line \d is not CSV"),
        ("a.jsonl", b'{"text": "x"}\n{"body": "y"}\n', r"a\.jsonl, line 2 has no field text; it has body"),
        ("a.jsonl", b'{"text": "x"}\n{"text": "y"\n', r"a\.jsonl, line 2 is not JSON"),
        ("a.jsonl", b'{"text": 5}\n', r"a\.jsonl, line 1: '5' is not text"),
        ("a.jsonl", b"[1]\n", r"a\.jsonl, line 1: '\[1\]' is not text"),
        ("a.jsonl", b'"\\ud800"\n', r"a\.jsonl, line 1 is not JSON"),
        ("a.txt", b"one\n\xff\xfe\n", r"a\.txt is not UTF-8: byte 4 is 0xff"),
        ("a.parquet", b"PAR0", r"a\.parquet is not Parquet"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=f"(?s){says}"):
        texts_from(tmp_path / name, "seeds")


def test_a_file_that_is_not_there_and_columns_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"there is no file .*none\.jsonl"):
        texts_from(tmp_path / "none.jsonl", "seeds")
    (tmp_path / "a.txt").write_text("one\n")
    with pytest.raises(DataError, match="has no columns, so none can be called body"):
        texts_from(f"{tmp_path / 'a.txt'}:body", "seeds")
    path = parquet(tmp_path / "a.parquet", text=pa.array([1, 2]))
    with pytest.raises(DataError, match="the column text holds int64, not text"):
        texts_from(path, "seeds")
    (tmp_path / "b.jsonl").write_text('"one"\n')
    with pytest.raises(DataError, match="line 1 is not an object, so it has no field body"):
        texts_from(f"{tmp_path / 'b.jsonl'}:body", "seeds")


def test_a_list_has_to_be_of_texts() -> None:
    with pytest.raises(SettingsError, match=r"seeds\[1\] is 5, which is not text"):
        texts_from(["one", 5], "seeds")  # type: ignore[list-item]
    with pytest.raises(SettingsError, match="seeds has no texts"):
        texts_from([" "], "seeds")


def test_the_hash_of_texts_is_theirs_in_their_order() -> None:
    assert hash_of(("one", "two")) == "t1-b821ac9565a1e3fc45f190d4c0cf7b28"
    assert len({hash_of(t) for t in [("one", "two"), ("two", "one"), ("onetwo",), ("one", "tw", "o"), ()]}) == 5


def test_a_run_that_is_given_texts_is_the_run_of_a_card_that_has_them_wherever_they_came_from(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\ntwo\n")
    card = load_card({"name": "c", "task": "t", "inputs": {"a": "x", "b": "y"}, "output": {"labels": ["p", "q"]}})
    of_a_file, _ = with_texts(card, seeds=tmp_path / "a.txt")
    of_a_list, _ = with_texts(card, seeds=["one", "two"])
    other, _ = with_texts(card, seeds=["one", "three"])
    assert of_a_file.seed_spec.given == ("one", "two")
    assert of_a_file.seed_spec.field == "a"
    assert fingerprint(of_a_file) == fingerprint(of_a_list) != fingerprint(other)
    assert fingerprint(card) != fingerprint(of_a_file)
    contexts, _ = with_texts(card, contexts=["home", "work", "home"])
    assert contexts.contexts.given == ("home", "work")


def test_what_a_run_writes_of_given_seeds_is_their_number_and_hash() -> None:
    card, told = with_texts(load_card("copa"), seeds=["one", "two", "one"])
    written = card.model_dump(mode="json")
    assert written["seed"]["given"] == {"count": 2, "hash": hash_of(("one", "two"))}
    assert Card.model_validate(written).seed_spec.given == ()
    assert told == ["seeds: 2 texts; 1 is there already and left out"]


def card_file(directory: Path, more: str) -> Path:
    path = directory / "card.yaml"
    path.write_text(CARD + more)
    return path


def test_a_card_takes_texts_from_itself_or_from_a_file_beside_it(tmp_path: Path) -> None:
    (tmp_path / "texts.csv").write_text("body\none\ntwo\none\n")
    inline = load_card(card_file(tmp_path, "seed: {given: [one, two]}\ncontexts: [x, y]\n"))
    filed = load_card(card_file(tmp_path, "seed: {file: texts.csv}\ncontexts: {file: 'texts.csv:body'}\n"))
    assert with_texts(filed)[1] == [f"{p}: 2 texts; 1 is there already and left out" for p in ("contexts", "seed")]
    warned = [str(flaw) for flaw in check_card(tmp_path / "card.yaml").warnings]
    assert f"{tmp_path / 'card.yaml'}:4: seed.file: 2 texts; 1 is there already and left out" in warned
    assert inline.seed_spec.given == filed.seed_spec.given == filed.contexts.given == ("one", "two")
    assert fingerprint(inline.model_copy(update={"contexts": filed.contexts})) == fingerprint(filed)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("seed: {file: none.txt}\n", "card.yaml:4: seed.file: there is no file"),
        ("seed:\n  file: ../texts.txt\n", "card.yaml:5: seed.file: .*has to be a path in the card's directory"),
        ("seed: {file: empty.txt}\n", "card.yaml:4: seed.file: .*empty.txt has no texts"),
        ("contexts: {file: 'table.csv:body'}\n", "card.yaml:4: contexts.file: .*has no column body; it has a, b"),
        ("seed: {given: [one, one]}\n", r"card.yaml:4: seed.given\[1\]: stands in the list twice"),
        ("seed: {given: [one, ' ']}\n", r"card.yaml:4: seed.given\[1\]: is blank"),
        ("seed: {given: []}\n", "card.yaml:4: seed.given: is empty; leave it out"),
        ("seed: {given: [one], file: a.txt}\n", "card.yaml:4: seed.file: names a file, but the texts are given too"),
        ("contexts: {given: [one], file: a.txt}\n", "card.yaml:4: contexts.file: names a file, but the contexts"),
        ("seed: {uses: 0}\n", "card.yaml:4: seed.uses: "),
    ],
)
def test_what_is_wrong_with_a_cards_texts_is_said_with_its_line(tmp_path: Path, more: str, says: str) -> None:
    (tmp_path / "empty.txt").write_text("")
    (tmp_path / "table.csv").write_text("a,b\n1,2\n")
    flaws = examine(card_file(tmp_path, more)).flaws
    assert any(re.search(says, str(flaw)) for flaw in flaws), [str(flaw) for flaw in flaws]


def test_a_card_that_is_no_file_gives_the_texts_themselves() -> None:
    card = {"task": "t", "inputs": {"a": "x"}, "output": {"labels": ["p", "q"]}, "seed": {"file": "a.txt"}}
    with pytest.raises(CardError, match="since this card is no file; give the texts themselves"):
        load_card(card)
