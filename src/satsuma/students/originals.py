"""Rows of original files in the columns of the cards: SuperGLUE's released JSON Lines and BIG-bench's tasks.

SuperGLUE (Wang et al. 2019): WSC's words lie in a `target`, MultiRC and ReCoRD nest questions in a passage, so that a
line is several instances; the other tasks are flat and need nothing. BIG-bench: `input` is the card's one input that is
no list of options, the keys of `target_scores` are the options and the best of them is right; for other cards the
target is the output.

ReCoRD's entities are each name once, in the order in which they stand; where several answers are right, the first of
them that is among the entities is the output, and all of them stand in the column `answers`. A row in any other form
is passed on as it is. Not covered: BIG-bench tasks with subtasks, or whose card has several text inputs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from satsuma.reading.values import as_text

if TYPE_CHECKING:
    from satsuma.llm.request import Json
    from satsuma.sources.rows import Row
    from satsuma.task.card import Card


def in_card_form(row: Row, card: Card) -> Iterator[Row]:
    """The row, or the rows that it holds, with the card's inputs as columns."""
    if set(card.shown_inputs) <= row.keys() and not isinstance(row.get("passage"), Mapping):
        yield row
    elif isinstance(row.get("target"), Mapping) and "text" in row and "span1_text" in card.inputs:
        yield _wsc(row)
    elif isinstance(passage := row.get("passage"), Mapping):
        yield from _questions(row, passage, card)
    elif "input" in row and ("target" in row or "target_scores" in row):
        yield _bigbench(row, card)
    else:
        yield row


def _wsc(row: Row) -> Row:
    target = row["target"]
    spans = dict(target) if isinstance(target, Mapping) else {}
    return {**{k: v for k, v in row.items() if k not in ("target", "text")}, **spans, "sentence": row["text"]}


def _questions(row: Row, passage: Mapping[str, Json], card: Card) -> Iterator[Row]:
    text, questions, queries = passage.get("text"), passage.get("questions"), row.get("qas")
    if isinstance(questions, list):
        for question in questions:
            if isinstance(question, Mapping):
                yield _multirc(text, question, str(row.get("idx", "")), card)
    elif isinstance(queries, list):
        names = _entities(str(text), passage.get("entities"))
        for query in queries:
            if isinstance(query, Mapping):
                yield _record(text, names, query, card)
    else:
        yield row


def _multirc(text: Json, question: Mapping[str, Json], paragraph: str, card: Card) -> Row:
    found = question.get("answers")
    answers = [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []
    made: dict[str, Json] = {
        "paragraph": text,
        "question": question.get("question"),
        "answers": [one.get("text") for one in answers],
        "id": f"{paragraph}/{question.get('idx', '')}",
    }
    if answers and all("label" in one for one in answers):
        made[card.output.name] = [at for at, one in enumerate(answers) if one["label"]]
    return made


def _entities(text: str, spans: Json) -> list[str]:
    """The names, each once; their ends are inclusive."""
    found = [span for span in spans if isinstance(span, Mapping)] if isinstance(spans, list) else []
    return list(dict.fromkeys(text[_at(span, "start") : _at(span, "end") + 1] for span in found))


def _at(span: Mapping[str, Json], name: str) -> int:
    place = span.get(name)
    return place if isinstance(place, int) else -1


def _record(text: Json, names: list[str], query: Mapping[str, Json], card: Card) -> Row:
    found = query.get("answers")
    answers = [one.get("text") for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []
    listed: list[Json] = list(names)
    made: dict[str, Json] = {"passage": text, "query": query.get("query"), "entities": listed, "answers": answers,
                             "id": str(query.get("idx", ""))}  # fmt: skip
    right = next((names.index(str(answer)) for answer in answers if answer in names), None)
    if right is not None:
        made[card.output.name] = right
    return made


def _bigbench(row: Row, card: Card) -> Row:
    scores, target = row.get("target_scores"), row.get("target")
    numbers = {k: float(str(v)) for k, v in scores.items()} if isinstance(scores, Mapping) else {}
    made: dict[str, Json] = {}
    texts = [name for name in card.shown_inputs if name not in card.option_fields]
    if texts:
        made[texts[0]] = row.get("input")
    options = list(numbers)
    if len(card.option_fields) == 1:
        made[card.option_fields[0]] = [*options]
    else:
        made.update(zip(card.option_fields, options, strict=False))
    made[card.output.name] = _right(card, numbers, target)
    made["id"] = as_text(row.get("id"))
    return made


def _right(card: Card, scores: Mapping[str, float], target: Json) -> Json:
    best = max(scores, key=lambda name: scores[name], default=None)
    if not card.option_fields:
        return best if best is not None else target[0] if isinstance(target, list) and target else target
    if card.output.kind == "choices":
        return [at for at, score in enumerate(scores.values()) if score > 0]
    return list(scores).index(best) if best is not None else None
