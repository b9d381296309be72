"""One door for cards: found, read, judged whole, every mistake with its file, line and field."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from satsuma.errors import CardError
from satsuma.task.builtin import builtin_names, builtin_path
from satsuma.task.card import Card
from satsuma.task.loader import card_text, examine, list_cards, load_card
from satsuma.task.prompting import card_template

SMALLEST = """\
task: Route a customer's message to the team that should handle it.
inputs:
  message: One message from a customer, one to four sentences.
output:
  labels:
    billing: about charges, refunds or invoices
    bug: something that used to work is broken
    how-to: asks how to do something
"""
Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes card.yaml into a directory of its own, which becomes the working directory."""
    monkeypatch.chdir(tmp_path)

    def writes(text: str) -> Path:
        path = Path("card.yaml")
        path.write_text(text, encoding="utf-8")
        return path

    return writes


def mistakes(ref: str | Path | dict[str, object]) -> list[str]:
    """The lines of the error that the card is refused with, without the count at its end."""
    with pytest.raises(CardError) as caught:
        load_card(ref)
    return caught.value.message.splitlines()


def test_the_smallest_card_is_a_sentence_the_inputs_and_the_labels(write: Write) -> None:
    card = load_card(write(SMALLEST))
    assert (card.name, card.output.name, card.language) == ("card", "label", "English")
    assert list(card.output.labels or {}) == ["billing", "bug", "how-to"]
    assert card.seed_spec.field is None
    assert card.written_inputs == ("message",)


def test_labels_are_the_text_that_the_user_wrote(write: Write) -> None:
    card = load_card(write("task: a b c\ninputs: {m: x}\noutput: {labels: [yes, No, 1, 1.0, 2024-01-01, 'null']}\n"))
    assert list(card.output.labels or {}) == ["yes", "No", "1", "1.0", "2024-01-01", "null"]


def test_numbers_and_truth_values_are_converted_where_they_are_wanted(write: Write) -> None:
    text = SMALLEST + "correction: {votes: 3, blind: no}\ncontexts: {per_block: 5}\n"
    card = load_card(write(text.replace("output:\n", "output:\n  proportions: {billing: 2, bug: 1, how-to: 0.5}\n")))
    assert (card.correction.votes, card.correction.blind, card.contexts.per_block) == (3, False, 5)
    assert card.output.proportions == {"billing": 2.0, "bug": 1.0, "how-to": 0.5}


def test_short_forms_stand_for_what_they_shorten(write: Write) -> None:
    text = "task: a b c\ninputs: {m: x, q: {values: [a, b]}, r: }\noutput: {labels: [x, y]}\n"
    card = load_card(
        write(
            text + "contexts: [one, two]\nseed: m\nattributes: {length: [short, long], tone: {kind: gentle, curt: }}\n"
        )
    )
    assert card.inputs["m"].description == "x"
    assert card.inputs["q"].values == {"a": "", "b": ""}
    assert card.contexts.given == ("one", "two")
    assert card.seed_spec.field == "m"
    assert card.attributes["tone"] == {"kind": "gentle", "curt": ""}
    assert card.varied == {"q": ("a", "b"), "length": ("short", "long"), "tone": ("kind", "curt")}
    assert card.written_inputs == ("r",)


@pytest.mark.parametrize("name", builtin_names())
def test_a_built_in_card_loads_by_name_and_by_path(name: str) -> None:
    assert load_card(name) == load_card(builtin_path(name))
    assert load_card(name).name == name


def test_a_card_comes_back_whole_from_what_a_run_records_of_it() -> None:
    for name in builtin_names():
        card = load_card(name)
        again = load_card(card.model_dump(mode="json"))
        assert again.model_dump() == card.model_dump()


def test_a_loaded_card_is_taken_as_it_is() -> None:
    card = load_card("copa")
    assert load_card(card) is card


def test_the_built_in_cards_are_listed_with_a_sentence_each() -> None:
    listed = dict(list_cards())
    assert set(listed) == set(builtin_names()) >= {"boolq", "copa", "rte", "support-tickets"}
    assert listed["support-tickets"] == "Route a customer's message to the team that should handle it."


