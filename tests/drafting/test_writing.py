"""The file of a card: what it says is the card, whatever the card says."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satsuma.drafting.answer import DraftedCard
from satsuma.drafting.assembling import Data, assembled
from satsuma.drafting.writing import Origins, written
from satsuma.llm.request import Json
from satsuma.task.card import Card
from satsuma.task.loader import load_card
from satsuma.task.yaml import read_yaml
from tests.drafting.clauses import DRAFT
from tests.drafting.conftest import changed, labels

ORIGINS = Origins("clauses.yaml", "test/m", "Tell: whether # it's\nunusual", "rows.csv")


def data(**parts: Json) -> Data:
    return assembled(DraftedCard.model_validate(changed(**parts)), "clauses").data


def read(text: str) -> Card:
    return load_card({"name": "clauses", **read_yaml(text.encode(), "x").data})


def test_the_file_says_the_card_and_every_part_has_a_comment() -> None:
    text = written(data(), ORIGINS)
    assert read(text) == load_card(data())
    above: list[str] = []
    for line in text.splitlines():
        if re.match(r"\w+:", line):
            assert above[-1].startswith("# "), line
        above.append(line)
    assert text.startswith('# A task card, drafted by test/m for this task:\n#   "Tell: whether # it\'s unusual"\n')
    assert written(data(), ORIGINS) == text


@pytest.mark.parametrize(
    ("parts", "line"),
    [
        ({"output__kind": "scale", "output__labels": labels("a", "b", "c")}, "  ordinal: true"),
        (
            {
                "output__kind": "multiple",
                "output__labels": labels("a", "b", "c"),
                "output__least": 0,
                "output__most": 2,
            },
            "  multiple: [0, 2]",
        ),
        ({"output__kind": "spans", "output__labels": labels("a"), "output__within": "clause"}, "  spans: clause"),
        ({"output__kind": "span", "output__within": "clause", "output__text": "who: pays"}, "    none: false"),
        ({"output__kind": "text", "output__text": "a # sentence"}, '  text: "a # sentence"'),
    ],
)
def test_every_kind_of_output_is_written(parts: dict[str, Json], line: str) -> None:
    text = written(data(**parts), ORIGINS)
    assert read(text) == load_card(data(**parts))
    assert [each for each in text.splitlines() if each.split("  #")[0] == line]


@pytest.mark.parametrize("options", [["one", "two"], ["one"]])
def test_a_choice_is_written(options: list[Json]) -> None:
    inputs: list[Json] = [{"name": name, "description": "x y", "values": []} for name in ("event", "one", "two")]
    parts: dict[str, Json] = {
        "inputs": inputs, "output__kind": "choice", "output__options": options, "output__labels": [],
        "output__least": 2, "output__most": 4,
    }  # fmt: skip
    assert read(written(data(**parts), ORIGINS)) == load_card(data(**parts))


def test_validators_are_written() -> None:
    text = written(data(language="German"), ORIGINS)
    assert "\nvalidators: [language]\n" in text
    assert read(text) == load_card(data(language="German"))


def test_values_that_are_drawn_are_written() -> None:
    values: list[Json] = [{"name": "yes", "meaning": "a: b"}, {"name": "no", "meaning": ""}]
    inputs: list[Json] = [
        {"name": "clause", "description": "x", "values": []},
        {"name": "kind", "description": "#", "values": values},
    ]
    found = read(written(data(inputs=inputs), ORIGINS))
    assert found.inputs["kind"].values == {"yes": "a: b", "no": ""}


HOSTILE = [
    '"\n  evil: !!python/object/apply:os.system ["x"]', "a\nlicense: stolen", "a # b", "a: b: c", "- x", "*anchor",
    "&anchor x", "<<", "{{ task }}", "{% include 'x' %}", "]", "}", "'", '"', "|", ">", "%TAG ! x", "---", "...",
    "null", "\u202etxt", "🍊 🍋", "שלום", "a\u2028b: c", "yes", "\\", "\\n", "? x", "!x", "@x", "`x`", "\ttab", "#",
    "e" * 99,
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_that_a_model_says_becomes_anything_else(text: str) -> None:
    values: list[Json] = [{"name": text, "meaning": text}, {"name": "other", "meaning": text * 5}]
    hostile = data(
        task=text, contexts=text, seed=text * 3, question=text,
        inputs=[{"name": "clause", "description": text, "values": []}],
        output__labels=[{"name": text, "meaning": text, "word": text}, {"name": "ok", "meaning": "x", "word": "w"}],
        attributes=[{"name": text, "values": values}],
    )  # fmt: skip
    origins = Origins(text, text, text, text, {"clause": text, "verdict": text}, {text: text})
    found = read(written(hostile, origins))
    assert found == load_card(hostile)
    assert found.license == "other"


@given(st.recursive(st.text(max_size=80), lambda texts: st.lists(texts, min_size=1, max_size=3), max_leaves=3))
def test_any_text_is_written_as_it_is(said: object) -> None:
    text = str(said)
    parts = data(contexts=f"x {text}", seed=f"{text} y", output__labels=labels("a", f"b{text}"[:80]))
    assert read(written(parts, ORIGINS)) == load_card(parts)


def test_where_the_fields_come_from_is_told_beside_them() -> None:
    origins = Origins(
        "x.yaml", "m", source="r.csv", renamed={"clause": "Clause Text", "verdict": "y"}, left_out={"id": "names it"}
    )
    text = written(data(), origins)
    assert text.startswith('# A task card, drafted by m.\n# Its fields are those of "r.csv".\n')
    for line in ('#   "id": names it', '  # the column "Clause Text"'):
        assert line in text.splitlines()
    assert '  name: verdict  # its column in the dataset; in the rows it is "y"\n' in text


def test_the_draft_of_the_page_has_no_part_that_the_file_leaves_out() -> None:
    found = read(written(data(), ORIGINS))
    for name in set(DRAFT) & set(Card.model_fields):
        assert name in found.model_fields_set
