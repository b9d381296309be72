"""What is in an evaluation set is found, whatever form it has there, and each row that is hit is named."""

from __future__ import annotations

import random
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from satsuma.curation.evaluation import Asked, evaluation_rows
from satsuma.curation.leaks import GRAM, EvaluationSets, Hit
from satsuma.curation.near_rows import NearRows
from satsuma.curation.population import Member
from satsuma.errors import DataError
from satsuma.selecting.rouge import rouge_l_of
from satsuma.task.loader import load_card

LONG = "the ship left the harbour at dawn and nobody on the quay knew where it was bound that day"


def member(text: str) -> Member:
    return Member("1", text, text, None, "", "g")


def sets(*texts: str) -> EvaluationSets:
    return EvaluationSets(Asked("eval", number, f"e{number}", (text,)) for number, text in enumerate(texts))


def hits(found: EvaluationSets, text: str) -> list[tuple[int, str]]:
    return [(hit.row, hit.how) for hit in found.hits(0, member(text))]


def test_the_same_words_are_found_whatever_their_case_and_punctuation() -> None:
    assert hits(sets("What is it?", "A red door."), "a RED, door!") == [(1, "exact")]


def test_a_near_duplicate_of_a_row_is_found_and_a_far_one_is_not() -> None:
    found = sets("the cat sat on the old mat")
    assert hits(found, "the cat sat on the new mat") == [(0, "near")]
    assert hits(found, "dogs ran over a hill and slept") == []


def test_thirteen_words_in_a_row_are_a_leak_and_twelve_are_not() -> None:
    around = "before this something quite different stood here for a while {} with more words that nobody knows"
    words = LONG.split()
    found = sets(LONG + " " + " ".join(f"w{number}" for number in range(40)))
    (hit,) = found.hits(0, member(around.format(" ".join(words[:GRAM]))))
    assert (hit.how, hit.shared) == ("overlap", " ".join(words[:GRAM]))
    assert 0 < hit.likeness < 1
    assert hits(found, around.format(" ".join(words[: GRAM - 1]))) == []


def test_every_row_that_is_hit_is_listed_with_its_set_and_id() -> None:
    found = sets("one two three four", "something else entirely here", "One two three, four.")
    assert found.hits(7, member("one two three four")) == [
        Hit(7, "eval", 0, "e0", "exact", 1.0),
        Hit(7, "eval", 2, "e2", "exact", 1.0),
    ]


def test_what_most_rows_of_a_set_begin_with_is_its_form_and_no_leak() -> None:
    form = " ".join(f"instruction{number}" for number in range(15))
    rows = [f"{form} {' '.join(f'q{row}x{n}' for n in range(30))}" for row in range(20)]
    assert hits(sets(*rows), f"{form} {' '.join(f'other{n}' for n in range(30))}") == []
    assert hits(sets(*rows[:5]), f"{form} {' '.join(f'other{n}' for n in range(30))}") != []


@given(
    st.lists(st.lists(st.sampled_from("abcde"), max_size=8), max_size=12),
    st.lists(st.sampled_from("abcde"), max_size=8),
)
def test_near_rows_are_those_that_comparing_all_finds(texts: list[list[str]], asked: list[str]) -> None:
    for threshold in (0.3, 0.5, 0.7, 1.0):
        found = NearRows(texts, threshold).near(asked)
        wanted = [
            (n, rouge_l_of(text, asked)) for n, text in enumerate(texts) if rouge_l_of(text, asked) >= threshold - 1e-12
        ]
        assert [n for n, _ in found] == [n for n, _ in wanted]
        assert [near for _, near in found] == pytest.approx([near for _, near in wanted])


def test_near_rows_of_longer_texts_are_those_that_comparing_all_finds() -> None:
    draw = random.Random(3)
    texts = [[f"w{draw.randrange(30)}" for _ in range(draw.randrange(5, 25))] for _ in range(80)]
    asked = [[w for w in text if draw.random() > 0.2] for text in texts]
    index = NearRows(texts, 0.7)
    for one in asked:
        assert [n for n, _ in index.near(one)] == [n for n, text in enumerate(texts) if rouge_l_of(text, one) >= 0.7]


def lines(path: Path, *rows: object) -> Path:
    path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    return path


MULTIRC = {
    "idx": 0,
    "passage": {
        "text": "Ann went to the market.",
        "questions": [{"question": "Who went?", "idx": 0, "answers": [{"text": "Ann", "idx": 0, "label": 1}]}],
    },
}


def test_raw_superglue_is_read_with_its_card_and_without(tmp_path: Path) -> None:
    path = lines(tmp_path / "val.jsonl", MULTIRC)
    (by_card,) = evaluation_rows(path, load_card("multirc"), ())
    assert by_card.texts[0] == "Ann went to the market.\nWho went?\nAnn"
    (without,) = evaluation_rows(path, None, ())
    assert without.texts == ("Ann went to the market.\nWho went?\nAnn",)
    wsc = {"text": "Joan thanked Susan", "target": {"span1_text": "Joan", "span2_text": "Susan", "span1_index": 0, "span2_index": 2}, "idx": 3, "label": True}  # fmt: skip  # noqa: E501
    (row,) = evaluation_rows(lines(tmp_path / "wsc.jsonl", wsc), load_card("wsc"), ())
    assert row.texts[0].startswith("Joan thanked Susan\n")
    assert (row.row, row.id) == (0, "3")


def test_a_bigbench_task_is_read(tmp_path: Path) -> None:
    path = tmp_path / "task.json"
    path.write_bytes(orjson.dumps({"name": "t", "examples": [{"input": "Is it so?", "target": "yes"}, {"input": "And this?", "target": "no"}]}))  # fmt: skip  # noqa: E501
    assert [(one.row, one.texts) for one in evaluation_rows(path, None, ())] == [
        (0, ("Is it so?",)),
        (1, ("And this?",)),
    ]


def test_a_label_is_no_part_of_what_is_compared(tmp_path: Path) -> None:
    path = lines(tmp_path / "e.jsonl", {"premise": "p", "hypothesis": "h", "label": "entailment", "idx": 4})
    (row,) = evaluation_rows(path, None, ())
    assert row.texts == ("p\nh",)


def test_an_evaluation_set_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        list(evaluation_rows(tmp_path / "none.jsonl", None, ()))
