"""The papers' figures on the papers' data, where it is at hand: what comes out, and how far off the rest is.

DataTune's Table 3 comes out to the last digit. The texts that it counted are not in the paper: for Code they begin
with `Python code:`, as BIG-bench's prompts do; for Russian, whose gold set is rebuilt here from another carrier, each
has one token more than the input, of which only the place is known (before it). TarGEN's counts depend on a
verbalization that is not in the paper either; the nearest one is tested with how far it is off.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("numpy")

from satsuma.measures.tokens import tokens
from satsuma.measures.vocabulary import Vocabulary, VocabularyTally
from satsuma.reading.dataset import Selection, open_dataset

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the papers' data (../shared/data) is not here")


def counted(texts: list[str]) -> Vocabulary:
    tally = VocabularyTally()
    for text in texts:
        tally.add(tokens(text))
    found = tally.result()
    assert isinstance(found, Vocabulary)
    return found


def task(name: str) -> list[str]:
    return [example.text for example in open_dataset(DATA / "bigbench" / f"{name}.json").examples()]


@pytest.mark.parametrize(
    ("name", "bigrams", "all_tokens"),
    [("code_line_description", 13.2, 32.3), ("implicatures", 9.9, 24.1), ("temporal_sequences", 1.0, 99.7)],
)
def test_datatunes_table_3_comes_out(name: str, bigrams: float, all_tokens: float) -> None:
    found = counted(task(name))
    assert round(found.unique_bigrams_per_example, 1) == bigrams
    assert round(found.tokens_per_example, 1) == all_tokens


def test_for_russian_it_is_one_token_per_text_off_and_with_one_it_comes_out() -> None:
    texts = task("medical_questions_russian")
    found = counted(texts)
    assert found.unique_bigrams_per_example == pytest.approx(62.0, rel=0.011)
    assert found.tokens_per_example == pytest.approx(79.4, rel=0.013)
    with_one = counted([f": {text}" for text in texts])
    assert round(with_one.unique_bigrams_per_example, 1) == 62.0
    assert round(with_one.tokens_per_example, 1) == 79.4


def test_the_input_of_code_alone_is_three_tokens_short() -> None:
    examples = open_dataset(DATA / "bigbench" / "code_line_description.json").examples()
    found = counted([example.fields["input"] for example in examples])
    assert found.tokens_per_example == pytest.approx(32.3 - 3, abs=0.05)


def superglue(file: str, selection: Selection) -> int:
    return counted([e.text for e in open_dataset(DATA / "superglue" / file, selection).examples()]).vocabulary


def test_targens_vocabulary_of_copa_is_met_within_5_percent() -> None:
    assert superglue("copa/train.jsonl", Selection(card="copa")) == pytest.approx(5132, rel=0.05)


def test_targens_vocabulary_of_axg_is_met_within_8_percent() -> None:
    assert superglue("axg/test.jsonl", Selection(text=("premise", "hypothesis"))) == pytest.approx(3232, rel=0.08)


def test_targens_vocabulary_of_wsc_is_met_within_6_percent() -> None:
    rows = [json.loads(line) for line in (DATA / "superglue/wsc/train.jsonl").read_text("utf-8").splitlines()]
    texts = [f"text: {r['text']}\nspan1: {r['target']['span1_text']}\nspan2: {r['target']['span2_text']}" for r in rows]
    assert counted(texts).vocabulary == pytest.approx(8858, rel=0.06)
