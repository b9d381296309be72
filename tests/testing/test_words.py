"""Text drawn by hash: varied, stable, and with markers that can be found again."""

import re

from satsuma.testing import words
from satsuma.testing.words import Draw


def _tokens(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _rouge_l(a: list[str], masks: dict[str, int], b: list[str]) -> float:
    """F-measure of the longest common subsequence; `masks` are the places of each word in a."""
    full = (1 << len(a)) - 1
    row = full
    for word in b:
        if found := masks.get(word, 0):
            both = row & found
            row = ((row + both) | (row - both)) & full
    return 2 * (len(a) - row.bit_count()) / (len(a) + len(b))


def _closest(texts: list[str], sample: int) -> float:
    """The highest ROUGE-L of a sample with all the others."""
    tokenized = [_tokens(text) for text in texts]
    highest = 0.0
    for i in range(0, len(texts), len(texts) // sample):
        masks: dict[str, int] = {}
        for at, word in enumerate(tokenized[i]):
            masks[word] = masks.get(word, 0) | 1 << at
        highest = max(highest, *(_rouge_l(tokenized[i], masks, t) for j, t in enumerate(tokenized) if j != i))
    return highest


def test_the_measure_sees_a_duplicate() -> None:
    texts = ["the old mill stood by the river", "a tall ship came in", "the old mill stands by the river"]

    assert _closest(texts, 3) > 0.8


def test_ten_thousand_sentences_are_not_near_duplicates() -> None:
    assert _closest([words.sentence(Draw("sentence", i)) for i in range(10_000)], 40) < 0.7


def test_ten_thousand_settings_are_not_near_duplicates() -> None:
    assert _closest([words.setting(Draw("setting", i)) for i in range(10_000)], 40) < 0.7


def test_the_vocabulary_has_thousands_of_words() -> None:
    used = {word for i in range(5_000) for word in _tokens(words.sentence(Draw(i)))}

    assert len(used) > 5_000


def test_a_draw_depends_on_all_of_its_parts_and_on_nothing_else() -> None:
    assert words.sentence(Draw(1, "a")) == words.sentence(Draw(1, "a"))
    assert len({words.sentence(Draw(*parts)) for parts in ((1, "a"), (2, "a"), (1, "b"), ("1a",))}) == 4


def test_the_text_of_a_seed_stays_the_same_in_every_version() -> None:
    assert words.marker("billing") == "zykuturulozu"
    assert Draw(0, "golden").below(1_000_000) == 524_434


def test_words_writes_exactly_as_many_as_asked() -> None:
    assert [len(words.words(Draw(n), n).split()) for n in (1, 3, 6, 150)] == [1, 3, 6, 150]


def test_markers_differ_between_a_thousand_labels_and_are_found_in_text() -> None:
    labels = [f"intent {i}" for i in range(1000)]
    assert len({words.marker(label) for label in labels}) == 1000

    text = words.with_marker("The mill stood still.", words.marker("intent 7"))
    assert text == f"The mill stood still, {words.marker('intent 7')}."
    assert words.markers(text) == [(words.marker("intent 7"), 22)]


def test_no_ordinary_text_has_a_marker_in_it() -> None:
    assert not [i for i in range(2_000) if words.markers(words.sentence(Draw(i)))]


def test_a_marker_fits_into_the_room_there_is() -> None:
    text = words.with_marker("The mill stood still beside the river.", words.marker("x"), 30)

    assert len(text) <= 30
    assert text.endswith(words.marker("x"))
