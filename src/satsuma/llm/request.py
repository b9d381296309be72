"""What is asked of a model and what comes back, and the key that makes a question the same question.

The key is a hash over an allow-list of fields of the *logical* request: the model as the user names it, the
messages, the answer's schema, every sampling parameter and the draw. It does not see how the request travels
(endpoint, API key, timeouts, whether the endpoint takes `response_format`), so none of these ever costs a reply.

The hash is over canonical JSON: sorted names, numbers of one kind in one form (a temperature of 1 is 1.0). The order of
an answer's fields is part of the question through the schema's `required` list, which names them in their order. The
canonical form is also what the journal keeps, so that a record proves its own key.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, TypeAlias

import orjson

from satsuma.errors import SettingsError

KEY_PREFIX = "k1-"
"""Names the algorithm: blake2b, 128 bits, over `Request.canonical()`."""

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"
Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Sampling:
    """The sampling parameters of a request; None leaves the provider's default.

    temperature: 0 to 2. top_p: 0 to 1. max_tokens: tokens of the answer. seed: the run's seed, from which each
    draw's own is derived (`Request.wire_seed`).
    """

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("temperature", "top_p"):
            value = getattr(self, name)
            if value is not None and not math.isfinite(value):
                raise SettingsError(f"{name} is {value}, which is not a number a model can take")


@dataclass(frozen=True, slots=True)
class Request:
    """One question to a model.

    model: the identity as the user names it (`openai/gpt-4.1-mini`). schema: JSON Schema of the answer, or None for
    text. draw: which of several independent answers to the same question. step and path say who asks
    (`instance`, `context 3 / seed 2`); they are recorded and are not part of the key.
    """

    model: str
    messages: tuple[Message, ...]
    schema: Mapping[str, Json] | None = None
    sampling: Sampling = field(default_factory=Sampling)
    draw: int = 0
    step: str = ""
    path: str = ""
    _key: str = field(default="", init=False, repr=False, compare=False)

    def logical(self) -> dict[str, object]:
        """The fields that make this question this question."""
        s = self.sampling
        return {
            "model": self.model,
            "messages": [[m.role, m.content] for m in self.messages],
            "schema": self.schema,
            "temperature": _real(s.temperature),
            "top_p": _real(s.top_p),
            "max_tokens": s.max_tokens,
            "seed": s.seed,
            "draw": self.draw,
        }

    def canonical(self) -> bytes:
        """`logical()` as canonical JSON in UTF-8; a lone surrogate stays one (as `surrogatepass` encodes it)."""
        logical = self.logical()
        try:
            return orjson.dumps(logical, option=orjson.OPT_SORT_KEYS)
        except TypeError:  # a lone surrogate, or an integer of more than 64 bits
            text = json.dumps(logical, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
            return text.encode("utf-8", "surrogatepass")

    @classmethod
    def from_canonical(cls, canonical: bytes, step: str = "", path: str = "") -> Request:
        """The request that has this canonical form; the names in its schema come back sorted."""
        fields = json.loads(canonical.decode("utf-8", "surrogatepass"))
        return cls(
            model=fields["model"],
            messages=tuple(Message(role, content) for role, content in fields["messages"]),
            schema=fields["schema"],
            sampling=Sampling(**{name: fields[name] for name in ("temperature", "top_p", "max_tokens", "seed")}),
            draw=fields["draw"],
            step=step,
            path=path,
        )

    def key(self) -> str:
        """The content key: `k1-` and 32 hexadecimal digits (fits a batch API's `custom_id`)."""
        if not self._key:
            object.__setattr__(self, "_key", key_of(self.canonical()))
        return self._key

    def wire_seed(self) -> int:
        """The seed to send: different for each draw, 0 to 2**31 - 1."""
        return _wire_seed(self.sampling.seed, self.draw)


def key_of(canonical: bytes) -> str:
    """The content key of a request in its canonical form."""
    return KEY_PREFIX + hashlib.blake2b(canonical, digest_size=16).hexdigest()


@lru_cache(maxsize=256)
def _wire_seed(seed: int, draw: int) -> int:
    digest = hashlib.blake2b(f"{seed}/{draw}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") & 0x7FFFFFFF


def _real(value: float | None) -> float | None:
    """1 and 1.0, 0.0 and -0.0 are the same setting."""
    return None if value is None else value + 0.0


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that a reply was billed for."""

    input_tokens: int = 0
    output_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(self.input_tokens + other.input_tokens, self.output_tokens + other.output_tokens)


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back, or that the asking was given up.

    content: the text of the answer. finish_reason: as the OpenAI API names them (`stop`, `length`,
    `content_filter`). model: as the provider reports it. error: why the asking was given up; empty for an answer.
    """

    content: str
    finish_reason: str = "stop"
    usage: Usage = field(default_factory=Usage)
    model: str = ""
    error: str = ""

    @property
    def given_up(self) -> bool:
        """True if retries were exhausted and there is no answer."""
        return bool(self.error)
