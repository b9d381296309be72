"""How many tokens a text has, without a tokenizer: a bound that holds and a guess that is near.

The bound: a byte-level BPE token (OpenAI, Llama 3, Qwen, DeepSeek, Mistral's Tekken) and a SentencePiece token with
byte fallback each cover one byte of the text or more, so a text has at most as many tokens as UTF-8 bytes, in any
script. A budget reserves the bound and is settled by what the provider reports, so its looseness (a factor of about 4
for English) only counts for what is in flight.

The guess: every byte has a weight, chosen by the script it begins (continuation bytes weigh nothing), and the weights
are added. They were set on messages in 38 languages, source code and JSON, where the guess comes out at 0.8 to 1.3 of
the median of three vocabularies (o200k_base, DeepSeek, Qwen); Bengali, emoji and Thai come out at 1.4 to 1.7, scripts
that vocabularies hardly know (Khmer, Punjabi) at 0.65, base64 and rare Han at half. Rate windows and forecasts use the
guess, where being wrong is corrected when the usage is known.

Not covered: normalisation that makes text longer (NFKC of Arabic ligatures), images, tools, and what a
provider adds beyond the allowances below.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import NamedTuple

import orjson

from satsuma.llm.request import Json, Request

UNITS = 40
"""Weights are fortieths of a token, so that they are whole numbers."""
CHUNK, ASCII_CHUNK = 512, 2048
"""Bytes whose weights are added at a time: so many of the largest stay under Adler-32's modulus, 65,521."""

MESSAGE_BOUND, MESSAGE_LIKELY = 16, 4
"""Tokens around each message: its role and delimiters."""
REQUEST_BOUND, REQUEST_LIKELY = 128, 8
"""Tokens around the conversation; chat templates of open models add a system text of their own of up to about 100."""
SCHEMA_BOUND, SCHEMA_LIKELY = 512, 32
"""Tokens around the schema of an answer; some providers pass it as a tool and explain tools to the model."""


MOST_SCHEMAS = 512
"""Schemas whose tokens are kept."""


class Estimate(NamedTuple):
    """Tokens of an input: `likely`, and the `bound` that is not exceeded."""

    likely: int
    bound: int


_SCHEMAS: dict[int, tuple[Mapping[str, Json], Estimate]] = {}
"""A schema's identity → the schema, which keeps the identity its own, and its tokens."""


def estimate_tokens(text: str) -> int:
    """The tokens that a text has at most: its UTF-8 bytes."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def likely_tokens(text: str) -> int:
    """The tokens that a text is likely to have; 0 for an empty one."""
    weights = text.encode("utf-8", "surrogatepass").translate(_WEIGHTS)
    # The low half of Adler-32 is one more than the sum of the bytes: the fastest sum that the standard library has.
    size = ASCII_CHUNK if text.isascii() else CHUNK
    total = sum([(zlib.adler32(weights[i : i + size]) & 0xFFFF) - 1 for i in range(0, len(weights), size)])
    return -(-total // UNITS)


def estimate_request(request: Request) -> Estimate:
    """The input tokens of a request: its messages, its schema and what surrounds them."""
    texts = [message.content for message in request.messages]
    likely = REQUEST_LIKELY + sum(MESSAGE_LIKELY + likely_tokens(text) for text in texts)
    bound = REQUEST_BOUND + sum(MESSAGE_BOUND + estimate_tokens(text) for text in texts)
    if request.schema is None:
        return Estimate(likely, bound)
    schema = _schema_estimate(request.schema)
    return Estimate(likely + schema.likely, bound + schema.bound)


def _schema_estimate(schema: Mapping[str, Json]) -> Estimate:
    """Of a schema, which is the same object for every request that has it."""
    known = _SCHEMAS.get(id(schema))
    if known is None:
        text = orjson.dumps(schema).decode()
        known = schema, Estimate(SCHEMA_LIKELY + likely_tokens(text), SCHEMA_BOUND + estimate_tokens(text))
        if len(_SCHEMAS) >= MOST_SCHEMAS:
            _SCHEMAS.clear()
        _SCHEMAS[id(schema)] = known
    return known[1]


def _ascii_weight(character: str) -> float:
    if character.isalpha():
        return 0.4 if character.isupper() else 0.26
    if character.isdigit():
        return 0.65
    return {" ": 0.05, "\n": 0.4}.get(character, 0.6)


def _weights() -> bytes:
    tokens = [_ascii_weight(chr(byte)) if byte < 0x80 else 0.0 for byte in range(256)]
    for first, last, weight in (
        (0xC2, 0xCD, 1.3),  # accented Latin and combining marks
        (0xCE, 0xD4, 0.45),  # Greek, Cyrillic
        (0xD5, 0xDF, 0.5),  # Armenian, Hebrew, Arabic
        (0xE0, 0xE1, 0.75),  # Indic scripts, Thai, Georgian
        (0xE2, 0xE2, 1.3),  # punctuation, arrows, mathematics
        (0xE3, 0xED, 0.72),  # kana, Han, Hangul
        (0xEE, 0xEF, 1.3),  # private use, compatibility forms, full width
        (0xF0, 0xF7, 2.2),  # emoji, rare Han
    ):
        tokens[first : last + 1] = [weight] * (last + 1 - first)
    return bytes(round(weight * UNITS) for weight in tokens)


_WEIGHTS = _weights()
