"""Keys are taken out of everything that is shown."""

from __future__ import annotations

import pytest

from satsuma.llm.secrets import redact, spellings


def test_a_secret_goes_however_it_is_spelled() -> None:
    secrets = spellings(["my/secret+key"])
    assert redact("a my/secret+key b my%2Fsecret%2Bkey c", secrets) == "a [redacted] b [redacted] c"


@pytest.mark.parametrize(
    "text",
    [
        "Incorrect API key provided: sk-proj-abcd************wxyz.",
        "Authorization: Bearer abcdef123456",
        "key AIzaSyA1234567890abcdefg is not valid",
        "gsk_abcdefghijklmnop",
    ],
)
def test_what_looks_like_a_key_goes_too(text: str) -> None:
    assert "[redacted]" in redact(text)
    assert not {"abcd", "1234567890"} & set(redact(text).split())


def test_ordinary_text_stays() -> None:
    text = "The model skate-1 does not exist: use a sk, a task-oriented-model or a test"
    assert redact(text, spellings(["test", ""])) == text