def test_the_text_of_a_built_in_card_is_its_file() -> None:
    assert card_text("copa") == builtin_path("copa").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("ref", "said"),
    [
        ("cpoa", "no such card: cpoa; did you mean copa?"),
        ("zzz", "no such card: zzz"),
        ("crad.yaml", "no such card: crad.yaml; did you mean card.yaml?"),
        ("support-ticket.yaml", "no such card: support-ticket.yaml; did you mean support-tickets?"),
        ("no/such/place.yaml", "no such card: no/such/place.yaml"),
        (".", "no such card: ."),
        ("a\0b", "no such card: a\\u0000b"),
        ("x" * 5000, "no such card: xxx"),
    ],
)
def test_a_card_that_is_not_there_is_named_with_the_nearest_that_is(write: Write, ref: str, said: str) -> None:
    write(SMALLEST)
    with pytest.raises(CardError) as caught:
        load_card(ref)
    assert caught.value.message.startswith(said)
    assert len(caught.value.message) < 200
    assert caught.value.hint == "`satsuma tasks` lists the built-in cards."


BAD = """\
tsak: Route a message.
inputs:
  message: x
  id: y
outptu:
  labels: [yes, no]
correction: {votes: zero, policy: relable}
metric: acuracy
prompts:
  instance: |
    {{ taks }}
    {{ seed.__class__ }}
  seeds: "{{ contxt }}"
examples:
  - {message: hi, id: x, label: maybe}
"""


def test_all_mistakes_are_told_at_once_each_with_its_file_line_and_field(write: Write) -> None:
    assert mistakes(write(BAD)) == [
        "card.yaml:1: tsak: unknown key; did you mean task?",
        "card.yaml:4: inputs.id: is a column that every dataset has; choose another name",
        "card.yaml:5: outptu: unknown key; did you mean output?",
        'card.yaml:7: correction.votes: has to be a whole number, not "zero"',
        'card.yaml:7: correction.policy: is "relable", but has to be relabel, drop or keep',
        'card.yaml:8: metric: "acuracy" is not a known metric; did you mean accuracy?',
        "card.yaml:12: prompts.instance: __class__ reaches for Python's internals, which a template may not",
        "card.yaml:13: prompts.seeds: contxt is not defined; did you mean context?",
        'card.yaml:15: examples[0].label: "maybe" is not one of the labels; known are no, yes',
    ]


def edited(old: str, new: str) -> str:
    assert old in SMALLEST
    return SMALLEST.replace(old, new)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (edited("inputs:", "input:"), "card.yaml:2: input: unknown key; did you mean inputs?"),
        (SMALLEST + "frobnicate: 1\n", "card.yaml:9: frobnicate: unknown key"),
        (SMALLEST + "seed: {per_contex: 3}\n", "card.yaml:9: seed.per_contex: unknown key; did you mean per_context?"),
        (edited("  labels:\n", "  lables:\n"), "card.yaml:5: output.lables: unknown key; did you mean labels?"),
        ("inputs: {m: x}\noutput: {labels: [a, b]}\n", "card.yaml:1: task: is missing"),
        ("task: a b\noutput: {labels: [a, b]}\n", "card.yaml:1: inputs: is missing"),
        ("task: a b\ninputs: {m: x}\n", "card.yaml:1: output: is missing"),
        ("task:\ninputs: {m: x}\noutput: {labels: [a, b]}\n", "card.yaml:1: task: is empty"),
        ("task: ' '\ninputs: {m: x}\noutput: {labels: [a, b]}\n", "card.yaml:1: task: is blank"),
        ("task: a b\ninputs: {}\noutput: {labels: [a, b]}\n", "card.yaml:2: inputs: is empty"),
        ("task: a b\ninputs: [m]\noutput: {labels: [a, b]}\n", "card.yaml:2: inputs: has to be a mapping"),
        ("task: [a]\ninputs: {m: x}\noutput: {labels: [a, b]}\n", "card.yaml:1: task: has to be text, not a list"),
        (
            "task: a b\ninputs: {my input: x}\noutput: {labels: [a, b]}\n",
            'card.yaml:2: inputs."my input": "my input" cannot be a name: a name has letters, digits and _',
        ),
        (SMALLEST + "name: My Task\n", 'card.yaml:9: name: "My Task" cannot be a name: a name has lower-case letters'),
        (
            "task: a b\ninputs: {m: x}\noutput:\n  labels: [a]\n",
            "card.yaml:4: output.labels: a label set has at least two labels",
        ),
        (
            "task: a b\ninputs: {m: x}\noutput:\n  labels: [a, b, a]\n",
            'card.yaml:4: output.labels[2]: "a" stands in the list twice',
        ),
        (
            "task: a b\ninputs: {m: x}\noutput:\n  labels: [a, null]\n",
            "card.yaml:4: output.labels[1]: is empty; the word null needs",
        ),
        (
            "task: a b\ninputs: {m: x}\noutput: {}\n",
            "card.yaml:3: output: lacks what it is: give labels, choice, span or text",
        ),
        ("task: a b\ninputs: {m: x}\noutput: {labels: [a, b], text: t}\n", "card.yaml:3: output: has labels and text"),
        (
            "task: a b\ninputs: {m: x}\noutput: {choice: {field: m, count: 1}}\n",
            "card.yaml:3: output.choice.count: a choice has from 2",
        ),
        (
            "task: a b\ninputs: {m: x}\noutput: {choice: {field: m, count: many}}\n",
            'card.yaml:3: output.choice.count: has to be a whole number, not "many"',
        ),
        (
            "task: a b\ninputs: {m: x, o: y}\noutput: {choice: [o]}\n",
            "card.yaml:3: output.choice: a choice has from 2 to 26 options",
        ),
        (SMALLEST + "prompts: {instance: [a]}\n", "card.yaml:9: prompts.instance: has to be text, not a list"),
        (SMALLEST + "contexts: {per_block: 1}\n", 'card.yaml:9: contexts.per_block: is "1", but has to be at least 2'),
        (SMALLEST + "attributes: {length: []}\n", "card.yaml:9: attributes.length: is empty"),
        (
            SMALLEST + "correction: {blind: perhaps}\n",
            'card.yaml:9: correction.blind: has to be true or false, not "perhaps"',
        ),
        (
            edited("output:\n", "output:\n  proportions: {billing: .inf, bug: 1, how-to: 1}\n"),
            'card.yaml:5: output.proportions.billing: has to be a number, not ".inf"',
        ),
    ],
)
def test_a_mistake_is_one_line_that_names_the_file_the_line_and_the_field(write: Write, text: str, said: str) -> None:
    (line,) = mistakes(write(text))
    assert line.startswith(said)


