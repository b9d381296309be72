"""From the text of a reply to a validated answer, whatever the text is.

Rule: an answer is valid, or there is one readable reason why not; nothing a model can write crashes, hangs or is
executed. The steps, each tried only when those before failed:

1. the whole text is JSON;
2. after the model's thoughts (`<think>…</think>`) there are objects, between prose or fences: the last that validates
   counts;
3. an object that only wraps the answer (`{"answer": {…}}`, or the answer as text in a field) is opened;
4. a library repairs it (quotes, commas, brackets). Text that breaks off inside a string is not repaired: a sentence
   cut in half would pass for a whole one.

Validation is pydantic's lax mode, so numbers may come as text; text may come as a number, and a value of a closed set
in another case or within quotes and spaces is taken for the one value that it can mean. Text is made encodable (lone
surrogates become U+FFFD, NUL is dropped) and otherwise left alone.

This is one of the four places where foreign exceptions are caught. Not covered: what a valid answer says.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, TypeVar, cast

import orjson
from pydantic import BaseModel, ValidationError

from satsuma.llm.schema import schema_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic_core import ErrorDetails

    from satsuma.llm.request import Json

A = TypeVar("A", bound=BaseModel)

LONGEST_SEARCHED = 1_000_000
"""Characters in which objects are looked for; longer text has to be JSON as a whole."""
LONGEST_REPAIRED = 100_000
"""Characters that are repaired."""
DEEPEST_REPAIRED = 64
"""Brackets that may be left open in text that is repaired: the repair takes time for each."""
MOST_STARTS = 64
"""Opening braces that are tried before the search is given up, which keeps it linear."""

_THOUGHTS_END = ("</think>", "</thinking>", "</thought>", "</reasoning>")
_MARK = re.compile(r'\\.|["{}\[\]]', re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")
_decoder = json.JSONDecoder(strict=False)


class Invalid(Exception):
    """The text is not an answer; the reason is for the model and for people."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def encodable(text: str) -> str:
    """`text` with lone surrogates replaced, so that it can be written as UTF-8."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def parse(text: str, answer: type[A], *, repair: bool = True) -> A:
    """The answer that the text holds.

    repair=False takes only text that is complete as it stands: for replies that were cut off.

    Raises:
        Invalid: with the reason.
    """
    try:
        value = orjson.loads(text)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        value = None
    if isinstance(value, dict):
        return _opened(value, answer, 0)
    if not repair:
        raise Invalid(f"not JSON: {shortened(text)}")
    return _searched(value if isinstance(value, str) else text, answer)


def _searched(text: str, answer: type[A]) -> A:
    """The last valid object among prose, thoughts and fences; else the repaired one."""
    if not text.strip():
        raise Invalid("not JSON: the answer is empty")
    if len(text) > LONGEST_SEARCHED:
        raise Invalid(f"not JSON: {len(text):,} characters that begin with {shortened(text)}")
    bare = _without_thoughts(text)
    reason: Invalid | None = None
    for value in reversed(list(_objects(bare))):
        try:
            return _opened(value, answer, 0)
        except Invalid as invalid:
            reason = reason or invalid
    repaired = None if reason else _repaired(bare)
    if repaired is not None:
        return _opened(repaired, answer, 0)
    raise reason or Invalid(f"not JSON: {shortened(text)}")


def _without_thoughts(text: str) -> str:
    """The text after the model's thoughts; all of it if nothing comes after them."""
    for end in _THOUGHTS_END:
        text = text.rpartition(end)[2] or text
    return text


def _objects(text: str) -> Iterator[dict[str, Json]]:
    """The outermost JSON objects in the text, in order."""
    at = text.find("{")
    for _ in range(MOST_STARTS):
        if at < 0:
            return
        try:
            value, end = _decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            end = at + 1
        else:
            yield value
        at = text.find("{", end)


def _repaired(text: str) -> dict[str, Json] | None:
    """The object that a repair makes of the text, or None if there is none worth having."""
    start = text.find("{")
    if start < 0 or len(text) - start > LONGEST_REPAIRED:
        return None
    end = text.rfind("}")
    body = text[start : end + 1] if end > start else text[start:].rstrip()
    broken_off, depth = _unfinished(body)
    if broken_off or depth > DEEPEST_REPAIRED or (end <= start and not body.endswith(('"', "]"))):
        return None
    from json_repair import repair_json

    try:
        value: object = repair_json(body, return_objects=True, skip_json_loads=True)
    except Exception:  # whatever a library says about hostile text, the text is not JSON
        return None
    return cast("dict[str, Json]", value) if isinstance(value, dict) and value else None


def _unfinished(body: str) -> tuple[bool, int]:
    """Whether the text ends inside a string, and how deep its brackets go."""
    inside, depth, deepest = False, 0, 0
    for mark in _MARK.findall(body):
        if mark == '"':
            inside = not inside
        elif not inside:
            depth += 1 if mark in "{[" else -1 if mark in "}]" else 0
            deepest = max(deepest, depth)
    return inside, deepest


