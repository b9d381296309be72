"""Tokens: the Penn Treebank's conventions, and nothing of a text lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satsuma.measures.tokens import lowered, tokens


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("They don't, she's gone.", ["They", "do", "n't", ",", "she", "'s", "gone", "."]),
        ("I cannot say. You're gonna go!", ["I", "can", "not", "say", ".", "You", "'re", "gon", "na", "go", "!"]),
        ("We left at 7am.\nIt was 3.5 miles.", ["We", "left", "at", "7am", ".", "It", "was", "3.5", "miles", "."]),
        ("Mr. Smith, e.g. J. Doe, came.", ["Mr.", "Smith", ",", "e.g.", "J.", "Doe", ",", "came", "."]),
        ("He said 'Go on.' Then", ["He", "said", "'Go", "on", ".", "'", "Then"]),
        ("'I agree'", ["'", "I", "agree", "'"]),
        ('A "quoted" word', ["A", "``", "quoted", "''", "word"]),
        ("print('a'); x[0]", ["print", "(", "'", "a", "'", ")", ";", "x", "[", "0", "]"]),
        ("At 10:30, 1,000 came -- or so...", ["At", "10:30", ",", "1,000", "came", "--", "or", "so", "..."]),
        ("«Да», сказал он. Нет?", ["«", "Да", "»", ",", "сказал", "он", ".", "Нет", "?"]),
        ("", []),
        (" \n\t", []),
    ],
)
def test_words_and_punctuation_are_separated_as_in_the_penn_treebank(text: str, expected: list[str]) -> None:
    assert tokens(text) == expected


@given(st.text())
def test_no_character_but_white_space_and_double_quotes_is_lost(text: str) -> None:
    def kept(characters: str) -> str:
        return "".join(c for c in characters if not c.isspace() and c not in "\"`'")

    assert kept("".join(tokens(text))) == kept(text)


@given(st.text(st.characters(codec="ascii")))
def test_in_lower_case_means_before_or_after(text: str) -> None:
    assert lowered(text) == [token.lower() for token in tokens(text)]
