"""Validators: what each finds, and what is wrong with one that cannot be used."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from satsuma.errors import CardError
from satsuma.task.expressions import Computed, Uncomputable
from satsuma.task.instance import OutputValue, Value
from satsuma.task.loader import load_card
from satsuma.task.text_filters import char_index, inflects, occurrences, word_index
from satsuma.task.validators import View, seed_validator_of, validators_of

CARD: Mapping[str, object] = {
    "task": "A task.",
    "inputs": {"one": "1", "two": "2"},
    "output": {"labels": ["yes", "no"]},
}


def _wrong(validator: object, *, output: OutputValue = "yes", language: str = "English", **fields: Value) -> str:
    card = load_card({**CARD, "validators": [validator], "language": language})
    labels = (output,) if isinstance(output, str) else ()
    given: dict[str, Value] = {"one": "", "two": "", **fields}
    return validators_of(card)(View(given, {}, output, str(output), labels))


@pytest.mark.parametrize(
    ("times", "two", "wrong"),
    [
        (None, "the cat sat", ""),
        (None, "The Cat, the cat", ""),
        (1, "a cat saw a cat", "2 times instead of 1"),
        (None, "concatenate", "does not stand in two: cat"),
        (None, "", "does not stand in two"),
    ],
)
def test_words_have_to_occur_as_whole_words(times: int | None, two: str, wrong: str) -> None:
    said = _wrong({"occurs": {"field": "one", "within": "two", "times": times}}, one="cat", two=two)
    assert wrong in said
    assert bool(wrong) == bool(said)


def test_every_option_of_a_list_has_to_occur() -> None:
    check = {"occurs": {"field": "one", "within": "two"}}
    assert not _wrong(check, one=("Ada", "Rome"), two="Ada in Rome")
    assert _wrong(check, one=("Ada", "Oslo"), two="Ada in Rome") == "one does not stand in two: Oslo"


@pytest.mark.parametrize(("two", "same"), [("It rained!", True), ("it  RAINED", True), ("It snowed", False)])
def test_fields_that_say_the_same_words_do_not_differ(two: str, same: bool) -> None:
    assert bool(_wrong({"differ": ["one", "two"]}, one="It rained.", two=two)) == same


@pytest.mark.parametrize(
    ("bounds", "text", "wrong"),
    [
        ({"words": [2, 3]}, "one", "has 1 words instead of 2 to 3"),
        ({"words": [2, 3]}, "one two three", ""),
        ({"characters": [0, 4]}, "12345", "has 5 characters"),
    ],
)
def test_lengths_are_bounded(bounds: dict[str, object], text: str, wrong: str) -> None:
    said = _wrong({"length": {"field": "one", **bounds}}, one=text)
    assert (wrong in said) if wrong else not said


@pytest.mark.parametrize(
    ("text", "label", "named"),
    [("Yes, it is", "yes", True), ("yesterday", "yes", False), ("No way", "yes", False), ("no", "no", False)],
)
def test_a_text_that_names_its_label_is_found(text: str, label: str, named: bool) -> None:
    assert bool(_wrong("label_unsaid", output=label, one=text)) == named


def test_a_label_is_found_with_spaces_for_its_hyphens() -> None:
    card = load_card({**CARD, "output": {"labels": ["how-to", "bug"]}, "validators": ["label_unsaid"]})
    view = View({"one": "A how to question", "two": ""}, {}, "how-to", "how-to", ("how-to",))
    assert validators_of(card)(view) == "one names the label: how-to"


@pytest.mark.parametrize(
    ("one", "two", "wrong"),
    [
        ("The nurse said he was late.", "The nurse said she was late.", ""),
        ("He lost his hat.", "She lost her hat.", ""),
        ("The hat was his.", "The hat was hers.", ""),
        ("He's late.", "She's late.", ""),
        ("The nurse said he was late.", "The nurse said he was late.", "do not differ"),
        ("The nurse said he was late.", "The doctor said she was late.", "more than the gender"),
        ("He saw him.", "She saw her now.", "more than the gender"),
        ("He saw it.", "They saw it.", "more than the gender"),
    ],
)
def test_a_pair_differs_in_the_gender_of_pronouns_alone(one: str, two: str, wrong: str) -> None:
    said = _wrong({"gender_pair": ["one", "two"]}, one=one, two=two)
    assert (wrong in said) if wrong else not said


GERMAN = "Der Zug nach Köln hatte heute Morgen schon wieder zwanzig Minuten Verspätung."
ENGLISH = "The train to Cologne was twenty minutes late again this morning, as usual."
RUSSIAN = "Поезд в Кёльн сегодня утром снова опоздал на двадцать минут, как обычно."


@pytest.mark.parametrize(
    ("language", "text", "wrong"),
    [
        ("German", GERMAN, False),
        ("German", ENGLISH, True),
        ("English", GERMAN, True),
        ("Russian", RUSSIAN, False),
        ("English", RUSSIAN, True),
        ("German", "Nie wieder!", False),
        ("German", "", False),
        ("Brazilian Portuguese", "O trem para Colônia atrasou vinte minutos de novo hoje de manhã.", False),
    ],
)
def test_an_instance_in_another_language_is_found(language: str, text: str, wrong: bool) -> None:
    assert bool(_wrong("language", language=language, one=text)) == wrong


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        ("fields.one | length > 3", True),
        ("fields.one | occurrences('cat') == 1 and output == 'yes'", True),
        ("shown == 'no'", False),
    ],
)
def test_an_expression_of_the_cards_own_decides(expression: str, holds: bool) -> None:
    said = _wrong({"holds": expression, "reason": "it does not hold"}, one="a cat")
    assert said == ("" if holds else "it does not hold")


@pytest.mark.parametrize(
    "expression",
    [
        "(range(10000) | map('string') | join | length) * (range(9999) | list | sort | length) > 0",
        "fields.one * 100000000",
        "fields.nothing",
        "fields.one + 1",
    ],
)
def test_an_expression_that_fails_or_does_too_much_is_a_reason_and_not_a_crash(expression: str) -> None:
    said = _wrong({"holds": expression, "reason": "r"}, one="x" * 1000)
    assert said == "" or said.startswith("a validator has no answer")


@pytest.mark.parametrize(
    ("validator", "why"),
    [
        ({"holds": "fields.one ==", "reason": "r"}, "not a template"),
        ({"holds": "nothing == 1", "reason": "r"}, "nothing is not defined"),
        ({"holds": "fields.one.__class__", "reason": "r"}, "__class__"),
        ({"holds": "fields.one"}, "needs a reason"),
        ({"differ": ["one", "three"]}, "not one of the inputs"),
        ({"differ": ["one", "two"], "language": []}, "exactly one of"),
        ({"lenght": {"field": "one", "words": [1, 2]}}, "did you mean length"),
        ({"length": {"field": "one", "words": [3, 2]}}, "more than the most"),
        ({"length": {"field": "one"}}, "either words or characters"),
        ({"reason": "r"}, "exactly one of"),
        ("unheard_of", "mapping"),
    ],
)
def test_a_validator_that_cannot_be_used_is_told_with_its_place(validator: object, why: str) -> None:
    with pytest.raises(CardError, match=why) as caught:
        load_card({**CARD, "validators": [validator]})
    assert "validators[0]" in str(caught.value)


def test_a_language_that_cannot_be_told_apart_is_said_before_the_run() -> None:
    with pytest.raises(CardError, match="Klingon is not a language that can be told apart"):
        load_card({**CARD, "language": "Klingon", "validators": ["language"]})


class TestSeeds:
    """Validators that look at the seed's field by itself are held to seeds."""

    @staticmethod
    def _wrong(text: str, *validators: object) -> str:
        return seed_validator_of(load_card({**CARD, "seed": {"field": "one"}, "validators": list(validators)}))(text)

    def test_a_seed_has_the_length_of_its_field(self) -> None:
        check = {"length": {"field": "one", "words": [3, 9]}}
        assert self._wrong("too short", check) == "one has 2 words instead of 3 to 9"
        assert self._wrong("long enough now", check) == ""

    def test_a_seed_is_in_the_cards_language(self) -> None:
        assert "another language" in self._wrong(GERMAN, "language")
        assert self._wrong(ENGLISH, "language") == ""

    def test_what_looks_at_other_fields_is_not_held_to_seeds(self) -> None:
        assert self._wrong("x", {"length": {"field": "two", "words": [3, 9]}}, {"differ": ["one", "two"]}) == ""


