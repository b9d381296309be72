"""What the simulated teacher says, without a server."""

from typing import cast

import orjson
import pytest

from satsuma.llm.request import Json
from satsuma.targen.asking import Prompts
from satsuma.targen.correction import correction_question
from satsuma.task.loader import load_card
from satsuma.task.outputs import Draft, output_of
from satsuma.testing import words
from satsuma.testing.behaviour import Behaviour, Options
from satsuma.testing.faults import Faults
from satsuma.testing.question import digest, read
from satsuma.testing.teacher import Said, closest_before, say

STRING: dict[str, Json] = {"type": "string"}
LABELS = ("billing", "bug", "how-to")


def _body(text: str, step: str, properties: dict[str, Json], description: str = "", **more: Json) -> dict[str, Json]:
    schema: dict[str, Json] = {"type": "object", "description": description, "properties": properties}
    form: dict[str, Json] = {"type": "json_schema", "json_schema": {"name": step, "strict": True, "schema": schema}}
    messages: list[Json] = [{"role": "system", "content": "You write."}, {"role": "user", "content": text}]
    return {"model": "m", "messages": messages, "response_format": form, **more}


def _say(body: dict[str, Json], behaviour: Behaviour | None = None) -> Said:
    return say(read(body), behaviour or Behaviour())


def _fields(body: dict[str, Json], behaviour: Behaviour | None = None) -> dict[str, str]:
    return cast("dict[str, str]", orjson.loads(_say(body, behaviour).content))


def _instance(label: str, number: int = 0, behaviour: Behaviour | None = None) -> str:
    body = _body(f"number {number}", "instance", {"message": STRING}, f'An instance whose team is "{label}".')
    return _fields(body, behaviour)["message"]


def _correction(text: str, behaviour: Behaviour | None = None, draw: int = 0) -> str:
    properties: dict[str, Json] = {"reason": STRING, "team": {"type": "string", "enum": list(LABELS)}}
    return _fields(_body(f"message: {text}\nWhich holds?", "correction", properties, seed=draw), behaviour)["team"]


@pytest.mark.parametrize("label", LABELS)
def test_a_correction_finds_the_label_that_the_instance_was_asked_for(label: str) -> None:
    assert [_correction(_instance(label, i)) for i in range(20)] == [label] * 20


def test_labels_with_quotes_and_in_any_language_are_found_again() -> None:
    for label in ('say "yes"', "oui, là-bas", "1", "不"):
        asked = read(_body("x", "instance", {"t": STRING}, f'An instance whose answer is "{label}".')).question
        assert (asked.label, asked.marker) == (label, words.marker(label))


def test_noise_makes_instances_of_another_label_alike_in_every_vote() -> None:
    noisy = Behaviour(noise=0.3)
    texts = [_instance("bug", i, noisy) for i in range(300)]
    first, second = ([_correction(text, draw=draw) for text in texts] for draw in (1, 2))

    assert first == second
    assert 60 < len([label for label in first if label != "bug"]) < 120
    assert set(first) == set(LABELS)


def test_vote_noise_makes_votes_differ_within_the_set() -> None:
    votes = [_correction(_instance("bug"), Behaviour(vote_noise=0.3), draw) for draw in range(200)]

    assert 30 < len([vote for vote in votes if vote != "bug"]) < 90
    assert set(votes) == set(LABELS)


