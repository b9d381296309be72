"""Form `superglue`: the rows of SuperGLUE's own files (Wang et al. 2019, super.gluebenchmark.com, version 2).

Field names, types of labels, indices and the ends of spans are those of the released JSON Lines: WiC's `end` is
exclusive, ReCoRD's is inclusive; MultiRC is one object per paragraph, with questions and answers numbered through the
file; the two rows of an AX-g pair follow each other, the masculine first. `idx` counts from 0 in the order of the
dataset.

Not covered: ReCoRD's `source`, which is here always `satsuma`, and AX-b's finer tags: the phenomenon that was asked for
stands under its coarse category.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import count
from typing import TypeAlias, cast

from satsuma.errors import SettingsError
from satsuma.run.columns import Row
from satsuma.task.card import Card

VERSION = 1.1
"""What MultiRC and WiC say of their format."""
_COARSE: Mapping[str, tuple[str, ...]] = {
    "lexical-semantics": ("lexical entailment", "morphological negation", "factivity", "quantifiers", "named entities"),
    "predicate-argument-structure": (
        "active and passive", "anaphora", "ellipsis", "nominalization", "prepositional phrases", "relative clauses",
        "coordination",
    ),
    "logic": ("negation", "conditionals", "intervals and numbers", "temporal"),
    "knowledge": ("common sense", "world knowledge"),
}  # fmt: skip
"""AX-b's coarse category → the phenomena of the card that belong to it."""
Rows: TypeAlias = Iterable[Row]


def as_superglue(card: Card, rows: Rows) -> Iterator[Row]:
    """One object per row of the task that the card is named after; for MultiRC, one per paragraph.

    Raises:
        SettingsError: the card is none of SuperGLUE's.
    """
    task = _TASKS.get(card.name)
    if task is None:
        hint = f"SuperGLUE's are {', '.join(_TASKS)}; for other cards, --format fields."
        raise SettingsError(f"the card {card.name} is none of SuperGLUE's tasks", hint)
    return task(rows)


def _plain(*fields: str, truth: bool = False) -> Callable[[Rows], Iterator[Row]]:
    """A task whose rows are fields of the dataset; truth: its labels are JSON's true and false."""

    def numbered(rows: Rows) -> Iterator[Row]:
        for idx, row in enumerate(rows):
            label = row["label"] == "true" if truth else row["label"]
            yield {**{name: row[name] for name in fields}, "idx": idx, "label": label}

    return numbered


def _wic(rows: Rows) -> Iterator[Row]:
    fields = ("word", "sentence1", "sentence2", "start1", "start2", "end1", "end2")
    for row in _plain(*fields, truth=True)(rows):
        yield {**row, "version": VERSION}


def _wsc(rows: Rows) -> Iterator[Row]:
    spans = ("span1_index", "span1_text", "span2_index", "span2_text")
    for idx, row in enumerate(rows):
        target = {name: row[name] for name in spans}
        yield {"text": row["sentence"], "target": target, "idx": idx, "label": row["label"] == "true"}


def _axb(rows: Rows) -> Iterator[Row]:
    for plain, row in _beside(_plain("sentence1", "sentence2"), rows):
        phenomenon = _attribute(row, "phenomenon")
        tags = {coarse: phenomenon if phenomenon in fine else "" for coarse, fine in _COARSE.items()}
        yield {**plain, **tags}


def _axg(rows: Rows) -> Iterator[Row]:
    for pair, row in enumerate(rows):
        both = {row["gender"]: row["premise"], _other(row["gender"]): row["counterpart"]}
        for at, gender in enumerate(("masculine", "feminine")):
            yield {
                "premise": both[gender],
                "hypothesis": row["hypothesis"],
                "idx": 2 * pair + at,
                "label": row["label"],
                "pair_id": pair,
            }


def _other(gender: object) -> str:
    return "feminine" if gender == "masculine" else "masculine"


def _record(rows: Rows) -> Iterator[Row]:
    for idx, row in enumerate(rows):
        passage, entities = str(row["passage"]), cast("Sequence[str]", row["entities"])
        spans = sorted({span for entity in entities for span in _mentions(passage, entity)})
        right = entities[int(str(row["answer"]))]
        answers = [
            {"start": start, "end": end, "text": passage[start : end + 1]} for start, end in _mentions(passage, right)
        ]
        yield {
            "source": "satsuma",
            "passage": {"text": passage, "entities": [{"start": start, "end": end} for start, end in spans]},
            "qas": [{"query": row["query"], "answers": answers, "idx": idx}],
            "idx": idx,
        }


def _mentions(passage: str, entity: str) -> list[tuple[int, int]]:
    """Where an entity stands in a passage, as whole words: first and last character."""
    found = re.finditer(rf"(?<!\w){re.escape(entity)}(?!\w)", passage, re.IGNORECASE)
    return [(hit.start(), hit.end() - 1) for hit in found]


def _multirc(rows: Rows) -> Iterator[Row]:
    """Questions about the same paragraph come together where its first one stands."""
    paragraphs: dict[str, list[Row]] = {}
    for row in rows:
        paragraphs.setdefault(str(row["paragraph"]), []).append(row)
    questions, answers = count(), count()
    for idx, (text, group) in enumerate(paragraphs.items()):
        asked = [_question(row, next(questions), answers) for row in group]
        yield {"idx": idx, "version": VERSION, "passage": {"text": text, "questions": asked}}


def _question(row: Row, idx: int, answers: Iterator[int]) -> Row:
    right = cast("Sequence[int]", row["right"])
    listed = [
        {"text": text, "idx": next(answers), "label": int(at in right)}
        for at, text in enumerate(cast("Sequence[str]", row["answers"]))
    ]
    return {"question": row["question"], "answers": listed, "idx": idx}


def _beside(task: Callable[[Rows], Iterator[Row]], rows: Rows) -> Iterator[tuple[Row, Row]]:
    """What a task makes of each row, beside the row."""
    for idx, row in enumerate(rows):
        made = next(task([row]))
        yield {**made, "idx": idx}, row


def _attribute(row: Row, name: str) -> str:
    provenance = cast("Mapping[str, object]", row["provenance"])
    pairs = cast("Sequence[Mapping[str, str]]", provenance["attributes"])
    return next((pair["value"] for pair in pairs if pair["name"] == name), "")


_TASKS: Mapping[str, Callable[[Rows], Iterator[Row]]] = {
    "axb": _axb,
    "axg": _axg,
    "boolq": _plain("question", "passage", truth=True),
    "cb": _plain("premise", "hypothesis"),
    "copa": _plain("premise", "choice1", "choice2", "question"),
    "multirc": _multirc,
    "record": _record,
    "rte": _plain("premise", "hypothesis"),
    "wic": _wic,
    "wsc": _wsc,
}
"""The card's name → its rows."""