class TestComputed:
    """Fields that an expression gives."""

    @staticmethod
    def _card(**inputs: object) -> dict[str, object]:
        return {**CARD, "inputs": {"one": "1", "two": "2", **inputs}}

    def test_a_later_field_may_use_an_earlier_one(self) -> None:
        start = {"computed": "fields.one | char_index(fields.two)", "type": "integer"}
        end = {"computed": "fields.start + fields.two | length", "type": "integer"}
        card = load_card(self._card(start=start, end=end))
        assert Computed(card)({"one": "a cat sat", "two": "cat"}) == {"start": 2, "end": 5}
        assert card.columns == ("one", "two", "start", "end")
        assert card.shown_inputs == ("one", "two")

    def test_what_is_no_number_is_told(self) -> None:
        card = load_card(self._card(start={"computed": "fields.one", "type": "integer"}))
        with pytest.raises(Uncomputable, match="start is not a whole number: a cat"):
            Computed(card)({"one": "a cat", "two": ""})

    @pytest.mark.parametrize(
        ("field", "why"),
        [
            ({"computed": "fields.one", "values": ["a"]}, "can be one of them"),
            ({"type": "integer"}, "only a computed field"),
            ({"computed": "fields.one", "role": "scratch"}, "extra column"),
            ({"computed": "os.environ"}, "os is not defined"),
        ],
    )
    def test_a_field_that_cannot_be_computed_is_told(self, field: dict[str, object], why: str) -> None:
        with pytest.raises(CardError, match=why):
            load_card(self._card(three=field))

    def test_scratch_is_written_but_is_no_column(self) -> None:
        card = load_card(self._card(three={"description": "3", "role": "scratch"}))
        assert "three" in card.written_inputs
        assert "three" not in card.columns


@pytest.mark.parametrize(
    ("text", "words", "at"),
    [
        ("Tom's dog barked", "dog", 1),
        ("Dog", "dog", 0),
        ("a (dog) ran", "dog", 1),
        ("concat cat", "cat", 1),
        ("x", "dog", -1),
    ],
)
def test_words_are_counted_as_between_spaces(text: str, words: str, at: int) -> None:
    assert word_index(text, words) == at


def test_characters_and_occurrences_are_of_whole_words() -> None:
    assert char_index("concat cat", "cat") == 7
    assert occurrences("cat, Cat; concat", "cat") == 2
    assert occurrences("anything", " ") == 0


@pytest.mark.parametrize(
    ("form", "lemma", "is_form"),
    [("banks", "bank", True), ("ran", "run", True), ("bought", "buy", True), ("carried", "carry", True),
     ("happiness", "bank", False), ("river", "bank", False), ("", "bank", False)],
)  # fmt: skip
def test_a_form_looks_like_its_lemma(form: str, lemma: str, is_form: bool) -> None:
    assert inflects(form, lemma) == is_form