@pytest.mark.parametrize("name", ["tickets", "riddles"])
def test_sway_confirms_the_label_that_a_corrector_is_shown_and_that_alone(name: str) -> None:
    """With the default prompts, so that the test notices when they show it in other words."""
    output: dict[str, object] = (
        {"labels": list(LABELS)} if name == "tickets" else {"choice": {"field": "options", "count": 3}}
    )
    card = load_card({"name": name, "task": "Say it.", "inputs": {"message": "A.", "options": "B."}, "output": output})
    kind = output_of(card)
    right, asked = (LABELS[0], LABELS[2]) if name == "tickets" else ("A", "C")
    marked = words.marker(right if name == "tickets" else "correct")
    draft = Draft(
        {"message": f"It is {marked}.", "options": (f"x {marked}", "y", "z")},
        asked if name == "tickets" else 2,
        asked,
        asked,
    )

    def votes(behaviour: Behaviour, *, blind: bool) -> list[str]:
        messages, answer = correction_question(Prompts(card, kind), card, kind, draft, blind=blind)
        schema = cast("dict[str, Json]", answer.model_json_schema())
        text = messages[-1].content
        bodies = [
            _body(text, "correction", cast("dict[str, Json]", schema["properties"]), seed=draw) for draw in range(200)
        ]
        said = [_fields(body, behaviour) for body in bodies]
        return [next(v for k, v in fields.items() if k != "reason") for fields in said]

    swayed = votes(Behaviour(sway=0.4), blind=False)
    first, last = max(set(swayed), key=swayed.count), min(set(swayed), key=swayed.count)
    assert 50 < swayed.count(last) < 110
    assert set(votes(Behaviour(sway=0.4), blind=True)) == {first}
    assert set(votes(Behaviour(sway=1.0), blind=False)) == {last}
    assert set(votes(Behaviour(), blind=False)) == {first}


def test_wrong_labels_lie_outside_the_set_and_come_again_for_the_same_request() -> None:
    faulty = Behaviour(faults=Faults(wrong_label=0.5))
    labels = [_correction(_instance("bug", i), faulty) for i in range(100)]

    assert 30 < len([label for label in labels if label not in LABELS]) < 70
    assert labels == [_correction(_instance("bug", i), faulty) for i in range(100)]


@pytest.mark.parametrize(("names", "form"), [(("choice1", "choice2"), "{}: {}"), (("A", "B", "C"), "({}) {}")])
def test_the_right_option_is_found_by_its_name_wherever_it_stands(names: tuple[str, ...], form: str) -> None:
    wrong: Json = STRING if len(names) == 2 else {"type": "array", "items": STRING, "minItems": 2}
    for number in range(20):
        body = _body(f"number {number}", "instance", {"premise": STRING, "correct": STRING, "wrong": wrong})
        answer = _fields(body)
        others = [answer["wrong"]] if len(names) == 2 else list(answer["wrong"])
        options = [*others[: number % len(names)], answer["correct"], *others[number % len(names) :]]
        text = "A premise.\n" + "\n".join(form.format(*pair) for pair in zip(names, options, strict=True))
        correction = _body(text, "correction", {"label": {"type": "string", "enum": list(names)}})
        assert _fields(correction)["label"] == names[number % len(names)]


def test_an_article_is_not_taken_for_an_option() -> None:
    text = "A. One thing\nB. A lamp fell, MARK."

    assert closest_before(text, text.index("MARK"), ("A", "B")) == "B"
    assert closest_before("no name here MARK", 13, ("A", "B")) is None


def test_free_text_is_judged_right_and_repeated() -> None:
    properties: dict[str, Json] = {"reason": STRING, "correct": {"type": "boolean"}, "answer": STRING}
    body = _body("question: What?\nanswer: The old mill.\n", "correction", properties)

    assert {k: v for k, v in _fields(body).items() if k != "reason"} == {"correct": True, "answer": "The old mill."}
    assert orjson.loads(_say(body, Behaviour(vote_noise=1.0)).content)["correct"] is False


def test_a_schema_that_stands_in_the_last_message_is_followed() -> None:
    said = "Answer with one JSON object that matches this JSON Schema:"
    schema = b'{"type":"object","properties":{"label":{"enum":["only"]}}}'
    for text in (f"Judge.\n\n{said}\n{schema.decode()}", f"{said}\n```json\n{schema.decode()}\n```\nNothing else."):
        body: dict[str, Json] = {"model": "m", "messages": [{"role": "user", "content": text}]}
        assert _say(body).content == '{"label":"only"}'