def test_what_is_guessed_for_the_error_is_never_used(write: Write) -> None:
    examined = examine(write(edited("inputs:", "imputs:")))
    assert examined.card is None


def test_of_very_many_mistakes_the_first_are_shown_and_the_rest_counted(write: Write) -> None:
    lines = mistakes(write(SMALLEST + "".join(f"zzz{i}: 1\n" for i in range(30))))
    assert len(lines) == 21
    assert lines[-1] == "and 10 more; `satsuma check` lists them all"


def test_a_card_from_python_is_judged_the_same_without_lines() -> None:
    card: dict[str, object] = {"task": "a b c", "inputs": {"m": "x"}, "output": {"labels": [True, "b"]}}
    assert mistakes(card) == ["output.labels[0]: has to be text"]
    assert mistakes({**card, "output": {"labels": ["a", "b"]}, "prompts": {"seeds": {"file": "x.jinja"}}}) == [
        'prompts.seeds: the file "x.jinja" cannot be found, since this card is no file; give the prompt as text'
    ]
    assert mistakes({1: 2}) != []  # type: ignore[dict-item]


def test_a_mapping_is_not_changed_by_loading_it() -> None:
    card: dict[str, object] = {"task": "a b c", "inputs": {"m": "x"}, "output": {"labels": ["a", "b"]}}
    load_card(card)
    assert card == {"task": "a b c", "inputs": {"m": "x"}, "output": {"labels": ["a", "b"]}}


def test_a_prompt_file_is_read_from_beside_the_card_and_put_in_its_place(write: Write) -> None:
    path = write(SMALLEST + "prompts: {instance: {file: prompts/mine.jinja}}\n")
    Path("prompts").mkdir()
    Path("prompts/mine.jinja").write_text("{# mine #}\nWrite about {{ context }} in {{ task }}.", encoding="utf-8")
    card = load_card(path)
    assert card.prompts.instance == "{# mine #}\nWrite about {{ context }} in {{ task }}."
    assert card.origin("prompts.instance").file == "prompts/mine.jinja"
    assert load_card(card.model_dump(mode="json")).prompts.instance == card.prompts.instance


