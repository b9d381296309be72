"""The key: the same for the same question, another for another, and never another tomorrow."""

from __future__ import annotations

from dataclasses import replace

import pytest

from satsuma.errors import SettingsError
from satsuma.llm.request import Json, Message, Request, Sampling, key_of

SCHEMA: dict[str, Json] = {
    "type": "object",
    "properties": {"reason": {"type": "string"}, "label": {"type": "string", "enum": ["yes", "no"]}},
    "required": ["reason", "label"],
    "additionalProperties": False,
}
REQUEST = Request(
    model="openai/gpt-4.1-mini",
    messages=(Message("system", "You label."), Message("user", "Is it wet? Ünïcode ✓")),
    schema=SCHEMA,
    sampling=Sampling(temperature=1.0, top_p=0.9, max_tokens=200, seed=7),
    draw=2,
    step="correction",
    path="context 3 / seed 2",
)
GOLDEN = [
    (Request("m", ()), "k1-ed7cec71a490cda2b1a927dbc75298e0"),
    (REQUEST, "k1-62b5f840b078fc41f2728e63baf24090"),
    (Request("m", (Message("user", "lone \ud800 surrogate"),)), "k1-cf99ca5c7ab5b46746a2a30386ff7a1c"),
    (Request("m", (Message("user", ""),), sampling=Sampling(seed=2**70)), "k1-064d51bf958c8584034cb7ae24f131ce"),
]


@pytest.mark.parametrize(("request_", "key"), GOLDEN)
def test_keys_are_what_they_were(request_: Request, key: str) -> None:
    assert request_.key() == key


@pytest.mark.parametrize(
    "other",
    [
        replace(REQUEST, model="openai/gpt-4.1"),
        replace(REQUEST, messages=(Message("system", "You judge."), REQUEST.messages[1])),
        replace(REQUEST, messages=(REQUEST.messages[0], Message("assistant", REQUEST.messages[1].content))),
        replace(REQUEST, messages=REQUEST.messages[::-1]),
        replace(REQUEST, schema=None),
        replace(REQUEST, schema={**SCHEMA, "required": ["label", "reason"]}),
        replace(REQUEST, schema={**SCHEMA, "description": "another"}),
        replace(REQUEST, draw=3),
        *(
            replace(REQUEST, sampling=replace(REQUEST.sampling, **change))
            for change in (
                {"temperature": 0.5}, {"temperature": None}, {"top_p": None}, {"max_tokens": 201}, {"seed": 8},
            )
        ),
    ],
)  # fmt: skip
def test_whatever_decides_the_answer_changes_the_key(other: Request) -> None:
    assert other.key() != REQUEST.key()


@pytest.mark.parametrize(
    "same",
    [
        replace(REQUEST, step="instance", path="elsewhere"),
        replace(REQUEST, schema=dict(reversed(SCHEMA.items()))),
        replace(REQUEST, sampling=replace(REQUEST.sampling, temperature=1)),
    ],
)
def test_who_asks_and_how_it_is_written_down_do_not_change_the_key(same: Request) -> None:
    assert same.key() == REQUEST.key()


def test_zero_and_minus_zero_are_one_temperature() -> None:
    zero, minus = (Request("m", (), sampling=Sampling(temperature=t)) for t in (0.0, -0.0))
    assert zero.key() == minus.key()


def test_a_temperature_that_is_no_number_is_refused_rather_than_taken_for_none() -> None:
    with pytest.raises(SettingsError, match="temperature is nan"):
        Sampling(temperature=float("nan"))


@pytest.mark.parametrize("request_", [request for request, _ in GOLDEN])
def test_a_request_comes_back_from_its_canonical_form_with_the_same_key(request_: Request) -> None:
    canonical = request_.canonical()
    back = Request.from_canonical(canonical, request_.step, request_.path)
    assert back == request_
    assert key_of(canonical) == request_.key() == back.key()


def test_a_lone_surrogate_is_not_the_replacement_character() -> None:
    keys = {Request("m", (Message("user", text),)).key() for text in ("\ud800", "\udfff", "\ufffd", "?")}
    assert len(keys) == 4


def test_draws_differ_in_the_seed_they_send() -> None:
    seeds = {replace(REQUEST, draw=draw).wire_seed() for draw in range(50)}
    assert len(seeds) == 50
    assert all(0 <= seed < 2**31 for seed in seeds)
