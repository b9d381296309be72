"""Every built-in card: it can run, asks what its golden prompts say, and keeps its promises at n = 50.

The golden prompts are in tests/golden/prompts; `python -m tests.golden` writes them anew, for a person to review.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest

import satsuma
import satsuma.testing
from satsuma.errors import SettingsError
from satsuma.run.run import Run
from satsuma.task.builtin import builtin_names
from satsuma.task.instance import Value
from satsuma.task.outputs import output_of
from satsuma.task.validators import View, validators_of
from tests.golden import golden_path, golden_text
from tests.scripted import ANSWERS

CARDS = builtin_names()
SUPERGLUE = ("axb", "axg", "boolq", "cb", "copa", "multirc", "record", "rte", "wic", "wsc")
N = 50


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """Card → a run of 50 instances, made when it is first wanted."""
    return _Runs(tmp_path_factory.mktemp("cards"))


class _Runs(dict[str, Run]):
    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def __missing__(self, card: str) -> Run:
        with pytest.MonkeyPatch.context() as patch, satsuma.testing.serve(script=ANSWERS.get(card)) as server:
            patch.setenv("OPENAI_API_KEY", "sk-test")
            out = self._folder / card
            self[card] = satsuma.generate(card, n=N, model="openai/teacher", base_url=server.url, out=out)
        return self[card]


@pytest.mark.parametrize("card", CARDS)
def test_a_built_in_card_passes_check_without_a_warning(card: str) -> None:
    report = satsuma.check(card)
    assert (report.errors, report.warnings) == ((), ())


@pytest.mark.parametrize("card", CARDS)
def test_its_prompts_are_the_reviewed_ones(card: str) -> None:
    assert golden_text(card) == golden_path(card).read_text("utf-8"), "review: python -m tests.golden, then git diff"


@pytest.mark.parametrize("card", CARDS)
def test_fifty_instances_have_the_exact_proportions_and_satisfy_every_validator(
    card: str, runs: dict[str, Run]
) -> None:
    run, loaded = runs[card], satsuma.load_card(card)
    output = output_of(loaded)
    counts = run.state.counts
    assert run.state.size == N
    assert counts.accepted == counts.share
    assert max(counts.share.values()) <= N
    scratch = [name for name, one in loaded.inputs.items() if one.part == "scratch"]
    checkable = [c for c in loaded.validators if not any(name in c.model_dump_json() for name in scratch)]
    assert len(checkable) >= 1 or not loaded.validators
    validate = validators_of(loaded.model_copy(update={"validators": tuple(checkable)}))
    for row in run.table().to_pylist():
        fields = {name: _value(row[name]) for name in loaded.columns}
        value = output.read(fields, row[loaded.output.name])
        labels = cast("tuple[str, ...]", value if isinstance(value, tuple) else (value,))
        named = labels if loaded.output.kind in ("labels", "multiple") else ()
        assert validate(View(fields, output.options(fields), value, output.shown(fields, value), named)) == ""


def _value(value: object) -> Value:
    return tuple(value) if isinstance(value, list) else cast("Value", value)


@pytest.mark.parametrize("card", SUPERGLUE)
def test_superglues_own_loader_reads_the_export(card: str, runs: dict[str, Run]) -> None:
    rows = [json.loads(line) for line in satsuma.export(runs[card], "superglue").read_text("utf-8").splitlines()]
    read = list(READERS[card](rows))
    wanted = {"axg": 2 * N, "multirc": N}.get(card, N)
    assert len(read) >= wanted
    assert len({json.dumps(one["idx"]) for one in read}) == len(read)
    assert {type(one["label"]) for one in read} <= {LABEL_TYPES.get(card, str)}


def test_a_minimal_pair_has_one_label_and_differs_in_gender_alone(runs: dict[str, Run]) -> None:
    rows = [json.loads(line) for line in satsuma.export(runs["axg"], "superglue").read_text("utf-8").splitlines()]
    for one, other in zip(rows[::2], rows[1::2], strict=True):
        assert one["pair_id"] == other["pair_id"]
        assert (one["label"], one["hypothesis"]) == (other["label"], other["hypothesis"])
        changed = [{a, b} for a, b in zip(one["premise"].split(), other["premise"].split(), strict=True) if a != b]
        assert changed == [{"he", "she"}]


def test_spans_of_wic_and_wsc_point_at_their_words(runs: dict[str, Run]) -> None:
    for row in runs["wic"].table().to_pylist():
        assert row["sentence1"][row["start1"] : row["end1"]] == f"{row['word']}s"
        assert row["sentence2"][row["start2"] : row["end2"]] == row["word"]
    for row in runs["wsc"].table().to_pylist():
        assert row["sentence"].split()[row["span1_index"]] == row["span1_text"]
        assert row["sentence"].split()[row["span2_index"]] == row["span2_text"]


def test_questions_about_one_paragraph_are_exported_together(runs: dict[str, Run]) -> None:
    rows = [json.loads(line) for line in satsuma.export(runs["multirc"], "superglue").read_text("utf-8").splitlines()]
    assert max(len(row["passage"]["questions"]) for row in rows) > 1
    assert sum(len(row["passage"]["questions"]) for row in rows) == N


def test_a_card_that_is_none_of_superglues_is_refused_with_the_forms_that_it_has(runs: dict[str, Run]) -> None:
    with pytest.raises(SettingsError, match="none of SuperGLUE's tasks"):
        satsuma.export(runs["sentiment"], "superglue")
    with pytest.raises(SettingsError, match="no form"):
        satsuma.export(runs["sentiment"], "xml")


def test_pairs_and_fields_have_every_instance(runs: dict[str, Run], tmp_path: Path) -> None:
    pairs = satsuma.export(runs["toxicity"], "pairs", tmp_path / "p.jsonl").read_text("utf-8").splitlines()
    fields = satsuma.export(runs["toxicity"], "fields", tmp_path / "f.jsonl").read_text("utf-8").splitlines()
    assert [set(json.loads(line)) for line in pairs] == [{"text", "target"}] * N
    assert [set(json.loads(line)) for line in fields] == [{"comment", "problems", "id"}] * N


def test_labels_that_hold_together_are_spread_evenly(runs: dict[str, Run]) -> None:
    counted = Counter(label for row in runs["toxicity"].table().to_pylist() for label in row["problems"])
    assert set(counted) == set(satsuma.load_card("toxicity").output.labels or {})
    assert max(counted.values()) < 2 * min(counted.values())


Row = dict[str, object]


def _flat(*fields: str) -> Callable[[list[Row]], Iterator[Row]]:
    def read(rows: list[Row]) -> Iterator[Row]:
        for row in rows:
            yield {name: row[name] for name in (*fields, "idx", "label")}

    return read


def _read_wsc(rows: list[Row]) -> Iterator[Row]:
    for row in rows:
        target = cast("dict[str, object]", row["target"])
        spans = {name: target[name] for name in ("span1_text", "span2_text", "span1_index", "span2_index")}
        yield {"text": row["text"], **spans, "idx": row["idx"], "label": row["label"]}


def _read_multirc(rows: list[Row]) -> Iterator[Row]:
    for row in rows:
        passage = cast("dict[str, list[dict[str, object]]]", row["passage"])
        for question in passage["questions"]:
            for answer in cast("list[dict[str, object]]", question["answers"]):
                idx = {"paragraph": row["idx"], "question": question["idx"], "answer": answer["idx"]}
                yield {"paragraph": passage["text"], "answer": answer["text"], "idx": idx, "label": answer["label"]}


def _read_record(rows: list[Row]) -> Iterator[Row]:
    for row in rows:
        passage = cast("dict[str, str]", row["passage"])
        text, entities = passage["text"], cast("list[dict[str, int]]", passage["entities"])
        names = {text[span["start"] : span["end"] + 1] for span in entities}
        for query in cast("list[dict[str, object]]", row["qas"]):
            answers = {str(a["text"]) for a in cast("list[dict[str, object]]", query["answers"])}
            assert answers <= names
            assert str(query["query"]).count("@placeholder") == 1
            yield {"idx": {"passage": row["idx"], "query": query["idx"]}, "label": " ".join(answers)}


READERS: dict[str, Callable[[list[Row]], Iterator[Row]]] = {
    "axb": _flat("sentence1", "sentence2", "logic", "knowledge"),
    "axg": _flat("premise", "hypothesis", "pair_id"),
    "boolq": _flat("question", "passage"),
    "cb": _flat("premise", "hypothesis"),
    "copa": _flat("premise", "choice1", "choice2", "question"),
    "multirc": _read_multirc,
    "record": _read_record,
    "rte": _flat("premise", "hypothesis"),
    "wic": _flat("word", "sentence1", "sentence2", "start1", "start2", "end1", "end2"),
    "wsc": _read_wsc,
}
"""How the loader that SuperGLUE's authors published goes over the rows of each file."""
LABEL_TYPES = {"boolq": bool, "wic": bool, "wsc": bool, "copa": int, "multirc": int}
