"""What a chat-completions body asks: its schema, its step, the label it wants, and which question it is.

A question's digest is a hash over the logical body: everything but what does not change the answer (`NOISE`). Two
bodies with the same digest are the same question, whatever the order of their keys.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from satsuma.llm.request import Json
from satsuma.testing import words

NOISE = frozenset(
    {"stream", "stream_options", "user", "metadata", "store", "service_tier", "safety_identifier", "timeout"}
)
"""Fields of a body that are no part of the question."""
_LIMITS = ("max_tokens", "max_completion_tokens")
_SAID_SCHEMA = re.compile(r"JSON Schema:?\s*", re.IGNORECASE)
_ASKED_LABEL = re.compile(r"\bwhose .+? (?:is|are) \"(.*)\"", re.DOTALL)
"""`An instance whose label is "billing".`"""


@dataclass(frozen=True, slots=True)
class Question:
    """One question, as a script sees it.

    step: the name of the response format (`contexts`, `seeds`, `instance`, `correction`; empty if none was sent).
    messages: (role, text) pairs, first to last. schema: JSON Schema of the answer, None for text. seed: the seed sent
    with the request. label: the label that an instance was asked for, empty if none. marker: the word to put into a
    text of that label so that a correction finds it again. digest: the question's identity, 16 hexadecimal digits.
    """

    step: str
    messages: tuple[tuple[str, str], ...]
    schema: Mapping[str, Json] | None = None
    seed: int | None = None
    label: str = ""
    marker: str = ""
    digest: str = ""

    @property
    def last_message(self) -> str:
        """The text of the last user message."""
        return next((text for role, text in reversed(self.messages) if role == "user"), "")


@dataclass(frozen=True, slots=True)
class Asked:
    """A body, read: the question and the limits of its answer.

    identity: of the question without its token limit, so that a longer answer goes on where a shorter one was cut.
    tool: the function to call with the answer, empty if it is to be said.
    """

    question: Question
    identity: str
    max_tokens: int | None = None
    tool: str = ""


def digest(body: Mapping[str, object]) -> str:
    """The identity of a chat-completions body as the server counts it: 16 hexadecimal digits."""
    return _digests(body)[1]


def _digests(body: Mapping[str, object]) -> tuple[str, str]:
    """The identities without and with the token limit."""
    kept = {k: v for k, v in body.items() if k not in NOISE and k not in _LIMITS}
    hashed = hashlib.blake2b(orjson.dumps(kept, option=orjson.OPT_SORT_KEYS), digest_size=8)
    identity = hashed.hexdigest()
    limit = max_tokens(body)
    if limit is not None:
        hashed.update(f"max_tokens={limit}".encode())
    return identity, hashed.hexdigest()


def max_tokens(body: Mapping[str, object]) -> int | None:
    """The token limit of a body, None without one."""
    limit = next((body[name] for name in _LIMITS if body.get(name) is not None), None)
    return limit if isinstance(limit, int) else None


def read(body: Mapping[str, Json]) -> Asked:
    """What a body asks."""
    messages = _messages(body.get("messages"))
    tool, step, schema = _tool(body) or ("", *_formatted(body))
    schema = schema if schema is not None else _said(messages)
    label, marker = _label(schema)
    identity, whole = _digests(body)
    seed = body.get("seed")
    question = Question(
        step, messages, schema, seed if isinstance(seed, int) else None, label=label, marker=marker, digest=whole
    )
    return Asked(question, identity, max_tokens(body), tool)


def _messages(value: Json | None) -> tuple[tuple[str, str], ...]:
    messages = [message for message in value if isinstance(message, dict)] if isinstance(value, list) else []
    return tuple((str(message.get("role", "")), _plain(message.get("content"))) for message in messages)


def _plain(content: Json | None) -> str:
    """The text of a message, which may come in parts."""
    if isinstance(content, str):
        return content
    parts = [part.get("text") for part in content if isinstance(part, dict)] if isinstance(content, list) else []
    return "".join(part for part in parts if isinstance(part, str))


def _formatted(body: Mapping[str, Json]) -> tuple[str, Mapping[str, Json] | None]:
    form = body.get("response_format")
    named = form.get("json_schema") if isinstance(form, dict) else None
    if not isinstance(named, dict):
        return "", None
    schema = named.get("schema")
    return str(named.get("name", "")), schema if isinstance(schema, dict) else None


def _tool(body: Mapping[str, Json]) -> tuple[str, str, Mapping[str, Json] | None] | None:
    """The first function on offer, unless calling one is forbidden."""
    tools = body.get("tools")
    if not isinstance(tools, list) or not tools or body.get("tool_choice") == "none":
        return None
    function = tools[0].get("function") if isinstance(tools[0], dict) else None
    if not isinstance(function, dict):
        return None
    schema, name = function.get("parameters"), str(function.get("name", ""))
    return name, name, schema if isinstance(schema, dict) else {}


def _said(messages: tuple[tuple[str, str], ...]) -> Mapping[str, Json] | None:
    """The schema that stands in the last user message that has one."""
    for role, text in reversed(messages):
        for found in reversed(list(_SAID_SCHEMA.finditer(text)) if role == "user" else []):
            start = text.find("{", found.end())
            if start < 0 or text[found.end() : start].strip(" \n\r\t`json"):
                continue
            try:
                schema, _ = json.JSONDecoder().raw_decode(text, start)
            except ValueError:
                continue
            if isinstance(schema, dict):
                return schema
    return None


def _label(schema: Mapping[str, Json] | None) -> tuple[str, str]:
    """The label that a schema asks an instance of, and its marker."""
    if schema is None:
        return "", ""
    properties = schema.get("properties")
    if isinstance(properties, dict) and {"correct", "wrong"} <= properties.keys():
        return "correct", words.marker("correct")
    said = schema.get("description")
    found = _ASKED_LABEL.search(said) if isinstance(said, str) else None
    label = found[1] if found else ""
    return label, words.marker(label) if label else ""