def test_without_any_schema_the_answer_is_text() -> None:
    content = _say({"model": "m", "messages": [{"role": "user", "content": "Hello"}]}).content

    assert content.endswith(".")
    assert not content.startswith("{")


def test_answers_follow_from_the_request_and_not_from_the_order_of_its_keys_or_from_noise() -> None:
    body = _body("x", "instance", {"a": STRING})
    shuffled = dict(reversed(list(body.items()))) | {"user": "someone", "stream": False}

    assert _say(shuffled) == _say(body)
    assert digest(shuffled) == digest(body)
    assert _say(body, Behaviour(seed=1)) != _say(body)
    assert _say({**body, "seed": 5}) != _say(body)
    assert digest({**body, "temperature": 1}) != digest(body)


def test_a_token_limit_cuts_the_answer_and_a_larger_one_goes_on() -> None:
    body = _body("x", "instance", {"a": STRING})
    whole, cut = _say(body), _say({**body, "max_tokens": 5})

    assert (cut.content, cut.finish_reason) == (whole.content[:20], "length")
    assert _say({**body, "max_tokens": 5000}) == whole
    assert digest({**body, "max_tokens": 5}) != digest(body)


def test_content_goes_wrong_by_the_request_alone() -> None:
    faulty = Behaviour(faults=Faults(malformed=0.2, truncated=0.2))
    bodies = [_body(str(i), "instance", {"a": STRING}) for i in range(200)]
    said = [_say(body, faulty) for body in bodies]
    broken = [s for s, body in zip(said, bodies, strict=True) if s.content != _say(body).content]

    assert said == [_say(body, faulty) for body in bodies]
    assert 45 < len(broken) < 95
    assert 20 < len([s for s in broken if s.finish_reason == "length"]) < 50


def test_answers_can_be_lengthened_to_a_range_of_tokens() -> None:
    long = Behaviour(reply_tokens=(150, 600))
    tokens = [_say(_body(str(i), "instance", {"a": STRING, "b": STRING}), long).output_tokens for i in range(200)]

    assert 130 <= min(tokens) < 200
    assert 550 < max(tokens) <= 640
    assert 120 < _say({"model": "m", "messages": [{"role": "user", "content": "Hi"}]}, long).output_tokens < 640


def test_a_script_fills_some_fields_and_the_marker_goes_into_another() -> None:
    options: Options = {"script": {"instance": {"lemma": ["bank"], "sentence": "The {lemma} is {marker}."}}}
    behaviour = Behaviour(**options)
    body = _body("x", "instance", {"lemma": STRING, "sentence": STRING, "note": STRING}, 'One whose label is "T".')
    answer = _fields(body, behaviour)

    assert answer["sentence"] == f"The bank is {words.marker('T')}."
    assert words.marker("T") not in answer["note"]
    plain = _fields(_body("x", "instance", {"lemma": STRING, "note": STRING}, 'One whose label is "T".'), behaviour)
    assert words.marker("T") in plain["note"]


def test_a_function_can_answer_in_fields_in_text_or_leave_it() -> None:
    replies: dict[str, dict[str, Json] | str | None] = {"contexts": {"a": 1}, "seeds": "not JSON", "instance": None}
    behaviour = Behaviour(script=lambda question: replies[question.step])

    assert [_say(_body("x", step, {"a": STRING}), behaviour).content for step in ("contexts", "seeds")] == [
        '{"a":1}',
        "not JSON",
    ]
    assert _say(_body("x", "instance", {"a": STRING}), behaviour) == _say(_body("x", "instance", {"a": STRING}))


def test_ten_thousand_labels_do_not_slow_a_correction_down_to_a_crawl() -> None:
    names: list[Json] = [f"intent {i}" for i in range(10_000)]
    text = words.with_marker("It fell.", words.marker("intent 77"))

    assert _fields(_body(text, "correction", {"label": {"enum": names}}))["label"] == "intent 77"
