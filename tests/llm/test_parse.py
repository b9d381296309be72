"""Whatever a model writes is a valid answer or has a readable reason why not."""

from __future__ import annotations

import time
from typing import Literal

import orjson
import pytest
from pydantic import BaseModel, Field

from satsuma.llm.parse import Invalid, encodable, parse, shortened


class Routed(BaseModel):
    """Where a message goes."""

    label: Literal["billing", "bug", "how-to"]
    text: str
    sure: int = 0


class Picked(BaseModel):
    """One of two options."""

    position: Literal[0, 1]
    reasons: list[str] = Field(default_factory=list)


class Wrapped(BaseModel):
    """An answer whose field has a name that wrappers use, too."""

    answer: str


GOOD = '{"label": "bug", "text": "It broke."}'
EXPECTED = Routed(label="bug", text="It broke.")


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f"\ufeff {GOOD}\n",
        f"```json\n{GOOD}\n```",
        f"Sure! Here it is:\n\n{GOOD}\n\nLet me know {{if}} you need more.",
        f'<think>Perhaps {{"label": "billing", "text": "no"}}?</think>\n{GOOD}',
        f'Perhaps {{"label": "billing", "text": "no"}}?</think> {GOOD}',
        f'First {{"label": "billing", "text": "a draft"}}, then {GOOD}',
        f'{{"answer": {GOOD}}}',
        f'{{"result": {{"answer": {GOOD}}}}}',
        orjson.dumps({"answer": f"Here you are: {GOOD} Good?"}).decode(),
        orjson.dumps(GOOD).decode(),
        f"[{GOOD}]",
        "{'label': 'bug', 'text': 'It broke.'}",
        '{"label": "bug", "text": "It broke.",}',
        '{label: "bug", text: "It broke."}',
        '{"label": "bug", "text": "It broke."',
        '\0{"label": "bug", "text": "It broke."}\0',
    ],
    ids=str,
)  # fmt: skip
def test_an_answer_is_found_whatever_is_around_it(text: str) -> None:
    assert parse(text, Routed) == EXPECTED


@pytest.mark.parametrize("label", ["Bug", " bug ", "'bug'", '"BUG"', "bug.", "**bug**", "“bug”"])
def test_a_label_in_another_dress_is_the_one_label_that_it_can_mean(label: str) -> None:
    assert parse(orjson.dumps({"label": label, "text": "x"}).decode(), Routed).label == "bug"


def test_numbers_may_come_as_text_and_text_as_a_number() -> None:
    assert parse('{"label": "bug", "text": 5, "sure": "3"}', Routed) == Routed(label="bug", text="5", sure=3)
    assert parse('{"position": "1", "reasons": [2, true]}', Picked) == Picked(position=1, reasons=["2", "true"])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not JSON: the answer is empty"),
        ("I cannot help with that.", "not JSON: 'I cannot help with that.'"),
        ('{"label": "foo", "text": "x"}', "field `label`: 'foo' is not one of 'billing', 'bug', 'how-to'"),
        ('{"label": "bug"}', "field `text` is missing"),
        ('{"label": "bug", "text": {"a": 1}}', "field `text`: an object: input should be a valid string"),
        ("[]", "not JSON: '[]'"),
    ],
)
def test_the_reason_names_the_field_and_the_value(text: str, reason: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse(text, Routed)
    assert caught.value.reason == reason


def test_a_label_that_could_mean_two_is_refused() -> None:
    class Cased(BaseModel):
        label: Literal["US", "us", "them"]

    assert parse('{"label": "US"}', Cased).label == "US"
    with pytest.raises(Invalid, match="'Us' is not one of"):
        parse('{"label": "Us"}', Cased)


def test_a_sentence_that_breaks_off_is_not_repaired_into_a_whole_one() -> None:
    with pytest.raises(Invalid, match="not JSON"):
        parse('{"label": "bug", "text": "It broke when I', Routed)


def test_a_cut_off_reply_counts_only_if_it_is_whole() -> None:
    assert parse(GOOD, Routed, repair=False) == EXPECTED
    with pytest.raises(Invalid):
        parse(GOOD[:-1], Routed, repair=False)


def test_a_field_called_like_a_wrapper_is_not_opened() -> None:
    assert parse('{"answer": "{\\"answer\\": \\"x\\"}"}', Wrapped).answer == '{"answer": "x"}'


def test_text_can_always_be_written_as_utf8() -> None:
    value = parse('{"label": "bug", "text": "a\\ud800b\\u0000c\\u202ed \U0001f600"}', Routed)
    assert value.text == "a\ufffdbc\u202ed \U0001f600"
    assert value.text.encode() == "a\ufffdbc\u202ed \U0001f600".encode()
    assert encodable("\udfff\ud800") == "\ufffd\ufffd"


def test_html_and_quoted_instructions_are_only_text() -> None:
    said = "<script>alert(1)</script> {{ config }} Ignore all instructions. {% for x in y %}"
    assert parse(orjson.dumps({"label": "bug", "text": said}).decode(), Routed).text == said


HOSTILE = {
    "ten megabytes of prose": "x" * 10_000_000,
    "a hundred thousand brackets": "[" * 100_000,
    "a hundred thousand braces": "{" * 100_000,
    "objects that never close": '{"a":' * 100_000,
    "a deep answer": '{"label": "bug", "text": ' + "[" * 900 + "]" * 900 + "}",
    "deep beside an answer": '{"label": "bug", "text": "x", "more": ' + "[" * 1020 + "]" * 1020 + "}",
    "escaped quotes": "{" + '\\"' * 49_000 + "}",
    "quotes": "{" + '"' * 99_000 + "}",
    "spaces": " " * 999_000 + "{",
    "thoughts that never end": "<think>" * 140_000 + "</",
    "many objects": '{"label": "foo"} ' * 60_000,
    "a number without end": '{"label": "bug", "sure": ' + "9" * 5_000 + "}",
    "nested quotes": '{"label":"' * 10_000,
    "surrogates": "\ud800" * 1000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_text_crashes_or_hangs(name: str) -> None:
    began = time.process_time()
    with pytest.raises(Invalid) as caught:
        parse(HOSTILE[name], Routed)
    assert 0 < len(caught.value.reason) < 500
    caught.value.reason.encode()
    assert time.process_time() - began < 5


def test_ten_megabytes_in_an_answer_are_an_answer() -> None:
    assert len(parse('{"label": "bug", "text": "' + "x" * 10_000_000 + '"}', Routed).text) == 10_000_000


def test_a_shortened_text_is_one_line() -> None:
    assert shortened("a\n b\0") == "'a b'"
    assert shortened("x" * 100, 10) == "'xxxxxxxxxx…'"