def test_a_mistake_in_a_prompt_file_names_that_file_and_its_line(write: Write) -> None:
    path = write(SMALLEST + "prompts:\n  seeds:\n    file: mine.jinja\n")
    Path("mine.jinja").write_text("one\ntwo {{ contxt }}\n", encoding="utf-8")
    assert mistakes(path) == ["mine.jinja:2: prompts.seeds: contxt is not defined; did you mean context?"]


def test_an_error_while_rendering_names_the_file_and_line_too(write: Write) -> None:
    card = load_card(write(SMALLEST + "prompts:\n  seeds: |\n    one\n    {{ inputs.mesage.description }}\n"))
    template = card_template(card, "prompts", "seeds")
    assert template is not None
    with pytest.raises(CardError) as caught:
        template.render(inputs={"message": {"description": "x"}})
    assert caught.value.message == "card.yaml:12: prompts.seeds: there is no mesage in it; did you mean message?"
    assert card_template(card, "prompts", "instance") is None


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("/etc/passwd", "has to be a path in the card's directory"),
        ("../secret.jinja", "has to be a path in the card's directory"),
        ("a/../../secret.jinja", "has to be a path in the card's directory"),
        ("C:\\x", "has to be a path in the card's directory"),
        ("''", "has to be a path in the card's directory"),
        ("link.jinja", "is a link that leads out of the card's directory"),
        ("loop.jinja", "is a link that leads"),
        ("folder", "is not a file"),
        ("gone.jinja", "there is no file"),
    ],
)
@pytest.mark.usefixtures("write")
def test_a_prompt_file_cannot_lie_outside_of_the_cards_directory(file: str, said: str) -> None:
    text = SMALLEST + f"prompts:\n  instance:\n    file: {file}\n"
    Path("inner").mkdir()
    Path("inner/folder").mkdir()
    Path("secret.jinja").write_text("{{ task }}", encoding="utf-8")
    Path("inner/link.jinja").symlink_to(Path("secret.jinja").resolve())
    Path("inner/loop.jinja").symlink_to("loop.jinja")
    Path("inner/card.yaml").write_text(text, encoding="utf-8")
    (line,) = mistakes("inner/card.yaml")
    assert line.startswith("inner/card.yaml:11: prompts.instance: ")
    assert said in line


def test_a_prompt_file_that_is_no_text_is_refused(write: Write) -> None:
    path = write(SMALLEST + "prompts: {instance: {file: p.jinja}}\n")
    Path("p.jinja").write_bytes(b"one\n\xff")
    (line,) = mistakes(path)
    assert "p.jinja:2: is not text in UTF-8" in line


def test_a_card_of_ten_thousand_labels_loads_in_two_seconds(write: Write) -> None:
    labels = "".join(f"    label-{i}: what label {i} means\n" for i in range(10_000))
    path = write(f"task: a b c\ninputs: {{m: x}}\noutput:\n  labels:\n{labels}")
    started = time.process_time()
    assert len(load_card(path).output.labels or {}) == 10_000
    assert time.process_time() - started < 2


@pytest.mark.usefixtures("write")
def test_whatever_stands_in_a_card_it_loads_or_is_refused_in_words() -> None:
    source = builtin_path("copa").read_bytes()
    chance = random.Random(7)
    pieces = [
        b'"',
        b"'",
        b"{{ x",
        b"{%",
        b"\n  - ",
        b"? ",
        b": ",
        b"!!",
        b"*a",
        b"&a ",
        b"\n---\n",
        b"<<: ",
        b"[[[",
        b"null",
        b"\x00",
        b"\xff",
    ]
    outcomes = set()
    for _ in range(300):
        broken = bytearray(source)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(broken))
            broken[at : at + chance.choice([0, 0, 1, 30])] = chance.choice(pieces)
        Path("card.yaml").write_bytes(bytes(broken))
        try:
            outcomes.add(isinstance(load_card("card.yaml"), Card))
        except CardError as error:
            assert all(line.startswith("card.yaml") for line in error.message.splitlines())
            outcomes.add(False)
    assert outcomes == {True, False}


def test_a_misspelt_key_hides_no_other_mistake(write: Write) -> None:
    card = write("task: Sort it.\ninptus: {a: b}\noutput:\n  labels: [yes]\n  propotions: {yes: 1}\n")
    assert mistakes(card)[:3] == [
        "card.yaml:2: inptus: unknown key; did you mean inputs?",
        "card.yaml:4: output.labels: a label set has at least two labels, and this one has 1",
        "card.yaml:5: output.propotions: unknown key; did you mean proportions?",
    ]