def _opened(value: dict[str, Json], answer: type[A], depth: int) -> A:
    """The value as an answer, or what it wraps."""
    try:
        return validate(value, answer)
    except Invalid:
        inner = next(iter(value.values())) if len(value) == 1 else None
        if depth >= 2 or inner is None or next(iter(value)) in answer.model_fields:
            raise
        if isinstance(inner, str) and "{" in inner and len(inner) <= LONGEST_SEARCHED:
            inner = next(_objects(inner), None)
        if not isinstance(inner, dict):
            raise
        return _opened(inner, answer, depth + 1)


def validate(value: Json, answer: type[A]) -> A:
    """A parsed value as an answer.

    Raises:
        Invalid: with the reason, which names the field.
    """
    try:
        value = _clean(value)
        try:
            return answer.model_validate(value)
        except ValidationError as error:
            if sum(_mended(value, detail, answer) for detail in error.errors(include_url=False)) == 0:
                raise
            return answer.model_validate(value)
    except ValidationError as error:
        raise Invalid(_reason(error, answer)) from None
    except RecursionError:
        raise Invalid("the answer is nested too deeply") from None


def _clean(value: Json) -> Json:
    """The value with all of its text encodable and without NUL."""
    if isinstance(value, str):
        return encodable(value).replace("\0", "") if not value.isascii() or "\0" in value else value
    if isinstance(value, list):
        return [_clean(x) for x in value]
    if isinstance(value, dict):
        return {str(_clean(k)): _clean(v) for k, v in value.items()}
    return value


def _mended(value: Json, detail: ErrorDetails, answer: type[BaseModel]) -> bool:
    """Put right in place what one error complains of, if it is clear what was meant."""
    place: object = value
    try:
        *way, last = detail["loc"]
        for step in way:
            place = cast("dict[int | str, object]", place)[step]
        holder = cast("dict[int | str, object]", place)
        meant = _meant(holder[last], detail, answer)
    except (LookupError, TypeError, ValueError):
        return False
    if meant is None:
        return False
    holder[last] = meant
    return True


def _meant(given: object, detail: ErrorDetails, answer: type[BaseModel]) -> str | int | None:
    """The value that was meant, or None."""
    if not isinstance(given, str | int | float):
        return None
    if detail["type"] == "string_type":
        return orjson.dumps(given).decode()
    wanted = _plain(str(given))
    found = [x for x in _closed_set(detail["loc"], answer) if _plain(str(x)) == wanted]
    return found[0] if len(found) == 1 else None


def _plain(text: str) -> str:
    """The text as it is compared: no surrounding quotes, stops or spaces, no case."""
    return text.strip(" \t\r\n\"'`*.,;:()[]\u201c\u201d\u2018\u2019\u00ab\u00bb").casefold()


def _closed_set(loc: tuple[int | str, ...], answer: type[BaseModel]) -> list[str | int]:
    """The values that the place in the answer allows, if they are a closed set of texts or whole numbers."""
    node: Json = cast("Json", schema_of(answer))
    for step in loc:
        node = _not_null(node)
        if not isinstance(node, dict):
            return []
        node = (
            node.get("items")
            if isinstance(step, int)
            else cast("dict[str, Json]", node.get("properties", {})).get(step)
        )
    if not isinstance(node, dict):
        return []
    closed = node.get("enum") or ([node["const"]] if "const" in node else [])
    return [x for x in cast("list[Json]", closed) if isinstance(x, str | int)]


def _not_null(node: Json) -> Json:
    """What a place that may be null holds if it is not."""
    either = node.get("anyOf") if isinstance(node, dict) else None
    if not isinstance(either, list):
        return node
    return next((one for one in either if isinstance(one, dict) and one.get("type") != "null"), node)


def _reason(error: ValidationError, answer: type[BaseModel]) -> str:
    """What is wrong, for the model and for people: at most three complaints."""
    details = error.errors(include_url=False)
    said = [_complaint(d, answer) for d in details[:3]]
    if len(details) > 3:
        said.append(f"and {len(details) - 3} more")
    return "; ".join(said)


def _complaint(detail: ErrorDetails, answer: type[BaseModel]) -> str:
    """One complaint: the field, the value, and what it should have been."""
    where = "field `" + ".".join(str(x) for x in detail["loc"]) + "`" if detail["loc"] else "the answer"
    if detail["type"] == "missing":
        return f"{where} is missing"
    given = _shown(detail["input"])
    closed = _closed_set(detail["loc"], answer)
    if closed:
        some = ", ".join(f"'{x}'" for x in closed[:20]) + (", …" if len(closed) > 20 else "")
        return f"{where}: {given} is not one of {some}" if len(closed) > 1 else f"{where}: {given} is not {some}"
    message = detail["msg"].removeprefix("Value error, ")
    return f"{where}: {given}: {message[:1].lower()}{message[1:]}"


def _shown(given: object) -> str:
    """A value as a complaint shows it."""
    if isinstance(given, dict | list):
        return "an object" if isinstance(given, dict) else "a list"
    return shortened(given) if isinstance(given, str) else shortened(str(given))


def shortened(text: str, limit: int = 80) -> str:
    """The text in quotes on one line, cut after `limit` characters."""
    line = " ".join(encodable(text[: limit * 4]).replace("\0", "").split())
    return f"'{line[:limit]}…'" if len(line) > limit or len(text) > limit * 4 else f"'{line}'"
